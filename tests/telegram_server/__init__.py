"""A small Bot API server on a socket: it keeps chats and messages, and refuses what Telegram refuses."""

from tests.telegram_server.server import Call, TelegramServer
from tests.telegram_server.world import Chat, Message, User

__all__ = ["Call", "Chat", "Message", "TelegramServer", "User"]
