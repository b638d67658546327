"""Finds the handler of a command or a button, checks the asker's rights, and turns every failure into an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.commands.buttons import Button
from bot.commands.parsing import Invocation
from bot.commands.table import CommandTable
from bot.errors import Refused
from bot.handlers.adapters import list_adapters, show_adapter, use_adapter
from bot.handlers.answer import Answer, Refusal, mistake
from bot.handlers.cancelling import cancel, stop
from bot.handlers.drawing import again, draw
from bot.handlers.finished import remove, send_files
from bot.handlers.helping import show_help
from bot.handlers.quota import quota
from bot.handlers.rights import Right, command_right, is_author, may_press
from bot.handlers.services import Services
from bot.jobs.job import Job
from bot.members.asker import Asker

CommandHandler = Callable[[Services, Invocation, Asker], Awaitable[Answer]]
ButtonHandler = Callable[[Services, Job, Asker], Awaitable[Answer]]

COMMANDS: dict[tuple[str, ...], CommandHandler] = {
    ("help",): show_help,
    ("quota",): quota,
    ("cancel",): cancel,
    ("adapter", "list"): list_adapters,
    ("adapter", "info"): show_adapter,
    ("adapter", "use"): use_adapter,
}
"""The handlers of commands that do not draw, by path; every style has ``draw``."""
BUTTONS: dict[Button, ButtonHandler] = {
    Button.AGAIN: again,
    Button.FILE: send_files,
    Button.DELETE: remove,
    Button.CANCEL: stop,
}


def command_handler(path: tuple[str, ...], table: CommandTable) -> CommandHandler:
    """The handler of a command; one that is in no table is refused by ``draw``, which names the commands there are."""
    command = table.find(path[0])
    return draw if command is None or command.style else COMMANDS[path]


class Dispatcher:
    """Carries out what a frontend has understood. Never raises: what fails is an answer as well."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def handle(self, invocation: Invocation, asker: Asker) -> Answer:
        """Carries out a command."""
        return await answered(self._handle(invocation, asker))

    async def press(self, button: Button, job_id: str, asker: Asker) -> Answer:
        """Carries out a press of the button under that job's message."""
        return await answered(self._press(button, job_id, asker))

    def is_public(self, path: tuple[str, ...]) -> bool:
        """Whether everybody in the place sees the answer: that of a command that draws."""
        command = self.services.table.find(path[0])
        return command is not None and command.style

    def asks_rights(self, path: tuple[str, ...]) -> bool:
        """Whether the asker's rights matter for this command, so that a frontend has to find them."""
        return command_right(path, self.services.table) is not Right.ANYONE

    async def press_asks_rights(self, button: Button, job_id: str, asker: Asker) -> bool:
        """Whether the asker's rights matter for this press: only for a job of somebody else."""
        job = await self.services.studio.job(job_id)
        return job is not None and not may_press(button, asker, job)

    async def _handle(self, invocation: Invocation, asker: Asker) -> Answer:
        table = self.services.table
        if command_right(invocation.path, table) is Right.MANAGE and not asker.may_manage:
            raise Refused("not-moderator")
        return await command_handler(invocation.path, table)(self.services, invocation, asker)

    async def _press(self, button: Button, job_id: str, asker: Asker) -> Answer:
        """For its author also elsewhere, where a picture went that could not be posted in its place."""
        job, origin = await self.services.studio.job(job_id), asker.origin
        here = job is not None and (job.origin.platform, job.origin.place) == (origin.platform, origin.place)
        if job is None or not (here or is_author(asker, job)):
            raise Refused("unknown-job", name=job_id)
        if not may_press(button, asker, job):
            raise Refused("not-yours")
        return await BUTTONS[button](self.services, job, asker)


async def answered(work: Awaitable[Answer]) -> Answer:
    """The answer; a refusal or a mistake of ours becomes one."""
    try:
        return await work
    except Refused as refused:
        return Refusal(refused)
    except Exception as error:
        return mistake(error)
