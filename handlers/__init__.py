"""What we do when a citizen speaks: each handler is a module with `answer(turn, town)`."""

from dataclasses import replace
from typing import Protocol

from handlers import (
    commands,
    conversation,
    deep_link,
    fallback,
    language,
    locality,
    media,
    nearby,
    procedure,
    reminders,
    schedule,
    scheme,
    start,
)
from handlers.sayings import argument
from handlers.talk import Ask, Reply, Turn
from knowledge.store import Town
from locales import translator


class Handler(Protocol):
    """One kind of answer; None lets the next handler try."""

    def answer(self, turn: Turn, town: Town, /) -> Reply | None:
        """Answer a turn or leave it."""


# The order is the meaning: what stands apart from the conversation, what it waits for, the rest.
HANDLERS: list[Handler] = [
    media,
    nearby,
    deep_link,
    commands,
    reminders,
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
    ask = conversation.spelled_out(ask)
    meaning = town.library.understand(argument(ask.text), ask.locality)
    turn = Turn(ask, meaning, translator(language.spoken(ask, meaning)), ask.text)
    if commands.named(ask) is None:
        turn = conversation.in_context(turn, town)
    replies = (handler.answer(turn, town) for handler in HANDLERS)
    reply = next(reply for reply in replies if reply is not None)
    return conversation.remembering(turn, reply)
