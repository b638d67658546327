"""Asks the engine again and again which styles its adapters declare."""

from __future__ import annotations

import asyncio
import logging

from bot.engine_link.client import EngineClient
from bot.styles.catalogue import StyleCatalogue
from engine.errors import EngineError, Unreachable

ASK_SECONDS = 5.0
"""Seconds between two polls of the engine's adapters."""

log = logging.getLogger(__name__)


async def ask(engine: EngineClient, catalogue: StyleCatalogue) -> None:
    """Learns what the engine's adapters declare; where it does not answer, what is known stays."""
    try:
        await catalogue.update(await engine.adapters())
    except EngineError as error:
        log.debug("the styles stay as they are: %s", error)


async def keep_asking(engine: EngineClient, catalogue: StyleCatalogue, pause: float = ASK_SECONDS) -> None:
    """Runs until it is cancelled, with ``pause`` seconds between two polls.

    What the engine complains of (a wrong key) is told once.
    """
    complained = ""
    while True:
        try:
            await catalogue.update(await engine.adapters())
            complained = ""
        except Unreachable as error:
            log.debug("the styles stay as they are: %s", error)
        except EngineError as error:
            if error.message != complained:
                log.warning("the engine does not tell its adapters: %s", error)
            complained = error.message
        await asyncio.sleep(pause)
