"""A running service with an Official Account at a fake Zalo, whose clock is everybody's clock."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlmodel import col, select

from bot.app import make_app
from bot.channels import zalo_oa
from bot.channels.channel import Letter
from bot.channels.door import DESK
from bot.letters import as_json
from bot.settings import Settings
from knowledge.records import citizens, outbox, windows
from knowledge.records.outbox import Post, Priority, State
from knowledge.records.tables import Outgoing
from knowledge.store import Town
from tests.fake_zalo import FakeZalo, Sent
from tests.file_channel import until

NAME = "zalo"
LATER = "later"
"""The state of a letter that waits for another hour."""
UNDER_WAY = {State.SENDING, State.WAITING}
TEMPLATE = "4321"
DATA = {"procedure": "Đăng ký khai sinh", "place": "Đức Xuân", "day": "Thứ Ba, 24/11/2026"}

Visit = Callable[["ZaloService"], Awaitable[None]]


class ZaloService:
    """What citizens, officials and Zalo do to the service, and what came of it."""

    def __init__(self, fake: FakeZalo, app: web.Application) -> None:
        """Take both while they run."""
        self.fake = fake
        self.app = app

    async def silent_for(self, hours: float, *users: str) -> None:
        """Let citizens have written so long ago, as Zalo and we know."""
        then = self.fake.now() - timedelta(hours=hours)
        for user in users:
            self.fake.user(user).interacted_at = then

        def meet(town: Town) -> None:
            for user in users:
                citizens.meet(town.session, NAME, user, then)

        await self.app[DESK].do(meet)

    async def post(self, text: str, *users: str, data: Mapping[str, str] | None = None) -> None:
        """Write them a letter that nobody asked for; with `data` a template can say it."""

        def put(town: Town) -> None:
            posts = []
            for user in users:
                citizen = citizens.find(town.session, NAME, user)
                letter = as_json(Letter(user, text, template_data=data or {}))
                posts.append(
                    Post(
                        f"test:{text}:{user}",
                        NAME,
                        user,
                        letter,
                        citizen.id if citizen else None,
                        Priority.REMINDER,
                    )
                )
            outbox.put(town.session, posts, town.now)

        await self.app[DESK].do(put)

    async def states(self, seconds: float = 15) -> dict[str, str]:
        """Return where each citizen's last letter is, once none is under way any more."""
        async with asyncio.timeout(seconds):
            while UNDER_WAY & set((found := await self._look()).values()):  # noqa: ASYNC110 - of another thread
                await asyncio.sleep(0.05)
        return found

    async def _look(self) -> dict[str, str]:
        def look(town: Town) -> dict[str, str]:
            rows = town.session.exec(select(Outgoing).order_by(col(Outgoing.id)))
            return {row.sender: _state(row, town.now) for row in rows}

        return await self.app[DESK].look(look)

    async def used(self) -> int:
        """Return what the ledger says of this month."""
        return await self.app[DESK].do(
            lambda town: windows.used(town.session, NAME, windows.month_of(town.now))
        )

    async def got(self, user: str, *texts: str) -> None:
        """Wait until a citizen has got exactly these texts."""
        await until(lambda: [each.text for each in self.sent(user)] == list(texts))

    def sent(self, user: str) -> list[Sent]:
        return [each for each in self.fake.sent if each.to == user]


def _state(row: Outgoing, now: datetime) -> str:
    return LATER if row.state == State.WAITING and row.not_before > now else row.state


def serve(folder: Path, visit: Visit, settings: Mapping[str, object], **rules: object) -> FakeZalo:
    """Run a visit to the service; `rules` are the fake's attributes."""

    async def run() -> FakeZalo:
        async with FakeZalo() as fake:
            for name, rule in rules.items():
                setattr(fake, name, rule)
            own = {"data_dir": folder, "zalo_rate": fake.rate, **fake.settings, **settings}
            app = make_app(Settings(**own, _env_file=None), clock=fake.now, doors=[zalo_oa])
            async with TestClient(TestServer(app)) as client:
                fake.webhook = str(client.make_url(zalo_oa.PATH))
                await visit(ZaloService(fake, app))
                await fake.settled()
        return fake

    return asyncio.run(run())
