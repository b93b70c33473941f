"""Conversations as data: how the files in `conversations/` are read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

CHANNELS = ("web", "telegram", "zalo", "zalobot")


class Kind(StrEnum):
    """What a citizen does; the values stand in brackets in a file, but for the first two."""

    WORDS = ""
    PRESS = "!"
    PICTURE = "ảnh"
    VOICE = "giọng nói"
    STICKER = "nhãn dán"
    LOCATION = "vị trí"
    GROUP = "nhóm"


_BRACKETS = re.compile(r"\[(ảnh|giọng nói|nhãn dán|vị trí|nhóm)\b([^\]]*)\](.*)")


@dataclass
class Exchange:
    """A message and what is expected of its answer: signs and words."""

    line: str
    kind: Kind
    words: str
    """A text, a caption, a button's label, or degrees."""
    settings: dict[str, str]
    expected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(eq=False)
class Conversation:
    """Several exchanges of one citizen, on each of some channels."""

    file: str
    name: str = ""
    channels: Sequence[str] = CHANNELS
    """The first one is the measure of the others."""
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Its name and where it stands."""
        return f"{self.file}: {self.name}"


def read(path: Path) -> Iterator[Conversation]:
    """Read a file's conversations."""
    for block in path.read_text("utf-8").strip().split("\n\n"):
        conversation = Conversation(path.stem)
        settings: dict[str, str] = {}
        for line in block.splitlines():
            sign, rest = line[0], line[1:].strip()
            if sign == "#":
                conversation.name += rest
            elif sign == "@":
                settings = dict(part.split("=") for part in rest.split())
                if on := settings.pop("on", ""):
                    conversation.channels = on.split(",")
            elif sign in ">!":
                conversation.exchanges.append(_exchange(sign, rest, settings))
                settings = {}
            else:
                conversation.exchanges[-1].expected.append((sign, rest))
        if conversation.exchanges:
            yield conversation


def _exchange(sign: str, rest: str, settings: dict[str, str]) -> Exchange:
    if sign == "!":
        return Exchange(rest, Kind.PRESS, rest, settings)
    if found := _BRACKETS.fullmatch(rest):
        inside, after = found[2].strip(), found[3].strip()
        return Exchange(rest, Kind(found[1]), inside or after, settings)
    return Exchange(rest, Kind.WORDS, rest, settings)
