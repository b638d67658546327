"""What a member sees in a chat."""

from __future__ import annotations

from bot.app import Application
from bot.jobs.job import Job
from tests.telegram_server import Chat, Message, TelegramServer, User
from tests.telegram_server.world import BOT, StoredFile

PROMPT = "a clever mouse-deer by the river"


def pictures(chat: Chat) -> list[Message]:
    return [message for message in chat.visible if message.file and message.file.kind == "photo"]


def answers(chat: Chat) -> list[Message]:
    return [message for message in chat.visible if message.sender.id == BOT]


def finished(chat: Chat) -> Message | None:
    """The message that carries the buttons of a finished job."""
    ready = [message for message in answers(chat) if any("copy_text" in button for button in message.buttons)]
    return ready[-1] if ready else None


def documents(telegram: TelegramServer) -> list[StoredFile]:
    """Files that were sent as such."""
    return [file for file in telegram.files.values() if file.kind == "document"]


async def answer(telegram: TelegramServer, chat: Chat, user: User, text: str) -> str:
    """What the bot replies to this message."""
    asked = telegram.say(chat, user, text)
    found = await telegram.until(lambda: [one for one in answers(chat) if one.reply_to == asked.id])
    return found[0].text


async def draw(telegram: TelegramServer, chat: Chat, user: User, text: str) -> Message:
    """The message with the buttons that this command became."""
    before = finished(chat)
    telegram.say(chat, user, text)
    return await telegram.until(lambda: finished(chat) is not before and finished(chat))


async def toast(telegram: TelegramServer, user: User, message: Message, label: str) -> str:
    """What a press of this button is answered with."""
    query = telegram.press(user, message, label)
    await telegram.until(lambda: telegram.callbacks[query] is not None)
    return telegram.callbacks[query] or ""


async def settled(app: Application, message: Message) -> Job:
    """The job of a message with buttons, once the journal says how it ended."""
    found = [button["callback_data"] for button in message.buttons if "callback_data" in button]
    return await app.studio.wait(found[0].partition(":")[2])
