"""The one way in: each message of each channel becomes one record and one reply.

What one citizen writes stays in order; what many write at once shares a transaction.
"""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from secrets import token_hex
from time import perf_counter
from typing import TypeVar

from bot.answers import Answer, Answers
from bot.desk import Desk, away
from bot.serving import Errand, Served, Serving, apology
from handlers.talk import Ask, Reply
from knowledge.store import Town

RECENT = 1_000
"""Replies kept in memory for messages that a page sends twice."""

TOGETHER = 128
"""Messages that share one transaction at most."""

FAILED = "failed"
"""How a message ends that a fault of ours kept from being answered."""

T = TypeVar("T")
Lane = list[tuple[Errand, asyncio.Future[Served]]]

_log = logging.getLogger(__name__)


class Reception:
    """Serves messages at the desk, so that the event loop never waits for the database."""

    def __init__(
        self, desk: Desk, answer: Answer, *, lanes: int = 1, named_days: int = 90
    ) -> None:
        """Open so many lanes for posted answers and as many for pages, which wait for no post.

        A desk with twice as many threads serves all lanes at the same time.
        """
        self._desk = desk
        self._serving = Serving(Answers(answer), named_days)
        self._lanes: list[Lane] = [[] for _ in range(2 * lanes)]
        self._served = [False] * len(self._lanes)
        self._recent: OrderedDict[tuple[str, str], Reply] = OrderedDict()
        self.tally: Counter[tuple[str, str]] = Counter()
        """Messages since the start by channel and how they ended, repeats and failures too."""

    async def receive(self, ask: Ask) -> Reply | None:
        """Answer a message; its record is committed before this returns.

        An empty `language` and no `locality` stand for the citizen's earlier choice. A message
        that was received before gets its reply again, or None where a restart lies between.
        """
        served = await self.serve(Errand(ask))
        if served.ending == "repeated":
            return self._recent.get((ask.channel, ask.message))
        if served.ending != FAILED:
            self._remember(ask, served.reply)
        return served.reply

    async def serve(self, errand: Errand) -> Served:
        """Serve a message in its citizen's order; committed when this returns.

        A message whose letter is posted waits for a database that is away; the others fail.
        """
        ask, half = errand.ask, len(self._lanes) // 2
        number = self.lane(ask.channel, ask.sender) + half * (errand.context is None)
        done: asyncio.Future[Served] = asyncio.get_running_loop().create_future()
        self._lanes[number].append((errand, done))
        if not self._served[number]:
            self._served[number] = True
            asyncio.ensure_future(self._serve_lane(number))  # noqa: RUF006 - ends with its lane
        served = await done
        self.tally[ask.channel, served.ending] += 1
        _log.info("%s %s in %.0f ms", ask.channel, served.ending, _milliseconds(errand.began))
        return served

    def lane(self, channel: str, sender: str) -> int:
        """Return the desk's key under which a citizen's messages are served in their order."""
        return hash((channel, sender)) % (len(self._lanes) // 2)

    async def look(self, now: datetime, read: Callable[[Town], T]) -> T:
        """Run a function on a transaction that writes nothing."""
        return await self._desk.look(read, now)

    async def _serve_lane(self, number: int) -> None:
        lane = self._lanes[number]
        while lane:
            batch, lane[:TOGETHER] = lane[:TOGETHER], []
            served = await self._serve_all([errand for errand, _ in batch], number)
            for (_, done), each in zip(batch, served, strict=True):
                if done.done():
                    continue
                if isinstance(each, Exception):
                    done.set_exception(each)
                else:
                    done.set_result(each)
        self._served[number] = False

    async def _serve_all(
        self, errands: Sequence[Errand], lane: int
    ) -> Sequence[Served | Exception]:
        """Serve messages together; if that fails, each alone."""
        patient = all(each.context is not None for each in errands)
        try:
            return await self._desk.do(
                lambda town: self._serving.serve(errands, town), key=lane, patient=patient
            )
        except Exception as error:  # noqa: BLE001 - logged, and the citizen gets a reply
            if len(errands) == 1:
                return [await self._failed(errands[0], error, lane)]
            return [(await self._serve_all([each], lane))[0] for each in errands]

    async def _failed(self, errand: Errand, error: Exception, lane: int) -> Served | Exception:
        """Apologise for a fault of ours; where only the database is away, post nothing."""
        if errand.context is not None and away(error):
            return error
        reference = token_hex(4)
        channel = errand.ask.channel
        _log.error("a message on %s failed, reference %s", channel, reference, exc_info=error)
        served = Served(FAILED, apology(errand.ask.language, reference))
        if errand.context is None:
            return served
        try:
            [posted] = await self._desk.do(
                lambda town: self._serving.post(errand, served, town), key=lane
            )
        except Exception as fault:  # noqa: BLE001 - the message stays in the inbox
            return fault
        return posted

    def _remember(self, ask: Ask, reply: Reply | None) -> None:
        if not (ask.message and reply) or reply.personal or reply.wish:
            return
        self._recent[ask.channel, ask.message] = reply
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)


def _milliseconds(since: float) -> float:
    return (perf_counter() - since) * 1000
