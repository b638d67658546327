"""A chat with one job in it, and the courier that tells about the job, without a bot that polls."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.frontends.telegram.frontend import make_bot
from bot.frontends.telegram.rate_limiter import ChatRateLimiter
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.tasks import Tasks
from bot.jobs.job import Job, Progress, State
from bot.members.origin import Origin
from bot.styles.style import ResolvedStyle
from tests.bot.frontends.telegram.reading import answers
from tests.telegram_server import Chat, Message, TelegramServer


@dataclass
class Room:
    """A chat, a job in it, and the courier that tells about the job; ``now`` is the rate_limiter's clock."""

    app: Application
    telegram: TelegramServer
    chat: Chat
    job: Job
    now: float = 0.0

    async def __aenter__(self) -> Room:
        self.bot = make_bot(self.app.settings, ChatRateLimiter(lambda: self.now, self.sleep))
        await self.bot.initialize()
        self.courier = TelegramServices.of(self.app, self.bot, Tasks()).courier
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bot.shutdown()

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    async def tell(self, progress: Progress) -> None:
        """A report, ten seconds after the last one."""
        self.now += 10
        await self.courier.progress(self.job, progress)

    @property
    def message(self) -> Message:
        [message] = answers(self.chat)
        return message


def make_room(app: Application, telegram: TelegramServer) -> Room:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    command = telegram.say(chat, ani, "/kancil a fox")
    origin = Origin("telegram", str(chat.id), str(ani.id), "en", {"reply_to": command.id, "thread": None})
    style = ResolvedStyle(None, 1.0, "{prompt}")
    job = Job("0k3v9zzz", origin, DrawRequest("kancil", "a fox"), 777, style, State.ACCEPTED, time.time())
    return Room(app, telegram, chat, job)
