"""What citizens want to be reminded of."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlmodel import Session, col, delete, select

from knowledge.records.tables import Subscription


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a citizen wants to be reminded of, and when: the evening before, unless he says so.

    `about` is a procedure's id, or a locality's slug for all service days of the place; `hour` is
    one of the day in Vietnam, 7 to 20.
    """

    about: str
    days_before: int = 1
    hour: int = 19
    once: bool = False
    paused_until: date | None = None
    """The first service day that he wants to hear of."""


def of(session: Session, citizen: int) -> Sequence[Subscription]:
    """Return what a citizen is reminded of, in the order in which he asked for it."""
    his = select(Subscription).where(Subscription.citizen == citizen)
    return session.exec(his.order_by(col(Subscription.id))).all()


def put(session: Session, citizen: int, reminder: Reminder, now: datetime) -> None:
    """Remind a citizen from now on, in place of what he has on the same subject.

    That keeps its row, unless he wants to be reminded once: then what he was reminded of before
    does not count.
    """
    same = (Subscription.citizen == citizen, Subscription.about == reminder.about)
    row = session.exec(select(Subscription).where(*same)).one_or_none()
    if row is not None and reminder.once:
        session.delete(row)
        session.flush()
        row = None
    row = row or Subscription(citizen=citizen, created_at=now, **asdict(reminder))
    for name, value in (asdict(reminder) | {"created_at": now}).items():
        setattr(row, name, value)
    session.add(row)
    session.flush()


def end(session: Session, citizen: int, abouts: Collection[str]) -> None:
    """Remind a citizen of these subjects no more."""
    his = (col(Subscription.citizen) == citizen, col(Subscription.about).in_(abouts))
    session.exec(delete(Subscription).where(*his))


def reminder(row: Subscription) -> Reminder:
    """Return what a row says, as a value."""
    return Reminder(row.about, row.days_before, row.hour, row.once, row.paused_until)
