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
from bot.jobs.job import Job
from bot.replies.replies import Replies


@dataclass(frozen=True, slots=True)
class TelegramServices:
    app: Application
    bot: ExtBot[Any]
    chats: Chats
    records: MessageRecords
    courier: TelegramCourier
    tasks: Tasks

    @classmethod
    def of(cls, app: Application, bot: ExtBot[Any], tasks: Tasks) -> TelegramServices:
        records, chats = MessageRecords(app.database), Chats(bot, app.studio)
        courier = TelegramCourier(bot, chats, records, app.replies)
        return cls(app, bot, chats, records, courier, tasks)

    def open(self, job: Job) -> None:
        """Posts the message of a job that was accepted, in a task."""
        self.tasks.start(self.courier.open(job), f"message of job {job.id}")

    def words(self, locale: str | None) -> Replies:
        return self.app.replies.for_locale(locale)
