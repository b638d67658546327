"""Discord: application commands in, and each job in one message that becomes its picture."""

from bot.frontends.discord.frontend import DiscordFrontend

__all__ = ["DiscordFrontend"]
