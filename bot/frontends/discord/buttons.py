"""Buttons under a job's message. The custom id carries what to do and with which job, so they outlive a restart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self, cast

import discord

from bot.commands.buttons import Button
from bot.frontends.discord.address import Interaction
from bot.jobs.job import Job
from bot.replies.replies import Replies

EMOJI = {Button.AGAIN: "🎲", Button.FILE: "🖼️", Button.DELETE: "🗑️", Button.CANCEL: "✖️"}
CUSTOM_ID = re.compile(rf"sanggar:(?P<button>{'|'.join(Button)}):(?P<job>[0-9a-z]{{8}})")


class JobButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=CUSTOM_ID,
):
    """One button; ``client.handler`` does what it says."""

    def __init__(self, button: Button, job_id: str, label: str) -> None:
        self.button = button
        self.job_id = job_id
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.secondary,
                label=label,
                emoji=EMOJI[button],
                custom_id=f"sanggar:{button}:{job_id}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(Button(match["button"]), match["job"], cast(discord.ui.Button[Any], item).label or "")

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.handler.press(interaction, self.button, self.job_id)


def is_ours(interaction: Interaction) -> bool:
    """Whether the button that was pressed is one of ours, and stands in that message: a client can send anything."""
    data: Mapping[str, Any] = interaction.data or {}
    custom_id = str(data.get("custom_id", ""))
    if interaction.message is None or not CUSTOM_ID.fullmatch(custom_id):
        return False
    rows = discord.ui.View.from_message(interaction.message).children
    return any(isinstance(item, discord.ui.Button) and item.custom_id == custom_id for item in rows)


def row(replies: Replies, job: Job, buttons: Iterable[Button]) -> discord.ui.View:
    """A row of buttons in the member's language."""
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(JobButton(button, job.id, replies.button(button)))
    return view
