"""A process that renews Zalo's tokens and dies by SIGKILL at the moment that it is told.

Arguments: database, address of Zalo, app id, its secret, first refresh token, one of the MOMENTS.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from bot.channels.zalo_oa.api import Api
from bot.channels.zalo_oa.tokens import Tokens
from bot.settings import Settings
from knowledge.leases import Lease
from knowledge.plans.model import Contents
from knowledge.store import Store, Town, open_store

MOMENTS = {
    "before the mark": (1, "begin"),
    "before the request": (1, "end"),
    "before the storage": (2, "begin"),
    "before its end": (2, "middle"),
    "after the storage": (2, "end"),
}
"""Which of the writing transactions, and where in it."""


class MortalStore:
    """The store, in a process that ends at one of its transactions."""

    def __init__(self, store: Store, moment: tuple[int, str]) -> None:
        """Take the open store."""
        self.store = store
        self.moment = moment
        self.writing = 0

    def lease(self, name: str) -> Lease:
        return self.store.lease(name)

    @contextmanager
    def town(self, now: datetime, *, reading: bool = False) -> Iterator[Town]:
        self.writing += not reading
        self.reach("begin", reading=reading)
        with self.store.town(now, reading=reading) as town:
            yield town
            town.session.flush()
            self.reach("middle", reading=reading)
        self.reach("end", reading=reading)

    def reach(self, place: str, *, reading: bool) -> None:
        if not reading and (self.writing, place) == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


async def renew(store: MortalStore, settings: Settings) -> None:
    api = Api(settings)
    tokens = Tokens(settings, api, lambda: store, clock)  # type: ignore[arg-type, return-value]
    await api.open()
    await tokens.access()


def clock() -> datetime:
    """Return a time at which every token is old."""
    return datetime.now(UTC) + timedelta(days=30)


if __name__ == "__main__":
    database, zalo, app_id, secret, refresh, moment = sys.argv[1:]
    settings_ = Settings(
        zalo_app_id=app_id,
        zalo_app_secret=secret,
        zalo_refresh_token=refresh,
        zalo_api=zalo,
        zalo_oauth=zalo,
        _env_file=None,
    )
    mortal = MortalStore(open_store(database, Contents), MOMENTS[moment])
    asyncio.run(renew(mortal, settings_))
