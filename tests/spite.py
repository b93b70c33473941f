"""What no platform sends: real updates spoiled in every way, and bytes that are none at all."""

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

Json = Any

VALUES: list[Json] = [
    None,
    True,
    False,
    0,
    -1,
    2**31,
    -(2**63) - 1,
    10**30,
    10**4299,
    1.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " \n\t",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "0",
    "-7",
    "1e9",
    "9" * 5000,
    "null",
    "../../etc/passwd",
    "'; DROP TABLE citizen; --",
    "<b>&amp;</i>",
    "{0} {name} %s",
    "/start " + "A" * 300,
    "/xoadulieu",
    "thứ mấy sao y ở Bắc Kạn?",
    "\u202e\u200f\u0301" * 40,
    "👨‍👩‍👧‍👦" * 300,
    "ế" * 20_000,
    [],
    [None],
    [[[]]],
    {},
    {"id": {}},
    {"": ""},
    {"type": "private", "id": 7},
]
"""Wrong types, numbers and texts for any field."""

NAMES = ["id", "text", "message", "chat", "from", "result", "sender", "data", "\ud800", "\0", ""]
"""Of fields that are added."""

DEEP = ["[", '{"a":', '{"message":', '[{"reply_to_message":', '{"result":']


class Spite:
    """Makes bodies of webhooks; the same ones for the same seed."""

    def __init__(self, seed: int, real: Sequence[Json]) -> None:
        """Take real updates as JSON."""
        self.dice = random.Random(seed)  # noqa: S311 - a reproducible dice, no secret
        self._real = real

    def body(self) -> bytes:
        """Make one."""
        way = self.dice.random()
        if way < 0.05:
            return self._noise()
        if way < 0.08:
            return self._deep()
        if way < 0.0805:
            return b" " * 2**20 + self._text(self._update())
        body = self._text(self._update())
        return self._cut(body) if way < 0.2 else body

    def _update(self) -> Json:
        update = deepcopy(self.dice.choice(self._real))
        for _ in range(self.dice.choice((0, 1, 1, 1, 2, 3, 6))):
            self._spoil(update)
        self._renumber(update)
        return update

    def _spoil(self, update: Json) -> None:
        """Change one field somewhere: replace, drop, add, or move another one there."""
        holder = self.dice.choice(list(_holders(update)))
        names = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not names:
            return
        name, value = self.dice.choice(names), self.dice.choice(VALUES)
        match self.dice.randrange(8):
            case 0:
                del holder[name]
            case 1 if isinstance(holder, dict):
                holder[self.dice.choice(NAMES)] = deepcopy(value)
            case 2:
                holder[name] = deepcopy(holder[self.dice.choice(names)])
            case 3:
                holder[name] = str(holder[name])
            case 4:
                holder[name] = [holder[name]]
            case _:
                holder[name] = deepcopy(value)

    def _renumber(self, update: Json) -> None:
        """Make it news of other people, mostly: of repeats nobody would look at the rest."""
        news, people = self.dice.random() < 0.9, self.dice.random() < 0.7
        numbers = ("update_id", "message_id", "msg_id") * news + ("id",) * people
        new = self.dice.getrandbits(48)
        for holder in _holders(update):
            for name in numbers if isinstance(holder, dict) else ():
                value = holder.get(name)
                if type(value) in (int, str) and value not in VALUES:
                    # The same one stays the same, and a group a group.
                    other = new + sum(str(value).encode(errors="replace"))
                    holder[name] = str(other) if isinstance(value, str) else _like(value, other)

    def _text(self, update: Json) -> bytes:
        """Spell JSON, sometimes in raw UTF-8, with a field twice, or with broken letters."""
        raw = self.dice.random() < 0.3
        text = json.dumps(update, ensure_ascii=not raw)
        if self.dice.random() < 0.1 and text.startswith("{") and len(text) > 2:
            text = "{" + text[1:-1] + "," + text[1:]
        return text.encode("utf-8", "surrogatepass")

    def _cut(self, body: bytes) -> bytes:
        spoiled = bytearray(body)
        for _ in range(self.dice.randrange(1, 4)):
            place = self.dice.randrange(len(spoiled) + 1)
            match self.dice.randrange(3):
                case 0:
                    del spoiled[place:]
                case 1:
                    spoiled[place : place + 1] = self.dice.randbytes(1)
                case 2:
                    spoiled[place:place] = self.dice.choice(
                        (b"\0", b"\xff", b'"', b"}", b"[", b"9")
                    )
        return bytes(spoiled)

    def _noise(self) -> bytes:
        return self.dice.choice((b"", b"{}", b"[]", b"null", b"{", self.dice.randbytes(40)))

    def _deep(self) -> bytes:
        """Nest; now and then so that it can just be read."""
        opening, depth = self.dice.choice(DEEP), self.dice.choice((50, 300, 900, 20_000))
        closing = "".join(
            "}" if each == "{" else "]" for each in reversed(opening) if each in "[{"
        )
        return (opening * depth + "1" + closing * depth).encode()


def _like(value: int, other: int) -> int:
    return -other if value < 0 else other


def _holders(value: Json) -> list[Json]:
    """Return all objects and lists in a value, itself first."""
    found = [value] if isinstance(value, dict | list) else []
    for holder in found:
        inner = holder.values() if isinstance(holder, dict) else holder
        found += [each for each in inner if isinstance(each, dict | list)]
    return found
