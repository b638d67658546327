"""Where a job's answer goes on Discord, and who asked; kept in the journal, so it survives a restart."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import discord

from bot.jobs.job import Job
from bot.members.origin import JsonObject, Origin
from bot.storage.stored import revive

TOKEN_SECONDS = 14.5 * 60
"""How long the token of an interaction is used; Discord ends it after 15 minutes."""
FILE_BYTES = 10 * 1024**2
"""What Discord takes everywhere."""

Interaction = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Address:
    """token: of the interaction, good for edits of its answer for 15 minutes. limit: bytes of one uploaded file.

    message: id of the answer; 0 until Discord has told it. again: a press of "Again" asked, which shows nobody's name.
    """

    token: str = ""
    message: int = 0
    channel: int = 0
    limit: int = FILE_BYTES
    again: bool = False

    @classmethod
    def of(cls, job: Job) -> Address:
        return cls.from_json(job.origin.address)

    @classmethod
    def from_json(cls, stored: JsonObject) -> Address:
        """An address that this or another release wrote."""
        return revive(cls, stored)

    def to_json(self) -> JsonObject:
        return asdict(self)


def is_fresh(job: Job) -> bool:
    """Whether the interaction's token can still be used."""
    return time.time() - job.created_at < TOKEN_SECONDS


def origin(interaction: Interaction, *, again: bool = False) -> Origin:
    """Who asks, from where. ``again``: by a press of that button."""
    channel = interaction.channel_id or 0
    address = Address(interaction.token, 0, channel, interaction.filesize_limit, again)
    return Origin(
        platform="discord",
        place=str(interaction.guild_id or channel),
        user=str(interaction.user.id),
        locale=str(interaction.locale),
        address=address.to_json(),
    )
