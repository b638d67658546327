"""The console: the same commands as in a chat, typed at a prompt on the machine itself."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.app import Application
from bot.commands.parsing import Invocation, parse
from bot.commands.request import DrawRequest
from bot.commands.table import CommandTable
from bot.errors import Refused
from bot.frontends.console.courier import ConsoleCourier
from bot.frontends.console.loop_thread import LoopThread
from bot.frontends.console.picture_files import FOLDER, keep
from bot.frontends.console.prompt import editing, read_line
from bot.frontends.console.view import View
from bot.handlers.answer import Answer, JobAccepted, Mistake, Refusal
from bot.jobs.job import Job, Picture, State
from bot.members.asker import Asker
from bot.members.origin import Origin, Platform
from bot.replies.answers import words
from bot.styles.choosing import DEFAULT, NONE

LEAVING = frozenset({"exit", "quit", "/exit", "/quit"})
PLATFORM: Platform = "console"
PLACE, OWNER = "console", "owner"


class ConsoleFrontend:
    """Whoever sits at the machine may do everything, and has no allowance to keep."""

    def __init__(self, studio: LoopThread[Application], view: View, folder: Path = FOLDER) -> None:
        self._studio, self._view, self._folder = studio, view, folder
        self._app = studio.value
        self.kept: list[Path] = []
        """Files of the pictures that were drawn so far."""
        self.origin = origin(self._app.settings.language)
        self.replies = self._app.replies.for_locale(self.origin.locale)
        self._app.studio.attach(PLATFORM, ConsoleCourier(view, self.replies, self._finish))

    def run(self) -> bool:
        """Answer lines until the input ends; whether every command came to a good end."""
        all_done = True
        with editing(self._app.settings.data / "history", lambda: self._table, self._adapters):
            while (line := self._read()) is not None and line not in LEAVING:
                if line:
                    all_done &= self.answer(line)
        return all_done

    def recover(self) -> None:
        """Take up what an earlier run accepted and did not finish; for one process at a time."""
        self._studio.call(self._app.studio.recover(PLATFORM))

    def answer(self, line: str) -> bool:
        """Does one command and waits for its end; False if it was refused or came to nothing."""
        try:
            invocation = typed(line, self._table)
        except Refused as refused:
            return self._show(Refusal(refused))
        return self._show(self._studio.call(self._app.dispatcher.handle(invocation, asker(self.origin))))

    @property
    def _table(self) -> CommandTable:
        return self._app.catalogue.commands

    def _show(self, answer: Answer) -> bool:
        """Shows the answer, and a job to its end; whether that was a good one."""
        if not isinstance(answer, JobAccepted):
            self._view.say(words(answer, self.replies))
            return not isinstance(answer, Refusal | Mistake)
        try:
            return to_end(self._studio, answer.job).state is State.DELIVERED
        finally:
            self._view.clear()

    def _finish(self, job: Job, pictures: Sequence[Picture]) -> str:
        paths = [keep(job, picture, self._folder) for picture in pictures]
        self.kept += paths
        for path, picture in zip(paths, pictures, strict=True):
            self._view.picture(path, picture.png)
        self._view.say(self.replies.caption(job, pictures))
        return str(paths[0])

    def _adapters(self) -> Sequence[str]:
        return (DEFAULT, NONE, *self._studio.call(self._app.adapter_choice.names()))

    def _read(self) -> str | None:
        """The next line without blanks around it; Ctrl-C at the prompt only drops the line."""
        try:
            line = read_line()
        except KeyboardInterrupt:
            self._view.say("")
            return ""
        return line if line is None else line.strip()


def typed(line: str, table: CommandTable) -> Invocation:
    """The command in ``line``, whose slash may be left out here. Raises Refused."""
    word, *_ = line.split(maxsplit=1) or [""]
    return parse(f"/{line}" if f"/{word}" in table.names else line, table)


def draw_to_end(studio: LoopThread[Application], origin: Origin, request: DrawRequest) -> Job:
    """The job once it is over. Raises Refused."""
    return to_end(studio, studio.call(studio.value.studio.submit(origin, request)))


def to_end(studio: LoopThread[Application], job: Job) -> Job:
    """The job once it is over. Ctrl-C cancels it, and is done once the engine stopped."""
    end = studio.start(studio.value.studio.wait(job.id))
    try:
        return end.result()
    except BaseException as interruption:
        stopped = studio.call(studio.value.studio.cancel(job.id))
        if isinstance(interruption, KeyboardInterrupt):
            return stopped[0] if stopped else end.result()
        raise


def asker(origin: Origin) -> Asker:
    """Whoever sits at the machine may do everything."""
    return Asker(origin, may_manage=True, may_tidy=True)


def origin(default_language: str) -> Origin:
    """Whoever sits at this machine; there is one."""
    return Origin(PLATFORM, PLACE, OWNER, terminal_locale(os.environ) or default_language, {})


def terminal_locale(environment: Mapping[str, str]) -> str:
    """The BCP 47 tag of the terminal's language ("id-ID" for ``id_ID.UTF-8``); empty where it names none."""
    value = next((environment[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), "")
    tag = value.split(".")[0].split("@")[0].replace("_", "-")
    return "" if tag in {"C", "POSIX"} else tag
