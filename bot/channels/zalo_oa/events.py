"""What Zalo tells us by its webhook, read without trust: a wrong type makes an event nothing."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Arrival, Event, Reach, TakenOver
from bot.inbox import Parcel
from handlers.talk import Ask, Media, Point

NAME = "zalo"
"""The channel's name in the database and in counters."""

Fields = Mapping[str, Any]

MEDIA = {
    "user_send_image": Media.PICTURE,
    "user_send_gif": Media.PICTURE,
    "user_send_audio": Media.VOICE,
    "user_send_video": Media.VIDEO,
    "user_send_sticker": Media.STICKER,
    "user_send_business_card": Media.CONTACT,
    "user_send_file": Media.FILE,
    "user_send_link": Media.OTHER,
}

_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_DATA_RIGHTS = re.compile(r"withdraw|revoke|data_subject|personal_data|pdl", re.ASCII)
"""Zalo documents the event by its meaning and not by its name."""


def parse(body: bytes) -> Fields | None:
    """Return the JSON object that a body holds, None for anything else."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def event_name(fields: Fields) -> str:
    """Return what happened, such as "user_send_text"; empty for an event without a good name."""
    return _id(fields.get("event_name"))


def is_about_data_rights(fields: Fields) -> bool:
    """Tell whether a citizen uses his rights over his data by Zalo's own means."""
    return bool(_DATA_RIGHTS.search(event_name(fields)))


def reference(body: bytes) -> str:
    """Name an event that has no id; the same body, sent again, has the same name."""
    return hashlib.sha256(body).hexdigest()


def key(fields: Fields, body: bytes) -> str:
    """Return what repeats of an event have in common."""
    message = _id(_object(fields, "message").get("msg_id"))
    return f"{event_name(fields)}/{message}" if message else reference(body)


def citizen(fields: Fields) -> str:
    """Return the citizen's id on this OA, wherever the event has it; empty where nobody is."""
    name = event_name(fields)
    if name.startswith("oa_send_"):
        return _id(_object(fields, "recipient").get("id"))
    if name in ("follow", "unfollow"):
        return _id(_object(fields, "follower").get("id"))
    if name.startswith("user_send_"):
        return _id(_object(fields, "sender").get("id"))
    return ""


def read(parcel: Parcel) -> Event | None:
    """Say what an event means; None for what needs nothing, such as receipts and own echoes."""
    fields = parse(parcel.body)
    if fields is None or not (sender := citizen(fields)):
        return None
    name = event_name(fields)
    if name in ("follow", "unfollow"):
        return Reach(sender, reachable=name == "follow")
    if name.startswith("oa_send_"):
        # Only what a person wrote in OA Manager names its author; all else are our own words.
        return TakenOver(sender) if _id(_object(fields, "sender").get("admin_id")) else None
    ask = _ask(name, _object(fields, "message"), parcel, sender)
    return Arrival(ask, {"message": ask.message}) if ask else None


def _ask(name: str, message: Fields, parcel: Parcel, sender: str) -> Ask | None:
    text = message.get("text")
    spoken = text if isinstance(text, str) else ""
    media = MEDIA.get(name)
    point = _point(message) if name == "user_send_location" else None
    if not (media or point or (name == "user_send_text" and spoken.strip())):
        return None
    return Ask(
        text=spoken,
        now=parcel.received_at,
        channel=NAME,
        sender=sender,
        message=_id(message.get("msg_id")) or reference(parcel.body),
        media=media,
        point=point,
    )


def _point(message: Fields) -> Point | None:
    """Read a place; Zalo writes its degrees as strings."""
    attachments = message.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else None
    payload = _object(first, "payload")
    degrees = _object(payload, "coordinates")
    latitude, longitude = (_number(degrees.get(each)) for each in ("latitude", "longitude"))
    if latitude is None or longitude is None:
        return None
    on_earth = abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004 - degrees
    return Point(latitude, longitude) if on_earth else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _object(fields: object, name: str) -> Fields:
    value = fields.get(name) if isinstance(fields, dict) else None
    return value if isinstance(value, dict) else {}


def _id(value: object) -> str:
    """Return an id as text, empty for what can be none; ids are longer than a float is exact."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else ""
