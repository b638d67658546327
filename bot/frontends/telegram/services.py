"""What the parts of this frontend share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telegram.ext import ExtBot

from bot.app import Application
from bot.frontends.telegram.chats import Chats
from bot.frontends.telegram.courier import TelegramCourier
from bot.frontends.telegram.message_records import Cards
from bot.frontends.telegram.tasks import Tasks
from bot.jobs.pictures import Originals
from bot.replies.replies import Replies

FOLDER = "telegram"
"""Of the original pictures, within ``settings.data``."""


@dataclass(frozen=True, slots=True)
class Desk:
    app: Application
    bot: ExtBot[Any]
    chats: Chats
    cards: Cards
    originals: Originals
    courier: TelegramCourier
    tasks: Tasks

    @classmethod
    def of(cls, app: Application, bot: ExtBot[Any], tasks: Tasks) -> Desk:
        cards, chats = Cards(app.database), Chats(bot, app.studio)
        originals = Originals(app.settings.data / FOLDER)
        courier = TelegramCourier(bot, chats, cards, originals, app.replies)
        return cls(app, bot, chats, cards, originals, courier, tasks)

    def words(self, locale: str | None) -> Replies:
        return self.app.replies.for_locale(locale)
