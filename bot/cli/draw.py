"""``sanggar draw``: one command, drawn and written to files, for scripts."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bot.app import Application
from bot.cli.session import open_studio, sharing_console
from bot.cli.terminal import FAILURE, INTERRUPTED, USAGE, Failure, complaints
from bot.commands.parsing import draw_request
from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN, CommandTable
from bot.errors import Refused
from bot.frontends.console.courier import ConsoleCourier
from bot.frontends.console.frontend import PLATFORM, draw_to_end, origin, typed
from bot.frontends.console.loop_thread import LoopThread
from bot.frontends.console.picture_files import keep
from bot.frontends.console.view import View
from bot.jobs.job import Job, Picture, State
from bot.replies.replies import explain
from bot.settings import Settings, read_settings
from engine.files import write_whole

STDOUT = Path("-")


class PictureFiles:
    """Where the pictures of one command go, and what came of it. ``target`` None: the console's folder."""

    def __init__(self, target: Path | None) -> None:
        self._target = target
        self.written: list[tuple[Path, Picture]] = []

    def finish(self, job: Job, pictures: Sequence[Picture]) -> str:
        """A courier's ``Finish``."""
        for number, picture in enumerate(pictures, start=1):
            self.written.append((self._write(job, picture, number, len(pictures)), picture))
        return str(self.written[0][0])

    def _write(self, job: Job, picture: Picture, number: int, count: int) -> Path:
        if self._target is None:
            return keep(job, picture)
        if self._target == STDOUT:
            sys.stdout.buffer.write(picture.png)
            sys.stdout.buffer.flush()
            return STDOUT
        path = numbered(self._target, number) if count > 1 else self._target
        replace(path, picture.png)
        return path


def draw(text: str, target: Path | None, *, as_json: bool) -> None:
    """Draw ``text`` into ``target``; raises Failure with the exit code."""
    settings = read_settings()
    _check_target(target)
    _check(text, target, settings)
    view, sheet = View(complaints()), PictureFiles(target)
    with sharing_console(settings), LoopThread(lambda: open_studio(settings, view)) as studio:
        request = _request(text, target, settings, studio.value.catalogue.commands)
        started = time.monotonic()
        job = _drawn(studio, view, sheet, request)
        seconds = time.monotonic() - started
    if job.state is State.CANCELLED:
        raise SystemExit(INTERRUPTED)
    if job.state is not State.DELIVERED:
        raise SystemExit(FAILURE)  # the courier has said why
    if target != STDOUT:
        print(_as_json(sheet, seconds) if as_json else _as_text(sheet, seconds))


def numbered(path: Path, number: int) -> Path:
    """``fox.png`` becomes ``fox-1.png``."""
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def replace(path: Path, content: bytes) -> None:
    """Write the whole file, or leave what was there. Raises OSError, about ``path``."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _check(text: str, target: Path | None, settings: Settings) -> None:
    """Tells what is wrong before anything is started; of further styles only the engine knows."""
    command = next(iter(text.split()), "")
    if not command.startswith("/") or BUILT_IN.find(command.removeprefix("/")):
        _request(text, target, settings, BUILT_IN)


def _request(text: str, target: Path | None, settings: Settings, table: CommandTable) -> DrawRequest:
    """What is to be drawn; raises Failure."""
    try:
        command = typed(text, table)
        style = command.path[0]
        if style not in {known.name for known in table.styles}:
            names = ", ".join(sorted(f"/{known.name}" for known in table.styles))
            raise Failure(f"`draw` takes a command that draws: {names}", USAGE)
        request = draw_request(style, command.options, table)
    except Refused as refused:
        raise Failure(explain(refused, origin(settings.language).locale), USAGE) from None
    if request.count > 1 and _takes_one(target):
        place = "standard output" if target == STDOUT else f"{target} is no plain file: it"
        raise Failure(f"{place} takes one picture: leave --count out, or name a file", USAGE)
    return request


def _takes_one(target: Path | None) -> bool:
    """Whether the target is standard output, or a pipe or device, beside which no numbered files are wanted."""
    return target is not None and (target == STDOUT or (target.exists() and not target.is_file()))


def _check_target(target: Path | None) -> None:
    """Told before the drawing, not after."""
    if target == STDOUT and sys.stdout.isatty():
        raise Failure("standard output is a terminal: name a file, or send it on with | or >", USAGE)
    if target is None or target == STDOUT:
        return
    if target.is_dir():
        raise Failure(f"{target} is a folder: name a file in it, such as {target / 'picture.png'}", USAGE)
    if not target.parent.is_dir():
        raise Failure(f"there is no folder {target.parent}: make it first", USAGE)


def _drawn(studio: LoopThread[Application], view: View, sheet: PictureFiles, request: DrawRequest) -> Job:
    app = studio.value
    person = origin(app.settings.language)
    replies = app.replies.for_locale(person.locale)
    app.studio.attach(PLATFORM, ConsoleCourier(view, replies, sheet.finish))
    try:
        return draw_to_end(studio, person, request)
    except Refused as refused:
        raise Failure(replies.explain(refused)) from None
    finally:
        view.clear()


def _as_text(sheet: PictureFiles, seconds: float) -> str:
    lines = [f"{path}  seed {picture.seed}" for path, picture in sheet.written]
    return "\n".join(lines) + f"  {seconds:.1f} s"


def _as_json(sheet: PictureFiles, seconds: float) -> str:
    pictures = [{"path": str(path), "seed": item.seed, "parameters": item.parameters} for path, item in sheet.written]
    return json.dumps({"pictures": pictures, "seconds": round(seconds, 2)}, ensure_ascii=False)
