"""What comes in: an event, bare or in an envelope, posted or fetched."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.channel import Arrival
from bot.inbox import Parcel
from handlers.talk import Ask, Media

NAME = "zalobot"

LONGEST_ID = 200

EVENTS = {
    "message.image.received": Media.PICTURE,
    "message.sticker.received": Media.STICKER,
    "message.voice.received": Media.VOICE,
    # Also what Zalo tells instead of the words of people whom it protects.
    "message.unsupported.received": Media.OTHER,
}
FIELDS = {
    "photo": Media.PICTURE,
    "photo_url": Media.PICTURE,
    "sticker": Media.STICKER,
    "voice_url": Media.VOICE,
}
"""The same by a message's fields: events that are fetched do not always have a name."""

Json = Mapping[str, Any]


def parcel(body: bytes, now: datetime) -> Parcel | None:
    """Pack an update; None for one without a chat. Raises ValueError or RecursionError."""
    message = inner(_event(body), "message")
    chat = _id(inner(message, "chat").get("id"))
    if not chat:
        return None
    key = _id(message.get("message_id")) or hashlib.sha256(body).hexdigest()
    return Parcel(NAME, key, chat, body, now)


def arrival(parcel: Parcel, names: Sequence[str]) -> Arrival | None:
    """Read a message that was packed; None where nobody waits for an answer.

    `names` are the bot's. In a group Zalo passes on only what mentions the bot or answers it, so
    what came from there is for us.
    """
    event = _event(parcel.body)
    message = inner(event, "message")
    text, media = _text(message), _media(event, message)
    if inner(message, "chat").get("chat_type") == "GROUP":
        text = _without_mention(text, names)
    if inner(message, "from").get("is_bot") is True or not (text or media):
        return None
    ask = Ask(
        text=text,
        now=parcel.received_at,
        channel=NAME,
        sender=parcel.chat,
        message=parcel.key,
        media=media,
    )
    return Arrival(ask)


def inner(outer: object, name: str) -> Json:
    """Return an object that stands in another one, an empty one where there is none."""
    found = outer.get(name) if isinstance(outer, dict) else None
    return found if isinstance(found, dict) else {}


def _event(body: bytes) -> Json:
    update = json.loads(body)
    if not isinstance(update, dict):
        raise ValueError("not an object")  # noqa: TRY004 - it is the sender's mistake
    return inner(update, "result") or update


def _id(value: object) -> str:
    """Return an id as text; empty for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= LONGEST_ID and text.isprintable() else ""


def _text(message: Json) -> str:
    texts = (message.get("text"), message.get("caption"))
    return next((text.strip() for text in texts if isinstance(text, str)), "")


def _media(event: Json, message: Json) -> Media | None:
    name = event.get("event_name")
    if isinstance(name, str) and name in EVENTS:
        return EVENTS[name]
    return next((media for field, media in FIELDS.items() if message.get(field)), None)


def _without_mention(text: str, names: Sequence[str]) -> str:
    """Drop a mention at the start: one of the bot's names, else one word."""
    if not text.startswith("@"):
        return text
    said = text[1:]
    for name in names:
        if said.casefold().startswith(name.casefold()):
            return said[len(name) :].strip()
    return said.partition(" ")[2].strip()
