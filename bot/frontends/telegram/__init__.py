"""Telegram: commands in, and each job in one message that becomes its picture."""

import os

__all__ = ["TelegramFrontend"]

# python-telegram-bot's own switch to the types it will have next; without it every RetryAfter warns.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from bot.frontends.telegram.frontend import TelegramFrontend
