"""``sanggar adapters add FILE --style NAME`` while everything runs: nano in an engine process, the bot on Telegram."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.cli.adapters import adapters_app
from adapters.registry import LORA_FILE, SHIPPED
from tests.bot.frontends.telegram.conftest import Start
from tests.bot.frontends.telegram.reading import answer, draw
from tests.conftest import engine_process
from tests.telegram_server import TelegramServer

FILE = SHIPPED / "kancil" / LORA_FILE
MADE_FOR = ["--base-model", "nano", "--prediction-type", "v_prediction"]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_an_adapter_that_is_added_draws_its_command_without_a_restart(
    telegram: TelegramServer, start: Start, tmp_path: Path
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    own = str(tmp_path / "adapters")
    add = ["add", str(FILE), "--name", "wax", "--style", "batik", "--weight", "0.5", *MADE_FOR, "--dir", own]
    with engine_process(SANGGAR_ADAPTERS_DIR=own) as (url, _):
        async with start(engine_url=url):
            assert "There is no command /batik" in await answer(telegram, chat, ani, "/batik a deer")
            added = await asyncio.to_thread(CliRunner().invoke, adapters_app, add)
            assert added.exit_code == 0, added.output
            await telegram.until(
                lambda: {"command": "batik", "description": "wax"} in telegram.commands.get(("default", ""), [])
            )
            message = await draw(telegram, chat, ani, "/batik a deer by the river --seed 777 --steps 3")
    assert "adapter wax" in message.text
