"""Inline mode: a procedure typed after "@<bot>" in any chat becomes a card to send there."""

from dataclasses import replace
from typing import Any

from bot.channels.channel import Letter
from bot.channels.telegram.markup import FORMAT, pages
from bot.channels.telegram.updates import NAME
from handlers import answer
from handlers.talk import Ask, Outcome, Reply
from knowledge.store import Town
from locales import translator

MOST = 5
"""Cards offered for one query."""

NEAREST = "→ "
"""Begins the line with the nearest days."""

Json = dict[str, Any]


def articles(query: str, town: Town) -> list[Json]:
    """Return results for what somebody types; a hint where there is no card for it."""
    cards = [_card(str(number), reply) for number, reply in enumerate(_replies(query, town))]
    found = [card for card in cards if card is not None]
    return found or [_hint()]


def _replies(query: str, town: Town) -> list[Reply]:
    """Answer a query, or each choice that is offered for it."""
    # Commands are for the one who gives them, and a card is for everybody.
    if not query.strip() or query.lstrip().startswith("/"):
        return []
    ask = Ask(query, town.now, channel=NAME)
    reply = answer(ask, town)
    if reply.outcome is not Outcome.ASKED_BACK:
        return [reply]
    return [
        answer(replace(ask, text=button.says, memory=reply.memory), town)
        for button in reply.buttons[:MOST]
    ]


def _card(number: str, reply: Reply) -> Json | None:
    """Make a card of an answer; one that does not fit in a message would lose its sources."""
    if reply.outcome is not Outcome.ANSWERED or reply.personal:
        return None
    texts = pages(Letter("", reply.body, reply.source_lines))
    if len(texts) != 1:
        return None
    title, *others = reply.body.split("\n")
    nearest = next((line for line in others if line.startswith(NEAREST)), "")
    return _article(number, title, nearest.removeprefix(NEAREST), texts[0])


def _hint() -> Json:
    say = translator("")
    how = say("Type a procedure and a place, for example “chứng thực bản sao Bắc Kạn”.")
    return _article("hint", say("Which procedure do you need?"), how, pages(Letter("", how))[0])


def _article(number: str, title: str, description: str, text: str) -> Json:
    return {
        "type": "article",
        "id": number,
        "title": title,
        "description": description,
        "input_message_content": {"message_text": text, **FORMAT},
    }
