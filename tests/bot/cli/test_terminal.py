"""How a command ends, and what it may print on the way."""

from __future__ import annotations

import logging
import os
import signal

import pytest
from pydantic import SecretStr

from bot.cli.log import logging_to, speaker
from bot.cli.terminal import DEBUG, FAILURE, INTERRUPTED, TERMINATED, USAGE, Failure, ending
from bot.engine_link.probe import EngineFailed
from bot.settings import SettingsError
from bot.storage.database import DatabaseError
from tests.bot.cli.conftest import Configure


@pytest.fixture(autouse=True)
def handler() -> object:
    """``ending`` sets SIGTERM's handler for the process: put back what was there."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Failure("no folder"), FAILURE, "sanggar: no folder\n"),
        (Failure("which file?", USAGE), USAGE, "sanggar: which file?\n"),
        (SettingsError("SANGGAR_BURST: too small"), USAGE, "SANGGAR_BURST: too small\n"),
        (DatabaseError("data/sanggar.db: read-only"), FAILURE, "sanggar: data/sanggar.db: read-only\n"),
        (EngineFailed("it ended", ["no model"]), FAILURE, "  engine | no model\nsanggar: it ended\n"),
        (
            ModuleNotFoundError("no", name="resvg_py"),
            FAILURE,
            "needs resvg_py: pip install -c constraints.txt -e '.[training]'\n",
        ),
        (ZeroDivisionError("oh"), FAILURE, f"ZeroDivisionError: oh ({DEBUG}=1 shows where)\n"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
    ],
)
def test_every_error_is_one_message_and_an_exit_code(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, ending():
        raise error
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert told.endswith(words)
    assert "Traceback" not in told


def test_sigterm_unwinds_the_command() -> None:
    unwound = []

    def command() -> None:
        with ending():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                unwound.append(True)

    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == TERMINATED
    assert unwound


def test_no_secret_is_printed(configure: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    settings = configure(telegram_token=SecretStr("42:very-secret"))
    speaker(settings)("POST https://api.telegram.org/bot42:very-secret/getMe")
    assert capsys.readouterr().err == "POST https://api.telegram.org/bot**********/getMe\n"


def test_log_messages_are_lines_with_their_part_of_the_bot() -> None:
    lines: list[str] = []
    with logging_to(lines.append, logging.INFO):
        logging.getLogger("bot.frontends.discord.courier").info("connected")
        logging.getLogger("somebody.else").info("chatter")
        try:
            raise ValueError("no")
        except ValueError:
            logging.getLogger("bot.jobs.studio").exception("job lost")
    assert lines == ["discord  │ connected", "studio   │ error: job lost: ValueError: no"]
