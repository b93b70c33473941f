"""What is due each minute: forgetting what nobody needs to know any more."""

import asyncio
import logging
from datetime import timedelta

from bot import broadcasting, reminding
from bot.desk import Desk
from bot.inbox import Inbox
from knowledge.records import dialogues, outbox, questions, seen
from knowledge.store import Town

MINUTE = 60.0

_log = logging.getLogger(__name__)


async def run(desk: Desk, inbox: Inbox, named_days: int) -> None:
    """See to broadcasts, reminders and sweeping until cancelled; any number of processes may."""
    sweeping = _sweep_each_minute(desk, inbox, named_days)
    await asyncio.gather(broadcasting.run(desk), reminding.run(desk), sweeping)


async def _sweep_each_minute(desk: Desk, inbox: Inbox, named_days: int) -> None:
    while True:
        try:
            await desk.do(lambda town: sweep(town, named_days), patient=False)
            await desk.tidy()
            await inbox.tidy()
        except Exception:  # noqa: BLE001 - whatever it was, the next minute tries again
            _log.exception("sweeping failed and is tried again in a minute")
        await asyncio.sleep(MINUTE)


def sweep(town: Town, named_days: int) -> None:
    """Part old questions from their citizens, and delete what has served its time."""
    session, now = town.session, town.now
    questions.anonymise(session, now - timedelta(days=named_days))
    dialogues.sweep(session, now)
    seen.sweep(session, now)
    outbox.sweep(session, now - seen.KEPT_FOR)
