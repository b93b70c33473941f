"""Letters as calls of the Bot API, and what to call instead where Telegram refuses."""

from collections.abc import Callable, Sequence
from typing import Any

from bot.channels.channel import Letter, Part
from bot.channels.telegram import markup

PRESS = "press"
"""The field of a first part that names the pressed button which it answers."""

Fields = dict[str, Any]


def parts(letter: Letter) -> Sequence[Part]:
    """Return messages and files; the first one answers, or edits, what the citizen acted on."""
    place = {"message_thread_id": letter.context["thread"]} if "thread" in letter.context else {}
    pages = markup.pages(letter)
    files: list[Fields] = [{"document": file} | place for file in letter.attachments]
    if not pages and not files:
        pages = [markup.NOTHING]
    texts = [{"text": page} | markup.FORMAT | place for page in pages]
    if rows := markup.keyboard(letter):
        (texts or files)[-1]["reply_markup"] = {"inline_keyboard": rows}
    made = [Part("sendMessage", each) for each in texts]
    made += [Part("sendDocument", each) for each in files]
    return [_answering(made[0], letter), *made[1:]]


def instead(reason: str, part: Part) -> Part | None:
    """Return another call where Telegram refuses one with these words; the same if there is none.

    None stands for a refusal that does no harm.
    """
    said = reason.casefold()
    mend = next((mend for words, mend in _INSTEAD.items() if words in said), None)
    return mend(part) if mend else part


def _answering(part: Part, letter: Letter) -> Part:
    context, fields = letter.context, dict(part.fields)
    if "reply_to" in context:
        fields["reply_parameters"] = {
            "message_id": context["reply_to"],
            "allow_sending_without_reply": True,
        }
    if "callback" in context:
        fields[PRESS] = {
            name: context[name] for name in ("callback", "message", "keyboard") if name in context
        }
    if context.get("edit") and part.method == "sendMessage":
        return Part("editMessageText", fields | {"message_id": context["message"]})
    return Part(part.method, fields)


def _without(*names: str, method: str = "") -> Callable[[Part], Part]:
    def mend(part: Part) -> Part:
        left = {name: value for name, value in part.fields.items() if name not in names}
        return Part(method or part.method, left)

    return mend


def _as_plain_text(part: Part) -> Part:
    fields = {name: value for name, value in part.fields.items() if name != "parse_mode"}
    return Part(part.method, fields | {"text": markup.plain(fields["text"])})


_anew = _without("message_id", method="sendMessage")

_INSTEAD: dict[str, Callable[[Part], Part | None]] = {
    "message is not modified": lambda _part: None,
    "can't parse entities": _as_plain_text,
    "message can't be edited": _anew,
    "message to edit not found": _anew,
    "no text in the message to edit": _anew,
    "message to be replied not found": _without("reply_parameters"),
    "message thread not found": _without("message_thread_id"),
}
