"""The ledger of letters nobody asked for, where a platform limits when we may write.

A platform counts from a citizen's last message: for some time a letter is free, for some more it
costs one of the month's allowance for each of its messages, and later only an approved template
may go, if there is one. What is paid is counted before it is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import case, func
from sqlmodel import Session, col, select, update

from knowledge.concurrency import add_up, insert_once, take_turn
from knowledge.plans.days import TIME_ZONE, local_time
from knowledge.records import channels
from knowledge.records.tables import Allowance, Citizen

MARGIN = timedelta(hours=2)
"""How much earlier than the platform we count a window as over.

Zalo repeats a message that we did not take for up to 110 minutes, and only then it is seen here;
nor does a letter leave at the very moment at which it is claimed.
"""

TURN = timedelta(minutes=15)
"""Before and after a month's turn nobody knows on which month a paid letter is counted."""

MORNING, EVENING = time(7), time(21)
"""Between these hours in Vietnam templates are sent."""

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Until somebody says otherwise."""

_HELD = "held"
"""Key of what a channel has learned: until when a way is barred, by way."""


class Way(StrEnum):
    """How a letter that nobody asked for may go."""

    FREE = "free"
    PAID = "paid"
    TEMPLATE = "template"
    CLOSED = "closed"
    """Not at all: he is told when he writes next."""


class Terms(Protocol):
    """What a platform allows, as a channel's `Window` says it."""

    @property
    def free(self) -> timedelta:
        """How long after his last message a letter costs nothing."""

    @property
    def paid(self) -> timedelta:
        """How long it may be sent at all."""

    @property
    def allowance(self) -> int:
        """Paid messages a month that the operator grants."""

    @property
    def template(self) -> str:
        """An approved template, empty if there is none."""


