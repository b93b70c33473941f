"""How many full answers a second leave by each webhook, beside bare echo bots on the same machine.

Prints JSON lines {"name", "value", "unit", "compared_to", "ratio"}. Platforms, bot and the
citizens who write are three processes. Each citizen writes once, with one of the questions of
../shared/queries (or the names of the built-in procedures), so that conversations are as new as
on a busy morning; `distinct` makes every text a new one, which no cache can know.
"""

import asyncio
import csv
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"
UPDATES = 4_000
AT_ONCE = 40
"""Connections, as many as Telegram opens by default."""
STEADY, SECONDS = 200, 20
MANY = 200_000
FAST = 1_000_000
"""No pace: how fast the bot is, not how fast a platform allows."""

APP, SECRET = "360846524940903967", "secret"
_ids = count(int(time.time()) * 1000)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook: its path, and an update with its headers for a citizen and his words."""

    name: str
    make: Callable[[int, str], tuple[bytes, dict[str, str]]]

    @property
    def path(self) -> str:
        """Return its address on the server."""
        return f"/webhooks/{self.name}"


def telegram(who: int, text: str) -> tuple[bytes, dict[str, str]]:
    """Write a message as Telegram delivers it."""
    person = {"id": who, "is_bot": False, "first_name": "An"}
    chat = {"id": who, "type": "private", "first_name": "An"}
    message = {"message_id": 1, "date": 1_700_000_000, "chat": chat, "from": person, "text": text}
    body = json.dumps({"update_id": next(_ids), "message": message}).encode()
    return body, {"X-Telegram-Bot-Api-Secret-Token": SECRET}


def zalo(who: int, text: str) -> tuple[bytes, dict[str, str]]:
    """Write a message as Zalo delivers it to an Official Account, signed."""
    at = str(int(time.time() * 1000))
    event = {
        "app_id": APP,
        "sender": {"id": str(who)},
        "recipient": {"id": "388613280878808645"},
        "event_name": "user_send_text",
        "message": {"text": text, "msg_id": str(next(_ids))},
        "timestamp": at,
    }
    body = json.dumps(event, ensure_ascii=False).encode()
    mac = hashlib.sha256(APP.encode() + body + at.encode() + SECRET.encode()).hexdigest()
    return body, {"X-ZEvent-Signature": f"mac={mac}"}


def zalobot(who: int, text: str) -> tuple[bytes, dict[str, str]]:
    """Write a message as Zalo's Bot Platform delivers it."""
    message = {
        "from": {"id": str(who), "display_name": "An", "is_bot": False},
        "chat": {"id": str(who), "chat_type": "PRIVATE"},
        "text": text,
        "message_id": str(next(_ids)),
        "date": 1_750_316_131_602,
    }
    event = {"event_name": "message.text.received", "message": message}
    return json.dumps({"ok": True, "result": event}).encode(), {"X-Bot-Api-Secret-Token": SECRET}


HOOKS = {each.__name__: Hook(each.__name__, each) for each in (telegram, zalo, zalobot)}


def questions() -> list[str]:
    """Return what citizens ask."""
    path = SHARED / "queries" / "dev.csv"
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            return [row["query"] for row in csv.DictReader(file)]
    from knowledge import catalogue  # noqa: PLC0415 - only where there are no questions

    return [each.name for each in catalogue.contents().procedures]


def free_port() -> int:
    """Return a port that nobody uses just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running(*command: object, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of ours or of others until the block ends."""
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


