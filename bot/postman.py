"""The one way out: takes letters from the outbox and sends them, in order and at the allowed pace.

Each channel has one postman who works; those of other processes stand by.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from secrets import token_hex

from bot.channels.channel import Channel, Keep, Letter, Migrated, Outcome, SendError, Shut
from bot.composing import compose_all
from bot.desk import Desk
from bot.ledger import Ledger
from bot.pace import ChatPace, Pacer
from knowledge.leases import Lease
from knowledge.records import channels, citizens, outbox
from knowledge.records.outbox import Ended, Priority, State
from knowledge.records.tables import Outgoing
from knowledge.store import Store, Town

WINDOW = 64
"""Letters claimed at once, and as many more as may be sent in a second."""

LOOK = 1.0
"""Seconds between looks into the outbox for what other processes have put there."""

STAND_BY = 2.0
"""Seconds between attempts to become the channel's one postman."""

LONGEST_WAIT = 300
"""Seconds between the later attempts to send a letter."""

IN_HAND = 8
"""Seconds for which a letter that failed stays in hand; for longer ones it goes back."""

ATTEMPTS = 300
"""After about a day a letter that always failed is set aside."""

PATIENCE = 5
"""Seconds that letters under way get to arrive when the service stops."""

ASIDE = {
    Outcome.REFUSED: State.REFUSED,
    Outcome.UNREACHABLE: State.UNREACHABLE,
    Outcome.CLOSED: State.CLOSED,
}

