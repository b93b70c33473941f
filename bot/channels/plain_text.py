"""Letters as plain text, for platforms that know no formatting and cut nothing themselves."""

import re
import unicodedata
from collections.abc import Iterator

from bot.channels.channel import Letter
from handlers.talk import Button

BREAKS = ("\n\n", "\n", " ")
"""Where a text is cut, best first; a better place counts while the page is half full."""

NUMBERED = re.compile(r"\d+\. ")
JOINERS = "\u200d\ufe0f"
"""Characters that belong to the one before: in the middle of an emoji."""


def pages(letter: Letter, limit: int) -> list[str]:
    """Return body, sources and choices in NFC, in pages; none for a letter without words.

    `limit` counts UTF-16 units, the strictest way in which platforms count characters: 📅 is two.
    """
    body = letter.body.strip()
    written = set(unicodedata.normalize("NFC", body).split("\n"))
    choices = [line for line in map(choice, letter.buttons) if line not in written]
    blocks = (body, "\n".join(letter.sources), "\n".join(choices))
    return cut("\n\n".join(filter(None, blocks)), limit)


def choice(button: Button) -> str:
    """Print a button as a line that says what to type for it: its number, else its words."""
    label = unicodedata.normalize("NFC", button.label).strip()
    if NUMBERED.match(label):
        return label
    if button.number:
        return f"{button.number}. {label}"
    same = label.casefold() == button.says.casefold()
    return f"• {label}" if same else f"• {label}: {button.says}"


def cut(text: str, limit: int) -> list[str]:
    """Cut a text between paragraphs, lines or words, and inside a word only if it must be."""
    return list(_cut(unicodedata.normalize("NFC", text).strip(), limit))


def length(text: str) -> int:
    """Count UTF-16 units."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def _cut(rest: str, limit: int) -> Iterator[str]:
    while length(rest) > limit:
        end, following = _place(rest, _fitting(rest, limit))
        if page := rest[:end].rstrip():
            yield page
        rest = rest[following:]
    if rest.strip():
        yield rest.rstrip()


def _place(text: str, fitting: int) -> tuple[int, int]:
    """Return where a page ends and where the next one begins."""
    for mark in BREAKS:
        end = text.rfind(mark, 0, fitting + len(mark))
        if end > fitting // 2 or (mark == " " and end > 0):
            return end, end + len(mark)
    whole = fitting
    while whole > 1 and _belongs_together(text[whole - 1], text[whole]):
        whole -= 1
    end = whole if whole > 1 else fitting
    return end, end


def _belongs_together(before: str, after: str) -> bool:
    return bool(unicodedata.combining(after)) or after in JOINERS or before == JOINERS[0]


def _fitting(text: str, limit: int) -> int:
    """Count the characters from the start that are `limit` units at most."""
    end = min(len(text), limit)
    while (over := length(text[:end]) - limit) > 0:
        end -= (over + 1) // 2
    return end
