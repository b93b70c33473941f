"""Letters on their way to citizens: the one door out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import case
from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from knowledge.concurrency import add_up, insert_all
from knowledge.records.tables import Broadcast, Outgoing, Tally

SENDING_BROADCAST = "sending"
"""The state of a broadcast whose letters may leave."""

DONE_BROADCAST = "done"
"""The state of one that has no letter left, until a closed one is opened again."""


AMBIGUOUS = "ambiguous"
"""The tally of a broadcast's letters that may have arrived twice."""


UNTOLD = timedelta(days=365)
"""How long a letter is kept that a citizen can only be told when he writes."""


class State(StrEnum):
    """Where a letter is. A delivered reply has no row any more."""

    WAITING = "waiting"
    SENDING = "sending"
    """Claimed by the one postman of its channel; after a crash nobody knows whether it left."""
    SENT = "sent"
    REFUSED = "refused"
    """The platform will never take it; only its reason is kept."""
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    """Outside the window in which the platform lets us write; sent when the citizen writes."""
    EXPIRED = "expired"
    """It would have come too late to help."""
    CANCELLED = "cancelled"


class Priority(IntEnum):
    """What goes first; replies overtake everything."""

    REPLY = 0
    URGENT = 1
    REMINDER = 2
    BROADCAST = 3


@dataclass(frozen=True, slots=True)
class Post:
    """A letter to put into the outbox; `letter` is what the channel's counter understands."""

    reason: str
    channel: str
    sender: str
    letter: Mapping[str, Any]
    citizen: int | None = None
    """Without a citizen it outlives him: the last word to one who was forgotten."""
    priority: Priority = Priority.REPLY
    state: State = State.WAITING


@dataclass(frozen=True, slots=True)
class Ended:
    """A letter whose way has come to its end."""

    id: int
    state: State
    channel: str
    broadcast: int | None = None
    is_reply: bool = False


def put(session: Session, posts: Sequence[Post], now: datetime) -> list[int | None]:
    """Write letters; return their ids, None for one whose reason its citizen has already."""
    rows = [_row(post, now) for post in posts]
    written = insert_all(session, Outgoing, rows, col(Outgoing.reason), col(Outgoing.id))
    ids = dict(written)
    return [ids.get(post.reason) for post in posts]


def running(session: Session) -> set[int]:
    """Return the broadcasts whose letters may leave."""
    found = select(col(Broadcast.id)).where(col(Broadcast.state) == SENDING_BROADCAST)
    return {id_ for id_ in session.exec(found) if id_ is not None}


def due(session: Session, channel: str, now: datetime) -> bool:
    """Tell whether there is anything to claim."""
    return any(session.exec(each.limit(1)).first() for each in _lines(session, channel, now))


def claim(
    session: Session, channel: str, now: datetime, replies: int, others: int
) -> Sequence[Outgoing]:
    """Take letters that are due, at most so many replies and so many others, the urgent first."""
    claimed: list[Outgoing] = []
    for line in _lines(session, channel, now, Priority.REPLY):
        claimed += session.exec(line.limit(replies)).all()
    taken = len(claimed)
    for line in _lines(session, channel, now, *list(Priority)[1:]):
        room = others - (len(claimed) - taken)
        claimed += session.exec(line.limit(room)).all() if room > 0 else ()
    _move(session, [each.id for each in claimed], State.SENDING)
    return claimed


def adopt(session: Session, channel: str) -> Sequence[int]:
    """Let wait again what a dead postman had claimed; return these ids, which are ambiguous."""
    mine = (col(Outgoing.channel) == channel, col(Outgoing.state) == State.SENDING)
    found = session.exec(select(Outgoing).where(*mine)).all()
    # Counted once, however often its postmen die.
    new = Counter((b, channel, AMBIGUOUS) for e in found if (b := e.broadcast) and not e.ambiguous)
    ambiguous = {"state": State.WAITING, "ambiguous": True}
    session.exec(update(Outgoing).where(*mine).values(ambiguous))
    count(session, new)
    return [each.id for each in found if each.id is not None]


def end(session: Session, ended: Iterable[Ended], now: datetime) -> None:
    """Record where letters ended: of replies nothing is kept, of others no words.

    `not_before` becomes the moment of the end.
    """
    ended = list(ended)
    delivered = [each.id for each in ended if each.is_reply and each.state is State.SENT]
    if delivered:
        session.exec(delete(Outgoing).where(col(Outgoing.id).in_(delivered)))
    for state in {each.state for each in ended}:
        ids = [each.id for each in ended if each.state is state and each.id not in delivered]
        final = {"state": state, "letter": {}, "not_before": now}
        if state is State.CLOSED:
            final = {"state": state}
        if ids:
            session.exec(update(Outgoing).where(col(Outgoing.id).in_(ids)).values(final))
    if lost := [each.id for each in ended if each.is_reply and each.state is not State.SENT]:
        # Of one who was forgotten not even a note stays.
        forgotten = (col(Outgoing.id).in_(lost), col(Outgoing.citizen).is_(None))
        session.exec(delete(Outgoing).where(*forgotten))
    count(session, Counter((b, e.channel, e.state) for e in ended if (b := e.broadcast)))