REPLY, OTHER = True, False
"""The two kinds of letters in hand."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    """A claimed letter, and how far it has come."""

    id: int
    letter: Letter
    priority: int = Priority.REPLY
    broadcast: int | None = None
    parts_sent: int = 0
    attempts: int = 0
    under_way: bool = False
    """A part has left, and nobody knows yet whether it arrived."""
    unsure: bool = False
    """Nobody will ever know whether the last part arrived."""


class _Put(Exception):  # noqa: N818 - no error: the letter leaves the postman's hands
    """Ends the work on a letter: what is to be recorded about it."""

    def __init__(self, record: Callable[[Town], None]) -> None:
        super().__init__()
        self.record = record


class Postman:
    """Sends one channel's letters; call it from the event loop only."""

    def __init__(self, channel: Channel, store: Store, desk: Desk) -> None:
        """Take the channel open."""
        self.channel = channel
        self.leading = False
        self.stopped: str | None = None
        """Why nothing is sent until somebody has mended it."""
        self._store = store
        self._desk = desk
        self._window = WINDOW + int(channel.pace.per_second)
        self._ledger = Ledger(channel)
        self._pacer = Pacer(channel.pace)
        self._paces: dict[str, ChatPace] = {}
        self._chats: dict[str, deque[_Job]] = {}
        self._walks: set[asyncio.Task[None]] = set()
        self._claimed = Counter[bool]()
        """Letters in hand, replies and others; a reply never waits for room among the others."""
        self._unclaimed = 0
        """Replies being written that are to wait in the outbox."""
        self._promised = 0
        """Replies being written that are to be sent at once."""
        self._backlog = True
        """There may be replies in the outbox that nobody has claimed."""
        self._more = False
        """There may be others."""
        self._running: set[int] = set()
        """Broadcasts whose letters may leave."""
        self._called = asyncio.Event()
        self._handed = asyncio.Event()
        """Nothing that was promised is still being written."""
        self._handed.set()
        self._ended: list[Ended] = []
        self._returned: list[_Job] = []
        self._noting: asyncio.Task[None] | None = None

    def reserve(self) -> bool:
        """Promise to send a letter that is about to be written, unless others wait before it."""
        ahead = self._backlog or self._unclaimed or self._claimed[REPLY] >= self._window
        if not self.leading or self.stopped or ahead:
            self._unclaimed += 1
            return False
        self._claimed[REPLY] += 1
        self._promised += 1
        self._handed.clear()
        return True

    def hand_over(self, id_: int | None, letter: Letter | None, *, reserved: bool) -> None:
        """Take a letter that is committed by now; None if the message needed none."""
        if not reserved:
            self._unclaimed -= 1
            self._backlog = True
            self._called.set()
            return
        self._promised -= 1
        if id_ is None or letter is None:
            self._claimed[REPLY] -= 1
        else:
            self._take(_Job(id_, letter))
        if not self._promised:
            self._handed.set()

    async def run(self, keep: Keep) -> None:
        """Be the channel's one postman whenever no other process is, until cancelled."""
        lease = self._store.lease(self.channel.name)
        while True:
            while not await _won(lease):  # noqa: ASYNC110 - another process has it
                await asyncio.sleep(STAND_BY)
            listening = asyncio.ensure_future(self._listen(keep))
            try:
                await self._lead(lease)
            except Exception as error:  # noqa: BLE001 - the database is away, or a fault of ours
                _log.warning("%s begins anew", self.channel.name, exc_info=error)
            finally:
                self.leading = False
                listening.cancel()
                await self._put_down()
                await asyncio.to_thread(lease.release)
            await asyncio.sleep(STAND_BY)

    async def _listen(self, keep: Keep) -> None:
        wait = 1.0
        while True:
            try:
                await self.channel.listen(keep)
            except Exception:  # noqa: BLE001 - a fault of ours, or of the platform
                _log.exception("%s cannot be listened to", self.channel.name)
                await asyncio.sleep(wait)
                wait = min(2 * wait, 60.0)
            else:
                return

    async def _lead(self, lease: Lease) -> None:
        await self._desk.do(self._adopt)
        self._backlog = True
        self.leading = True
        while not await asyncio.to_thread(lease.lost):
            self._called.clear()
            await self._look()
            with suppress(TimeoutError):
                # Python 3.11's wait_for would miss a cancellation that comes along with a call.
                async with asyncio.timeout(LOOK):
                    await self._called.wait()

    def _adopt(self, town: Town) -> None:
        # Before it is committed: a crash in between would leave it unsaid.
        for id_ in outbox.adopt(town.session, self.channel.name):
            _log.warning(
                "letter %s of %s was under way when its postman died; it may arrive twice",
                id_,
                self.channel.name,
            )

    async def _look(self) -> None:
        """Claim what is due, as much as can be in hand."""
        name, rooms = self.channel.name, (self._room(REPLY), self._room(OTHER))
        self.stopped, self._running, self._ledger.barred, due = await self._desk.look(
            lambda town: (
                channels.stopped(town.session, name),
                outbox.running(town.session),
                self._ledger.look(town),
                outbox.due(town.session, name, town.now),
            )
        )
        if self.stopped or not due or not any(rooms):
            self._backlog = self._backlog and (bool(due) or self._called.is_set())
            return
        self._backlog = True
        self._claimed.update(dict(zip((REPLY, OTHER), rooms, strict=True)))
        claimed = await self._fetch(*rooms)
        replies = sum(job.priority == Priority.REPLY for job, _ in claimed)
        self._claimed.subtract(dict(zip((REPLY, OTHER), rooms, strict=True)))
        self._claimed.update({REPLY: replies, OTHER: len(claimed) - replies})
        # Whoever calls meanwhile may have put something behind what was claimed.
        self._backlog = replies == rooms[0] or self._called.is_set()
        self._more = self._claimed[OTHER] >= self._window
        for job, state in claimed:
            if state is None:
                self._take(job)
            else:
                self._end(job, state)

    async def _fetch(self, replies: int, others: int) -> list[tuple[_Job, State | None]]:
        """Claim letters, and give them back if the postman is dismissed meanwhile."""
        claim = self._desk.do(lambda town: self._claim(town, replies, others))
        claiming = asyncio.ensure_future(claim)
        try:
            claimed = await asyncio.shield(claiming)
            # What was promised to be sent at once is older than the same citizen's letters here.
            await self._handed.wait()
        except asyncio.CancelledError:
            await asyncio.wait([claiming], timeout=PATIENCE)
            if claiming.done() and claiming.exception() is None:
                self._returned += [job for job, _ in claiming.result()]
            raise
        return claimed

    def _room(self, kind: bool) -> int:  # noqa: FBT001 - a kind of letter
        return max(0, self._window - self._claimed[kind])

    def _claim(self, town: Town, replies: int, others: int) -> list[tuple[_Job, State | None]]:
        """Claim letters and write what they say now, or the state in which they end instead."""
        name = self.channel.name
        rows = outbox.claim(town.session, name, town.now, replies, others)
        return [_job(*each) for each in self._ledger.admit(compose_all(rows, town), town)]

    def _take(self, job: _Job) -> None:
        chat = job.letter.to
        if (waiting := self._chats.get(chat)) is not None:
            waiting.append(job)
            return
        self._chats[chat] = deque([job])
        walk = asyncio.ensure_future(self._walk(chat))
        self._walks.add(walk)
        walk.add_done_callback(self._walks.discard)

    async def _walk(self, chat: str) -> None:
        """Send a chat's letters one after the other."""
        waiting = self._chats[chat]
        while waiting:
            job = waiting[0]
            try:
                await self._deliver(job)
            except _Put as put:
                await self._desk.do(partial(self._put, job, put.record))
                self._let_go(job)
            except asyncio.CancelledError:
                return
            except Exception:  # noqa: BLE001 - the others must not wait for it
                reference = token_hex(4)
                _log.exception("letter %s cannot be sent, reference %s", job.id, reference)
                self._end(job, State.REFUSED)
            else:
                self._end(job, State.SENT)
            waiting.popleft()
        del self._chats[chat]

    def _let_go(self, job: _Job) -> None:
        """Have one letter less in hand, and fetch more before the hand is empty."""
        kind = job.priority == Priority.REPLY
        self._claimed[kind] -= 1
        more = self._backlog if kind == REPLY else self._more
        if more and self._claimed[kind] < self._window // 2:
            self._called.set()

    async def _deliver(self, job: _Job) -> None:
        """Send what is left of a letter; raises _Put where it is not sent to the end."""
        parts = self.channel.parts(job.letter)
        while job.parts_sent < len(parts):
            await self._turn(job)
            held = job.broadcast is not None and job.broadcast not in self._running
            if self.stopped or held or self._ledger.bars(job.letter):
                raise _Put(lambda town: outbox.give_back(town.session, [job.id]))
            job.under_way = True
            try:
                await self.channel.send(job.letter.to, parts[job.parts_sent])
            except SendError as error:
                job.under_way = False
                await self._missed(job, error)
            else:
                job.under_way = False
                job.parts_sent += 1

    def _put(self, job: _Job, record: Callable[[Town], None], town: Town) -> None:
        record(town)
        self._ledger.give_back(job.letter, job.parts_sent + job.unsure, town)

    async def _turn(self, job: _Job) -> None:
        loop, chat = asyncio.get_running_loop(), job.letter.to
        pace = self._paces.get(chat)
        if pace is None:
            self._forget_paces(loop.time())
            group = self.channel.is_group(chat)
            pace = self._paces[chat] = ChatPace(self.channel.pace, group=group)
        if (wait := pace.wait(loop.time())) > 0:
            await asyncio.sleep(wait)
        await self._pacer.turn(job.priority)
        pace.sent(loop.time())

    def _forget_paces(self, now: float) -> None:
        if len(self._paces) > 10 * self._window:
            self._paces = {chat: pace for chat, pace in self._paces.items() if pace.wait(now) > 0}

    async def _missed(self, job: _Job, error: SendError) -> None:
        """Wait before the next attempt, or raise _Put."""
        _log.info("letter %s of %s: %s", job.id, self.channel.name, error.reason)
        job.unsure = error.unsure
        if isinstance(error, Migrated):
            old, to = job.letter.to, error.to
            await self._desk.do(
                lambda town: citizens.move(town.session, self.channel.name, old, to)
            )
            raise _Put(lambda town: outbox.redirect(town.session, job.id, to))
        if isinstance(error, Shut) and job.letter.way is not None:
            self._shut(job, error)
        if error.outcome in ASIDE:
            self._set_aside(job, error)
        if error.outcome is Outcome.STOPPED:
            await self._stop(error.reason)
            raise _Put(lambda town: outbox.give_back(town.session, [job.id]))
        job.attempts += 1
        wait = error.retry_after
        if wait is None:
            wait = min(2.0 ** (job.attempts - 1), LONGEST_WAIT)
            if job.attempts > ATTEMPTS:
                self._set_aside(job, SendError(Outcome.REFUSED, error.reason))
        if wait > IN_HAND or (job.unsure and self._ledger.costs(job.letter)):
            later = timedelta(seconds=wait)
            raise _Put(
                lambda town: outbox.put_off(town.session, job.id, town.now + later, job.parts_sent)
            )
        await asyncio.sleep(wait)

    def _set_aside(self, job: _Job, error: SendError) -> None:
        state, name, to = ASIDE[error.outcome], self.channel.name, job.letter.to
        if state is State.CLOSED and job.priority == Priority.REPLY:
            state = State.REFUSED
        if state is State.REFUSED:
            _log.error("letter %s of %s was refused: %s", job.id, name, error.reason)
        ended = self._ended_as(job, state)

        def record(town: Town) -> None:
            outbox.end(town.session, [ended], town.now)
            if state is State.UNREACHABLE and (who := citizens.find(town.session, name, to)):
                citizens.unreachable(town.session, who)

        raise _Put(record)

    def _shut(self, job: _Job, error: Shut) -> None:
        """Let the ledger learn it, and then say how else the letter may go."""
        if error.way is not None:
            self._ledger.barred |= {error.way}

        def record(town: Town) -> None:
            self._ledger.shut(job.letter, error, town)
            outbox.put_off(town.session, job.id, town.now, job.parts_sent)

        raise _Put(record)

    async def _stop(self, because: str) -> None:
        if self.stopped:
            return
        name = self.channel.name
        _log.error("%s sends nothing until it is mended: %s", name, because)
        await self._desk.do(lambda town: channels.stop(town.session, name, because, town.now))
        self.stopped = because

    def _ended_as(self, job: _Job, state: State) -> Ended:
        is_reply = job.priority == Priority.REPLY
        return Ended(job.id, state, self.channel.name, job.broadcast, is_reply)

    def _end(self, job: _Job, state: State) -> None:
        """Let go of a letter whose way has ended; that is recorded soon, with others."""
        self._ended.append(self._ended_as(job, state))
        self._let_go(job)
        if self._noting is None:
            self._noting = asyncio.ensure_future(self._note())

    async def _note(self) -> None:
        """Record what has ended, all at once."""
        while self._ended:
            ended, self._ended = self._ended, []
            await self._desk.do(partial(_record, ended))
        self._noting = None

    async def _put_down(self) -> None:
        """Let arrive what is under way, give the rest back; the next one sees to what is left."""
        for jobs in self._chats.values():
            self._returned += [jobs.pop() for _ in range(len(jobs) - 1)]
        if self._walks:
            await asyncio.wait(self._walks, timeout=PATIENCE)
        for walk in list(self._walks):
            walk.cancel()
        left = [job for jobs in self._chats.values() for job in jobs]
        self._returned += [job for job in left if not job.under_way]
        self._chats.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._settle()
        self._claimed.clear()

    async def _settle(self) -> None:
        while self._noting is not None:
            await asyncio.shield(self._noting)
        returned, self._returned = self._returned, []
        await self._desk.do(partial(self._give_back, returned))

    def _give_back(self, jobs: Sequence[_Job], town: Town) -> None:
        outbox.give_back(town.session, [job.id for job in jobs])
        for job in jobs:
            self._ledger.give_back(job.letter, job.parts_sent, town)


async def _won(lease: Lease) -> bool:
    """Try to take a lease, and leave none behind if nobody waits for it any more."""
    taking = asyncio.ensure_future(asyncio.to_thread(lease.take))
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        await taking
        lease.release()
        raise


def _job(row: Outgoing, composed: Letter | State) -> tuple[_Job, State | None]:
    assert row.id is not None  # noqa: S101 - it comes from the database
    state = composed if isinstance(composed, State) else None
    letter = Letter(row.sender, "") if isinstance(composed, State) else composed
    job = _Job(row.id, letter, row.priority, row.broadcast, row.parts_sent, row.attempts)
    return job, state


def _record(ended: Sequence[Ended], town: Town) -> None:
    outbox.end(town.session, ended, town.now)
