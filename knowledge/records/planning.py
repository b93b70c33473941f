"""Letters about reminders, planned in sets: one statement for all who asked for the same.

A letter is planned with nothing in it: what it says is written when its turn comes. A row's
reason, "reminder:45:2026-12-01", makes it the only one, whoever plans it and how often.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Boolean, ColumnElement, Integer, String, cast, func, literal, or_
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from knowledge.columns import UtcDateTime
from knowledge.concurrency import insert_selected, take_turn
from knowledge.plans.days import TIME_ZONE, DayChange
from knowledge.records import channels
from knowledge.records.audiences import consenting
from knowledge.records.outbox import Priority, State
from knowledge.records.tables import Citizen, Outgoing, Subscription

CHUNK = 10_000
"""Subscriptions that one transaction looks at, so that no citizen waits long behind it."""

A_CALL = 200
"""Subscriptions that take as long as a call to nobody."""

TASK = "reminders"
"""Names the turn of planning, and in the table of channels what was planned so far."""

KEPT = timedelta(days=6, hours=20)
"""How long it is sure that a sent letter's row is still there."""


class Kind(StrEnum):
    """What a letter is about; begins its reason."""

    REMINDER = "reminder"
    OFF = "off"
    """The day on which he would have been reminded of it, or was, is none."""
    CHANGED = "changed"
    """An edition serves it on other days, or no more."""