class Bench:
    """The platforms, and one bot after the other."""

    def __init__(self, stack: ExitStack) -> None:
        """Start the platforms for as long as the stack is open."""
        self.api_port = free_port()
        self.api = f"http://127.0.0.1:{self.api_port}"
        self.texts = questions()
        self.citizens = count(10_000_000)
        self.taken_at_start = 0
        """Messages that the platforms had taken when a service of ours began."""
        stack.enter_context(running(HERE / "platforms.py", self.api_port))
        wait_for(self.api_port)

    @contextmanager
    def ours(
        self,
        database: str = "",
        rate: int = FAST,
        prepare: Callable[[str], None] | None = None,
    ) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
        """Run the whole service with all three doors open, on a database that was prepared."""
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            if prepare is not None:
                prepare(database or f"sqlite:///{folder}/motcua.sqlite3")
            self.taken_at_start = asyncio.run(self._taken_now())
            settings = {
                "MOTCUA_DATA_DIR": folder,
                "MOTCUA_DATABASE_URL": database,
                "MOTCUA_PORT": str(port),
                "MOTCUA_PUBLIC_URL": "https://bench.example",
                "MOTCUA_TELEGRAM_TOKEN": "4242:token",
                "MOTCUA_TELEGRAM_SECRET": SECRET,
                "MOTCUA_TELEGRAM_API": self.api,
                "MOTCUA_TELEGRAM_RATE": str(rate),
                "MOTCUA_ZALO_APP_ID": APP,
                "MOTCUA_ZALO_APP_SECRET": SECRET,
                "MOTCUA_ZALO_OA_SECRET": SECRET,
                "MOTCUA_ZALO_REFRESH_TOKEN": "first",
                "MOTCUA_ZALO_API": self.api,
                "MOTCUA_ZALO_OAUTH": self.api,
                "MOTCUA_ZALO_RATE": str(60 * FAST),
                "MOTCUA_ZALOBOT_TOKEN": "4242:token",
                "MOTCUA_ZALOBOT_SECRET": SECRET,
                "MOTCUA_ZALOBOT_RATE": str(FAST),
                "MOTCUA_ZALOBOT_API": self.api,
            }
            with running("-m", "bot", "serve", **settings) as process:
                wait_for(port)
                yield port, process

    @contextmanager
    def echo(self, program: str, *words: str) -> Iterator[int]:
        """Run somebody else's echo bot."""
        port = free_port()
        with running(HERE / "echo" / program, port, self.api, *words):
            wait_for(port)
            yield port

    async def flood(self, port: int, hook: Hook, updates: int, *, distinct: bool = False) -> float:
        """Write as fast as updates are taken; return the answers a second."""
        async with _session(AT_ONCE) as session:
            before = await self._taken(session)
            numbers = iter(range(updates))
            began = time.time()

            async def write() -> None:
                for number in numbers:
                    await _post(session, port, hook, *self._said(number, distinct=distinct))

            await asyncio.gather(*(write() for _ in range(AT_ONCE)))
            return updates / (await self._all_answered(session, before + updates) - began)

    async def steady(self, port: int, hook: Hook) -> list[float]:
        """Write so many a second; return the seconds until each was acknowledged."""
        async with _session(0) as session:
            before = await self._taken(session)
            waits: list[asyncio.Task[float]] = []
            began = time.perf_counter()
            for number in range(STEADY * SECONDS):
                await asyncio.sleep(began + number / STEADY - time.perf_counter())
                said = self._said(number, distinct=False)
                waits.append(asyncio.create_task(_post(session, port, hook, *said)))
            taken = await asyncio.gather(*waits)
            await self._all_answered(session, before + len(taken))
            return taken

    async def answers(self, port: int, hook: Hook, questions: int) -> list[float]:
        """Ask so many questions, a few a second; return the seconds until each was answered."""
        waits = []
        async with _session(0) as session:
            for number in range(questions):
                before = await self._asked(session)
                began = time.perf_counter()
                who, text = self._said(number, distinct=False)
                await _post(session, port, hook, who, text)
                while await self._asked(session) == before:  # noqa: ASYNC110 - the platform
                    await asyncio.sleep(0.001)
                waits.append(time.perf_counter() - began)
                await asyncio.sleep(0.05)
        return waits

    async def _asked(self, session: aiohttp.ClientSession) -> int:
        """Return how many messages went to citizens who had asked something."""
        return int((await self._count(session))["asked"])

    async def _taken_now(self) -> int:
        async with _session(1) as session:
            return await self._taken(session)

    def _said(self, number: int, *, distinct: bool) -> tuple[int, str]:
        text = self.texts[number % len(self.texts)]
        return next(self.citizens), f"{text} ({next(self.citizens)})" if distinct else text

    async def _taken(self, session: aiohttp.ClientSession) -> int:
        return int((await self._count(session))["count"])

    async def _count(self, session: aiohttp.ClientSession) -> Json:
        async with session.get(f"{self.api}/count") as response:
            found: Json = await response.json()
            return found

    async def _all_answered(self, session: aiohttp.ClientSession, wanted: int) -> float:
        async with asyncio.timeout(600):
            while (found := await self._count(session))["count"] < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return float(found["last"])


