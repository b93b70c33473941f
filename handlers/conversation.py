"""A short message that means something only after the last answer: "2", "thế phí?", "ở Đắk Nông".

What is remembered is in `Memory`; a message that stands on its own is left to the other handlers.
"""

import re
from dataclasses import replace

from handlers import procedure
from handlers.talk import Memory, Reply, Turn
from knowledge.plans.understanding import Certainty, Intent, Match, Understanding
from knowledge.store import Town
from knowledge.vietnamese import fold

FACETS = frozenset(Intent) - {Intent.OVERVIEW, Intent.GREETING, Intent.FEEDBACK, Intent.OTHER}

NUMBERS = {
    "1": 1, "mot": 1, "nhat": 1, "dau": 1, "dau tien": 1, "first": 1, "one": 1,
    "2": 2, "hai": 2, "nhi": 2, "second": 2, "two": 2,
    "3": 3, "ba": 3, "third": 3, "three": 3,
    "4": 4, "bon": 4, "tu": 4, "cuoi": -1, "cuoi cung": -1, "fourth": 4, "four": 4, "last": -1,
}  # fmt: skip
"""The choices as a citizen may type them, folded; -1 is the last one."""

_BEFORE = "(?:(?:la|cai|so|muc|viec|chon|y|the|option|number) )*(?:thu )?"
_AFTER = "(?: (?:a|nhe|nha|di|do|ay|nay|one|ban|em|ad|oi))*"
CHOICE = re.compile(f"{_BEFORE}({'|'.join(NUMBERS)}){_AFTER}")
YES = re.compile(f"(?:dung|phai|u|uh|vang|da|ok|oke|yes|yeah|yep|chuan)(?: roi)?{_AFTER}")
BACK = re.compile(f"(?:quay lai|tro lai|back|go back|lui lai|xem lai)(?: .{{0,20}})?{_AFTER}")
CORRECTION = re.compile(
    r"(?:a |o |u |da )?"
    r"(?:khong phai|khong|ko|k|nham roi|nham|y (?:toi|em|minh|la|tui)|i mean|no|sorry)\b"
)
ABOUT = re.compile(r"\b(?:con|the|vay|what about|how about|thi sao)\b")
SHORT = 8
"""Words up to which a message that names a weekday is about the last answer."""


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer out of the conversation; None when the message stands on its own."""
    memory = _still_known(turn.ask.memory, town)
    for follow in (_choice, _back, _with_place, _completed, _about_a_day, _more):
        if reply := follow(turn, memory, town):
            return reply
    return None


def _still_known(memory: Memory, town: Town) -> Memory:
    """Forget what an edition published since does not hold any more."""
    known = town.library.procedures
    return replace(
        memory,
        procedures=tuple(each for each in memory.procedures if each in known),
        options=memory.options if all(each in known for each in memory.options) else (),
    )


def _choice(turn: Turn, memory: Memory, town: Town) -> Reply | None:
    """Answer about the option that a message names by its number, or agrees to if it is alone."""
    said = _plain(turn)
    found = CHOICE.fullmatch(said)
    number = NUMBERS[found[1]] if found else 0
    if len(memory.options) == 1 and YES.fullmatch(said):
        number = 1
    if not number or number > len(memory.options):
        return None
    chosen = memory.options[number - 1 if number > 0 else -1]
    return _keeping(memory, procedure.tell(_about(turn, (chosen,), memory.intents), town))


def _back(turn: Turn, memory: Memory, town: Town) -> Reply | None:
    """Offer the same options again."""
    if not memory.options or not BACK.fullmatch(_plain(turn)):
        return None
    options = _about(turn, memory.options, memory.intents)
    return _keeping(memory, procedure.ask_back(options, town))


def _with_place(turn: Turn, memory: Memory, town: Town) -> Reply | None:
    """Ask the last question over again for the place that is all a message names."""
    meaning = turn.meaning
    if not memory.question or not meaning.locality_named or _says_more(meaning):
        return None
    from handlers import answer as answer_first  # noqa: PLC0415 - the question starts over

    ask = replace(turn.ask, text=memory.question, locality=meaning.locality, memory=Memory())
    return replace(answer_first(ask, town), chosen_locality=meaning.locality)


def _completed(turn: Turn, memory: Memory, town: Town) -> Reply | None:
    """Read a missing fact, or a correction, together with the question that it belongs to."""
    corrects = CORRECTION.match(_plain(turn)) is not None
    if not memory.question or not (memory.options or (memory.procedures and corrects)):
        return None
    if turn.meaning.certainty is Certainty.SURE or turn.meaning.subject or turn.meaning.topic:
        return None
    together = f"{memory.question}, {turn.ask.text}"
    meaning = town.library.understand(together, turn.ask.locality)
    ids = {match.id for match in meaning.matches}
    new = ids <= set(memory.options) if memory.options else not ids & set(memory.procedures)
    if meaning.certainty is not Certainty.SURE or not new:
        return None
    asked = replace(meaning, intents=memory.intents or meaning.intents)
    complete = replace(turn, ask=replace(turn.ask, text=together), meaning=asked)
    return procedure.tell(complete, town)


def _about_a_day(turn: Turn, memory: Memory, town: Town) -> Reply | None:
    """Say whether what was answered last is also done on the weekday that a message names."""
    meaning = turn.meaning
    said = _plain(turn)
    short = len(said.split()) <= SHORT and ABOUT.search(said)
    elsewhere = meaning.certainty is not Certainty.NONE or meaning.topic or meaning.locality_named
    if not memory.procedures or not meaning.weekdays or not short or elsewhere:
        return None
    return procedure.tell(_about(turn, memory.procedures, (Intent.DAY,)), town)


def _more(turn: Turn, memory: Memory, town: Town) -> Reply | None:
    """Answer another facet of what was answered last."""
    meaning = turn.meaning
    asks = any(intent in FACETS for intent in meaning.intents)
    if not memory.procedures or not asks or meaning.locality_named or _says_more(meaning):
        return None
    reply = procedure.tell(_about(turn, memory.procedures, meaning.intents), town)
    return _keeping(memory, reply)


def _plain(turn: Turn) -> str:
    return fold(turn.ask.text).strip(" .,!?)(")


def _says_more(meaning: Understanding) -> bool:
    """Tell whether a message has a matter of its own."""
    return bool(
        meaning.certainty is not Certainty.NONE
        or meaning.topic
        or meaning.elsewhere
        or meaning.subject
    )


def _about(turn: Turn, ids: tuple[str, ...], intents: tuple[Intent, ...]) -> Turn:
    matches = tuple(Match(each, 1.0, ("conversation",)) for each in ids)
    meaning = replace(
        turn.meaning, certainty=Certainty.SURE, matches=matches, intents=intents, subject=None
    )
    return replace(turn, meaning=meaning)


def _keeping(memory: Memory, reply: Reply) -> Reply:
    """Keep question and options, so that another of them can be chosen next."""
    kept = replace(reply.memory, options=memory.options, question=memory.question)
    return replace(reply, memory=kept)
