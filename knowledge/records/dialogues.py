"""What we asked a citizen and wait for: one short-lived state for each."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete

from knowledge.records.tables import Citizen, Dialogue

LIFE = timedelta(minutes=30)


def get(session: Session, citizen: Citizen, now: datetime) -> dict[str, Any] | None:
    """Return the waiting dialogue's state, None where there is none or its time is over."""
    waiting = session.get(Dialogue, citizen.id)
    return waiting.state if waiting and waiting.expires_at > now else None


def put(
    session: Session,
    citizen: Citizen,
    state: dict[str, Any],
    now: datetime,
    life: timedelta = LIFE,
) -> None:
    """Wait for this citizen with a state that JSON can hold, in place of any earlier one."""
    session.flush()
    assert citizen.id is not None  # noqa: S101 - a citizen met has a row
    session.merge(Dialogue(citizen=citizen.id, state=state, expires_at=now + life))


def clear(session: Session, citizen: Citizen) -> None:
    """Wait no longer for this citizen."""
    session.exec(delete(Dialogue).where(col(Dialogue.citizen) == citizen.id))


def sweep(session: Session, now: datetime) -> int:
    """Delete the dialogues whose time is over and return how many there were."""
    return session.exec(delete(Dialogue).where(col(Dialogue.expires_at) <= now)).rowcount
