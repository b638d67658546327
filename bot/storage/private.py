"""What Sanggar keeps is nobody else's business: prompts, members' ids, moderators' choices."""

from __future__ import annotations

from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
"""Permissions of what Sanggar makes for itself: its owner's alone."""
OTHERS = 0o077
"""The permissions of everyone but the owner."""


def private_folder(path: Path) -> None:
    """Make the folder, and those above it, for its owner alone; one that is there stays as it is. Raises OSError."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(FOLDER_MODE, exist_ok=True)


def private_file(path: Path) -> None:
    """The file is its owner's alone, made empty if it is not there yet. Raises OSError.

    A file of another user stays as it is: whoever lent it has chosen its permissions.
    """
    private_folder(path.parent)
    path.touch(FILE_MODE)
    if readable_by_others(path):
        try:
            path.chmod(FILE_MODE)
        except PermissionError:
            return


def readable_by_others(path: Path) -> bool:
    """Whether anyone but the owner may do something with it. Raises OSError."""
    return bool(path.stat().st_mode & OTHERS)
