"""Buttons under a job's message. The custom id carries what to do and with which job, so they outlive a restart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, Self, cast

import discord

from bot.frontends.discord.address import Interaction
from bot.jobs.job import Job
from bot.replies.replies import Replies

Action = Literal["again", "delete", "cancel"]
EMOJI: dict[Action, str] = {"again": "🎲", "delete": "🗑️", "cancel": "✖️"}


class JobButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"sanggar:(?P<action>again|delete|cancel):(?P<job>[0-9a-z]{8})",
):
    """One button; ``client.handler`` does what it says."""

    def __init__(self, action: Action, job_id: str, label: str) -> None:
        self.action = action
        self.job_id = job_id
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                label=label,
                emoji=EMOJI[action],
                custom_id=f"sanggar:{action}:{job_id}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(cast(Action, match["action"]), match["job"], cast(discord.ui.Button[Any], item).label or "")

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.handler.press(interaction, self.action, self.job_id)


def row(replies: Replies, job: Job, actions: Sequence[Action]) -> discord.ui.View:
    """A row of buttons in the member's language."""
    view = discord.ui.View(timeout=None)
    for action in actions:
        view.add_item(JobButton(action, job.id, replies.button(action)))
    return view
