"""A reply's plain text as lines that the page can lay out: titles, icons, labels and marks."""

import re
import unicodedata
from dataclasses import dataclass

ICONS = {
    "📅": "calendar",
    "→": "arrow",
    "📍": "pin",
    "🏛": "building",
    "📄": "paper",
    "💰": "coin",
    "⏱": "clock",
    "🌐": "globe",
    "⚠": "warning",
    "✔": "check",
}
"""Symbols that answers begin their lines with, and their drawings in `static/icons.svg`."""

_PARAGRAPH = re.compile(r"\n\s*\n")
_LABEL = re.compile(r"([^:\[\]]{1,28}): (?=\S)")
_ITEM = re.compile(r"(?:[•–-]|\d{1,2}\.) ")
_LEGAL = "§ "
"""Begins the line with a procedure's legal name, under a title that has a shorter one."""
_MARK = re.compile(r" ?\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a reply; `pieces` are texts and, as numbers, marks that point to a source."""

    style: str
    """Names for the style sheet: title legal fact next note item within or text, perhaps opens."""
    pieces: tuple[str | int, ...]
    icon: str = ""
    """A drawing's name, or a symbol that has none."""
    label: str = ""


def typeset(body: str, sources: int) -> tuple[Line, ...]:
    """Lay out a reply with so many sources; a mark beyond them stays text."""
    paragraphs = (part.split("\n") for part in _PARAGRAPH.split(body.strip()))
    return tuple(line for rows in paragraphs for line in _paragraph(rows, sources))


def _paragraph(rows: list[str], sources: int) -> list[Line]:
    lines: list[Line] = []
    for number, row in enumerate(rows):
        style = _style(row, after=lines[-1].style if lines else "")
        if number == 0 and style == "text" and _heads(rows):
            style = "title"
        lines.append(_line(row, style if lines else f"opens {style}", sources))
    return lines


def _heads(rows: list[str]) -> bool:
    return any(_style(each) in ("fact", "legal") for each in rows[1:2])


def _style(row: str, after: str = "") -> str:
    symbol = _symbol(row)
    if symbol:
        return {"→": "next", "⚠": "note", "✔": "note"}.get(symbol, "fact")
    if row.lstrip().startswith(_LEGAL):
        return "legal"
    if _ITEM.match(row.lstrip()):
        return "item"
    return "within" if after.endswith(("fact", "next", "within")) else "text"


def _symbol(row: str) -> str:
    """Return the picture at the head of a row; a sign inside a sentence is none."""
    first = row.lstrip()[:1]
    return first if first and (first in ICONS or unicodedata.category(first) == "So") else ""


def _line(row: str, style: str, sources: int) -> Line:
    symbol = _symbol(row)
    text = row.strip().removeprefix(symbol).lstrip("\ufe0f ")
    if style.endswith("legal"):
        text = text.removeprefix(_LEGAL)
    label = _LABEL.match(text) if style.endswith(("fact", "next")) else None
    rest = text[label.end() :] if label else text
    return Line(
        style, _pieces(rest, sources), ICONS.get(symbol, symbol), label[1] if label else ""
    )


def _pieces(text: str, sources: int) -> tuple[str | int, ...]:
    pieces: list[str | int] = []
    end = 0
    for mark in _MARK.finditer(text):
        if 1 <= int(mark[1]) <= sources:
            pieces += [text[end : mark.start()], int(mark[1])]
            end = mark.end()
    return tuple(piece for piece in (*pieces, text[end:]) if piece != "")
