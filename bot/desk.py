"""The desk: worker threads that turn work into transactions, several pieces into one."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from knowledge.store import Store, Town

T = TypeVar("T")
Clock = Callable[[], datetime]
Act = Callable[[Town], Any]

TOGETHER = 32
"""Pieces of work that share one transaction at most, and thereby its wait for the disk."""

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts while the database is away; the last one again and again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """Something to do in a transaction; its result is known once that is committed."""

    act: Act
    result: Future[Any]
    patient: bool
    """Waits for a database that is away, instead of failing."""


class Desk:
    """Does what it is given in transactions of its threads, in order for each key.

    SQLite has a single writer, so it gets one thread; no other one writes in this process.
    """

    def __init__(self, store: Store, clock: Clock, threads: int = 1) -> None:
        """Start the threads; `clock` returns aware UTC."""
        self._store = store
        self._clock = clock
        self._queues = [SimpleQueue[Work | None]() for _ in range(threads)]
        self._closing = Event()
        self._threads = [
            Thread(target=self._serve, args=(each,), name="desk", daemon=True)
            for each in self._queues
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what was begun and take nothing more."""
        self._closing.set()
        for each in self._queues:
            each.put(None)
        for thread in self._threads:
            thread.join()

    async def do(
        self, act: Callable[[Town], T], *, key: Hashable = None, patient: bool = True
    ) -> T:
        """Run a function in a transaction and return its result, which is then committed.

        An impatient one raises what the database says when it is away. The function may run
        again, on a transaction anew: it must change nothing else.
        """
        work = Work(act, Future(), patient)
        self._queues[hash(key) % len(self._queues)].put(work)
        result: T = await asyncio.wrap_future(work.result)
        return result

    async def look(self, read: Callable[[Town], T], now: datetime | None = None) -> T:
        """Run a function on a transaction that writes nothing and waits for no one."""

        def reading() -> T:
            with self._store.town(now or self._clock(), reading=True) as town:
                return read(town)

        return await asyncio.to_thread(reading)

    async def tidy(self) -> None:
        """Let nothing that was deleted stay on the disk."""
        await asyncio.to_thread(self._store.tidy)

    def _serve(self, queue: SimpleQueue[Work | None]) -> None:
        while (first := queue.get()) is not None:
            batch = [first]
            while len(batch) < TOGETHER:
                try:
                    more = queue.get_nowait()
                except Empty:
                    break
                if more is None:
                    queue.put(None)
                    break
                batch.append(more)
            self._transact([each for each in batch if each.result.set_running_or_notify_cancel()])

    def _transact(self, batch: Sequence[Work]) -> None:
        """Do all in one transaction; if one of them fails, each in its own."""
        for attempt in count():
            if not batch:
                return
            try:
                with self._store.town(self._clock()) as town:
                    results = [work.act(town) for work in batch]
            except Exception as error:  # noqa: BLE001 - whoever waits for the result hears of it
                if away(error) and not self._closing.is_set():
                    batch = self._wait(batch, error, attempt)
                    continue
                self._fail(batch, error)
            else:
                for work, result in zip(batch, results, strict=True):
                    work.result.set_result(result)
            return

    def _fail(self, batch: Sequence[Work], error: Exception) -> None:
        if len(batch) == 1:
            batch[0].result.set_exception(error)
            return
        for work in batch:
            self._transact([work])

    def _wait(self, batch: Sequence[Work], error: Exception, attempt: int) -> Sequence[Work]:
        """Wait for the database a while, and return what still wants to be done then."""
        if attempt == 0:
            _log.warning("the database is away: %s", type(error).__name__)
        for work in batch:
            if not work.patient:
                work.result.set_exception(error)
        self._closing.wait(PAUSES[min(attempt, len(PAUSES) - 1)])
        return [each for each in batch if each.patient]


def away(error: Exception) -> bool:
    """Tell whether the database cannot be reached at all, so that trying again makes sense."""
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or error.statement is None
    )
