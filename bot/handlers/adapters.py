"""``/adapter list | info | use``; the dispatcher has made sure that the asker manages the place."""

from __future__ import annotations

from bot.commands.parsing import Invocation
from bot.handlers.answer import AdapterListing, AdapterShown, AdapterUsed, Answer
from bot.handlers.services import Services
from bot.members.asker import Asker


async def list_adapters(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    return AdapterListing(await services.adapter_choice.list(asker.origin))


async def show_adapter(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    return AdapterShown(await services.adapter_choice.info(str(invocation.options["adapter"])))


async def use_adapter(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    style, adapter = str(invocation.options["style"]), str(invocation.options["adapter"])
    return AdapterUsed(await services.adapter_choice.use(asker.origin, style, adapter))
