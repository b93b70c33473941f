"""`motcua serve` as a process that may be killed at any moment, behind our fake of Telegram.

The fake posts updates until each got its 200, as Telegram does; whatever the service has left in
its database is read only while it is dead.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Self

import psycopg

from tests.fake_telegram import FakeTelegram
from tests.file_channel import until

MOTCUA = Path(sys.executable).with_name("motcua")
NOWHERE = "http://127.0.0.1:1"
"""Where a dead service is: nobody listens there."""

_NAMED = re.compile(r"letter (\d+) of telegram was under way when its postman died")

Row = tuple[Any, ...]
Letter = tuple[int, str]
"""A chat, and what is said to it."""


@dataclass(slots=True)
class Life:
    """The service from one start to its end."""

    process: Process
    log: Path
    left: dict[int, Letter]
    """By id, the letters that were under way when the life before it ended."""
    began: float = field(default_factory=monotonic)
    announced: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def named(self) -> list[int]:
        """The letters of which the log says that they may arrive twice."""
        return [int(number) for number in _NAMED.findall(self.log.read_text("utf-8"))]


class Killable:
    """One service with its folder and its database, and all its lives."""

    def __init__(self, folder: Path, fake: FakeTelegram, database: str, rate: int = 1_000) -> None:
        """Take an empty folder, the fake in service, a database, and the letters a second."""
        self.rate = rate
        self.folder = folder
        self.fake = fake
        self.database = database
        self.lives: list[Life] = []
        self._listening: asyncio.Task[None] | None = None
        fake.proxy = NOWHERE

    async def __aenter__(self) -> Self:
        """Start nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave no process behind."""
        if self.lives and self.life.process.returncode is None:
            await self.kill()

    @property
    def life(self) -> Life:
        """The latest one."""
        return self.lives[-1]

    async def start(self) -> None:
        """Start the process; updates reach it as soon as it has said where it listens."""
        left = await asyncio.to_thread(under_way, self.database) if self.lives else {}
        log = self.folder / f"log-{len(self.lives)}"
        environment = {
            "MOTCUA_DATA_DIR": str(self.folder),
            "MOTCUA_DATABASE_URL": self.database,
            "MOTCUA_PORT": "0",
            "MOTCUA_PUBLIC_URL": "https://motcua.example",
            "MOTCUA_TELEGRAM_API": self.fake.url,
            "MOTCUA_TELEGRAM_TOKEN": self.fake.token,
            "MOTCUA_TELEGRAM_RATE": str(self.rate),
            "PYTHONUTF8": "1",
        }
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                MOTCUA,
                "serve",
                cwd=self.folder,
                stdout=PIPE,
                stderr=errors,
                env={**os.environ, **environment},
            )
        self.lives.append(Life(process, log, left))
        self._listening = asyncio.create_task(self._connect(self.life))

    async def started(self) -> None:
        """Start the process, and wait until it listens."""
        await self.start()
        async with asyncio.timeout(60):
            await self.life.announced.wait()

    async def kill(self) -> None:
        """Let it die by kill -9."""
        assert self.life.process.returncode is None, self.life.log.read_text("utf-8")
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def until_under_way(self, letters: int) -> None:
        """Wait until so many letters are claimed, while it lives."""
        query = "SELECT id FROM outbox WHERE state = 'sending'"
        await until(lambda: len(look(self.database, query)) >= letters, 20)

    async def _end(self, by: signal.Signals) -> int:
        self.life.process.send_signal(by)
        async with asyncio.timeout(30):
            status = await self.life.process.wait()
        self.fake.proxy = NOWHERE
        assert self._listening is not None
        await self._listening
        return status

    async def _connect(self, life: Life) -> None:
        announced = (await life.process.stdout.readline()).decode()
        if found := re.search(r"http://127\.0\.0\.1:\d+", announced):
            self.fake.proxy = found[0]
            life.announced.set()

    @property
    def log(self) -> str:
        """What all lives have logged."""
        return "".join(life.log.read_text("utf-8") for life in self.lives)


def under_way(database: str) -> dict[int, Letter]:
    """Read from a dead service's database which letters its postman had claimed."""
    rows = ask(database, "SELECT id, sender, letter FROM outbox WHERE state = 'sending'")
    return {
        # A broadcast's letter gets its words only when it leaves.
        number: (int(sender), _json(letter).get("body", ""))
        for number, sender, letter in rows
    }


def _json(column: Any) -> dict[str, Any]:  # noqa: ANN401 - a text on SQLite, an object otherwise
    found: dict[str, Any] = json.loads(column) if isinstance(column, str) else column
    return found


def ask(database: str, query: str) -> list[Row]:
    """Ask a dead service's database, and change nothing."""
    kind, _, path = database.partition(":///")
    if kind != "sqlite":
        return look(database, query, alone=True)
    with tempfile.TemporaryDirectory() as folder:
        # Whoever opens the file itself would repair what the crash has left.
        copy = _copy(Path(path), Path(folder))
        return look(f"sqlite:///{copy}", query)


def look(database: str, query: str, *, alone: bool = False) -> list[Row]:
    """Ask a database, if need be when everybody else has left; one without tables has no rows."""
    kind, _, path = database.partition(":///")
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as connection:
            tables = connection.execute("SELECT 1 FROM sqlite_master").fetchall()
            return connection.execute(query).fetchall() if tables else []
    with psycopg.connect(database, autocommit=True) as connection:
        # What a dead service had asked for may still be on its way to the disk.
        while alone and connection.execute(OTHERS).fetchone():
            connection.execute("SELECT pg_sleep(0.005)")
        tables = connection.execute("SELECT to_regclass('outbox')").fetchone()
        return connection.execute(query).fetchall() if tables != (None,) else []


OTHERS = """
SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def _copy(database: Path, folder: Path) -> Path:
    for suffix in ("", "-wal"):
        file = database.with_name(database.name + suffix)
        if file.exists():
            shutil.copy(file, folder)
    return folder / database.name
