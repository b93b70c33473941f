"""What we asked a citizen and wait for: one short-lived state for each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from knowledge.concurrency import put_rows
from knowledge.records.tables import Dialogue

LIFE = timedelta(minutes=30)


def get(session: Session, citizens: Sequence[int], now: datetime) -> dict[int, dict[str, Any]]:
    """Return the states that wait for these citizens, by their ids."""
    if not citizens:
        return {}
    found = select(col(Dialogue.citizen), col(Dialogue.state)).where(
        col(Dialogue.citizen).in_(citizens), col(Dialogue.expires_at) > now
    )
    return dict(session.exec(found).all())


def put(
    session: Session, states: Mapping[int, dict[str, Any]], now: datetime, life: timedelta = LIFE
) -> None:
    """Wait for many citizens, each with a state of his own."""
    rows = [
        {"citizen": citizen, "state": state, "expires_at": now + life}
        for citizen, state in states.items()
    ]
    put_rows(session, Dialogue, rows)


def sweep(session: Session, now: datetime) -> int:
    """Delete the dialogues whose time is over and return how many there were."""
    return session.exec(delete(Dialogue).where(col(Dialogue.expires_at) <= now)).rowcount
