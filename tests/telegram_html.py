"""Telegram's HTML, parsed and refused as its server does (protocols.md §3, "HTML parse mode")."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
"""All tags there are, and the kind of entity that each one makes."""

_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_TAG = re.compile(r"</?([^\s>]*)")
_ATTRIBUTE = re.compile(r"""\s+([^\s=>/"']*)(?:\s*=\s*("[^"]*"|'[^']*'|[\w.-]+))?(?=[\s>]|\Z)""")


class Malformed(Exception):  # noqa: N818 - what is said of a text
    """Markup that Telegram refuses; the words are the server's, after "can't parse entities: "."""


@dataclass(slots=True)
class _Open:
    """A tag that waits for its end, and the entity that it makes."""

    tag: str
    entity: Json


def _entity(tag: str, start: int, attributes: dict[str, str]) -> Json:
    """Make an entity that is still empty."""
    made: Json = {"type": TAGS[tag], "offset": start, "length": 0}
    if tag == "a":
        made["url"] = attributes.get("href", "")
    if tag == "blockquote" and "expandable" in attributes:
        made["type"] = "expandable_blockquote"
    return made


@dataclass(slots=True)
class _Reader:
    """The text read so far, the entities found and the tags still open."""

    source: str
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def at(self, position: int) -> str:
        return f"at byte offset {len(self.source[:position].encode())}"

    def start(self, begin: int, name: str) -> int:
        """Read a start tag and return where the text goes on."""
        tag = name.lower()
        if tag not in TAGS:
            raise Malformed(f'Unsupported start tag "{tag}" {self.at(begin)}')
        here, attributes = begin + 1 + len(name), {}
        while found := _ATTRIBUTE.match(self.source, here):
            if not found[1]:
                break
            attributes[found[1].lower()] = html.unescape((found[2] or "").strip("\"'"))
            here = found.end()
        here += len(self.source[here:]) - len(self.source[here:].lstrip())
        self._accept(tag, attributes, begin, here)
        self.entities.append(_entity(tag, units(self.text), attributes))
        self.open.append(_Open(tag, self.entities[-1]))
        return here + 1

    def _accept(self, tag: str, attributes: dict[str, str], begin: int, end: int) -> None:
        if end >= len(self.source):
            raise Malformed(f"Unclosed start tag {self.at(begin)}")
        if self.source[end] != ">":
            raise Malformed(f'Empty attribute name in the tag "{tag}" {self.at(begin)}')
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise Malformed(f'Tag "span" must have class "tg-spoiler" {self.at(begin)}')

    def end(self, begin: int, name: str) -> int:
        """Read an end tag and return where the text goes on."""
        if not self.open:
            raise Malformed(f"Unexpected end tag {self.at(begin)}")
        close = self.source.find(">", begin)
        if close < 0 or self.source[begin + 2 + len(name) : close].strip():
            raise Malformed(f"Unclosed end tag {self.at(begin)}")
        opened = self.open.pop()
        if name.lower() not in ("", opened.tag):
            raise Malformed(
                f"Unmatched end tag {self.at(begin)}, "
                f'expected "</{opened.tag}>", found "</{name.lower()}>"'
            )
        opened.entity["length"] = units(self.text) - opened.entity["offset"]
        return close + 1


def units(text: str) -> int:
    """Count as Telegram counts: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def parse(source: str) -> tuple[str, list[Json]]:
    """Return the text without markup and its entities; raises Malformed."""
    reader, here = _Reader(source), 0
    while here < len(source):
        if source[here] == "<" and (tag := _TAG.match(source, here)):
            read = reader.end if tag[0].startswith("</") else reader.start
            here = read(here, tag[1])
        elif reference := _REFERENCE.match(source, here):
            reader.text += html.unescape(reference[0])
            here = reference.end()
        else:
            # Characters in one go, up to the next that may mean something.
            plain = re.compile(r".[^<&]*", re.DOTALL).match(source, here)
            assert plain is not None
            reader.text += plain[0]
            here = plain.end()
    if reader.open:
        last = reader.open[-1].tag
        raise Malformed(f'Can\'t find end tag corresponding to start tag "{last}"')
    return reader.text, [e for e in reader.entities if e["length"] and e.get("url") != ""]
