"""Letters on their way to citizens: the one door out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from knowledge.concurrency import insert_all
from knowledge.records.tables import Outgoing


class State(StrEnum):
    """Where a letter is; one that was delivered has no row any more."""

    WAITING = "waiting"
    SENDING = "sending"
    """Claimed by the one postman of its channel; after a crash nobody knows whether it left."""
    REFUSED = "refused"
    """The platform will never take it; only its reason is kept."""
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    """Outside the window in which the platform lets us write."""


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


def put(session: Session, posts: Sequence[Post], now: datetime) -> list[int | None]:
    """Write letters; return their ids, None for one whose reason its citizen has already."""
    rows = [_row(post, now) for post in posts]
    written = insert_all(session, Outgoing, rows, col(Outgoing.reason), col(Outgoing.id))
    ids = dict(written)
    return [ids.get(post.reason) for post in posts]


def due(session: Session, channel: str, now: datetime) -> bool:
    """Tell whether there is anything to claim."""
    return session.exec(_due(channel, now).limit(1)).first() is not None


def claim(session: Session, channel: str, now: datetime, limit: int) -> Sequence[Outgoing]:
    """Take the letters that are due, in the order in which they are to leave."""
    letters = session.exec(_due(channel, now).limit(limit)).all()
    _move(session, [each.id for each in letters], State.SENDING)
    return letters


def adopt(session: Session, channel: str) -> Sequence[int]:
    """Let wait again what a dead postman had claimed; return these ids, which are ambiguous."""
    mine = (col(Outgoing.channel) == channel, col(Outgoing.state) == State.SENDING)
    found = session.exec(select(col(Outgoing.id)).where(*mine)).all()
    ambiguous = {"state": State.WAITING, "ambiguous": True}
    session.exec(update(Outgoing).where(*mine).values(ambiguous))
    return [id_ for id_ in found if id_ is not None]


def delivered(session: Session, ids: Sequence[int]) -> None:
    """Drop letters that have arrived: what was said is not kept."""
    session.exec(delete(Outgoing).where(col(Outgoing.id).in_(ids)))


def give_back(session: Session, ids: Sequence[int]) -> None:
    """Let wait again what was claimed and surely not sent."""
    _move(session, ids, State.WAITING)


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


def set_aside(session: Session, id_: int, state: State) -> None:
    """Keep that a letter could not be delivered, and none of its words."""
    session.exec(update(Outgoing).where(col(Outgoing.id) == id_).values(state=state, letter={}))


def sweep(session: Session, before: datetime) -> int:
    """Delete the notes of letters that were set aside before a moment; return how many."""
    waits = col(Outgoing.state).in_((State.WAITING, State.SENDING))
    old = (col(Outgoing.not_before) < before, ~waits)
    return session.exec(delete(Outgoing).where(*old)).rowcount


def _due(channel: str, now: datetime) -> SelectOfScalar[Outgoing]:
    return (
        select(Outgoing)
        .where(
            col(Outgoing.channel) == channel,
            col(Outgoing.state) == State.WAITING,
            col(Outgoing.not_before) <= now,
        )
        .order_by(col(Outgoing.priority), col(Outgoing.id))
    )


def _move(session: Session, ids: Sequence[int | None], state: State) -> None:
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
