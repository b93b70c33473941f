"""Letters in Telegram's HTML, cut to its limits, with their buttons."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from bot.channels.channel import Letter
from bot.channels.plain_text import choice, cut, length
from handlers.talk import Button

LONGEST = 4096
"""UTF-16 units of a message's text, markup not counted."""

ENTITIES = 100
"""Formatted stretches of one message that Telegram heeds."""

CALLBACK = 64
"""Bytes of a button's data."""

BUTTONS = 100
"""Of one message."""

SHORT = 16
"""Characters of a button's label that leave room for another one beside it."""

EDITED, KEPT = "e", "n"
"""Begin a button's data: its message becomes the answer, or stays and the answer follows it."""

LEGAL = "§ "
"""Begins the line with a procedure's legal name, under its title."""

NOTHING = "…"
"""Stands for a letter without words, which Telegram would not take."""

FORMAT = {"parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
"""Fields beside a page's text; no address in it grows into a picture."""

Keyboard = list[list[dict[str, str]]]


def pages(letter: Letter) -> list[str]:
    """Return the text in HTML, the sources folded up at its end, each page within the limits."""
    body = "\n\n".join(filter(None, (_clean(letter.body), _unpressable(letter))))
    return list(_pages(body, _clean("\n".join(letter.sources))))


@lru_cache(512)
def _pages(body: str, sources: str) -> Sequence[str]:
    """Lay out a text; the answers of a busy hour and a broadcast are the same for many."""
    texts = _cut(body)
    formatted = [_formatted(text) for text in texts]
    if sources and texts and _fits(f"{texts[-1]}\n\n{sources}"):
        formatted[-1] += f"\n\n{_folded(sources)}"
    elif sources:
        formatted += map(_folded, _cut(sources))
    return formatted


def keyboard(letter: Letter) -> Keyboard:
    """Lay out the buttons whose words fit into Telegram's data, short ones in pairs."""
    keys = [
        {"text": button.label, "callback_data": data}
        for button in letter.buttons
        if button.label.strip() and (data := _data(button, letter))
    ]
    rows: Keyboard = []
    for key in keys[:BUTTONS]:
        beside = rows[-1] if rows else []
        if len(beside) == 1 and all(len(each["text"]) <= SHORT for each in (*beside, key)):
            beside.append(key)
        else:
            rows.append([key])
    return rows


def plain(markup: str) -> str:
    """Take the tags out of what `pages` made."""
    for tag in ("b", "i", "blockquote"):
        markup = markup.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    markup = markup.replace("<blockquote expandable>", "")
    return markup.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _data(button: Button, letter: Letter) -> str:
    """Return what a pressed button sends, empty where it is too long."""
    # An answer stays in the chat, and so does what nobody had asked for.
    stays = letter.sources or not letter.context
    data = (KEPT if stays else EDITED) + button.says
    return data if len(data.encode(errors="replace")) <= CALLBACK and button.says else ""


def _unpressable(letter: Letter) -> str:
    """Print the choices that no button can carry, unless they are in the text already."""
    left = [choice(each) for each in letter.buttons if not _data(each, letter)]
    written = letter.body.split("\n") if left else ()
    return _clean("\n".join(line for line in left if line not in written))


def _clean(text: str) -> str:
    """Drop what no JSON can carry, and the margins, which Telegram drops."""
    return text.encode(errors="replace").decode().strip()


def _fits(text: str) -> bool:
    return 2 * len(text) <= LONGEST or length(text) <= LONGEST


def _cut(text: str) -> Sequence[str]:
    if not text:
        return ()
    return (text,) if _fits(text) else cut(text, LONGEST)


def _formatted(text: str) -> str:
    """Set titles in bold and legal names in italics, as many as Telegram heeds."""
    lines = _escaped(text).split("\n")
    # One stretch is left for the sources.
    spare = ENTITIES - 1
    for number, line in enumerate(lines):
        if not spare:
            break
        before = lines[number - 1] if number else ""
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith(LEGAL):
            lines[number] = f"<i>{line}</i>"
        elif not before.strip() and line.strip() and _heads(line, after):
            lines[number] = f"<b>{line}</b>"
        else:
            continue
        spare -= 1
    return "\n".join(lines)


def _heads(line: str, after: str) -> bool:
    """Tell a procedure's title by the line below it: its legal name, or a first fact."""
    return (after.startswith(LEGAL) or _pictured(after)) and not _pictured(line)


def _pictured(line: str) -> bool:
    return bool(line) and unicodedata.category(line[0]) == "So"


def _folded(sources: str) -> str:
    return f"<blockquote expandable>{_escaped(sources)}</blockquote>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
