"""How fast and how evenly a broadcast leaves, and how soon a citizen is answered meanwhile.

Prints JSON lines {"name", "value", "unit", "compared_to", "ratio"}. Every letter of ours is on
record before and after it leaves; the loops beside it keep no record at all.
"""

import asyncio
import statistics
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from webhooks import HERE, HOOKS, Bench, postgresql, running, tell

from bot.channels.channel import Letter
from bot.letters import as_json
from knowledge.concurrency import insert_all
from knowledge.records.outbox import Priority, State
from knowledge.records.tables import Citizen, Outgoing
from knowledge.store import open_store

MANY = 10_000
SECONDS = 60
QUESTIONS = 120
TEXT = "Thông báo: thứ Ba nghỉ, bà con đến thứ Năm."


def fill(database: str, many: int) -> None:
    """Put letters to so many citizens into the outbox, as a broadcast's planning does."""
    now = datetime.now(UTC)
    with open_store(database) as store, store.town(now) as town:
        fresh = {"channel": "telegram", "first_seen": now, "last_seen": now, "reachable": True}
        people = [{"sender": str(number), **fresh} for number in range(1, many + 1)]
        insert_all(town.session, Citizen, people, Citizen.id)
        rows = [
            {
                "reason": f"bench:{number}",
                "channel": "telegram",
                "sender": str(number),
                "priority": Priority.BROADCAST,
                "state": State.WAITING,
                "not_before": now,
                "letter": as_json(Letter(str(number), TEXT)),
                "parts_sent": 0,
                "attempts": 0,
                "ambiguous": False,
            }
            for number in range(1, many + 1)
        ]
        insert_all(town.session, Outgoing, rows, Outgoing.id)


async def get(bench: Bench, path: str) -> object:
    """Ask the platforms something."""
    async with aiohttp.ClientSession() as session, session.get(f"{bench.api}{path}") as response:
        return await response.json() if response.content_type == "application/json" else None


def taken(bench: Bench) -> int:
    """Return how many messages the platforms have taken."""
    return asyncio.run(get(bench, "/count"))["count"]


def until(bench: Bench, wanted: int) -> float:
    """Wait for so many messages, and return the seconds from the first to the last."""
    while (found := asyncio.run(get(bench, "/count")))["count"] < wanted:
        time.sleep(0.05)
    return found["last"] - found["first"]


def ours(bench: Bench, database: str) -> float:
    """Return our letters a second, without any pace, from the first to the last."""
    asyncio.run(get(bench, "/slow?ms=0"))
    with bench.ours(database, prepare=lambda url: fill(url, MANY)) as _:
        return MANY / until(bench, bench.taken_at_start + MANY)


def loops(bench: Bench) -> dict[str, float]:
    """Return the messages a second of the others' loops."""
    rates = {}
    for name, program in (
        ("a python-telegram-bot loop", "ptb_broadcast.py"),
        ("aiogram's broadcaster", "aiogram_broadcast.py"),
    ):
        asyncio.run(get(bench, "/slow?ms=0"))
        before = taken(bench)
        with running(HERE / "echo" / program, bench.api, MANY):
            rates[name] = MANY / until(bench, before + MANY)
        tell(f"messages a second, {name}", rates[name], "1/s")
    return rates


def evenness(bench: Bench, rate: int, milliseconds: int) -> None:
    """Measure the busiest second and the whole at one pace, as the platform sees it."""
    asyncio.run(get(bench, f"/slow?ms={milliseconds}"))
    asyncio.run(get(bench, "/times"))
    many = rate * SECONDS
    with bench.ours("", rate=rate, prepare=lambda url: fill(url, many)) as _:
        until(bench, bench.taken_at_start + many)
    times = sorted(asyncio.run(get(bench, "/times")))
    busiest = max(_in_second(times, first) for first in range(len(times)))
    average = (len(times) - 1) / (times[-1] - times[0])
    about = f"at {rate}/s, platform takes {milliseconds} ms"
    tell(f"busiest second {about}", busiest, "messages", f"{rate}", busiest / rate)
    tell(f"average {about}", average, "1/s", f"{rate}/s", average / rate)
    asyncio.run(get(bench, "/slow?ms=0"))


def _in_second(times: list[float], first: int) -> int:
    end = times[first] + 1.0
    low, high = first, len(times)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if times[middle] < end else (low, middle)
    return low - first


def overtaking(bench: Bench) -> None:
    """Measure how soon questions are answered while a broadcast runs at 30 a second."""
    asyncio.run(get(bench, "/slow?ms=20"))
    with bench.ours("", rate=30) as (port, _):
        quiet = _answers(bench, port)
    with bench.ours("", rate=30, prepare=lambda url: fill(url, 3_000)) as (port, _):
        until(bench, bench.taken_at_start + 30)
        busy = _answers(bench, port)
    asyncio.run(get(bench, "/slow?ms=0"))
    median = statistics.median(quiet)
    p95 = statistics.quantiles(busy, n=20)[18]
    tell("median until answered, quiet", median * 1000, "ms")
    tell("p95 until answered during a broadcast", p95 * 1000, "ms", "quiet median", p95 / median)


def _answers(bench: Bench, port: int) -> list[float]:
    """Ask one question after the other, each of a new citizen; return the seconds to answers."""
    return asyncio.run(bench.answers(port, HOOKS["telegram"], QUESTIONS))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    with ExitStack() as open_:
        platforms = Bench(open_)
        others = loops(platforms)
        for kind, address in {
            "SQLite": "",
            "PostgreSQL": open_.enter_context(postgresql()),
        }.items():
            speed = ours(platforms, address)
            for rival, rate in others.items():
                tell(f"letters a second, all on record, {kind}", speed, "1/s", rival, speed / rate)
        for pace, service in ((30, 20), (30, 200), (300, 20), (300, 200), (1000, 20)):
            evenness(platforms, pace, service)
        overtaking(platforms)
