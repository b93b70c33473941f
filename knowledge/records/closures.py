"""The days that officials close, or open out of turn."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, delete, select

from knowledge.plans.days import DayChange, DayKind
from knowledge.plans.model import Source, Weekday
from knowledge.records.tables import Closure


def add(session: Session, change: DayChange, by: str, now: datetime) -> Closure:
    """Enter a change of one day by the official with this login."""
    entered = Closure(**asdict(change), entered_by=by, entered_at=now)
    session.add(entered)
    session.flush()
    return entered


def remove(session: Session, id_: int) -> None:
    """Take back an entered change, as if it had never been."""
    session.exec(delete(Closure).where(col(Closure.id) == id_))


def entered(session: Session) -> Sequence[Closure]:
    """Return what officials entered, oldest first."""
    return session.exec(select(Closure).order_by(col(Closure.id))).all()


def changes(session: Session) -> tuple[DayChange, ...]:
    """Return what officials entered as the calendar takes it: the later entry counts."""
    return tuple(map(_change, entered(session)))


def _change(row: Closure) -> DayChange:
    return DayChange(
        day=row.day,
        kind=DayKind(row.kind),
        locality=row.locality,
        reason=row.reason,
        english=row.english,
        source=Source(**row.source),
        as_weekday=Weekday(row.as_weekday) if row.as_weekday else None,
    )