def count(session: Session, numbers: Mapping[tuple[int, str, str], int]) -> None:
    """Add to the tallies of broadcasts, by broadcast, channel and state."""
    rows = [
        {"broadcast": broadcast, "channel": channel, "state": state, "number": number}
        for (broadcast, channel, state), number in sorted(numbers.items())
    ]
    add_up(session, Tally, rows, "number")


def give_back(session: Session, ids: Sequence[int]) -> None:
    """Let wait again what was claimed and surely not sent."""
    _move(session, ids, State.WAITING)


def reopen(session: Session, citizens: Sequence[int]) -> None:
    """Send citizens who have just written what could not reach them before."""
    theirs = (col(Outgoing.citizen).in_(citizens), col(Outgoing.state) == State.CLOSED)
    closed = session.exec(select(Outgoing).where(*theirs)).all() if citizens else ()
    _move(session, [each.id for each in closed], State.WAITING)
    if again := {each.broadcast for each in closed if each.broadcast}:
        over = (col(Broadcast.id).in_(again), col(Broadcast.state) == DONE_BROADCAST)
        session.exec(update(Broadcast).where(*over).values(state=SENDING_BROADCAST))
    count(session, {(b, e.channel, State.CLOSED): -1 for e in closed if (b := e.broadcast)})


def put_off(session: Session, id_: int, not_before: datetime, parts_sent: int) -> None:
    """Try the rest of a letter again later."""
    later = {
        "state": State.WAITING,
        "not_before": not_before,
        "parts_sent": parts_sent,
        "attempts": col(Outgoing.attempts) + 1,
    }
    session.exec(update(Outgoing).where(col(Outgoing.id) == id_).values(later))


def redirect(session: Session, id_: int, to: str) -> None:
    """Send a letter to another address, at once."""
    moved = {"state": State.WAITING, "sender": to}
    session.exec(update(Outgoing).where(col(Outgoing.id) == id_).values(moved))


def sweep(session: Session, before: datetime) -> int:
    """Delete the notes of letters, other than broadcasts, that ended before a moment.

    What a citizen is to hear when he writes is no mere note: it waits for UNTOLD longer.
    """
    waits = col(Outgoing.state).in_((State.WAITING, State.SENDING))
    untold = col(Outgoing.state) == State.CLOSED
    ended = col(Outgoing.not_before) < case((untold, before - UNTOLD), else_=before)
    old = (ended, col(Outgoing.broadcast).is_(None), ~waits)
    return session.exec(delete(Outgoing).where(*old)).rowcount


def _lines(
    session: Session, channel: str, now: datetime, *priorities: Priority
) -> list[SelectOfScalar[Outgoing]]:
    """Return what is due in the order of priority: letters of their own, and each broadcast.

    Each is read off the index `ix_outbox_due` from its beginning, however long the outbox is.
    """
    wanted = priorities or tuple(Priority)
    leaving = (
        select(Broadcast)
        .where(col(Broadcast.state) == SENDING_BROADCAST)
        .order_by(col(Broadcast.id))
    )
    # No broadcast is a reply, which is what is asked for most.
    running = session.exec(leaving).all() if wanted != (Priority.REPLY,) else ()
    due_now = (
        select(Outgoing)
        .where(
            col(Outgoing.channel) == channel,
            col(Outgoing.state) == State.WAITING,
            col(Outgoing.not_before) <= now,
        )
        .order_by(col(Outgoing.priority), col(Outgoing.not_before), col(Outgoing.id))
    )
    lines: list[SelectOfScalar[Outgoing]] = []
    for priority in wanted:
        own = col(Outgoing.broadcast).is_(None)
        lines.append(due_now.where(own, col(Outgoing.priority) == priority))
        lines += [
            due_now.where(col(Outgoing.broadcast) == each.id, col(Outgoing.priority) == priority)
            for each in running
            if each.urgent == (priority is Priority.URGENT)
            and priority in (Priority.URGENT, Priority.BROADCAST)
        ]
    return lines


def _move(session: Session, ids: Sequence[int | None], state: State) -> None:
    if ids:
        session.exec(update(Outgoing).where(col(Outgoing.id).in_(ids)).values(state=state))


def _row(post: Post, now: datetime) -> dict[str, Any]:
    return {
        "reason": post.reason,
        "citizen": post.citizen,
        "channel": post.channel,
        "sender": post.sender,
        "priority": post.priority,
        "state": post.state,
        "not_before": now,
        "letter": dict(post.letter),
        "parts_sent": 0,
        "attempts": 0,
        "ambiguous": False,
    }
