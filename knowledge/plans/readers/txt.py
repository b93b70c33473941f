"""Plain text in whatever encoding it was saved."""

import codecs
import re

from knowledge.plans.readers import legacy
from knowledge.plans.readers.sheet import At, Line, Sheet, neat
from knowledge.refusal import Refusal

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOST_LINES = 50_000
_READABLE_SHARE = 0.9


def read(data: bytes) -> Sheet:
    """Return printed lines with their numbers; a form feed begins a new page."""
    text, encoding = _decoded(data)
    _refuse_garbage(text)
    lines, page = [], 1
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        page += raw.count("\f")
        lines.append(Line(neat(raw.replace("\f", "")), At(page=page, line=number)))
    return Sheet(
        "txt",
        tuple(lines[:_MOST_LINES]),
        wrapped=True,
        encoding=encoding,
        cut=len(lines) > _MOST_LINES,
    )


def _decoded(data: bytes) -> tuple[str, str | None]:
    """Return the text and the legacy encoding that it was turned from."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), None
    if (wide := _wide(data)) is not None:
        return data.decode(wide, "replace"), None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _from_one_byte(data)
    found = legacy.of_text(text)
    return _modern(text, found), found


def _wide(data: bytes) -> str | None:
    """Return the UTF-16 that text without a mark is in: every other byte of ASCII is zero."""
    half = max(1, len(data) // 2)
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if data[start::2].count(0) > half // 5 and data[1 - start :: 2].count(0) < half // 50 + 1:
            return encoding
    return None


def _from_one_byte(data: bytes) -> tuple[str, str | None]:
    text = data.decode("cp1252", "replace") if _fits(data, "cp1252") else data.decode("latin-1")
    found = legacy.of_text(text)
    if found:
        return _modern(text, found), found
    if _fits(data, "cp1258"):
        return data.decode("cp1258"), "cp1258"
    return text, None


def _modern(text: str, encoding: str | None) -> str:
    return "".join(legacy.modern(line, encoding) for line in text.splitlines(keepends=True))


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_garbage(text: str) -> None:
    readable = sum(char.isprintable() or char.isspace() for char in text)
    if not text.strip():
        raise Refusal("The file is empty. Choose the file that holds the plan.")
    if "\0" in text or readable < len(text) * _READABLE_SHARE:
        raise Refusal(UNKNOWN)


UNKNOWN = (
    "The file is neither text, Word (.docx), PDF nor Excel (.xlsx)."
    " Open it in the program that made it and save it as one of these."
)
