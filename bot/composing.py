"""What a letter says, when its turn has come: replies as they were written, others as of now."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from bot import broadcasting, reminding
from bot.channels.channel import Letter
from bot.letters import from_json
from knowledge.records import outbox
from knowledge.records.outbox import State
from knowledge.records.planning import Kind
from knowledge.records.tables import Outgoing
from knowledge.store import Town

Compose = Callable[[Outgoing, Town], Letter | State | datetime]
"""Writes a letter in its citizen's language.

Instead, a State where none is to be sent, or the moment (aware) before which it may not be sent.
"""


def stored(row: Outgoing, _town: Town) -> Letter | State:
    """Return the letter that stands in the outbox."""
    return from_json(row.sender, row.letter)


COMPOSERS: Mapping[str, Compose] = {
    "reply": stored,
    "broadcast": broadcasting.compose,
} | dict.fromkeys(Kind, reminding.compose)
"""By the kind of reason: what stands before its first colon."""


def compose(row: Outgoing, town: Town) -> Letter | State | datetime:
    """Write a letter whose turn has come."""
    return COMPOSERS.get(row.reason.partition(":")[0], stored)(row, town)


def compose_all(rows: Iterable[Outgoing], town: Town) -> list[tuple[Outgoing, Letter | State]]:
    """Write claimed letters; those that have to wait are put off and left out."""
    written: list[tuple[Outgoing, Letter | State]] = []
    for row in rows:
        says = compose(row, town)
        if not isinstance(says, datetime):
            written.append((row, says))
        elif row.id is not None:
            outbox.put_off(town.session, row.id, says, row.parts_sent)
    return written