@dataclass(frozen=True, slots=True)
class Due:
    """A letter that nobody asked for, as its turn comes; without a citizen it has no way."""

    citizen: int | None
    messages: int = 1
    """How many of them it takes to say it."""
    fits_template: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many citizens a letter reaches free and paid, and how many only when they write."""

    free: int
    paid: int
    closed: int


def admit(
    session: Session, channel: str, terms: Terms, dues: Sequence[Due], now: datetime
) -> list[Way | datetime]:
    """Return each letter's way, in order, or the moment until which it waits.

    What is paid is counted in the same transaction; `release` gives back what was not sent.
    """
    silences = _silences(session, dues, now)
    ledger = _Ledger(session, channel, terms, now)
    ways = [ledger.way(silences.get(due.citizen), due) for due in dues]
    ledger.close()
    return ways


def release(session: Session, channel: str, month: str, messages: int) -> None:
    """Give back what was counted in a month and not sent; a negative number counts it after all.

    Months are written as `month_of` writes them.
    """
    if messages:
        add_up(session, Allowance, [_entry(channel, month, -messages)], "used")


def silent(session: Session, citizen: int, since: datetime) -> None:
    """Believe the platform: it has heard nothing of this citizen since then."""
    later = (col(Citizen.id) == citizen, col(Citizen.last_seen) > since)
    session.exec(update(Citizen).where(*later).values(last_seen=since))


def hold(session: Session, channel: str, way: Way, until: datetime) -> None:
    """Send nobody anything this way until a moment, FOREVER for until `resume`."""
    take_turn(session, f"credential {channel}")
    held = {**_held(session, channel), way: until.isoformat()}
    channels.learn(session, channel, **{_HELD: held})


def resume(session: Session, channel: str) -> None:
    """Use every way again: an operator says that there is quota, or a template, once more."""
    take_turn(session, f"credential {channel}")
    channels.learn(session, channel, **{_HELD: {}})


def held(session: Session, channel: str, way: Way, now: datetime) -> datetime | None:
    """Return until when nothing goes this way, None while it does."""
    until = _held(session, channel).get(way)
    moment = datetime.fromisoformat(until) if until else now
    return moment if moment > now else None


def used(session: Session, channel: str, month: str) -> int:
    """Return how many paid messages a month has taken."""
    row = session.get(Allowance, (channel, month), populate_existing=True)
    return row.used if row else 0


def month_of(now: datetime) -> str:
    """Write the month that it is in Vietnam, such as 2026-11."""
    return f"{local_time(now):%Y-%m}"


def next_month(now: datetime) -> datetime:
    """Return when the next month begins in Vietnam, in UTC."""
    first = local_time(now).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return datetime.combine(following, time(), TIME_ZONE).astimezone(UTC)


def next_morning(now: datetime) -> datetime:
    """Return when it is seven in the morning in Vietnam next, in UTC."""
    there = local_time(now)
    days = timedelta(days=int(there.time() >= MORNING))
    return datetime.combine(there.date() + days, MORNING, TIME_ZONE).astimezone(UTC)


def forecast(  # noqa: PLR0913 - one question, each part of which the broadcasts know
    session: Session,
    channel: str,
    terms: Terms | None,
    citizens: Any,  # noqa: ANN401 - a SELECT of citizens' ids, of whichever type
    now: datetime,
    *,
    messages: int = 1,
) -> Forecast:
    """Count what would happen to a letter that is sent now to the citizens of a SELECT of ids.

    It is counted as if all left at once; no template can say a letter that officials write.
    """
    seen = col(Citizen.last_seen)
    fresh, recent = (
        (seen >= now - terms.free + MARGIN, seen >= now - terms.paid + MARGIN)
        if terms
        else (seen.is_not(None), seen.is_not(None))
    )
    numbers = select(
        func.count(), func.sum(case((fresh, 1), else_=0)), func.sum(case((recent, 1), else_=0))
    ).where(col(Citizen.id).in_(citizens))
    total, free, open_ = (number or 0 for number in session.exec(numbers).one())
    left = _left(session, channel, terms, now) if terms else 0
    paid = min(open_ - free, max(0, left) // messages)
    return Forecast(free, paid, total - free - paid)


class _Ledger:
    """A channel's ledger during one transaction; the month's entry is read when it is needed."""

    def __init__(self, session: Session, channel: str, terms: Terms, now: datetime) -> None:
        self._session = session
        self._channel = channel
        self._terms = terms
        self._now = now
        self._left: int | None = None
        self._counted = 0

    def way(self, silence: timedelta | None, due: Due) -> Way | datetime:
        terms = self._terms
        if silence is None:
            return Way.CLOSED
        if silence <= terms.free - MARGIN:
            return Way.FREE
        if silence <= terms.paid - MARGIN and terms.allowance:
            if (settled := _settled(self._now)) > self._now:
                return settled
            if self._count(due.messages):
                return Way.PAID
        return self._by_template() if due.fits_template and terms.template else Way.CLOSED

    def close(self) -> None:
        """Write what was counted."""
        release(self._session, self._channel, month_of(self._now), -self._counted)

    def _count(self, messages: int) -> bool:
        if self._left is None:
            self._left = self._open()
        if self._left < self._counted + messages:
            return False
        self._counted += messages
        return True

    def _open(self) -> int:
        """Return what the month has left, and let nobody else count until this is over."""
        month = month_of(self._now)
        insert_once(self._session, Allowance, _entry(self._channel, month, 0))
        mine = (Allowance.channel == self._channel, Allowance.month == month)
        self._session.exec(select(Allowance).where(*mine).with_for_update()).one()
        return _left(self._session, self._channel, self._terms, self._now)

    def _by_template(self) -> Way | datetime:
        if held(self._session, self._channel, Way.TEMPLATE, self._now):
            return Way.CLOSED
        by_day = MORNING <= local_time(self._now).time() < EVENING
        return Way.TEMPLATE if by_day else next_morning(self._now)


def _settled(now: datetime) -> datetime:
    """Return when it is sure which month it is."""
    if month_of(now - TURN) == month_of(now + TURN):
        return now
    return next_month(now - TURN) + TURN


def _silences(session: Session, dues: Sequence[Due], now: datetime) -> dict[int | None, timedelta]:
    wanted = {due.citizen for due in dues if due.citizen is not None}
    if not wanted:
        return {}
    # Whoever is writing just now is waited for: else he might not hear of a letter that is closed.
    seen = (
        select(col(Citizen.id), col(Citizen.last_seen))
        .where(col(Citizen.id).in_(wanted))
        .order_by(col(Citizen.id))
        .with_for_update()
    )
    return {id_: now - last for id_, last in session.exec(seen)}


def _left(session: Session, channel: str, terms: Terms, now: datetime) -> int:
    if held(session, channel, Way.PAID, now):
        return 0
    return terms.allowance - used(session, channel, month_of(now))


def _held(session: Session, channel: str) -> dict[str, str]:
    return dict(channels.learned(session, channel).get(_HELD) or {})


def _entry(channel: str, month: str, used: int) -> dict[str, Any]:
    return {"channel": channel, "month": month, "used": used}
