"""From approval to the outbox: broadcasts are planned in sets, a chunk in each transaction."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, String, false, literal
from sqlmodel import Session, col, func, or_, select, update

from knowledge.columns import UtcDateTime
from knowledge.concurrency import insert_selected
from knowledge.records import audiences, broadcasts, outbox
from knowledge.records.broadcasts import ENDS, PLANNED, Act, Stage
from knowledge.records.outbox import Priority, State
from knowledge.records.tables import Broadcast, BroadcastAct, Citizen, Outgoing, Tally
from knowledge.store import Town

CHUNK = 5_000
"""Citizens' rows that are planned in one transaction; a citizen waits no longer than for one."""

SETTLING = timedelta(seconds=3)
"""After an order to cancel, until every postman knows of it."""

KEPT, URGENT_KEPT = timedelta(days=30), timedelta(days=2)
"""How long a letter that could not be sent is still told to one who writes again."""


def pending(session: Session, now: datetime) -> Sequence[int]:
    """Return the broadcasts with which something is to be done now; quick, and reads only."""
    state = col(Broadcast.state)
    coming = or_(
        state == Stage.APPROVED, (state == Stage.SCHEDULED) & (col(Broadcast.send_at) <= now)
    )
    begun = state == Stage.SENDING
    ordered = select(func.max(BroadcastAct.at)).where(BroadcastAct.broadcast == Broadcast.id)
    dropped = (
        (state == Stage.CANCELLED)
        & col(Broadcast.ended_at).is_(None)
        & (ordered.scalar_subquery() <= now - SETTLING)
    )
    found = session.exec(
        select(Broadcast).where(or_(coming, begun, dropped)).order_by(col(Broadcast.id))
    ).all()
    ids = [each.id for each in found if each.id is not None and _is_due(session, each)]
    return [*ids, *_overdue(session, now)]


def advance(town: Town, id_: int) -> bool:
    """Do the next piece of work on a broadcast and say whether more is to be done at once.

    Several processes may call this: one of them works on a broadcast, the others pass it by.
    """
    row = _taken(town.session, id_)
    if row is None:
        return False
    step = _STEPS.get(Stage(row.state))
    return step is not None and step(town, row)


def _send(town: Town, row: Broadcast) -> bool:
    """Begin, plan the next chunk, or see whether all is over."""
    if (what := broadcasts.due(row, town.now)) is not None:
        broadcasts.tick(town, row, what)
        return what is Act.START
    if row.state != Stage.SENDING:
        return False
    if row.planned:
        return _settle(town, row)
    _plan(town, row)
    return True


def listeners(session: Session, id_: int, channel: str) -> Mapping[int, str | None]:
    """Return the languages of those whose letters are claimed, and who still want them."""
    theirs = select(col(Citizen.id), Citizen.language).join(
        Outgoing, col(Outgoing.citizen) == col(Citizen.id)
    )
    claimed = _letters_in(id_, channel, State.SENDING)
    found = session.exec(theirs.where(*claimed, audiences.consenting()))
    return {citizen: language for citizen, language in found if citizen is not None}


def corrected(session: Session, id_: int) -> bool:
    """Tell whether a correction is under way: then nobody else is told what it corrects."""
    begun = (col(Broadcast.corrects) == id_, col(Broadcast.started_at).is_not(None))
    return session.exec(select(Broadcast.id).where(*begun)).first() is not None


def _plan(town: Town, row: Broadcast) -> None:
    """Put the letters of the next chunk of citizens into the outbox, and count them."""
    session, first = town.session, row.planned_to
    last = session.exec(select(func.max(Citizen.id))).one() or 0
    until = min(first + CHUNK, max(first, last))
    meant = audiences.chosen(audiences.from_json(row.audience), town.library, town.now)
    some = (col(Citizen.id) > first, col(Citizen.id) <= until)
    source = select(Citizen).where(*some, audiences.consenting(), meant)
    insert_selected(session, Outgoing, _letter(row, town.now), source)
    mine = _walked(row.id or 0, first, until)
    counted = select(Outgoing.channel, func.count()).where(*mine).group_by(Outgoing.channel)
    numbers = {
        (row.id or 0, channel, PLANNED): number for channel, number in session.exec(counted)
    }
    outbox.count(session, numbers)
    row.planned_to, row.planned = until, until >= last
    session.flush()


def _letter(row: Broadcast, now: datetime) -> Mapping[str, Any]:
    """Return the columns of a letter to a citizen; what it says is written when it leaves."""
    priority = Priority.URGENT if row.urgent else Priority.BROADCAST
    return {
        "reason": literal(broadcasts.reason(row.id or 0), String),
        "citizen": col(Citizen.id),
        "broadcast": literal(row.id, Integer),
        "channel": col(Citizen.channel),
        "sender": col(Citizen.sender),
        "priority": literal(int(priority), Integer),
        "state": literal(State.WAITING, String),
        "not_before": literal(now, UtcDateTime),
        "letter": literal({}, JSON),
        "parts_sent": literal(0, Integer),
        "attempts": literal(0, Integer),
        "ambiguous": literal(value=False, type_=Boolean),
    }


