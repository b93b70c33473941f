"""Never faster than a platform allows: to an account, to a chat, to a group."""

import asyncio
from collections import deque
from heapq import heappop, heappush
from itertools import count

from bot.channels.channel import Pace

SECOND = 1.005
"""A second, and a little for the way: what left in time may arrive closer together."""

MINUTE = 60.0


class Pacer:
    """Gives turns to send on one account, in the order of priority."""

    def __init__(self, pace: Pace) -> None:
        """Take the platform's limits."""
        self._pace = pace
        self._whole = max(1, int(pace.per_second))
        self._span = SECOND * self._whole / pace.per_second
        self._sent: deque[float] = deque(maxlen=self._whole)
        self._line: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._held_until = 0.0
        self._moving: asyncio.Task[None] | None = None

    async def turn(self, priority: int) -> None:
        """Wait until the account may send one message more; the more urgent go first."""
        loop = asyncio.get_running_loop()
        if not self._line and self._wait(loop.time()) <= 0:
            self._sent.append(loop.time())
            return
        turn: asyncio.Future[None] = loop.create_future()
        heappush(self._line, (priority, next(self._order), turn))
        if self._moving is None:
            self._moving = asyncio.ensure_future(self._move())
        await turn

    def hold(self, seconds: float) -> None:
        """Send nothing at all for so long."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    async def _move(self) -> None:
        loop = asyncio.get_running_loop()
        while self._line:
            if (wait := self._wait(loop.time())) > 0:
                await asyncio.sleep(wait)
                continue
            *_, turn = heappop(self._line)
            if not turn.done():
                self._sent.append(loop.time())
                turn.set_result(None)
        self._moving = None

    def _wait(self, now: float) -> float:
        full = len(self._sent) == self._whole
        free = self._sent[0] + self._span if full else now
        return max(free, self._held_until) - now


class ChatPace:
    """When the next message may go to one chat."""

    def __init__(self, pace: Pace, *, group: bool) -> None:
        """Take the platform's limits, which are others for groups."""
        self._gap = pace.per_chat_seconds * SECOND
        self._sent: deque[float] = deque(maxlen=(pace.per_group_minute if group else 0) or 1)
        self._minute = MINUTE * SECOND if group and pace.per_group_minute else 0.0

    def wait(self, now: float) -> float:
        """Return the seconds until the next message may go, at most zero if it may now."""
        if not self._sent:
            return 0.0
        full = self._minute and len(self._sent) == self._sent.maxlen
        return max(self._sent[-1] + self._gap, self._sent[0] + self._minute if full else 0) - now

    def sent(self, now: float) -> None:
        """Count a message."""
        self._sent.append(now)
