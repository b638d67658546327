"""The commands of the engine and the adapters, under ``sanggar``.

The bot imports neither: the command line is where the parts are put together, so it names them here, as text, and
loads one only when it is called. ``sanggar --help`` costs no torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from bot.cli.terminal import complain
from bot.misspelt import misspelt


@dataclass(frozen=True, slots=True)
class Mounted:
    """``target`` is ``module:name`` of a typer application or of a single command's function.

    reads_settings: it is told by settings alone what to do, so that a misspelt one is worth a word.
    """

    name: str
    target: str
    help: str
    reads_settings: bool = False

    def run(self, arguments: Sequence[str]) -> None:
        """Run it as if it were typed at the shell; ends with SystemExit."""
        if self.reads_settings:
            for sentence in misspelt():
                complain(sentence)
        module, attribute = self.target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        outer = new_typer()
        outer.callback()(lambda: None)
        if isinstance(command, typer.Typer):
            outer.add_typer(command, name=self.name)
        else:
            outer.command(self.name)(command)
        outer(args=[self.name, *arguments], prog_name="sanggar")


MOUNTED = (
    Mounted("engine", "engine.cli:engine_command", "Run the process that holds the model, and nothing else.", True),
    Mounted("nano", "engine.nano.cli:nano_app", "The small model that comes with Sanggar."),
    Mounted("adapters", "adapters.cli.adapters:adapters_app", "The adapters that are here."),
    Mounted("dataset", "adapters.cli.datasets:dataset_app", "From a folder of pictures to a data set."),
    Mounted("train", "adapters.cli.adapters:train_command", "Make an adapter from pictures, by a recipe."),
    Mounted("evaluate", "adapters.cli.adapters:evaluate_command", "Measure an adapter against its base model."),
)

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Options of a mounted command are its own to read, ``--help`` too."""


def new_typer(help: str = "") -> typer.Typer:
    """A typer application of the house: plain text, no traceback of typer's own."""
    return typer.Typer(
        help=help, add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def mount(app: typer.Typer) -> None:
    for mounted in MOUNTED:
        app.command(mounted.name, help=mounted.help, context_settings=PASSED_ON)(_pass_on(mounted))


def _pass_on(mounted: Mounted) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        mounted.run(context.args)

    return command
