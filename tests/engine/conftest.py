"""One live engine with a tiny model for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from tests.engine_kit.live import Live, serve
from tests.kit.models import write_tiny

torch.set_num_threads(1)
diffusers_logging.set_verbosity_error()
diffusers_logging.disable_progress_bar()
transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()


@pytest.fixture(autouse=True)
def repeatable() -> None:
    """The same random numbers in every run, whatever ran before."""
    torch.manual_seed(777)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def live(tiny: Path) -> Iterator[Live]:
    with serve(tiny) as live:
        yield live
