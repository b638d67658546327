"""``sanggar doctor`` against local platforms and engines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from bot.cli.doctor import doctor
from bot.cli.terminal import FAILURE
from bot.doctor import Finding, Mark, examine
from bot.doctor.engine import check_engine, judge_adapters
from bot.doctor.machine import check_database, check_disk, check_languages
from bot.doctor.platforms import PERMISSIONS, check_platforms
from bot.doctor.privacy import check_privacy
from tests.bot.cli.conftest import Configure
from tests.bot.kit.adapters import adapter
from tests.discord_server import LocalDiscord
from tests.discord_server.state import TOKEN as DISCORD_TOKEN
from tests.telegram_server import TelegramServer
from tests.telegram_server.server import TOKEN as TELEGRAM_TOKEN

if TYPE_CHECKING:
    from tests.engine_kit.live import Live


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


async def test_tokens_that_are_accepted_come_with_the_way_in(configure: Configure) -> None:
    async with LocalDiscord() as discord, TelegramServer() as telegram:
        settings = configure(
            discord_token=DISCORD_TOKEN,
            discord_api=discord.api,
            telegram_token=TELEGRAM_TOKEN,
            telegram_api=telegram.url,
        )
        found = by_name([finding async for finding in check_platforms(settings)])
    assert {finding.mark for finding in found.values()} == {Mark.GOOD}
    asked = parse_qs(urlsplit(found["discord"].advice.split()[-1]).query)
    assert asked["scope"] == ["bot applications.commands"]
    assert asked["permissions"] == [str(sum(PERMISSIONS.values()))]
    assert "https://t.me/" in found["telegram"].advice


async def test_tokens_that_are_refused_are_named_and_never_shown(configure: Configure) -> None:
    async with LocalDiscord() as discord, TelegramServer() as telegram:
        settings = configure(
            discord_token="wrong-one",
            discord_api=discord.api,
            telegram_token="4242:wrong-one",
            telegram_api=telegram.url,
        )
        found = [finding async for finding in check_platforms(settings)]
    assert [finding.mark for finding in found] == [Mark.BAD, Mark.BAD]
    assert "SANGGAR_DISCORD_TOKEN" in found[0].text
    assert "SANGGAR_TELEGRAM_TOKEN" in found[1].text
    assert "wrong-one" not in repr(found)


async def test_a_platform_that_cannot_be_reached_keeps_the_token_secret(configure: Configure, nobody: str) -> None:
    settings = configure(telegram_token=TELEGRAM_TOKEN, telegram_api=nobody, discord_token="d", discord_api=nobody)
    found = [finding async for finding in check_platforms(settings)]
    assert [finding.mark for finding in found] == [Mark.BAD, Mark.BAD]
    assert TELEGRAM_TOKEN not in repr(found)


async def test_without_a_token_nothing_can_go_live(configure: Configure) -> None:
    found = by_name([finding async for finding in check_platforms(configure())])
    assert found["platforms"].mark is Mark.BAD
    assert found["discord"].mark is found["telegram"].mark is Mark.OPEN


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A real engine with a tiny model and a key."""
    from tests.engine_kit.live import serve  # noqa: PLC0415 - the other tests of this file need no torch
    from tests.kit.models import write_tiny  # noqa: PLC0415

    with serve(write_tiny(tmp_path_factory.mktemp("models") / "tiny"), engine_key="right") as live:
        yield live


async def test_an_engine_that_runs_is_asked_for_its_model_and_adapters(configure: Configure, live: Live) -> None:
    settings = configure(engine_url=live.url, engine_key=SecretStr("right"))
    found = by_name(await check_engine(settings, print, start=True))
    assert found["engine"].mark is found["model"].mark is Mark.GOOD
    assert "tiny" in found["model"].text
    assert "adapters" in found


async def test_another_key_than_the_engines_is_told(configure: Configure, live: Live) -> None:
    settings = configure(engine_url=live.url, engine_key=SecretStr("wrong"))
    assert "SANGGAR_ENGINE_KEY" in (await check_engine(settings, print, start=True))[-1].advice


def test_adapters_for_another_model_are_not_counted() -> None:
    others = adapter("elsewhere", usable=False)
    assert judge_adapters((others,)).mark is Mark.OPEN
    assert judge_adapters((others, adapter("kancil"))) == Finding(Mark.GOOD, "adapters", "kancil")


async def test_a_far_engine_that_is_silent_has_to_be_started_there(configure: Configure) -> None:
    found = await check_engine(configure(engine_url="http://sanggar.invalid:8801"), print, start=True)
    assert [finding.mark for finding in found] == [Mark.BAD]
    assert "Start it there" in found[0].advice


async def test_an_engine_that_cannot_start_gives_its_reason(
    configure: Configure, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANGGAR_MAX_BATCH", "many")
    found = await check_engine(configure(engine_url=nobody), print, start=True)
    assert [finding.mark for finding in found] == [Mark.BAD]
    assert "SANGGAR_MAX_BATCH" in found[0].text


async def test_the_machine_is_fit(configure: Configure) -> None:
    settings = configure()
    found = [check_disk(settings), await check_database(settings), check_languages(settings)]
    assert {finding.mark for finding in found} == {Mark.GOOD}


async def test_a_database_that_cannot_be_opened_is_told(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    finding = await check_database(configure(database=tmp_path / "file" / "sanggar.db"))
    assert finding.mark is Mark.BAD
    assert "SANGGAR_DATABASE" in finding.advice


async def test_the_command_shows_every_check_and_ends_well_where_nothing_is_to_mend(
    monkeypatch: pytest.MonkeyPatch, nobody: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANGGAR_ENGINE_URL", nobody)
    assert await asyncio.to_thread(doctor, quick=True) == FAILURE
    found = capsys.readouterr().out
    assert "✗ platforms" in found
    assert found.endswith("1 to mend before this can go live.\n")
    async with LocalDiscord() as discord:
        monkeypatch.setenv("SANGGAR_DISCORD_TOKEN", DISCORD_TOKEN)
        monkeypatch.setenv("SANGGAR_DISCORD_API", discord.api)
        assert await asyncio.to_thread(doctor, quick=True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Ready: `sanggar up` goes live."
    [invitation] = [line for line in lines if "→ Invite it into a server: https://" in line]
    assert invitation.startswith(" ")


async def test_wrong_settings_end_the_examination(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANGGAR_BURST", "1")
    found = [finding async for finding in examine(print)]
    assert found[-1].name == "settings"
    assert "SANGGAR_BURST" in found[-1].text


async def test_files_that_others_can_read_are_named_with_what_to_do(
    configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = configure(data=tmp_path / "data")
    await check_database(settings)
    assert check_privacy(settings).mark is Mark.GOOD
    (tmp_path / ".env").touch(0o644)
    settings.data.chmod(0o755)
    finding = check_privacy(settings)
    assert finding.mark is Mark.OPEN
    assert finding.advice == f"chmod 600 .env; chmod 700 {settings.data}"
