"""Whether others on this machine can read the tokens and what members asked for."""

from __future__ import annotations

from pathlib import Path

from bot.doctor.finding import Finding, good, still_open
from bot.misspelt import DOTENV
from bot.settings import Settings
from bot.storage.private import readable_by_others


def check_privacy(settings: Settings) -> Finding:
    """The file with the tokens, the folder with the data, the database. Not a fault on a machine with one user."""
    database = settings.database_path
    wanted = {Path(DOTENV): 600, settings.data: 700, database: 600}
    open_ones = {path: mode for path, mode in wanted.items() if _is_open(path)}
    if not open_ones:
        return good("privacy", "tokens and data are readable by you alone")
    advice = "; ".join(f"chmod {mode} {path}" for path, mode in open_ones.items())
    return still_open("privacy", f"others on this machine can read {', '.join(map(str, open_ones))}", advice)


def _is_open(path: Path) -> bool:
    try:
        return readable_by_others(path)
    except OSError:  # not there, or not ours to look at
        return False
