"""How fast a broadcast to a million is planned, how long one transaction lasts, and its progress.

Prints JSON lines {"name", "value", "unit", "compared_to", "ratio"}; ratios are to what issue 5
allows. Planning runs as in the service: chunk by chunk, each in a transaction of its own.
"""

import resource
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from webhooks import postgresql, tell

from knowledge.concurrency import insert_all
from knowledge.records import broadcasts, dispatch, officials
from knowledge.records.audiences import EVERYBODY, Audience, Kind
from knowledge.records.broadcasts import Act, Announcement
from knowledge.records.officials import Role
from knowledge.records.tables import Citizen
from knowledge.store import Store, open_store

MANY = 1_000_000
AT_ONCE = 20_000
CHANNELS = ("telegram", "zalo", "zalobot")
ALLOWED = {"planning": 15.0, "transaction": 0.5, "progress": 0.02, "cancelling": 15.0}
"""Seconds."""

TEXT = "Thông báo: thứ Ba nghỉ, bà con đến thứ Năm."


def settle(store: Store, many: int) -> None:
    """Let so many citizens have begun to write, on three channels, two thirds in a place."""
    now = datetime.now(UTC)
    for start in range(0, many, AT_ONCE):
        with store.town(now) as town:
            rows = [
                {
                    "channel": CHANNELS[number % 3],
                    "sender": str(number),
                    "locality": "bac-kan" if number % 3 else None,
                    "first_seen": now,
                    "last_seen": now,
                    "reachable": True,
                }
                for number in range(start, min(many, start + AT_ONCE))
            ]
            insert_all(town.session, Citizen, rows, Citizen.id)


def approve(store: Store, audience: Audience) -> int:
    """Have a broadcast approved by a second person; return its number."""
    now = datetime.now(UTC)
    with store.town(now) as town:
        known = {each.login for each in officials.everyone(town.session)}
        for login, role in (("an", Role.EDITOR), ("binh", Role.APPROVER)):
            if login not in known:
                officials.add(town, login, role)
        id_ = broadcasts.draft(town, Announcement(TEXT, audience), "an").id or 0
        broadcasts.act(town, id_, Act.SUBMIT, "an")
        broadcasts.act(town, id_, Act.APPROVE, "binh")
    return id_


def work_off(store: Store, id_: int) -> list[float]:
    """Do with a broadcast what is to be done; return how many seconds each transaction took."""
    taken: list[float] = []
    more = True
    while more:
        began = time.perf_counter()
        with store.town(datetime.now(UTC)) as town:
            more = dispatch.advance(town, id_)
        taken.append(time.perf_counter() - began)
    return taken


def look(store: Store, id_: int) -> float:
    """Return the seconds that a look at the progress takes."""
    with store.town(datetime.now(UTC), reading=True) as town:
        began = time.perf_counter()
        broadcasts.progress(town.session, id_)
        return time.perf_counter() - began


def measure(database: str, kind: str, many: int) -> None:
    """Plan for all, look, cancel, and plan for a place."""
    with open_store(database) as store:
        settle(store, many)
        with store.town(datetime.now(UTC), reading=True) as town:
            _ = town.library  # the service has read it long since
        for audience in (EVERYBODY, Audience(Kind.LOCALITY, "bac-kan")):
            id_ = approve(store, audience)
            taken = work_off(store, id_)
            with store.town(datetime.now(UTC), reading=True) as town:
                total = broadcasts.progress(town.session, id_).total
            told = f"{audience} ({total:,}), {kind}"
            report(f"broadcast planned for {told}", sum(taken), "planning")
            report(f"longest transaction of planning for {told}", max(taken), "transaction")
            looks = statistics.median(look(store, id_) for _ in range(50))
            report(f"progress of a broadcast to {told}", looks, "progress")
            cancel(store, id_, told)


def cancel(store: Store, id_: int, told: str) -> None:
    """Cancel a broadcast, and measure until the last letter is."""
    later = datetime.now(UTC) + timedelta(minutes=1)
    with store.town(later) as town:
        broadcasts.act(town, id_, Act.CANCEL, "binh")
    taken = work_off(store, id_)
    report(f"broadcast cancelled for {told}", sum(taken), "cancelling")
    report(f"longest transaction of cancelling for {told}", max(taken), "transaction")


def report(name: str, seconds: float, what: str) -> None:
    """Print a line beside what is allowed."""
    tell(name, seconds, "s", f"at most {ALLOWED[what]} s", seconds / ALLOWED[what])


def main() -> None:
    """Measure on both databases; a number as argument takes fewer citizens than a million."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory() as folder, ExitStack() as after:
        measure(f"sqlite:///{Path(folder) / 'motcua.sqlite3'}", "SQLite", many)
        measure(after.enter_context(postgresql()), "PostgreSQL", many)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell("memory of planning and cancelling", memory, "MB", "at most 250 MB", memory / 250)


if __name__ == "__main__":
    main()
