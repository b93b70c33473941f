"""The people who write to us: one row for each person on each channel."""

from datetime import datetime

from sqlalchemy import ScalarResult
from sqlmodel import Session, col, delete, select

from knowledge.concurrency import insert_once
from knowledge.records.tables import Citizen


def find(session: Session, channel: str, sender: str) -> Citizen | None:
    """Return the citizen with this id on a channel, None for one who never wrote."""
    return _whoever(session, channel, sender).one_or_none()


def meet(session: Session, channel: str, sender: str, now: datetime) -> Citizen:
    """Find or create the citizen who has just written: seen now, hence reachable."""
    citizen = find(session, channel, sender)
    if citizen is None:
        met = {"channel": channel, "sender": sender, "first_seen": now, "last_seen": now}
        insert_once(session, Citizen, met)
        citizen = _whoever(session, channel, sender).one()
    citizen.last_seen = max(now, citizen.last_seen)
    citizen.reachable = True
    return citizen


def choose(
    session: Session, citizen: Citizen, *, language: str | None = None, locality: str | None = None
) -> None:
    """Keep the language or the locality that a citizen chose; None leaves the earlier choice."""
    citizen.language = language or citizen.language
    citizen.locality = locality or citizen.locality
    session.add(citizen)


def unreachable(session: Session, citizen: Citizen) -> None:
    """Note that the channel refuses to deliver, until the citizen writes again."""
    citizen.reachable = False
    session.add(citizen)


def forget(session: Session, citizen: Citizen) -> None:
    """Delete a citizen with all that hangs on him: every table that points to him cascades."""
    session.flush()
    session.exec(delete(Citizen).where(col(Citizen.id) == citizen.id))
    session.expunge_all()


def _whoever(session: Session, channel: str, sender: str) -> ScalarResult[Citizen]:
    who = select(Citizen).where(Citizen.channel == channel, Citizen.sender == sender)
    return session.exec(who)
