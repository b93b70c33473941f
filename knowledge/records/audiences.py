"""To whom a broadcast goes: chosen by place, interest, channel or language, in sets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from json import dumps
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, literal, or_
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar
from typing_extensions import override

from knowledge.plans.library import Library
from knowledge.plans.territory import territory
from knowledge.records.outbox import State
from knowledge.records.questions import NAMED_FOR
from knowledge.records.tables import Citizen, Outgoing, Question, Subscription
from knowledge.refusal import Refusal

NEVER_WRITTEN_TO = ("web",)
"""Channels whose visitors cannot be written to once they have left."""

ANSWERED = "answered"
"""How a question ended that was surely about its procedure."""

LANGUAGES = ("vi", "en")
"""Who has chosen none is written to in the first one."""


class Kind(StrEnum):
    """By what citizens are chosen."""

    ALL = "all"
    LOCALITY = "locality"
    """Who chose the place or one that lies in it today, or is reminded of something there."""
    PROCEDURE = "procedure"
    """Who is reminded of it, or was answered about it in the last 90 days."""
    CHANNEL = "channel"
    LANGUAGE = "language"
    RECEIVED = "received"
    """Exactly those to whom another broadcast was delivered."""


class Standing(StrEnum):
    """Whether a citizen may be written to at all."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    STOPPED = "stopped"
    """He wants nothing that he did not ask for."""


@dataclass(frozen=True, slots=True)
class Audience:
    """A choice of citizens; spelled "all" or "locality:bac-kan", as on the command line."""

    kind: Kind = Kind.ALL
    value: str = ""

    @override
    def __str__(self) -> str:
        """Spell it."""
        return f"{self.kind}:{self.value}" if self.value else str(self.kind)

    def as_json(self) -> dict[str, Any]:
        """Return what the database keeps."""
        return {"kind": self.kind, "value": self.value}


EVERYBODY = Audience()


def from_json(kept: Mapping[str, Any]) -> Audience:
    """Read what the database keeps."""
    return Audience(Kind(kept["kind"]), kept["value"])


def parse(text: str, library: Library, channels: Collection[str]) -> Audience:
    """Read a choice as an official spells it; Refusal for one that means nobody we could know."""
    kind, _, value = text.strip().partition(":")
    known: Mapping[str, Collection[str]] = {
        Kind.LOCALITY: library.localities,
        Kind.PROCEDURE: library.procedures,
        Kind.CHANNEL: [each for each in channels if each not in NEVER_WRITTEN_TO],
        Kind.LANGUAGE: LANGUAGES,
    }
    if kind == Kind.ALL and not value:
        return EVERYBODY
    if kind not in known:
        raise Refusal(
            "“{text}” is no audience. Say all, locality:…, procedure:…, channel:… or language:….",
            text=text,
        )
    if value not in known[kind]:
        raise Refusal("“{value}” is not known, so it chooses nobody.", value=value)
    return Audience(Kind(kind), value)


def places(slug: str, library: Library) -> frozenset[str]:
    """Return a place and those that lie wholly in it today, whatever their names were."""
    here = library.localities.get(slug)
    inside = {slug}
    if here is not None and (ground := territory(here).all):
        others = ((each.slug, territory(each).all) for each in library.localities.values())
        inside |= {other for other, theirs in others if theirs and theirs <= ground}
    return frozenset(inside)


def chosen(audience: Audience, library: Library, now: datetime) -> ColumnElement[bool]:
    """Return the condition on a citizen's row that he is meant."""
    value = audience.value
    match audience.kind:
        case Kind.LOCALITY:
            return _of_place(places(value, library), library)
        case Kind.PROCEDURE:
            return or_(_reminded_of({value}), _asked_about(value, now - NAMED_FOR))
        case Kind.CHANNEL:
            return col(Citizen.channel) == value
        case Kind.LANGUAGE:
            return func.coalesce(col(Citizen.language), LANGUAGES[0]) == value
        case Kind.RECEIVED:
            return _received(int(value))
        case Kind.ALL:
            return literal(value=True)


def consenting() -> ColumnElement[bool]:
    """Return the condition that he began to write, can be written to, and did not say stop."""
    return and_(
        _writable(), col(Citizen.reachable).is_(other=True), col(Citizen.stopped_at).is_(None)
    )


def counted(session: Session, meant: ColumnElement[bool]) -> Mapping[tuple[str, Standing], int]:
    """Count the citizens meant by channel and standing."""
    standing = case(
        (col(Citizen.stopped_at).is_not(None), _name(Standing.STOPPED)),
        (col(Citizen.reachable).is_(other=False), _name(Standing.UNREACHABLE)),
        else_=_name(Standing.REACHABLE),
    )
    numbers = select(col(Citizen.channel), standing, func.count()).where(_writable(), meant)
    found = session.exec(numbers.group_by(col(Citizen.channel), standing))
    return {(channel, Standing(each)): number for channel, each, number in found}


def reachable_on(channel: str, meant: ColumnElement[bool]) -> SelectOfScalar[int | None]:
    """Select the ids of those meant who may be written to on a channel."""
    his = (col(Citizen.channel) == channel, consenting(), meant)
    return select(col(Citizen.id)).where(*his).correlate(None)


def _name(standing: Standing) -> ColumnElement[str]:
    # Without a parameter: PostgreSQL would not see that what it groups by is what it selects.
    return literal(standing.value, String, literal_execute=True)


def _writable() -> ColumnElement[bool]:
    return col(Citizen.channel).not_in(NEVER_WRITTEN_TO)


def _of_place(slugs: Collection[str], library: Library) -> ColumnElement[bool]:
    served = {each.id for slug in slugs for each in library.procedures_in(slug)}
    return or_(col(Citizen.locality).in_(sorted(slugs)), _reminded_of({*slugs, *served}))


def _reminded_of(about: Collection[str]) -> ColumnElement[bool]:
    his = (
        col(Subscription.citizen) == col(Citizen.id),
        col(Subscription.about).in_(sorted(about)),
    )
    return select(Subscription.id).where(*his).correlate(Citizen).exists()


def _asked_about(procedure: str, since: datetime) -> ColumnElement[bool]:
    matched = cast(col(Question.matched), String).contains(dumps(procedure), autoescape=True)
    his: Sequence[ColumnElement[bool]] = (
        col(Question.citizen) == col(Citizen.id),
        col(Question.asked_at) >= since,
        col(Question.outcome) == ANSWERED,
        matched,
    )
    return select(Question.id).where(*his).correlate(Citizen).exists()


def _received(broadcast: int) -> ColumnElement[bool]:
    his = (
        col(Outgoing.reason) == f"broadcast:{broadcast}",
        col(Outgoing.citizen) == col(Citizen.id),
        col(Outgoing.state) == State.SENT,
    )
    return select(Outgoing.id).where(*his).correlate(Citizen).exists()
