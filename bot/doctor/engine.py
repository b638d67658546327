"""The engine: the one that runs, or one that is started for the check; its model, its adapters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx

from bot.doctor.finding import Finding, bad, good, still_open
from bot.engine_link.client import EngineClient
from bot.engine_link.ports import free_port
from bot.engine_link.probe import EngineFailed, is_local, probe
from bot.engine_link.supervisor import Supervisor
from bot.engine_link.tls import verification
from bot.settings import Settings
from engine.errors import EngineError, Unauthorized
from engine.protocol import AdapterInfo

CHECK_ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "SANGGAR_ENGINE_HOST": "127.0.0.1"}
"""A check downloads no model."""
START_SECONDS = 300.0
LOADED = "loaded "
"""How the line of the engine's log begins that names model, precision and device."""

Show = Callable[[str], None]


async def check_engine(settings: Settings, show: Show, *, start: bool) -> list[Finding]:
    """Uses the engine that answers; else starts one where it would be ours to start."""
    try:
        verify = verification(settings.engine_url)
        async with httpx.AsyncClient(trust_env=False, timeout=5, verify=verify) as client:
            health = await probe(client, settings.engine_url)
    except EngineFailed as error:
        return [bad("engine", str(error), "")]
    if health is not None:
        return [good("engine", f"runs at {settings.engine_url}"), *await _ask(settings, settings.engine_url)]
    if not is_local(settings.engine_url):
        return [bad("engine", f"none answers at {settings.engine_url}", "Start it there: sanggar engine")]
    if not start:
        return [still_open("engine", "not running, and not tried", "`sanggar doctor` without --quick starts one.")]
    return await _try(settings, show)


async def _try(settings: Settings, show: Show) -> list[Finding]:
    """Start an engine on a free port, and ask it."""
    url, lines, started = f"http://127.0.0.1:{free_port()}", list[str](), time.monotonic()

    def line(text: str) -> None:
        lines.append(text)
        show(f"starting an engine: {text}")

    show("starting an engine")
    try:
        async with Supervisor(url, log=line, environment=CHECK_ENVIRONMENT) as engine:
            async with asyncio.timeout(START_SECONDS):
                await engine.ready()
            seconds = time.monotonic() - started
            loaded = next((text.removeprefix(LOADED) for text in lines if text.startswith(LOADED)), "")
            return [good("engine", f"starts in {seconds:.0f} s ({loaded})"), *await _ask(settings, url)]
    except (EngineFailed, TimeoutError):
        last = next((text for text in reversed(lines) if text), "it said nothing")
        return [bad("engine", f"does not start: {last}", "`sanggar engine` shows more, and downloads the model.")]


async def _ask(settings: Settings, url: str) -> list[Finding]:
    key = settings.engine_key.get_secret_value() if settings.engine_key else None
    try:
        async with EngineClient(url, key, patience=10) as client:
            models, adapters = await client.models(), await client.adapters()
    except Unauthorized:
        return [bad("engine", "refuses our key", "Give SANGGAR_ENGINE_KEY the same value on both sides.")]
    except EngineError as error:
        return [bad("engine", f"answers with an error: {error.message}", "Look at the engine's log.")]
    names = ", ".join(f"{model.id}, {model.native_size}, {model.prediction_type}" for model in models)
    return [good("model", names), judge_adapters(adapters)]


def judge_adapters(adapters: tuple[AdapterInfo, ...]) -> Finding:
    """None at all is no fault: every style has a prompt of its own as well."""
    usable = [adapter.name for adapter in adapters if adapter.usable]
    if not usable:
        return still_open(
            "adapters",
            "none was made for this model: styles are drawn by the model itself",
            "docs/going-live.md says how to get adapters for it.",
        )
    return good("adapters", ", ".join(usable))
