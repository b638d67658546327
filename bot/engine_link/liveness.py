"""Whether an engine that was ready still answers: ``/health`` again and again, each question with a deadline."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx

from bot.engine_link.probe import EngineFailed, probe

ASK_SECONDS = 5.0
"""Seconds between two questions to an engine of ours that is ready."""
UNANSWERED_MAX = 6
"""Questions without an answer, one after the other, after which the engine counts as hung.

With the deadline of ``HEALTH_SECONDS`` that is a minute of silence. The engine answers beside its steps, so that
seconds would do; the rest is for a machine that swaps, or reads a large checkpoint from a slow disk.
Questions are counted and not seconds, so that a pause of our own process is no silence of the engine.
"""
HEALTH_SECONDS = 5.0
"""How long one answer may take."""


async def until_hung(client: httpx.AsyncClient, url: str) -> None:
    """Returns once the engine at ``url``, which was ready, has left ``UNANSWERED_MAX`` questions unanswered."""
    unanswered = 0
    while unanswered < UNANSWERED_MAX:
        await asyncio.sleep(ASK_SECONDS)
        unanswered = 0 if await _answers(client, url) else unanswered + 1


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    with suppress(EngineFailed, TimeoutError):
        async with asyncio.timeout(HEALTH_SECONDS):
            return await probe(client, url) is not None
    return False
