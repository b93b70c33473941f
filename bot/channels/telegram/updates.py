"""What an update of Telegram means to us."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeGuard

from bot.channels.channel import Arrival, Event, Moved, Reach
from bot.channels.telegram.bot_api import (
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    Message,
    Update,
)
from bot.channels.telegram.commands import NAMES
from bot.channels.telegram.markup import EDITED, KEPT
from handlers.talk import Ask, Media, Point
from knowledge.vietnamese import fold

NAME = "telegram"

MEDIA = {
    "photo": Media.PICTURE,
    "voice": Media.VOICE,
    "audio": Media.VOICE,
    "video": Media.VIDEO,
    "video_note": Media.VIDEO,
    "animation": Media.VIDEO,
    "document": Media.FILE,
    "sticker": Media.STICKER,
    "contact": Media.CONTACT,
    "poll": Media.OTHER,
    "dice": Media.OTHER,
    "game": Media.OTHER,
    "story": Media.OTHER,
    "paid_media": Media.OTHER,
    "checklist": Media.OTHER,
}
"""By a message's fields; the first that is there counts, as an animation is a file too."""

PLAIN = frozenset(("message_id", "date", "chat", "from", "text", "entities"))
"""The fields of a message that is nothing but words."""

SHUT = ("kicked", "left")
"""The bot's status where nothing can be sent any more."""

BARE = "/help"
"""What one says who only calls us by name."""

_COMMAND = re.compile(r"/([^\W\d]\w*)(?:@(\w+))?")


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's account; the name is unknown until Telegram has told it once."""

    id: int
    username: str = ""


def is_update(content: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether this may be an update: an object with a number."""
    # Booleans are integers to Python.
    return isinstance(content, dict) and type(content.get("update_id")) is int


def chat(update: Mapping[str, Any]) -> str:
    """Return the chat, else the citizen, that an update as JSON is about; else its own number."""
    for about in filter(_is_object, update.values()):
        for holder in (about, about.get("message")):
            if _is_object(holder) and (number := _id(holder.get("chat"))):
                return number
        if number := _id(about.get("from")):
            return number
    return str(update["update_id"])


def press(update: Mapping[str, Any]) -> str:
    """Return the id of a pressed button in an update as JSON, empty where there is none."""
    query = update.get("callback_query")
    return _text(query, "id") if _is_object(query) else ""


def inline(query: object) -> tuple[str, str] | None:
    """Return id and text of an inline query as JSON; None for what is none."""
    if not _is_object(query) or not (number := _text(query, "id")):
        return None
    return number, _text(query, "query")


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict)


def _id(value: object) -> str:
    number = value.get("id") if _is_object(value) else None
    return str(number) if _is_number(number) else ""


def _is_number(value: object) -> TypeGuard[int]:
    """Tell whether this may be an id: 64 bits, and zero is nobody's."""
    return type(value) is int and 0 < abs(value) < 2**63


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def plain_text(update: Mapping[str, Any], me: Me, now: datetime) -> Arrival | None:
    """Read a plain text of a private chat, as `event` does; None for anything else.

    Nearly all updates are such, and the library takes ten times as long to read one.
    """
    message = update.get("message")
    if not _is_object(message) or len(update) != len(("update_id", "message")):
        return None
    chat, author = message.get("chat"), message.get("from")
    text, number = message.get("text"), message.get("message_id")
    if not (message.keys() <= PLAIN and _is_object(chat) and _is_object(author)):
        return None
    if chat.get("type") != "private" or author.get("is_bot") is not False:
        return None
    if not (isinstance(text, str) and type(number) is int and type(message.get("date")) is int):
        return None
    if not (sender := _id(chat)) or _id(author) in ("", str(me.id)):
        return None
    said = _plain(text, me) or (BARE if text else "")
    ask = Ask(said, now, channel=NAME, sender=sender, message=str(update["update_id"]))
    return Arrival(ask, {"asked": number}) if said else None


def event(update: Update, me: Me, now: datetime) -> Event | None:
    """Say what an update means; None for what needs nothing, such as edits and channel posts.

    The library takes whatever stands in a field: raises TypeError for what can be no id or text.
    """
    ask = Ask("", now, channel=NAME, message=str(update.update_id))
    if update.message:
        return _message(update.message, me, ask)
    if update.callback_query:
        return _press(update.callback_query, ask)
    return _reach(update.my_chat_member) if update.my_chat_member else None


def _message(message: Message, me: Me, ask: Ask) -> Event | None:
    chat = str(_number(message.chat.id))
    if message.migrate_to_chat_id:
        return Moved(chat, str(_number(message.migrate_to_chat_id)))
    said = _words(message.text or message.caption or "")
    group = message.chat.type != "private"
    if _by_machine(message, me) or (group and not _addressed(message, said, me)):
        return None
    text, media, point = _plain(said, me), _media(message), _point(message)
    if not (text or media or point):
        if not said:
            return None
        text = BARE
    ask = replace(ask, sender=chat, text=text, media=media, point=point)
    return Arrival(ask, _context(message, group=group))


def _by_machine(message: Message, me: Me) -> bool:
    """Tell bots, ourselves and copied channel posts from people, also those in a group's name."""
    author = message.from_user
    if message.via_bot and message.via_bot.id == me.id:
        return True
    if message.sender_chat:
        return message.sender_chat.id != message.chat.id
    return author is None or author.is_bot or author.id == me.id


def _addressed(message: Message, said: str, me: Me) -> bool:
    """Tell whether a message in a group is meant for us: a command, our name, a reply to us."""
    if command := _COMMAND.match(said):
        name, bot = command.groups()
        return bot.casefold() == me.username.casefold() if bot else fold(name) in NAMES
    answered = message.reply_to_message
    if answered and answered.from_user and answered.from_user.id == me.id:
        return True
    return bool(me.username and _mention(me.username).search(said))


def _plain(said: str, me: Me) -> str:
    """Take the bot's name out: "/start@name BK1-02" is "/start BK1-02"."""
    if command := _COMMAND.match(said):
        return f"/{command[1]}{said[command.end() :]}".strip()
    if me.username and "@" in said:
        said = _mention(me.username).sub(" ", said)
    return said.strip()


@lru_cache(maxsize=2)
def _mention(username: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@])@{re.escape(username)}\b[\s,:]*", re.IGNORECASE)