def _settle(town: Town, row: Broadcast) -> bool:
    """Note the end where no letter is left; who was forgotten meanwhile counts as cancelled."""
    session, id_ = town.session, row.id or 0
    if _has(session, id_, State.WAITING, State.SENDING):
        return False
    left = {
        (id_, channel, str(State.CANCELLED)): number
        for channel, number in _open(session, id_).items()
        if number > 0
    }
    outbox.count(session, left)
    row.ended_at = town.now
    if row.state == Stage.SENDING:
        broadcasts.tick(town, row, Act.FINISH)
    return False


def _empty(town: Town, row: Broadcast) -> bool:
    """Cancel a chunk of what waits, or would wait for a word of its citizen."""
    if row.ended_at is not None:
        return False
    more = _end(town, row, (State.WAITING, State.CLOSED), State.CANCELLED)
    return more or _settle(town, row)


def _expire(town: Town, row: Broadcast) -> bool:
    """Give up a chunk of those who have not written again for too long."""
    return _end(town, row, (State.CLOSED,), State.EXPIRED)


def _end(town: Town, row: Broadcast, begun: Sequence[State], ended: State) -> bool:
    """End a chunk of the letters in some states; say whether there may be more.

    Planning is walked back, and what comes back later is looked for. PostgreSQL would read again
    and again what it has just ended, if every chunk were looked for.
    """
    session, id_, last = town.session, row.id or 0, row.planned_to
    first = row.planned_to = max(0, last - CHUNK)
    number = 0
    for state in begun:
        chunk = _walked(id_, first, last) if last else _found(session, id_, state)
        final = {"state": ended, "letter": {}, "not_before": town.now}
        change = update(Outgoing).where(*chunk, col(Outgoing.state) == state).values(final)
        ends = change.returning(col(Outgoing.channel)).execution_options(synchronize_session=False)
        channels = Counter(session.connection().scalars(ends))
        numbers = {(id_, channel, str(ended)): each for channel, each in channels.items()}
        if state is State.CLOSED:
            numbers |= {(id_, name, str(state)): -each for name, each in channels.items()}
        outbox.count(session, numbers)
        number += channels.total()
    session.flush()
    return last > 0 or number > 0


def _walked(id_: int, first: int, last: int) -> tuple[Any, ...]:
    return (
        col(Outgoing.reason) == broadcasts.reason(id_),
        col(Outgoing.citizen) > first,
        col(Outgoing.citizen) <= last,
    )


def _found(session: Session, id_: int, state: State) -> tuple[Any, ...]:
    ids = (
        select(col(Outgoing.id)).where(*_letters_in(id_, channel, state)).limit(CHUNK)
        for channel in _tallied(session, id_)
    )
    return (or_(false(), *(col(Outgoing.id).in_(each) for each in ids)),)


def _taken(session: Session, id_: int) -> Broadcast | None:
    """Return a broadcast's row and keep it; None where another process does."""
    return session.get(
        Broadcast, id_, with_for_update={"skip_locked": True}, populate_existing=True
    )


def _is_due(session: Session, row: Broadcast) -> bool:
    """Leave out what only waits for its letters to be sent."""
    waits = row.state == Stage.SENDING and row.planned and row.id is not None
    return not (waits and _has(session, row.id or 0, State.WAITING, State.SENDING))


def _overdue(session: Session, now: datetime) -> Sequence[int]:
    """Return the broadcasts that are over and whose closed letters nobody needs any more."""
    old = or_(
        col(Broadcast.started_at) < now - KEPT,
        col(Broadcast.urgent) & (col(Broadcast.started_at) < now - URGENT_KEPT),
    )
    closed = (col(Tally.state) == State.CLOSED, col(Tally.number) > 0)
    over = (col(Tally.broadcast) == Broadcast.id, col(Broadcast.state) == Stage.DONE, old)
    found = session.exec(select(col(Broadcast.id)).where(*over, *closed).distinct())
    return [id_ for id_ in found if id_ is not None]


def _has(session: Session, id_: int, *states: State) -> bool:
    """Tell whether a broadcast has letters in these states: read off the index."""
    return any(
        session.exec(select(Outgoing.id).where(*_letters_in(id_, channel, state)).limit(1)).first()
        for channel in _tallied(session, id_)
        for state in states
    )


def _letters_in(id_: int, channel: str, state: State) -> tuple[Any, Any, Any]:
    return (
        col(Outgoing.channel) == channel,
        col(Outgoing.state) == state,
        col(Outgoing.broadcast) == id_,
    )


def _tallied(session: Session, id_: int) -> Sequence[str]:
    """Return the channels by which a broadcast goes."""
    planned = (col(Tally.broadcast) == id_, col(Tally.state) == PLANNED)
    return session.exec(select(Tally.channel).where(*planned)).all()


def _open(session: Session, id_: int) -> Mapping[str, int]:
    """Return by channel how many planned letters have no end on record."""
    numbers = select(Tally).where(Tally.broadcast == id_)
    found = session.exec(numbers, execution_options={"populate_existing": True}).all()
    left: dict[str, int] = {}
    for each in found:
        sign = 1 if each.state == PLANNED else -1 if each.state in ENDS else 0
        left[each.channel] = left.get(each.channel, 0) + sign * each.number
    return left


_STEPS: Mapping[Stage, Callable[[Town, Broadcast], bool]] = {
    Stage.APPROVED: _send,
    Stage.SCHEDULED: _send,
    Stage.SENDING: _send,
    Stage.CANCELLED: _empty,
    Stage.DONE: _expire,
}
"""What the clock does in each stage."""
