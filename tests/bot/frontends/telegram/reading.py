"""What a member sees in a chat."""

from __future__ import annotations

from tests.telegram_server import Chat, Message, TelegramServer, User

PROMPT = "a clever mouse-deer by the river"


def pictures(chat: Chat) -> list[Message]:
    return [message for message in chat.visible if message.file and message.file.kind == "photo"]


def answers(chat: Chat) -> list[Message]:
    return [message for message in chat.visible if message.sender.is_bot]


def finished(chat: Chat) -> Message | None:
    """The message that carries the buttons of a finished job."""
    ready = [message for message in answers(chat) if any("copy_text" in button for button in message.buttons)]
    return ready[-1] if ready else None


async def answer(telegram: TelegramServer, chat: Chat, user: User, text: str) -> str:
    """What the bot replies to this message."""
    asked = telegram.say(chat, user, text)
    found = await telegram.until(lambda: [one for one in answers(chat) if one.reply_to == asked.id])
    return found[0].text