def _media(message: Message) -> Media | None:
    return next((media for name, media in MEDIA.items() if getattr(message, name)), None)


def _point(message: Message) -> Point | None:
    location = message.venue.location if message.venue else message.location
    if not location:
        return None
    on_earth = abs(location.latitude) <= 90 and abs(location.longitude) <= 180  # noqa: PLR2004 - degrees
    return Point(location.latitude, location.longitude) if on_earth else None


def _context(message: Message, *, group: bool) -> dict[str, Any]:
    """Return where the answer belongs; only in a group it quotes what it answers."""
    context: dict[str, Any] = {"reply_to" if group else "asked": _number(message.message_id)}
    if message.is_topic_message:
        context["thread"] = _number(message.message_thread_id)
    return context


def _press(query: CallbackQuery, ask: Ask) -> Event | None:
    """Read a pressed button; one under a message that Telegram does not name says nothing."""
    if query.message is None or not query.data:
        return None
    data, message = _words(query.data), query.message
    says = data[1:] if data[0] in (EDITED, KEPT) else data
    context: dict[str, Any] = {
        "callback": _words(query.id),
        "message": _number(message.message_id),
        "edit": data[0] == EDITED,
    }
    if isinstance(message, Message):
        if message.is_topic_message:
            context["thread"] = _number(message.message_thread_id)
        if message.reply_markup and not context["edit"]:
            context["keyboard"] = _others(message.reply_markup.inline_keyboard, data)
    return Arrival(replace(ask, sender=str(_number(message.chat.id)), text=says), context)


def _others(
    rows: Sequence[Sequence[InlineKeyboardButton]], pressed: str
) -> list[list[dict[str, str]]]:
    """Return a message's buttons without the one that was pressed."""
    left = [[_spelt(button) for button in row if button.callback_data != pressed] for row in rows]
    return [row for row in left if row]


def _spelt(button: InlineKeyboardButton) -> dict[str, str]:
    """Return a button as JSON; ours consist of words."""
    return {name: value for name, value in button.to_dict().items() if isinstance(value, str)}


def _reach(change: ChatMemberUpdated) -> Event | None:
    if change.chat.type == "channel":
        return None
    return Reach(str(_number(change.chat.id)), change.new_chat_member.status not in SHUT)


def _number(value: object) -> int:
    if not _is_number(value):
        raise TypeError("this is no id")
    return value


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("this is no text")
    return value
