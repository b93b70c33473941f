"""What we do when a citizen speaks: each handler is a module with `answer(turn, town)`."""

from dataclasses import replace
from typing import Protocol

from handlers import (
    conversation,
    fallback,
    language,
    locality,
    procedure,
    schedule,
    scheme,
    start,
)
from handlers.talk import Ask, Reply, Turn
from knowledge.store import Town
from locales import translator


class Handler(Protocol):
    """One kind of answer; None lets the next handler try."""

    def answer(self, turn: Turn, town: Town, /) -> Reply | None:
        """Answer a turn or leave it."""


# The order is the meaning: what the conversation waits for goes first, the fallback last.
HANDLERS: list[Handler] = [
    conversation,
    language,
    start,
    schedule,
    scheme,
    procedure,
    locality,
    fallback,
]


def answer(ask: Ask, town: Town) -> Reply:
    """Answer one message: the first handler that has something to say says it."""
    if ask.locality not in town.library.localities:
        ask = replace(ask, locality=None)
    meaning = town.library.understand(ask.text, ask.locality)
    say = translator(language.spoken(ask, meaning))
    turn = conversation.in_context(Turn(ask, meaning, say), town)
    replies = (handler.answer(turn, town) for handler in HANDLERS)
    reply = next(reply for reply in replies if reply is not None)
    return conversation.remembering(turn, reply)
