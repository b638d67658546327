"""What the parts of this frontend share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telegram.ext import ExtBot

from bot.app import Application
from bot.frontends.telegram.chats import Chats
from bot.frontends.telegram.courier import TelegramCourier
from bot.frontends.telegram.message_records import MessageRecords
from bot.frontends.telegram.tasks import Tasks
from bot.jobs.pictures import PictureStore
from bot.replies.replies import Replies

FOLDER = "telegram"
"""Of the original pictures, within ``settings.data``."""


@dataclass(frozen=True, slots=True)
class TelegramServices:
    app: Application
    bot: ExtBot[Any]
    chats: Chats
    records: MessageRecords
    pictures_kept: PictureStore
    courier: TelegramCourier
    tasks: Tasks

    @classmethod
    def of(cls, app: Application, bot: ExtBot[Any], tasks: Tasks) -> TelegramServices:
        records, chats = MessageRecords(app.database), Chats(bot, app.studio)
        pictures_kept = PictureStore(app.settings.data / FOLDER)
        courier = TelegramCourier(bot, chats, records, pictures_kept, app.replies)
        return cls(app, bot, chats, records, pictures_kept, courier, tasks)

    def words(self, locale: str | None) -> Replies:
        return self.app.replies.for_locale(locale)
