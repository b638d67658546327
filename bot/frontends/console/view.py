"""What the console shows: one live line with the partial picture while drawing, then the picture and its path."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.frontends.console.blocks import HalfBlocks, shows_pictures

PREVIEW_COLUMNS = 32
BAR_COLUMNS = 24


class View:
    """Writes to one terminal. Where it is none, progress is silent and pictures are their paths."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Live | None = None
        self._preview: bytes | None = None

    def say(self, text: str) -> None:
        """Plain words on lines of their own; nothing in them is markup."""
        self.clear()
        self.console.print(Text(text), soft_wrap=True)

    def progress(self, text: str, fraction: float | None, preview: bytes | None = None) -> None:
        """Replace the live line. ``fraction`` is 0 .. 1, None where unknown; a preview stays until ``clear``."""
        if not self.console.is_terminal:
            return
        self._preview = preview or self._preview
        if self._live is None:
            self._live = Live(console=self.console, transient=True, refresh_per_second=8)
            self._live.start()
        self._live.update(self._drawing(text, fraction))

    def picture(self, path: Path, png: bytes, note: str = "") -> None:
        """A finished picture where the terminal can show it; its path always."""
        self.clear()
        if shows_pictures(self.console):
            self.console.print(HalfBlocks(png))
        self.console.print(Text(str(path), style="bold"), soft_wrap=True)
        if note:
            self.console.print(Text(note, style="dim"), soft_wrap=True)

    def clear(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()
        self._live, self._preview = None, None

    def _drawing(self, text: str, fraction: float | None) -> RenderableType:
        bar = ProgressBar(100, 100 * (fraction or 0), width=BAR_COLUMNS, pulse=fraction is None)
        line = Table.grid(padding=(0, 1))
        line.add_row(bar, Text(text, overflow="ellipsis", no_wrap=True))
        if self._preview is None or not shows_pictures(self.console):
            return line
        return Group(HalfBlocks(self._preview, PREVIEW_COLUMNS), line)
