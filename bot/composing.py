"""What a letter says, when its turn has come: replies as they were written, others as of now."""

from collections.abc import Callable, Mapping

from bot.channels.channel import Letter
from bot.letters import from_json
from knowledge.records.outbox import State
from knowledge.records.tables import Outgoing
from knowledge.store import Town

Compose = Callable[[Outgoing, Town], Letter | State]
"""Writes a letter in its citizen's language; a State instead where none is to be sent."""


def stored(row: Outgoing, _town: Town) -> Letter | State:
    """Return the letter that stands in the outbox."""
    return from_json(row.sender, row.letter)


COMPOSERS: Mapping[str, Compose] = {"reply": stored}
"""By the kind of reason: what stands before its first colon."""


def compose(row: Outgoing, town: Town) -> Letter | State:
    """Write a letter whose turn has come."""
    return COMPOSERS.get(row.reason.partition(":")[0], stored)(row, town)
