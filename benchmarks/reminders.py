"""How fast reminders of one evening are planned for a million, and how long a transaction lasts.

Prints JSON lines {"name", "value", "unit", "compared_to", "ratio"}; ratios are to what issue 5
allows. All want the same, or all that a place serves; each is planned as in the service, and once
more after an official has entered a day off far ahead, when nothing new is to be planned.
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from broadcasts import MANY, settle
from sqlalchemy import literal, text
from sqlmodel import col, delete, func, select
from typing_extensions import override
from webhooks import postgresql, tell

from bot import reminding
from bot.desk import Act, Desk
from knowledge.columns import UtcDateTime
from knowledge.concurrency import insert_selected
from knowledge.plans.days import DayChange, DayKind
from knowledge.plans.model import Source
from knowledge.records import closures
from knowledge.records.tables import ChannelState, Citizen, Closure, Outgoing, Subscription
from knowledge.store import Store, Town, open_store

T = TypeVar("T")

SUBSCRIBED = datetime(2026, 11, 1, tzinfo=UTC)
EVENING = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
"""Wednesday, 19:00 in Vietnam: Thursday is a service day of Bắc Kạn's first appendix."""

PLANNING, TRANSACTION = 15.0, 0.5
"""Seconds that are allowed."""

SAME = ("BK1-02",)
TWELVE = tuple(f"BK1-{number:02}" for number in range(1, 13))


class TimedDesk(Desk):
    """Notes how many seconds each transaction takes."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        """Start without any."""
        super().__init__(store, clock)
        self.taken: list[float] = []

    @override
    async def do(self, act: Act, *, key: object = None, patient: bool = True) -> T:
        began = time.perf_counter()
        result: T = await super().do(act, key=key, patient=patient)
        self.taken.append(time.perf_counter() - began)
        return result


def subscribe(store: Store, abouts: Sequence[str]) -> None:
    """Let each citizen want to be reminded of one of these, the evening before."""
    with store.town(SUBSCRIBED) as town:
        for table in (Outgoing, Subscription, ChannelState, Closure):
            town.session.exec(delete(table))
        for number, about in enumerate(abouts):
            columns = {
                "citizen": col(Citizen.id),
                "about": literal(about),
                "days_before": literal(1),
                "hour": literal(19),
                "once": literal(value=False),
                "created_at": literal(SUBSCRIBED, UtcDateTime),
            }
            these = select(Citizen).where(col(Citizen.id) % len(abouts) == number)
            insert_selected(town.session, Subscription, columns, these)
    with store.town(SUBSCRIBED) as town:
        # As autovacuum does in a service that has run for a minute.
        town.session.connection().execute(text("ANALYZE"))


def plan(store: Store, now: datetime) -> list[float]:
    """Plan as the service does; return how many seconds each transaction took, and the reading."""
    desk = TimedDesk(store, lambda: now)
    began = time.perf_counter()
    asyncio.run(reminding.plan(desk))
    whole = time.perf_counter() - began
    desk.close()
    return [whole, *desk.taken]


def close_a_day(town: Town) -> None:
    """Enter a day off that nobody is reminded of yet."""
    off = DayChange(date(2027, 3, 2), DayKind.CLOSED, "bac-kan", "mất điện", "", Source("x"))
    closures.add(town.session, off, "an", town.now)


def measure(store: Store, abouts: Sequence[str], told: str) -> None:
    """Plan for all, then again with nothing to do, then a minute without anything."""
    subscribe(store, abouts)
    report(f"reminders planned for {told}", plan(store, EVENING))
    with store.town(EVENING, reading=True) as town:
        planned = town.session.exec(select(func.count(col(Outgoing.id)))).one()
    tell(f"of these planned for {told}", planned, "letters")
    with store.town(EVENING) as town:
        close_a_day(town)
    report(f"looked through again for {told}", plan(store, EVENING + timedelta(minutes=1)))
    [quiet, *_] = plan(store, EVENING + timedelta(minutes=20))
    tell(f"a minute without reminders for {told}", quiet, "s")


def report(name: str, seconds: Sequence[float]) -> None:
    """Print the whole and the longest transaction beside what is allowed."""
    whole, *taken = seconds
    tell(name, whole, "s", f"at most {PLANNING} s", whole / PLANNING)
    longest = max(taken)
    tell(f"longest transaction: {name}", longest, "s", f"{TRANSACTION} s", longest / TRANSACTION)


def main() -> None:
    """Measure on both databases; a number as argument takes fewer citizens than a million."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory() as folder, ExitStack() as after:
        addresses = {"SQLite": f"sqlite:///{Path(folder) / 'motcua.sqlite3'}"}
        addresses["PostgreSQL"] = after.enter_context(postgresql())
        for kind, address in addresses.items():
            with open_store(address) as store:
                settle(store, many)
                measure(store, SAME, f"{many:,} with one subject, {kind}")
                measure(store, TWELVE, f"{many:,} with twelve subjects, {kind}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell("memory of planning", memory, "MB", "at most 250 MB", memory / 250)


if __name__ == "__main__":
    main()
