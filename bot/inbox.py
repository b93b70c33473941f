"""The inbox: every update is on this machine's disk before its platform is told that it came.

It is a small SQLite file of its own, so that nothing that happens to the database, be it a long
transaction or a server that is away, keeps a platform waiting.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PREPARE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS parcel (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    chat TEXT NOT NULL,
    body BLOB NOT NULL,
    received_at REAL NOT NULL,
    UNIQUE (channel, key)
);
"""
_KEEP = "INSERT OR IGNORE INTO parcel (channel, key, chat, body, received_at) VALUES (?,?,?,?,?)"
_AFTER = "SELECT * FROM parcel WHERE id > ? ORDER BY id LIMIT ?"
_TRUNCATE = "PRAGMA wal_checkpoint(TRUNCATE)"
_DONE = "DELETE FROM parcel WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One update as it came: `key` tells repeats, `chat` tells what must stay in order."""

    channel: str
    key: str
    chat: str
    body: bytes
    received_at: datetime
    id: int = 0
    """Given by the inbox, in the order of arrival."""


class Inbox:
    """Takes parcels from the event loop; what arrives at the same time goes to disk together."""

    def __init__(self, file: Path) -> None:
        """Open the file or make it, in a folder that exists."""
        self._scribe = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._file = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._file.executescript(_PREPARE)
        self._waiting: list[tuple[Parcel, asyncio.Future[None]]] = []
        self._finished: list[int] = []
        self._writing: asyncio.Task[None] | None = None
        self.filled = asyncio.Event()
        """Set whenever there is something new."""

    async def keep(self, parcels: Sequence[Parcel]) -> None:
        """Store parcels, each key once; returns when they are on disk."""
        if not parcels:
            return
        loop = asyncio.get_running_loop()
        stored = [loop.create_future() for _ in parcels]
        self._waiting += zip(parcels, stored, strict=True)
        self._write_soon()
        await asyncio.gather(*stored)

    def done(self, ids: Sequence[int]) -> None:
        """Drop parcels whose effect is in the database, with the next writing."""
        self._finished += ids
        self._write_soon()

    async def after(self, last: int, limit: int) -> list[Parcel]:
        """Return the oldest parcels that came after one with this id."""
        return await self._at_the_file(lambda: self._after(last, limit))

    async def tidy(self) -> None:
        """Let nothing of what was worked off stay on the disk."""
        await self._at_the_file(lambda: self._file.execute(_TRUNCATE).fetchall())

    async def close(self) -> None:
        """Finish what is being written."""
        while self._writing is not None:
            await self._writing
        await self._at_the_file(self._file.close)
        self._scribe.shutdown()

    def _write_soon(self) -> None:
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())

    async def _write(self) -> None:
        """Write as long as something waits; whoever comes meanwhile is in the next turn."""
        while self._waiting or self._finished:
            waiting, self._waiting = self._waiting, []
            finished, self._finished = self._finished, []
            parcels = [parcel for parcel, _ in waiting]
            try:
                await self._at_the_file(partial(self._store, parcels, finished))
            except sqlite3.Error as error:
                self._finished += finished
                for _, stored in waiting:
                    if not stored.done():
                        stored.set_exception(error)
                break
            for _, stored in waiting:
                if not stored.done():
                    stored.set_result(None)
            self.filled.set()
        self._writing = None

    async def _at_the_file(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._scribe, work)

    def _store(self, parcels: Sequence[Parcel], finished: Sequence[int]) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.executemany(_KEEP, map(_row, parcels))
            self._file.executemany(_DONE, [(each,) for each in finished])
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def _after(self, last: int, limit: int) -> list[Parcel]:
        return [
            Parcel(channel, key, chat, body, datetime.fromtimestamp(at, UTC), id_)
            for id_, channel, key, chat, body, at in self._file.execute(_AFTER, (last, limit))
        ]


def _row(parcel: Parcel) -> tuple[str, str, str, bytes, float]:
    return (
        parcel.channel,
        parcel.key,
        parcel.chat,
        parcel.body,
        parcel.received_at.timestamp(),
    )
