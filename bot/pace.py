"""Never faster than a platform allows: to an account, to a chat, to a group."""

import asyncio
from collections import deque
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

from bot.channels.channel import Pace
from knowledge.records.outbox import Priority

SECOND = 1.009
"""A second, and a little for the way: what left in time may arrive closer together."""

MINUTE = 60.0

LATE = 0.25
"""Seconds by which turns may be late and still be made up for."""

HASTE = 0.8
"""Of the even distance, what is left between letters while lateness is made up for."""

AT_ONCE = 0.002
"""Seconds whose letters may leave together: no clock of ours ticks finer."""


class Pacer:
    """Gives turns to send on one account: replies at once, the others evenly between them.

    In no second leave more than allowed. Were the others to leave in bursts, a reply would have to
    wait until their second is over.
    """

    def __init__(self, pace: Pace) -> None:
        """Take the platform's limits."""
        self._whole = max(1, int(pace.per_second))
        self._span = SECOND * self._whole / pace.per_second
        self._sent: deque[list[float]] = deque(maxlen=self._whole)
        self._line: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._even = 0.0
        """When the next letter is due that nobody waits for."""
        self._apart = 0.0
        """When it may leave at the earliest: what is late must not leave in a burst."""
        self._moving: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def turn(self, priority: int) -> None:
        """Wait until the account may send one message more; the more urgent go first."""
        loop = asyncio.get_running_loop()
        if not self._line and self._wait(loop.time(), priority) <= 0:
            # Nobody waited: there is nothing to make up for.
            self._even = max(self._even, loop.time())
            self._go(loop.time(), priority)
            return
        turn: asyncio.Future[None] = loop.create_future()
        heappush(self._line, (priority, next(self._order), turn))
        self._changed.set()
        if self._moving is None:
            self._moving = asyncio.ensure_future(self._move())
        await turn

    async def _move(self) -> None:
        loop = asyncio.get_running_loop()
        while self._line:
            priority, _, turn = self._line[0]
            if (wait := self._wait(loop.time(), priority)) > 0:
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                continue
            heappop(self._line)
            if not turn.done():
                stamp = self._go(loop.time(), priority)
                turn.set_result(None)
                # It leaves when its sender wakes: the loop may have stood still till then.
                await asyncio.sleep(0)
                stamp[0] = loop.time()
        self._moving = None

    def _go(self, now: float, priority: int) -> list[float]:
        """Count a message; return its moment, which may still be put right."""
        stamp = [now]
        self._sent.append(stamp)
        if priority != Priority.REPLY:
            step = self._span / self._whole
            self._even = max(self._even, now - LATE) + step
            self._apart = max(self._apart, now - AT_ONCE) + HASTE * step
        return stamp

    def _wait(self, now: float, priority: int) -> float:
        full = len(self._sent) == self._whole
        free = self._sent[0][0] + self._span if full else now
        even = now if priority == Priority.REPLY else max(self._even, self._apart)
        return max(free, even) - now


class ChatPace:
    """When the next message may go to one chat."""

    def __init__(self, pace: Pace, *, group: bool) -> None:
        """Take the platform's limits, which are others for groups."""
        self._gap = pace.per_chat_seconds * SECOND
        self._sent: deque[float] = deque(maxlen=(pace.per_group_minute if group else 0) or 1)
        self._minute = MINUTE + SECOND - 1 if group and pace.per_group_minute else 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until the next message may go, at most zero if it may now."""
        if not self._sent:
            return 0.0
        full = self._minute and len(self._sent) == self._sent.maxlen
        return max(self._sent[-1] + self._gap, self._sent[0] + self._minute if full else 0) - now

    def sent(self, now: float) -> None:
        """Count a message."""
        self._sent.append(now)
