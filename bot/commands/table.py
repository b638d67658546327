"""The one command table. Frontends, help, and documentation are rendered from it; nothing about a command is
declared anywhere else. Help texts are English message ids; ``bot.replies.replies`` translates them.

It grows with the styles that adapters declare: ``bot.styles.catalogue`` has the table of the moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.protocol import GUIDANCE_SCALE, SAMPLERS, SEED_MAX, STEPS

MEMBER_COUNT = (1, 4)
"""Pictures of one command."""
MEMBER_GUIDANCE_SCALE = (2.0, GUIDANCE_SCALE[1])
"""Guidance scales that members may choose. Below 2 the negative prompt loses its hold, and with it what keeps pictures
fit for children; at 1 the model does not read it at all."""
MEMBER_PROMPT_MAX = 1000
"""Characters of a prompt typed by a member."""
SIZES: dict[str, str] = {
    "square": "512x512",
    "portrait": "512x768",
    "landscape": "768x512",
    "wide": "896x512",
}
"""Names of picture sizes and what is asked of the engine."""
BASE_STYLE = "draw"
"""The style that is none: the base model alone."""
ALL = "all"
"""What ``/cancel`` takes for every job of the member in the place."""
COMMANDS_MAX = 100
"""Commands that Discord takes, and Telegram in a list."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option. ``minimum`` and ``maximum`` bound a number's value or a text's length in characters."""

    name: str
    kind: Literal["text", "integer", "number", "choice"]
    help: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Other names that are understood where options are typed as text."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``style`` marks those that draw. ``moderators`` need the platform's manage permission."""

    name: str
    help: str
    options: tuple[Option, ...] = ()
    subcommands: tuple[Command, ...] = ()
    style: bool = False
    moderators: bool = False
    aliases: tuple[str, ...] = ()
    """Other names that are understood where commands are typed as text."""


DRAW_OPTIONS = (
    Option("prompt", "text", "What to draw", required=True, minimum=1, maximum=MEMBER_PROMPT_MAX),
    Option(
        "negative",
        "text",
        "What to keep out of the picture",
        maximum=MEMBER_PROMPT_MAX,
        aliases=("neg", "negative-prompt", "no", "tanpa"),
    ),
    Option(
        "seed",
        "integer",
        "Same prompt and seed, same picture; -1 is random",
        minimum=-1,
        maximum=SEED_MAX,
        aliases=("benih",),
    ),
    Option(
        "cfg",
        "number",
        "Guidance scale: higher follows the prompt, lower is freer",
        minimum=MEMBER_GUIDANCE_SCALE[0],
        maximum=MEMBER_GUIDANCE_SCALE[1],
        aliases=("cfg-scale", "guidance", "guidance-scale", "panduan"),
    ),
    Option(
        "steps",
        "integer",
        "More steps, more quality and time",
        minimum=STEPS[0],
        maximum=STEPS[1],
        aliases=("langkah",),
    ),
    Option(
        "count",
        "integer",
        "How many pictures",
        minimum=MEMBER_COUNT[0],
        maximum=MEMBER_COUNT[1],
        aliases=("n", "batch", "jumlah"),
    ),
    Option("size", "choice", "Shape of the picture", choices=tuple(SIZES), aliases=("ukuran",)),
    Option("sampler", "choice", "Sampler that removes the noise", choices=tuple(SAMPLERS)),
)

ADAPTER_STYLES = (
    Command("kancil", "Draw as in a children's storybook", DRAW_OPTIONS, style=True),
    Command("retro", "Draw a character of the 1970s to 1990s", DRAW_OPTIONS, style=True),
    Command("landscape", "Draw a fantasy landscape", DRAW_OPTIONS, style=True),
)
"""The built-in styles that adapters draw."""
OTHER_COMMANDS = (
    Command(BASE_STYLE, "Draw freely, without a style", DRAW_OPTIONS, style=True, aliases=("gambar", "imagine")),
    Command("help", "What can be drawn, and how", aliases=("start", "bantuan")),
    Command("quota", "How many pictures you may draw now", aliases=("kuota",)),
    Command(
        "cancel",
        "Cancel your picture",
        (Option("job", "text", "Which one, or 'all', if you have several", maximum=20),),
        aliases=("batal",),
    ),
)


@dataclass(frozen=True, slots=True)
class CommandTable:
    """Every command of a moment. Tables are compared by value: a platform is told only of one that differs."""

    commands: tuple[Command, ...]

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    @property
    def names(self) -> tuple[str, ...]:
        """The commands' names with their slash, as they are typed."""
        return tuple(f"/{command.name}" for command in self.commands)

    @property
    def styles(self) -> tuple[Command, ...]:
        """Those that draw."""
        return tuple(command for command in self.commands if command.style)

    def find(self, name: str) -> Command | None:
        """The command of that name or alias, in any case."""
        name = name.casefold()
        return next((command for command in self.commands if name == command.name or name in command.aliases), None)


def command_table(further: Mapping[str, str]) -> CommandTable:
    """The built-in commands, and those of further styles, each a name and what its help says."""
    styles = (*ADAPTER_STYLES, *(Command(name, text, DRAW_OPTIONS, style=True) for name, text in further.items()))
    return CommandTable((*styles, *OTHER_COMMANDS, _adapter(tuple(style.name for style in styles))))


def _adapter(styles: tuple[str, ...]) -> Command:
    adapter = Option("adapter", "text", "Its name", required=True, maximum=100)
    style = Option("style", "choice", "Which style", required=True, choices=styles)
    choice = Option("adapter", "text", "Its name, or 'default' or 'none'", required=True, maximum=100)
    return Command(
        "adapter",
        "Choose what draws a style here",
        moderators=True,
        subcommands=(
            Command("list", "Which adapters there are"),
            Command("info", "What an adapter is", (adapter,)),
            Command("use", "Draw a style with this adapter from now on", (style, choice)),
        ),
    )


BUILT_IN = command_table({})
"""The commands that are always there."""
FURTHER_MAX = COMMANDS_MAX - len(BUILT_IN.commands)
"""Further styles that the platforms have room for."""
