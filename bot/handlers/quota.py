"""``/quota``."""

from __future__ import annotations

from bot.commands.parsing import Invocation
from bot.handlers.answer import Answer, QuotaShown
from bot.handlers.services import Services
from bot.members.asker import Asker


async def quota(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    return QuotaShown(await services.limits.quota(asker.origin.platform, asker.origin.user))
