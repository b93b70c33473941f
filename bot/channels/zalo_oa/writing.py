"""A letter in Zalo's terms: plain text, five buttons, files of few kinds."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.channels.channel import Letter, Part
from bot.channels.plain_text import cut, pages
from handlers.talk import Attachment, Button
from knowledge.records.windows import Way
from locales import translator

TEXT, FILE, IMAGE, TEMPLATE = "text", "file", "image", "template"
"""The kinds of parts."""

ASKED, COUNTED = "asked", "counted"
"""What a part knows of its letter: is it an answer, and has the ledger counted it?"""

LONGEST = 2000
"""Characters of a text."""
MOST_BUTTONS = 5
LONGEST_TITLE = 100
LONGEST_PAYLOAD = 1000
SHORTEST = 200
"""A text of this length that is still too long for Zalo is not cut further."""

WORD_DOCUMENT = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
KINDS = {
    "application/pdf": FILE,
    "application/msword": FILE,
    WORD_DOCUMENT: FILE,
    "text/csv": FILE,
    "image/jpeg": IMAGE,
    "image/png": IMAGE,
}
"""What Zalo takes, by MIME type."""
LARGEST = {FILE: 5_000_000, IMAGE: 1_000_000}
"""Bytes."""
READABLE = {"text/plain", "application/json"}
"""What a citizen can read as a message where it cannot be a file."""


def parts(letter: Letter) -> list[Part]:
    """Cut a letter: its text, with the buttons under the last page, then its attachments.

    Choices are always printed with their numbers too: nobody knows where buttons work.
    """
    if letter.way is Way.TEMPLATE:
        return [Part(TEMPLATE, {"data": dict(letter.template_data)})]
    about = {ASKED: bool(letter.context)} | ({COUNTED: True} if letter.way is Way.PAID else {})
    texts: list[dict[str, Any]] = [{"text": page} for page in pages(letter, LONGEST)]
    if not texts and not letter.attachments:
        texts = [{"text": ""}]
    if texts and (buttons := _buttons(letter.buttons)):
        texts[-1]["buttons"] = buttons
    written = [Part(TEXT, fields | about) for fields in texts]
    return written + [
        Part(part.method, {**part.fields, **about})
        for attachment in letter.attachments
        for part in _enclosed(attachment, letter.language)
    ]


def message(part: Part, *, buttons: bool, attachment: str = "") -> dict[str, Any]:
    """Write the `message` of Zalo's API; `attachment` is what an upload was answered with."""
    if part.method == FILE:
        return {"attachment": {"type": "file", "payload": {"token": attachment}}}
    if part.method == IMAGE:
        element = {"media_type": "image", "attachment_id": attachment}
        payload: dict[str, Any] = {"template_type": "media", "elements": [element]}
        return {"attachment": {"type": "template", "payload": payload}}
    text = {"text": part.fields["text"]}
    if not (buttons and part.fields.get("buttons")):
        return text
    payload = {"buttons": part.fields["buttons"]}
    return text | {"attachment": {"type": "template", "payload": payload}}


def by_template(shape: str, to: str, template: str, data: Mapping[str, str]) -> dict[str, Any]:
    """Write the body of a template's sending; sources disagree on how it names the citizen."""
    user: dict[str, Any] = {"user_id": to}
    recipient = user if shape == "user_id" else {"recipient": user}
    return recipient | {"template_id": template, "template_data": dict(data)}


def plain(part: Part) -> Part | None:
    """Return the part without what Zalo may not support, None where nothing can be left out."""
    if part.method != TEXT:
        about = {name: part.fields[name] for name in (ASKED, COUNTED) if name in part.fields}
        return Part(TEXT, {"text": part.fields["instead"], **about})
    if "buttons" not in part.fields:
        return None
    return Part(TEXT, _without_buttons(part.fields))


def halves(part: Part) -> list[Part]:
    """Cut a text that is too long for Zalo after all; none where it is short already."""
    text = part.fields.get("text", "")
    if len(text) <= SHORTEST:
        return []
    shorter = _without_buttons(part.fields)
    texts = cut(text, len(text) // 2 + 1)
    return [
        *(Part(TEXT, shorter | {"text": each, COUNTED: False}) for each in texts[:-1]),
        Part(TEXT, {**part.fields, "text": texts[-1]}),
    ]


def _without_buttons(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "buttons"}


def _buttons(buttons: Sequence[Button]) -> list[dict[str, str]]:
    fitting = (each for each in buttons if _fits(each))
    return [
        {"title": _title(each.label), "type": "oa.query.hide", "payload": each.says}
        for each, _ in zip(fitting, range(MOST_BUTTONS), strict=False)
    ]


def _fits(button: Button) -> bool:
    """Leave out what cannot be a payload; Zalo's console may swallow messages with a "#"."""
    says = button.says.strip()
    return bool(
        button.label.strip()
        and says
        and not says.startswith("#")
        and len(button.says) <= LONGEST_PAYLOAD
    )


def _title(label: str) -> str:
    text = unicodedata.normalize("NFC", label).strip()
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1].rstrip() + "…"


def _enclosed(attachment: Attachment, language: str) -> Iterator[Part]:
    say = translator(language)
    instead = say("The file “{name}” cannot be sent on Zalo.", name=attachment.name)
    kind = KINDS.get(attachment.media_type, TEXT)
    if len(attachment.content) <= LARGEST.get(kind, 0):
        yield Part(kind, {"attachment": attachment, "instead": instead})
        return
    read = _words(attachment)
    for page in cut(f"{attachment.name}\n\n{read}" if read else instead, LONGEST):
        yield Part(TEXT, {"text": page})


def _words(attachment: Attachment) -> str:
    if attachment.media_type not in READABLE:
        return ""
    try:
        return attachment.content.decode()
    except UnicodeDecodeError:
        return ""
