"""A local Discord: REST and gateway over real sockets, as strict as the real one about what a bot may send."""

from tests.discord_server.faults import Fault
from tests.discord_server.server import AS_MEMBER, LocalDiscord, Typed
from tests.discord_server.world import DM, ELSEWHERE, GUILD, MEMBER, MODERATOR, STRANGER, Message, Person, Place

__all__ = [
    "AS_MEMBER",
    "DM",
    "ELSEWHERE",
    "GUILD",
    "MEMBER",
    "MODERATOR",
    "STRANGER",
    "Fault",
    "LocalDiscord",
    "Message",
    "Person",
    "Place",
    "Typed",
]
