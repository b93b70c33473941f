"""A short message that means something only after the last answer: "2", "thế phí?", "Bắc Kạn"."""

import re
from dataclasses import replace

from handlers import procedure
from handlers.talk import Memory, Reply, Turn
from knowledge.plans.understanding import Certainty, Intent, Match, Understanding
from knowledge.store import Town
from knowledge.vietnamese import fold

FACETS = frozenset(Intent) - {Intent.OVERVIEW, Intent.GREETING, Intent.FEEDBACK, Intent.OTHER}

NUMBERS = {
    "1": 1, "mot": 1, "nhat": 1, "first": 1,
    "2": 2, "hai": 2, "nhi": 2, "second": 2,
    "3": 3, "ba": 3, "third": 3,
    "4": 4, "bon": 4, "tu": 4, "fourth": 4,
}  # fmt: skip
"""The choices as a citizen may type them, folded; there are never more than four."""

_BEFORE = "(?:(?:cai|so|muc|viec|chon|y|the|option|number) )*(?:thu )?"
_AFTER = "(?: (?:a|nhe|nha|di|do|ay|nay|one))*"
CHOICE = re.compile(f"{_BEFORE}({'|'.join(NUMBERS)}){_AFTER}")


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer out of the conversation; None when the message stands on its own."""
    memory = _still_known(turn.ask.memory, town)
    if chosen := _choice(turn.ask.text, memory):
        return procedure.answer(_again(turn, (chosen,), memory.intents), town)
    if memory.pending and _only_a_place(turn.meaning):
        return _now_with_place(turn, town)
    if memory.procedures and _only_facets(turn.meaning):
        return procedure.answer(_again(turn, memory.procedures, turn.meaning.intents), town)
    return None


def _still_known(memory: Memory, town: Town) -> Memory:
    """Forget what an edition published since does not hold any more."""
    known = town.library.procedures
    return replace(
        memory,
        procedures=tuple(each for each in memory.procedures if each in known),
        options=memory.options if all(each in known for each in memory.options) else (),
    )


def _choice(text: str, memory: Memory) -> str | None:
    """Find which of the offered options a short message names by its number."""
    found = CHOICE.fullmatch(fold(text).strip(" .,!)"))
    if not found or NUMBERS[found[1]] > len(memory.options):
        return None
    return memory.options[NUMBERS[found[1]] - 1]


def _only_a_place(meaning: Understanding) -> bool:
    return meaning.locality_named and not _says_more(meaning)


def _only_facets(meaning: Understanding) -> bool:
    return (
        not meaning.locality_named
        and not _says_more(meaning)
        and any(intent in FACETS for intent in meaning.intents)
    )


def _says_more(meaning: Understanding) -> bool:
    return bool(
        meaning.certainty is not Certainty.NONE
        or meaning.subject
        or meaning.topic
        or meaning.elsewhere
    )


def _again(turn: Turn, ids: tuple[str, ...], intents: tuple[Intent, ...]) -> Turn:
    matches = tuple(Match(each, 1.0, ("conversation",)) for each in ids)
    meaning = replace(
        turn.meaning, certainty=Certainty.SURE, matches=matches, intents=intents, subject=None
    )
    return replace(turn, meaning=meaning)


def _now_with_place(turn: Turn, town: Town) -> Reply:
    from handlers import answer as answer_all  # noqa: PLC0415 - the question starts over

    ask = replace(
        turn.ask,
        text=turn.ask.memory.pending,
        locality=turn.meaning.locality,
        memory=Memory(),
    )
    return replace(answer_all(ask, town), chosen_locality=turn.meaning.locality)
