"""Puts the bot together, in the order in which its parts need each other, and takes it apart in the opposite one."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from bot.engine_link.client import LIST_SECONDS, EngineClient
from bot.handlers.dispatch import Dispatcher
from bot.handlers.services import Services
from bot.jobs.journal import Journal
from bot.jobs.pictures import PictureStore
from bot.jobs.retention import keep_removing
from bot.jobs.studio import Studio
from bot.members.limits import Limits
from bot.replies.replies import Catalogues
from bot.settings import Settings, read_settings
from bot.storage.database import Database
from bot.styles.bindings import Styles
from bot.styles.catalogue import StyleCatalogue
from bot.styles.choosing import AdapterChoice
from bot.styles.refreshing import ASK_SECONDS, keep_asking

PICTURES = "pictures"
"""Folder of the kept pictures, within ``settings.data``."""
EARLIER_PICTURES = "telegram"
"""Where release 0.1.0 kept them."""


class Application:
    """What a frontend works with. ``async with Application(settings) as app: ...``

    A frontend does ``app.studio.attach("discord", courier)``, connects, then ``await app.studio.recover("discord")``.
    Entering raises ``bot.storage.database.DatabaseError``, whose message is for the person who runs the bot; the
    engine need not be there yet. Leaving gives running jobs ``settings.shutdown_grace`` seconds: leave before the
    platform's connection closes, so that they can still be delivered.
    """

    settings: Settings
    database: Database
    limits: Limits
    engine: EngineClient
    catalogue: StyleCatalogue
    styles: Styles
    studio: Studio
    adapter_choice: AdapterChoice
    dispatcher: Dispatcher
    replies: Catalogues

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        list_seconds: float = LIST_SECONDS,
        ask_seconds: float = ASK_SECONDS,
    ) -> None:
        self.settings = settings or read_settings()
        self._list_seconds, self._ask_seconds = list_seconds, ask_seconds
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open(self.settings)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _open(self, settings: Settings) -> None:
        key = settings.engine_key.get_secret_value() if settings.engine_key else None
        self.replies = Catalogues(settings.language)
        self.database = database = await self._stack.enter_async_context(Database(settings.database_path))
        client = EngineClient(
            settings.engine_url, key, patience=settings.engine_patience, list_seconds=self._list_seconds
        )
        self.engine = await self._stack.enter_async_context(client)
        self.limits = Limits(database, per_hour=settings.pictures_per_hour, burst=settings.burst)
        self.catalogue = StyleCatalogue(database)
        await self.catalogue.open()
        asking = asyncio.create_task(keep_asking(self.engine, self.catalogue, self._ask_seconds), name="styles")
        self._stack.push_async_callback(_cancel, asking)
        self.styles = Styles(database, self.catalogue)
        self.adapter_choice = AdapterChoice(database, self.styles, self.catalogue, self.engine)
        pictures = PictureStore(settings.data / PICTURES, settings.pictures_kept)
        pictures.adopt(settings.data / EARLIER_PICTURES)
        journal = Journal(database, self.limits)
        self.studio = Studio(journal, self.styles, self.engine, pictures, settings.running_jobs)
        self.dispatcher = Dispatcher(Services(self.studio, self.limits, self.catalogue, self.adapter_choice, pictures))
        removing = asyncio.create_task(keep_removing(database, settings.keep_days), name="old jobs")
        self._stack.push_async_callback(_cancel, removing)
        self._stack.push_async_callback(self.studio.close, settings.shutdown_grace)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