@dataclass(frozen=True, slots=True)
class When:
    """When a reminder goes: so many days before the service day, at an hour in Vietnam."""

    days_before: int
    hour: int

    def before(self, day: date) -> datetime:
        """Return the moment at which one is reminded of a day."""
        there = day - timedelta(days=self.days_before)
        return datetime.combine(there, time(self.hour), TIME_ZONE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subject that somebody subscribed to, and when he wants to hear of it."""

    about: str
    when: When


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of letter to all who subscribed to a subject, or only to those at one time."""

    kind: Kind
    about: str
    mark: str
    """Ends the reason: the service day, or the edition's number."""
    when: When | None = None
    since: datetime | None = None
    """Only to who subscribed after it."""
    letter: Mapping[str, Any] = field(default_factory=dict)
    """What the letter cannot find out when its turn comes."""
    reminded: bool = False
    """Only to who was reminded of the day."""
    last: bool = False
    """The subscriptions end with it."""

    @property
    def day(self) -> date:
        """Return the service day; only letters about a change have none."""
        return date.fromisoformat(self.mark)


Position = tuple[int, int]
"""A call's index, and the last subscription that it is done with."""

BEGINNING: Position = (0, 0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far planning has come."""

    until: datetime
    """Reminders whose moment is not later are planned."""
    edition: int
    """The edition whose days were last compared."""
    changes: tuple[tuple[str, ...], ...] = ()
    """The changes of coming days that were last looked at: see `spelled`."""


def spelled(changes: Collection[DayChange], today: date) -> tuple[tuple[str, ...], ...]:
    """Spell what officials changed of the days from today on, so that JSON can hold it."""
    coming = sorted(
        {
            (each.day.isoformat(), each.locality or "", each.kind, each.as_weekday or "")
            for each in changes
            if each.day >= today
        }
    )
    return tuple(coming)


def progress(session: Session) -> Progress | None:
    """Return how far planning has come, None before the first time."""
    known = channels.learned(session, TASK)
    if not known:
        return None
    changes = tuple(tuple(each) for each in known["changes"])
    return Progress(datetime.fromisoformat(known["until"]), known["edition"], changes)


def keep(session: Session, old: Progress | None, new: Progress) -> None:
    """Note how far planning has come, unless another process has come further meanwhile."""
    take_turn(session, TASK)
    if progress(session) == old:
        known = {"until": new.until.isoformat(), "edition": new.edition, "changes": new.changes}
        channels.learn(session, TASK, **known)


def wanted(
    session: Session, hours: Collection[int], since: datetime | None = None
) -> Sequence[Wanted]:
    """Return what is subscribed to for some hours of the day, each once; `since` a moment."""
    how = (col(Subscription.about), col(Subscription.days_before), col(Subscription.hour))
    found = select(*how).where(col(Subscription.hour).in_(hours)).distinct().order_by(*how)
    if since is not None:
        found = found.where(col(Subscription.created_at) > since)
    rows = session.exec(found) if hours else ()
    return [Wanted(about, When(days_before, hour)) for about, days_before, hour in rows]


def abouts(session: Session) -> Sequence[str]:
    """Return all that is subscribed to, each once."""
    about = col(Subscription.about)
    return session.exec(select(about).distinct().order_by(about)).all()


def advance(
    session: Session, calls: Sequence[Call], at: Position, now: datetime, room: int = CHUNK
) -> Position | None:
    """Plan letters to so many subscribers from a position on; return the next one, if any.

    Any number of processes may do the same at once.
    """
    take_turn(session, TASK)
    index, after = at
    while index < len(calls) and room > 0:
        last, number = _next(session, calls[index], after, room)
        if number:
            _put(session, calls[index], (after, last), now)
        if number == room:
            return index, last
        index, after, room = index + 1, 0, room - max(number, A_CALL)
    return (index, 0) if index < len(calls) else None


def claimed(session: Session, channel: str) -> Sequence[Citizen | Subscription]:
    """Load those whose letters a channel's postman has claimed, and what they subscribed to."""
    whose = select(col(Outgoing.citizen)).where(
        Outgoing.channel == channel, Outgoing.state == State.SENDING
    )
    people = select(Citizen).where(col(Citizen.id).in_(whose))
    wanted = select(Subscription).where(col(Subscription.citizen).in_(whose))
    return [*session.exec(people), *session.exec(wanted)]


def end_once(session: Session, today: date, now: datetime) -> bool:
    """End subscriptions to one reminder after its day; say whether there may be more of them."""
    take_turn(session, TASK)
    day = func.substr(col(Outgoing.reason), func.length(_reason(Kind.REMINDER)) + 1)
    over = or_(day < today.isoformat(), col(Outgoing.not_before) < now - KEPT)
    told = _reminders().where(col(Outgoing.state) == State.SENT, over).exists()
    once = select(col(Subscription.id)).where(col(Subscription.once).is_(True), told).limit(CHUNK)
    ended = session.exec(delete(Subscription).where(col(Subscription.id).in_(once)))
    return ended.rowcount == CHUNK


def _next(session: Session, call: Call, after: int, room: int) -> tuple[int, int]:
    """Return the last of the next subscriptions that a call looks at, and how many they are."""
    mine = select(col(Subscription.id)).where(*_of(call), col(Subscription.id) > after)
    some = mine.order_by(col(Subscription.id)).limit(room).subquery()
    last, number = session.exec(select(func.max(some.c.id), func.count()).select_from(some)).one()
    return last or after, number


def _put(session: Session, call: Call, span: tuple[int, int], now: datetime) -> None:
    after, last = span
    these = (*_of(call), col(Subscription.id) > after, col(Subscription.id) <= last)
    whom = select(Subscription).join(Citizen, col(Citizen.id) == col(Subscription.citizen))
    source = whom.where(*these, *_hearing(call), consenting()).order_by(col(Citizen.id))
    insert_selected(session, Outgoing, _letter(call, now), source)
    if call.last:
        session.exec(delete(Subscription).where(*these))


def _of(call: Call) -> Sequence[ColumnElement[bool]]:
    about = col(Subscription.about) == call.about
    if call.when is None:
        return (about,)
    when = (
        col(Subscription.days_before) == call.when.days_before,
        col(Subscription.hour) == call.when.hour,
    )
    if call.since is None:
        return (about, *when)
    return (about, *when, col(Subscription.created_at) > call.since)


def _hearing(call: Call) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions under which a subscriber hears of a day."""
    if call.when is not None:
        yield col(Subscription.created_at) < call.when.before(call.day)
    if call.kind is Kind.CHANGED:
        return
    paused = col(Subscription.paused_until)
    yield or_(paused.is_(None), paused <= call.day)
    this = col(Outgoing.reason) == _reason(Kind.REMINDER, call.mark)
    if call.reminded:
        promised = col(Outgoing.state).in_((State.SENDING, State.SENT))
        yield _reminders().where(this, promised).exists()
    live = (State.WAITING, State.SENDING, State.SENT, State.CLOSED)
    other = _reminders().where(~this, col(Outgoing.state).in_(live)).exists()
    yield or_(col(Subscription.once).is_(False), ~other)


def _reminders() -> SelectOfScalar[str]:
    """Select a subscription's reminders, by the few letters of its citizen."""
    his = col(Outgoing.citizen) == col(Subscription.citizen)
    its = col(Outgoing.reason).startswith(_reason(Kind.REMINDER))
    return select(col(Outgoing.reason)).where(his, its).correlate(Subscription)


def _reason(kind: Kind, mark: str = "") -> ColumnElement[str]:
    number = cast(col(Subscription.id), String)
    return literal(f"{kind}:", String) + number + literal(f":{mark}", String)


def _letter(call: Call, now: datetime) -> Mapping[str, Any]:
    return {
        "reason": _reason(call.kind, call.mark),
        "citizen": col(Citizen.id),
        "channel": col(Citizen.channel),
        "sender": col(Citizen.sender),
        "priority": literal(int(Priority.REMINDER), Integer),
        "state": literal(State.WAITING, String),
        "not_before": literal(now, UtcDateTime),
        "letter": literal(dict(call.letter), JSON),
        "parts_sent": literal(0, Integer),
        "attempts": literal(0, Integer),
        "ambiguous": literal(value=False, type_=Boolean),
    }
