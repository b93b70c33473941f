"""Links and QR codes that open a conversation at a procedure or a place: "/start BK1-02"."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256

from handlers import conversation, procedure, start
from handlers.sayings import COMMAND
from handlers.talk import Memory, Outcome, Reply, Turn, Wish
from knowledge.plans.library import Library
from knowledge.plans.understanding import Intent
from knowledge.store import Town

LONGEST = 64
"""Characters of a payload, of A-Z, a-z, 0-9, _ and -: what Telegram passes on."""

AND = "--"
"""Stands between procedure and place, and nowhere else in a payload."""
PART = (LONGEST - len(AND)) // 2
"""Characters of a procedure's id or a place's slug in a payload."""
DIGEST = "__"
"""Begins the fingerprint of a name too long to be written; no other has two in a row."""

_UNUSABLE = re.compile(rb"[^A-Za-z0-9-]|(?<![A-Za-z0-9])-|-(?![A-Za-z0-9])")
_ESCAPED = re.compile(rb"_([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Target:
    """What a link opens: a procedure's id, a locality's slug, or both."""

    procedure: str | None = None
    locality: str | None = None


def payload(procedure: str | None = None, locality: str | None = None) -> str:
    """Return what follows "?start=" in a link; `read` takes it back."""
    return AND.join(_written(name) for name in (procedure, locality) if name)


def read(given: str, library: Library) -> Target | None:
    """Return what a payload opens; None for one that the published edition does not hold."""
    first, both, last = given.partition(AND)
    procedure_ = _named(first, library.procedures)
    place = _named(last if both else first, library.localities)
    if both:
        return Target(procedure_, place) if procedure_ and place else None
    if procedure_:
        return Target(procedure=procedure_)
    return Target(locality=place) if place else None


def answer(turn: Turn, town: Town) -> Reply | None:
    """Open the conversation where a link says, else with the greeting."""
    found = COMMAND.fullmatch(turn.ask.text.strip())
    if not (found and found[1].lower() == "start" and found[2]):
        return None
    target = read(found[2].strip(), town.library)
    if target is None:
        place = read(found[2].strip().rpartition(AND)[2], town.library)
        return _outdated(turn, town, place.locality if place else None)
    if target.procedure:
        return _card(turn, town, target.procedure, target.locality)
    return _welcome(turn, town, str(target.locality))


def _outdated(turn: Turn, town: Town, slug: str | None) -> Reply:
    """Greet, and keep the place of a link whose procedure is gone."""
    greeting = start.greet(turn, town)
    sentence = turn.say("The link that you opened leads to nothing that I know today.")
    return replace(greeting, body=f"{greeting.body}\n\n{sentence}", chosen_locality=slug)


def _welcome(turn: Turn, town: Town, slug: str) -> Reply:
    place = town.library.localities[slug]
    body = turn.say(
        "Hello! I have noted {place}. I tell you on which day and where a procedure is done "
        "there, what to bring and what it costs, from the plan that was published. What do you "
        "need to do?",
        place=turn.say.pick(place.name, place.english),
    )
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=(Intent.GREETING,),
        locality=slug,
        memory=Memory(language=turn.say.language),
        chosen_locality=slug,
        wish=Wish.START,
    )


def _card(turn: Turn, town: Town, id_: str, slug: str | None) -> Reply:
    """Show a procedure as if it had been asked for by its name, whatever was said before."""
    named = town.library.procedures[id_].name
    ask = replace(turn.ask, text=named, locality=slug or turn.ask.locality, memory=Memory())
    opened = conversation.about(replace(turn, ask=ask), (id_,), (Intent.OVERVIEW,))
    return replace(procedure.tell(opened, town), chosen_locality=slug, wish=Wish.START)


def _written(name: str) -> str:
    """Write what a payload may not hold, and a hyphen at either end or in a row, as _2d."""
    raw = name.encode()
    written = _UNUSABLE.sub(lambda found: b"_%02x" % found[0][0], raw).decode()
    if len(written) <= PART:
        return written
    return DIGEST + sha256(raw).hexdigest()[: PART - len(DIGEST)]


def _named(written: str, names: Collection[str]) -> str | None:
    """Return the one of the names that is written so."""
    if written.startswith(DIGEST):
        return next((name for name in names if _written(name) == written), None)
    raw = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), written.encode())
    name = raw.decode(errors="replace")
    return name if name in names else None
