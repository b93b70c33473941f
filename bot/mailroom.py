"""From the inbox to reception and on to the postman, and nothing leaves the inbox before."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex

from bot.channels.channel import Arrival, Channel, Event, Moved, Reach, TakenOver
from bot.desk import Clock, Desk
from bot.inbox import Inbox, Parcel
from bot.postman import PATIENCE, Postman
from bot.reception import Reception
from bot.serving import SILENCE, Errand
from knowledge.records import citizens, seen
from knowledge.store import Town

AT_ONCE = 512
"""Parcels in work; the others wait in the inbox, however many they are."""

SLOW = 1.0
"""Seconds after which a citizen who waits is shown that an answer is on its way."""

_log = logging.getLogger(__name__)


class Mailroom:
    """Works off the inbox, also what a crash or an absent database left there."""

    def __init__(
        self,
        inbox: Inbox,
        reception: Reception,
        desk: Desk,
        postmen: Mapping[str, Postman],
        clock: Clock,
    ) -> None:
        """Take one postman for each channel."""
        self._inbox = inbox
        self._reception = reception
        self._desk = desk
        self._postmen = postmen
        self._clock = clock
        self._busy = 0
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Hand on parcels in the order of their arrival, until cancelled."""
        last = 0
        while True:
            self._inbox.filled.clear()
            parcels = await self._inbox.after(last, AT_ONCE - self._busy)
            for parcel in parcels:
                last = parcel.id
                self._busy += 1
                asyncio.ensure_future(self._work_off(parcel))  # noqa: RUF006 - counted in _busy
            if self._busy >= AT_ONCE:
                self._room.clear()
                await self._room.wait()
            elif not parcels:
                await self._inbox.filled.wait()

    async def finish(self) -> None:
        """Work off what is in hand; what takes too long stays in the inbox for the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._busy:
                    self._room.clear()
                    await self._room.wait()

    async def _work_off(self, parcel: Parcel) -> None:
        slow = asyncio.get_running_loop().call_later(SLOW, self._show_busy, parcel)
        try:
            # The door may have been shut since the parcel came: then nobody can be answered.
            postman = self._postmen.get(parcel.channel)
            if postman and (event := _read(postman.channel, parcel)) is not None:
                await self._take(event, parcel, postman)
            self._inbox.done([parcel.id])
        except Exception:  # noqa: BLE001 - the parcel stays in the inbox for the next start
            _log.exception(
                "a parcel of %s was not worked off, reference %s", parcel.channel, parcel.id
            )
        finally:
            slow.cancel()
            self._busy -= 1
            self._room.set()

    async def _take(self, event: Event, parcel: Parcel, postman: Postman) -> None:
        if not isinstance(event, Arrival):
            lane = self._reception.lane(parcel.channel, event.sender)
            await self._desk.do(lambda town: _note(event, parcel, town), key=lane)
            return
        ask = replace(event.ask, now=self._clock())
        reserved = postman.reserve()
        try:
            errand = Errand(ask, event.context, claimed=reserved, came_at=parcel.received_at)
            served = await self._reception.serve(errand)
        except BaseException:
            postman.hand_over(None, None, reserved=reserved)
            raise
        postman.hand_over(served.post, served.letter, reserved=reserved)

    def _show_busy(self, parcel: Parcel) -> None:
        if postman := self._postmen.get(parcel.channel):
            busy = postman.channel.busy(parcel.chat)
            asyncio.ensure_future(busy)  # noqa: RUF006 - never fails, ends soon


def _read(channel: Channel, parcel: Parcel) -> Event | None:
    try:
        return channel.read(parcel)
    except Exception:  # noqa: BLE001 - a fault of ours; the others must not wait for it
        reference = token_hex(4)
        _log.exception("an update of %s cannot be read, reference %s", channel.name, reference)
        return None


def _note(event: Reach | Moved | TakenOver, parcel: Parcel, town: Town) -> None:
    """Keep what an event tells about a citizen whom we know; a repeat tells nothing any more."""
    channel = parcel.channel
    if not seen.first_times(town.session, [(channel, parcel.key)], town.now):
        return
    match event:
        case Moved():
            citizens.move(town.session, channel, event.sender, event.to)
        case Reach():
            if citizen := citizens.find(town.session, channel, event.sender):
                citizen.reachable = event.reachable
        case TakenOver():
            until = town.now + SILENCE
            citizens.pause(town.session, (channel, event.sender), until, town.now)
