"""Every word that a member reads, from the gettext catalogues in ``bot/locales``, in the member's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from bot.errors import Refused
from bot.job import Job, Picture, Progress
from bot.limits import Quota
from bot.moderation import Change, Listing
from engine.protocol import AdapterInfo

Button = Literal["again", "delete", "cancel", "file"]
CAPTION_MAX = 1024
"""Characters of a caption on Telegram, the narrowest platform."""


class Replies:
    """The texts in one language. Plain text: a frontend escapes it for its platform."""

    locale: str

    def accepted(self, job: Job) -> str:
        """First answer to a command that became a job."""
        raise NotImplementedError

    def progress(self, job: Job, progress: Progress) -> str:
        """Position in the queue and expected time, or the step being drawn."""
        raise NotImplementedError

    def caption(self, job: Job, pictures: Sequence[Picture], limit: int = CAPTION_MAX) -> str:
        """Under finished pictures: the prompt (shortened to fit) and the parameters really used."""
        raise NotImplementedError

    def ended(self, job: Job) -> str:
        """What became of a job that failed or was cancelled."""
        raise NotImplementedError

    def stopped(self, jobs: Sequence[Job]) -> str:
        """Answer to ``/cancel``; says so when there was nothing to stop."""
        raise NotImplementedError

    def explain(self, refused: Refused) -> str:
        """Why a command was refused, and what to do or when to come back."""
        raise NotImplementedError

    def help(self) -> str:
        """``/help``, rendered from the command table; below 2000 characters."""
        raise NotImplementedError

    def quota(self, quota: Quota) -> str:
        """``/quota``."""
        raise NotImplementedError

    def adapter_list(self, listing: Listing) -> str:
        raise NotImplementedError

    def adapter_info(self, adapter: AdapterInfo) -> str:
        raise NotImplementedError

    def adapter_used(self, change: Change) -> str:
        raise NotImplementedError

    def button(self, name: Button) -> str:
        """The words on a button."""
        raise NotImplementedError

    def table(self, text: str) -> str:
        """A help text of ``bot.commands`` in this language."""
        raise NotImplementedError

    def say(self, key: str, **values: Any) -> str:
        """The text with that key in the catalogue."""
        raise NotImplementedError


class Catalogues:
    """All languages. ``app.replies`` is one of these."""

    def for_locale(self, tag: str | None) -> Replies:
        """The nearest language to a BCP 47 tag; the default one where none is near."""
        raise NotImplementedError


def explain(refused: Refused, locale: str) -> str:
    """``Replies.explain`` for code that has no application at hand."""
    raise NotImplementedError
