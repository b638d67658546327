"""Who may do what. A server can override ``default_member_permissions``: the permissions of each interaction decide."""

from __future__ import annotations

from bot.frontends.discord.address import Interaction, origin
from bot.members.asker import Asker


def may_manage(interaction: Interaction) -> bool:
    """Whether the member may choose adapters here: manages the server, or is in a private chat with the bot."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel is True
    return interaction.permissions.manage_guild or interaction.permissions.administrator


def may_tidy(interaction: Interaction) -> bool:
    """Whether the member may stop and delete the pictures of others here."""
    return may_manage(interaction) or interaction.permissions.manage_messages


def asker(interaction: Interaction, *, again: bool = False) -> Asker:
    """Who asks, with the rights that Discord tells with every interaction."""
    return Asker(origin(interaction, again=again), may_manage(interaction), may_tidy(interaction))
