"""What members do: write, press buttons, change their groups."""

from __future__ import annotations

from typing import Any

from tests.kit.eventually import Changes
from tests.telegram_server.methods import Methods
from tests.telegram_server.world import ANONYMOUS_ADMIN, Chat, Json, Message, User


class People(Methods):
    """``updates`` is what the bot has yet to fetch or did; ``changes`` wakes whoever waits for news."""

    def __init__(self) -> None:
        super().__init__()
        self.updates: list[Json] = []
        self.changes = Changes()

    def user(self, name: str, language: str = "en") -> User:
        user = User(next(self.ids), name, name.lower(), language)
        self.users[user.id] = user
        return user

    def private(self, user: User) -> Chat:
        return self.chats.setdefault(user.id, Chat(user.id, "private", user.first_name))

    def group(self, *members: User, kind: str = "supergroup", **statuses: User) -> Chat:
        """A group; those with another status are given by it, such as ``administrator=budi``."""
        chat = Chat(-1_000_000 - next(self.ids), kind, "Seni")
        chat.statuses = dict.fromkeys((user.id for user in members), "member")
        chat.statuses |= {user.id: status for status, user in statuses.items()}
        return self.chats.setdefault(chat.id, chat)

    def forum(self, *members: User, topics: tuple[int, ...]) -> Chat:
        """A group with topics."""
        chat = self.group(*members)
        chat.threads = set(topics)
        return chat

    def say(self, chat: Chat, user: User, text: str, thread: int | None = None, **more: Any) -> Message:
        """A member writes; the bot gets an update. ``more`` are fields of ``Message``, such as ``reply_to``."""
        message = self.add(chat, user, text, thread=thread, **more)
        self.update(message=message.json())
        return message

    def edit(self, message: Message, text: str) -> None:
        """A member edits what they wrote."""
        message.text = text
        self.update(edited_message=message.json() | {"edit_date": int(message.date) + 1})

    def say_anonymously(self, chat: Chat, text: str) -> Message:
        bot = User(ANONYMOUS_ADMIN, "Group", "GroupAnonymousBot", is_bot=True)
        message = self.add(chat, bot, text, sender_chat=chat)
        self.update(message=message.json())
        return message

    def press(self, user: User, message: Message, label: str) -> str:
        """A member presses a button; returns the id of the callback query."""
        query = f"q{next(self.ids)}"
        self.callbacks[query] = None
        data = message.button(label)["callback_data"]
        press = {"id": query, "from": user.json(), "message": message.json(), "chat_instance": "1", "data": data}
        self.update(callback_query=press)
        return query

    def update(self, **content: Json) -> Json:
        update = {"update_id": next(self.ids), **content}
        self.updates.append(update)
        self.changes.notify()
        return update

    def migrate(self, chat: Chat) -> Chat:
        """The group becomes a supergroup with another id; its messages stay behind."""
        new = Chat(chat.id - 10**12, "supergroup", chat.title, dict(chat.statuses))
        self.chats[new.id] = new
        chat.migrated_to = new.id
        return new
