"""Conversations that an official can read, held with the real knowledge base.

A file in `conversations/` holds several, divided by blank lines. In each:
`#` names it; `@` sets place, language and time for all that follows in it;
`>` is what the citizen writes; then, for the answer to it:
`=` its outcome and the procedures in it, `+` what it must say, `-` what it must not say.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from handlers import answer
from handlers.talk import Ask, Memory, Reply
from knowledge.store import Store

FILES = sorted((Path(__file__).parent / "conversations").glob("*.txt"))


@dataclass
class Exchange:
    says: str
    expected: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Conversation:
    name: str
    settings: dict[str, str]
    exchanges: list[Exchange]


def read(path: Path) -> Iterator[Conversation]:
    for block in path.read_text("utf-8").strip().split("\n\n"):
        conversation = Conversation("", {}, [])
        for line in block.splitlines():
            sign, rest = line[0], line[1:].strip()
            if sign == "#":
                conversation.name += rest
            elif sign == "@":
                conversation.settings |= dict(part.split("=") for part in rest.split())
            elif sign == ">":
                conversation.exchanges.append(Exchange(rest))
            else:
                conversation.exchanges[-1].expected.append((sign, rest))
        if conversation.exchanges:
            yield conversation


CONVERSATIONS = [
    pytest.param(each, id=f"{path.stem}: {each.name}") for path in FILES for each in read(path)
]


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_a_conversation_goes_as_written(conversation: Conversation, town_hall: Store) -> None:
    now = datetime.fromisoformat(conversation.settings.get("now", "2026-11-22T09:00:00+07:00"))
    ask = Ask(
        text="",
        now=now,
        language=conversation.settings.get("language", "vi"),
        locality=conversation.settings.get("place"),
    )
    memory = Memory()
    for exchange in conversation.exchanges:
        with town_hall.town(now) as town:
            reply = answer(replace(ask, text=exchange.says, memory=memory), town)
        check(exchange, reply)
        memory = reply.memory
        ask = replace(
            ask,
            locality=reply.chosen_locality or ask.locality,
            language=reply.chosen_language or ask.language,
        )


def check(exchange: Exchange, reply: Reply) -> None:
    for sign, wanted in exchange.expected:
        about = f"{exchange.says!r} was answered:\n{reply.text}"
        if sign == "=":
            got = [reply.outcome, *(match.id for match in reply.matches)]
            assert got == wanted.split(), about
        elif sign == "+":
            assert wanted in reply.text, about
        else:
            assert sign == "-", f"unknown sign {sign!r}"
            assert wanted not in reply.text, about
