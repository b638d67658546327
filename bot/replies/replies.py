"""Every word that a member reads, from the gettext catalogues in ``bot/locales``, in the member's language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.commands.buttons import Button
from bot.commands.table import ALL, BASE_STYLE, BUILT_IN, DRAW_OPTIONS, Command, CommandTable
from bot.errors import Refused
from bot.jobs.job import DRAWING_BEGUN, Job, Picture, Progress, State
from bot.locales import LOCALES
from bot.members.limits import Quota
from bot.replies.caption import CAPTION_MAX, caption
from bot.replies.catalogues import catalogue, nearest, shown
from bot.replies.text_length import length, shortened
from bot.styles.bindings import Binding
from bot.styles.choosing import Change, Listing
from engine.protocol import AdapterInfo

MESSAGE_MAX = 2000
"""Characters of a message on Discord, the narrowest platform."""
PROMPT_SHOWN = 60
"""UTF-16 units of a prompt that tells jobs apart."""


class Replies:
    """The texts in one language. Plain text: a frontend escapes it for its platform."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._catalogue = catalogue(locale)

    def say(self, key: str, **values: Any) -> str:
        """The text with that key in the catalogue. ``n`` chooses the plural; ``seconds`` and ``eta`` are durations."""
        text = self._catalogue.ngettext(key, key, values["n"]) if "n" in values else self._catalogue.gettext(key)
        return text.format_map({name: shown(name, value, self.locale) for name, value in values.items()})

    def table(self, text: str) -> str:
        """A help text of ``bot.commands.table`` in this language."""
        return self._catalogue.gettext(text)

    def button(self, button: Button) -> str:
        """The words on a button."""
        return self.say(f"button-{button}")

    def accepted(self, job: Job) -> str:
        """First answer to a command that became a job."""
        return self.say("accepted", job=job.id)

    def progress(self, job: Job, progress: Progress) -> str:
        """Position in the queue and expected time, the step being drawn, or that the engine is away."""
        if progress.state is State.QUEUED:
            if not progress.position:
                return self.say("engine-restarting" if progress.engine_away else "queued")
            if progress.eta is None:
                return self.say("queued-behind", n=progress.position)
            return self.say("queued-eta", n=progress.position, eta=progress.eta)
        if not progress.steps:
            return self.say("drawing")
        if progress.eta is None:
            return self.say("drawing-step", step=progress.step, steps=progress.steps)
        return self.say("drawing-eta", step=progress.step, steps=progress.steps, eta=progress.eta)

    def caption(self, job: Job, pictures: Sequence[Picture], limit: int = CAPTION_MAX) -> str:
        """Under finished pictures: the prompt (shortened to fit) and the parameters really used."""
        return caption(self.say, job, pictures, limit)

    def ended(self, job: Job) -> str:
        """What became of a job that failed or was cancelled."""
        if job.state is State.CANCELLED:
            return f"{self.say('cancelled', job=job.id)} {self._cost([job])}"
        return f"{self.say('failed', job=job.id, why=self.explain(Refused(job.reason)))} {self.say('given-back')}"

    def stopped(self, jobs: Sequence[Job]) -> str:
        """Answer to ``/cancel``: the jobs, and what they cost."""
        return f"{self.say('stopped', n=len(jobs), jobs=tuple(job.id for job in jobs))} {self._cost(jobs)}"

    def which_job(self, jobs: Sequence[Job], limit: int = MESSAGE_MAX) -> str:
        """Asks which one ``/cancel`` is about."""
        question = self.say("which-job", n=len(jobs), example=f"/cancel {jobs[0].id}", all=f"/cancel {ALL}")
        lines = [f"{job.id}: {shortened(job.request.prompt, PROMPT_SHOWN)}" for job in jobs]
        return "\n".join([question, *self._fitting(lines, limit - length(question) - 1)])

    def explain(self, refused: Refused) -> str:
        """Why a command was refused, and what to do or when to come back."""
        values = dict(refused.values)
        if refused.reason == "missing-prompt":
            values["example"] = self._example(values["command"].lstrip("/"))
        text = self.say(refused.reason, **values)
        if text == refused.reason:
            return self.say("internal")
        hint = values.get("suggestion")
        return f"{text} {self.say('did-you-mean', suggestion=hint)}" if hint else text

    def help(self, table: CommandTable, *, dashes: bool = True) -> str:
        """``/help``, rendered from the command table; below 2000 characters, with as many further styles as fit.

        dashes: options are typed as ``--seed 777``; False where the platform has its own way (``seed:777``).
        """
        further = [self._command(command) for command in table if BUILT_IN.find(command.name) is None]
        room = MESSAGE_MAX - length(self._help([], dashes)) - 1
        return self._help(self._fitting(further, room), dashes)

    def quota(self, quota: Quota) -> str:
        """``/quota``."""
        text = self.say("quota", n=quota.left, burst=quota.burst, per_hour=quota.per_hour)
        return f"{text} {self.say('quota-full-in', seconds=quota.full_in)}" if quota.full_in > 0 else text

    def adapter_list(self, listing: Listing, limit: int = MESSAGE_MAX) -> str:
        """What draws each style here, then as many adapters as fit."""
        bindings = self._fitting([self._binding(binding, listing) for binding in listing.bindings], limit // 2)
        adapters = [self._adapter(adapter) for adapter in listing.adapters] or [self.say("adapter-none")]
        return "\n".join([*bindings, "", *self._fitting(adapters, limit - length("\n".join(bindings)) - 2)])

    def adapter_info(self, adapter: AdapterInfo) -> str:
        details = self.say(
            "adapter-details",
            name=adapter.name,
            title=adapter.title,
            description=adapter.description,
            kind=adapter.kind,
            base=adapter.base_model,
            words=adapter.trigger_words or ("-",),
            sha256=adapter.sha256,
        ).replace("\n\n", "\n")
        if adapter.usable:
            return details
        refusal = self.say("adapter-not-usable", name=adapter.name, why=adapter.reason)
        return f"{details}\n{refusal}" if adapter.kind else refusal

    def adapter_used(self, change: Change) -> str:
        new, old = self._named(change.new), self._named(change.old)
        if change.to_default:
            return self.say("adapter-default", style=change.style, new=new)
        key = "adapter-same" if change.new == change.old else "adapter-used"
        return self.say(key, style=change.style, new=new, old=old)

    def _cost(self, jobs: Sequence[Job]) -> str:
        """What cancelled jobs cost: the pictures of those that the engine had begun to draw."""
        pictures = sum(job.request.count for job in jobs if job.reason == DRAWING_BEGUN)
        return self.say("cancelled-cost", n=pictures) if pictures else self.say("given-back")

    def _help(self, further: Sequence[str], dashes: bool) -> str:
        name, flag = ("--{}", "--seed 777") if dashes else ("{}", "seed:777")
        examples = [f"/{style.name} {self._example(style.name)}" for style in BUILT_IN.styles]
        options = DRAW_OPTIONS[1:]
        sections = (
            [self.say("help-intro"), *examples[:-1], f"{examples[-1]} {flag}"],
            [f"{self.say('help-commands')}:", *map(self._command, BUILT_IN), *further],
            [f"{self.say('help-options')}:", *(f"{name.format(one.name)}: {self.table(one.help)}" for one in options)],
            [self.say("help-seed")],
        )
        return "\n\n".join("\n".join(section) for section in sections)

    def _command(self, command: Command) -> str:
        note = f" ({self.say('help-moderators')})" if command.moderators else ""
        names = "|".join(one.name for one in command.subcommands)
        return f"/{command.name} {names}".rstrip() + f": {self.table(command.help)}{note}"

    def _example(self, style: str) -> str:
        """A prompt for the style; a further one has none of its own."""
        return self.say(f"example-{style if BUILT_IN.find(style) else BASE_STYLE}")

    def _fitting(self, lines: Sequence[str], room: int) -> list[str]:
        """As many lines as fit into so many UTF-16 units together, the last of which tells how many more there are."""
        if length("\n".join(lines)) <= room:
            return list(lines)
        room -= length(self.say("more", n=len(lines)))
        kept = 0
        while room > length(lines[kept]):
            room -= length(lines[kept]) + 1
            kept += 1
        return [*lines[:kept], self.say("more", n=len(lines) - kept)]

    def _binding(self, binding: Binding, listing: Listing) -> str:
        usable = {adapter.name for adapter in listing.adapters if adapter.usable}
        key = "binding-here" if binding.overridden else "binding"
        if binding.adapter and binding.adapter not in usable:
            key = "binding-unusable"
        return self.say(key, style=binding.style, adapter=self._named(binding.adapter))

    def _adapter(self, adapter: AdapterInfo) -> str:
        key = "adapter-line" if adapter.usable else "adapter-line-unusable"
        return self.say(key, name=adapter.name, title=adapter.title, kind=adapter.kind, why=adapter.reason)

    def _named(self, adapter: str | None) -> str:
        return adapter or self.say("base-model")


class Catalogues:
    """All languages, read at start. ``app.replies`` is one of these."""

    def __init__(self, default: str) -> None:
        self._default = default
        self._replies = {locale: Replies(locale) for locale in LOCALES}

    def for_locale(self, tag: str | None) -> Replies:
        """The nearest language to a BCP 47 tag; the default one where none is near."""
        return self._replies[nearest(tag, self._default)]


def explain(refused: Refused, locale: str) -> str:
    """``Replies.explain`` for code that has no application at hand."""
    return Replies(nearest(locale, LOCALES[0])).explain(refused)