def _session(limit: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit))


async def _post(
    session: aiohttp.ClientSession, port: int, hook: Hook, who: int, text: str
) -> float:
    body, headers = hook.make(who, text)
    began = time.perf_counter()
    address = f"http://127.0.0.1:{port}{hook.path}"
    async with session.post(address, data=body, headers=headers) as response:
        response.raise_for_status()
    return time.perf_counter() - began


def wait_for(port: int) -> None:
    """Wait until a server listens."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            time.sleep(1)
            return
    raise TimeoutError("nothing listens")


def memory(process: subprocess.Popen[bytes]) -> float:
    """Return the resident memory of a process in megabytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    [line] = [each for each in status.splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def tell(name: str, value: float, unit: str, compared_to: str = "", ratio: float = 0) -> None:
    """Print one figure."""
    line = {"name": name, "value": round(value, 3), "unit": unit}
    if compared_to:
        line |= {"compared_to": compared_to, "ratio": round(ratio, 2)}
    print(json.dumps(line), flush=True)


def throughput(bench: Bench, databases: dict[str, str]) -> None:
    """Compare full answers with bare echoes; medians of three floods each."""
    rivals: dict[str, float] = {}
    hook = HOOKS["telegram"]
    for name, program in (("python-telegram-bot", "ptb.py"), ("aiogram", "aiogram_bot.py")):
        with bench.echo(program) as port:
            rivals[name] = _median(bench, port, hook)
        tell(f"echoes a second, bare {name}", rivals[name], "1/s")
    for kind, database in databases.items():
        with bench.ours(database) as (port, _):
            for each in HOOKS.values():
                answers = _median(bench, port, each)
                for rival, echoes in rivals.items():
                    name = f"full answers a second, {each.name}, {kind}"
                    tell(name, answers, "1/s", f"bare {rival} echo", answers / echoes)
            unknown = asyncio.run(bench.flood(port, hook, UPDATES // 2, distinct=True))
            tell(f"full answers a second to texts never seen, telegram, {kind}", unknown, "1/s")
            for each in HOOKS.values():
                waits = asyncio.run(bench.steady(port, each))
                worst = statistics.quantiles(waits, n=100)[98] * 1000
                tell(f"p99 until acknowledged at {STEADY}/s, {each.name}, {kind}", worst, "ms")


def _median(bench: Bench, port: int, hook: Hook) -> float:
    asyncio.run(bench.flood(port, hook, 500))
    return statistics.median(asyncio.run(bench.flood(port, hook, UPDATES)) for _ in range(3))


def endurance(bench: Bench) -> None:
    """Watch the memory over many updates."""
    hook = HOOKS["telegram"]
    with bench.ours() as (port, process):
        asyncio.run(bench.flood(port, hook, MANY // 10))
        early = memory(process)
        asyncio.run(bench.flood(port, hook, MANY - MANY // 10))
        late = memory(process)
    tell(f"memory after {MANY:,} updates", late, "MB", f"after {MANY // 10:,}", late / early)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL as the tests do, and return its address."""
    sys.path.insert(0, str(HERE.parent))
    from tests.conftest import a_postgresql  # noqa: PLC0415

    with a_postgresql() as server:
        yield server.address("postgres")


if __name__ == "__main__":
    with ExitStack() as open_:
        platforms = Bench(open_)
        throughput(platforms, {"SQLite": "", "PostgreSQL": open_.enter_context(postgresql())})
        if "short" not in sys.argv:
            endurance(platforms)
