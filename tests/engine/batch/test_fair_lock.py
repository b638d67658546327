"""The lock is taken in the order in which it was asked for, even by one who asks again at once."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import pytest
import torch

from engine.batch.fair_lock import FairLock, compute_lock
from tests.kit.eventually import eventually


def ask(turns: FairLock, done: list[str], name: str) -> threading.Thread:
    """A thread that waits in the queue by the time this returns."""

    def work() -> None:
        with turns:
            done.append(name)

    waiting, thread = len(turns), threading.Thread(target=work)
    thread.start()
    eventually(lambda: len(turns) > waiting)
    return thread


def test_whoever_asked_first_goes_first() -> None:
    turns, done = FairLock(), list[str]()
    with turns:
        threads = [ask(turns, done, name) for name in "abc"]
    with turns:
        done.append("again")
    for thread in threads:
        thread.join()
    assert done == ["a", "b", "c", "again"]


def test_an_error_ends_the_turn() -> None:
    turns = FairLock()
    with pytest.raises(ZeroDivisionError), turns:
        raise ZeroDivisionError
    with turns:
        assert len(turns) == 1
    assert len(turns) == 0


def test_only_a_cpu_has_a_lock() -> None:
    assert isinstance(compute_lock(torch.device("cpu")), FairLock)
    assert isinstance(compute_lock(torch.device("cuda")), nullcontext)
