"""The Zalo bot's webhook: who may post, and what is kept of it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.channels import zalo_bot
from bot.channels.door import CHANNELS, CLOCK, INBOX, LARGEST, REFUSALS, SETTINGS
from bot.channels.zalo_bot.channel import PATH, ZaloBot
from bot.inbox import Inbox, Parcel
from bot.settings import Settings
from tests.fake_zalo import Json
from tests.fake_zalo_bot import FakeZaloBot

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
PUBLIC = "https://motcua.example.vn"
HEADER = zalo_bot.SECRET


@dataclass(frozen=True, slots=True)
class Door:
    """The webhook alone, with a real inbox behind it and the fake platform before it."""

    fake: FakeZaloBot
    client: TestClient[web.Request, web.Application]
    app: web.Application
    channel: ZaloBot

    async def kept(self) -> list[Parcel]:
        return await self.app[INBOX].after(0, 100)

    async def post(self, body: bytes, secret: str | None = None) -> int:
        headers = {HEADER: self.channel.secret if secret is None else secret}
        async with self.client.post(PATH, data=BytesIO(body), headers=headers) as response:
            return response.status


@asynccontextmanager
async def door(folder: Path) -> AsyncIterator[Door]:
    async with FakeZaloBot() as fake:
        app = web.Application()
        app[SETTINGS] = Settings(_env_file=None, public_url=PUBLIC, **fake.settings)
        app[CLOCK] = lambda: NOW
        app[CHANNELS], app[REFUSALS] = [], Counter()
        app[INBOX] = Inbox(folder / "inbox.sqlite3")
        zalo_bot.mount(app)
        (channel,) = app[CHANNELS]
        assert isinstance(channel, ZaloBot)
        await channel.open()
        try:
            async with TestClient(TestServer(app)) as client:
                fake.local = str(client.make_url(PATH))
                await channel.listen(app[INBOX].keep)
                yield Door(fake, client, app, channel)
        finally:
            await channel.close()
            await app[INBOX].close()


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("milliseconds", [True, False])
def test_what_the_platform_posts_is_on_disk_before_it_is_told_so(
    tmp_path: Path, *, wrapped: bool, milliseconds: bool
) -> None:
    async def run() -> None:
        async with door(tmp_path) as it:
            it.fake.wrapped, it.fake.milliseconds = wrapped, milliseconds
            delivery = await it.fake.says("an", "Thứ mấy sao y?")
            assert delivery is not None
            assert delivery.status == 200
            (parcel,) = await it.kept()
            arrival = it.channel.read(parcel)
            assert arrival is not None
            assert (arrival.ask.sender, arrival.ask.text) == ("an", "Thứ mấy sao y?")
            assert (parcel.channel, parcel.chat, parcel.received_at) == ("zalobot", "an", NOW)

    asyncio.run(run())


def test_a_message_that_is_delivered_twice_is_kept_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with door(tmp_path) as it:
            event = it.fake.event("an", "text", text="Xin chào")
            await it.fake.deliver(event)
            await it.fake.deliver(event)
            assert len(await it.kept()) == 1
            assert it.fake.violations == []

    asyncio.run(run())


@pytest.mark.parametrize("secret", ["", "wrong", "0" * 64, "bí mật", "x" * 5000])
def test_one_without_the_secret_is_refused_and_counted_and_nothing_else(
    tmp_path: Path, secret: str
) -> None:
    async def run() -> None:
        async with door(tmp_path) as it:
            body = json.dumps(it.fake.event("an", "text", text="Xin chào")).encode()
            assert await it.post(body, secret) == 403
            assert await it.kept() == []
            assert it.app[REFUSALS] == {("zalobot", "wrong secret"): 1}
            async with it.client.post(PATH, data=body) as response:
                assert response.status == 401
            assert it.app[REFUSALS]["zalobot", "no secret"] == 1

    asyncio.run(run())


REFUSED = {
    "not JSON": (b"{", 400),
    "nothing": (b"", 400),
    "a list": (b"[]", 400),
    "a number of 5000 digits": (b"1" * 5000, 400),
    "not UTF-8": (b'{"message": "\xff"}', 400),
    "nested deeply": (b'{"a":' * 100_000, 400),
    "too large": (b'{"a": "' + b"a" * LARGEST + b'"}', 413),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_update_is_refused(tmp_path: Path, case: str) -> None:
    body, status = REFUSED[case]

    async def run() -> None:
        async with door(tmp_path) as it:
            assert await it.post(body) == status
            assert await it.kept() == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "event", [{}, {"ok": True, "result": {"event_name": "message.unsupported.received"}}]
)
def test_an_update_without_a_chat_is_taken_and_not_kept(tmp_path: Path, event: Json) -> None:
    async def run() -> None:
        async with door(tmp_path) as it:
            assert await it.post(json.dumps(event).encode()) == 200
            assert await it.kept() == []

    asyncio.run(run())


def test_without_a_token_the_door_stays_shut() -> None:
    app = web.Application()
    app[SETTINGS] = Settings(_env_file=None)
    app[CHANNELS] = []
    zalo_bot.mount(app)
    assert list(app.router.routes()) == []
    assert app[CHANNELS] == []
