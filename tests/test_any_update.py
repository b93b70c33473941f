"""Whatever is posted to a webhook: 100,000 bodies each, forged and signed.

A forged one leaves nothing but a count. One that is signed leaves no traceback and no reply to
nobody, whatever stands in it.
"""

import asyncio
import gc
import json
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict
from pydantic import SecretStr

from bot.app import make_app
from bot.channels import telegram, zalo_bot, zalo_oa
from bot.channels.channel import Arrival, Channel, Event, Moved, Pace, Reach, TakenOver
from bot.channels.door import CHANNELS, CLOCK, DESK, INBOX, RECEPTION, REFUSALS, SETTINGS, STORE
from bot.channels.zalo_oa.signature import SIGNATURE, TIMESTAMP, mac
from bot.desk import Desk
from bot.inbox import Inbox
from bot.reception import Reception
from bot.settings import Settings
from handlers import answer
from handlers.talk import Ask
from knowledge.store import Store
from tests.file_channel import until
from tests.killable import look
from tests.spite import Spite

HERE = Path(__file__).parent
SEED = 20261123
MANY, BY_HTTP, TOGETHER = 100_000, 2_000, 500
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
KEY = "of-this-test-alone"
TOKEN = "4242:opens-nothing"  # noqa: S105 - as it says
APP_ID = "360846524940903967"
NOWHERE = "http://127.0.0.1:1"
STATUSES = {200, 400, 401, 403, 413}
MEMORY = 64 * 2**20
"""Bytes by which the process may grow over the last nine tenths."""

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Webhook:
    """A door, what its platform posts, and how it signs."""

    door: ModuleType
    path: str
    real: Sequence[Any]
    header: str
    sign: Callable[[bytes], Headers]
    address: str
    """What somebody's id looks like."""


@dataclass(frozen=True, slots=True)
class Case:
    """A body to be posted."""

    body: bytes
    headers: Headers
    forged: bool


def _files(pattern: str) -> list[Any]:
    return [json.loads(file.read_text("utf-8")) for file in sorted(HERE.glob(pattern))]


def _zalos(body: bytes) -> Headers:
    return {SIGNATURE: f"mac={mac(APP_ID, body, '17', KEY)}", TIMESTAMP: "17"}


WEBHOOKS = {
    "telegram": Webhook(
        telegram,
        "/webhooks/telegram",
        [case["update"] for cases in _files("telegram/*.json") for case in cases.values()],
        telegram.SECRET,
        lambda _: {telegram.SECRET: KEY},
        r"-?[1-9][0-9]*",
    ),
    "zalo": Webhook(
        zalo_oa,
        "/webhooks/zalo",
        _files("zalo_oa/events/*.json"),
        SIGNATURE,
        _zalos,
        r"[\w.:-]{1,128}",
    ),
    "zalobot": Webhook(
        zalo_bot,
        "/webhooks/zalobot",
        [case["update"] for cases in _files("zalo_bot/updates.json") for case in cases],
        zalo_bot.SECRET,
        lambda _: {zalo_bot.SECRET: KEY},
        r".{1,200}",
    ),
}


def settings(folder: Path, platform: str) -> Settings:
    return Settings(
        data_dir=folder,
        telegram_token=TOKEN,
        telegram_secret=KEY,
        telegram_api=platform,
        zalo_app_id=APP_ID,
        zalo_app_secret=KEY,
        zalo_oa_secret=KEY,
        zalo_refresh_token=KEY,
        zalo_api=platform,
        zalo_oauth=platform,
        zalobot_token=TOKEN,
        zalobot_secret=KEY,
        zalobot_api=platform,
        public_url="https://motcua.example",
        _env_file=None,
    )


class Cases:
    """Bodies of one webhook, a quarter of them forged; the same ones each time."""

    def __init__(self, webhook: Webhook, seed: int) -> None:
        """Take the webhook."""
        self._webhook = webhook
        self._spite = Spite(seed, webhook.real)

    def some(self, number: int) -> list[Case]:
        return [self._one() for _ in range(number)]

    def _one(self) -> Case:
        body, dice = self._spite.body(), self._spite.dice
        right = self._webhook.sign(body)
        if dice.random() < 0.75:
            return Case(body, right, forged=False)
        name, good = self._webhook.header, right[self._webhook.header]
        wrong = ["", good[:-1], good + "0", good[::-1], "mac=", "\udcff" * 64, "0" * 5000]
        other = self._webhook.sign(body + b" ") if self._webhook.door is zalo_oa else {}
        return Case(body, dice.choice([{}, other, *({name: each} for each in wrong)]), forged=True)


# 100,000 each, without a network: the webhook's own function, a real inbox, and what reads it.


class Posted:
    """A request as far as a webhook looks at it."""

    def __init__(self, app: web.Application, path: str, case: Case) -> None:
        """Take what it carries."""
        self.app, self.path = app, path
        self.headers = CIMultiDict(case.headers)
        self.content = self
        self._body = case.body

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self._body


@dataclass(frozen=True, slots=True)
class Hall:
    """A door with an inbox behind it that nobody empties but the test."""

    app: web.Application
    channel: Channel
    webhook: Webhook

    async def post(self, cases: Sequence[Case]) -> list[int]:
        return await asyncio.gather(*map(self._post, cases))

    async def _post(self, case: Case) -> int:
        (route,) = self.app.router.routes()
        try:
            return (await route.handler(Posted(self.app, self.webhook.path, case))).status
        except web.HTTPException as refused:
            return refused.status

    async def taken(self) -> list[Event | None]:
        """Read what has been kept, and empty the inbox."""
        parcels = await self.app[INBOX].after(0, 2 * TOGETHER)
        self.app[INBOX].done([each.id for each in parcels])
        return [self.channel.read(each) for each in parcels]


@asynccontextmanager
async def hall(webhook: Webhook, folder: Path, store: Store) -> AsyncIterator[Hall]:
    app = web.Application()
    app[SETTINGS], app[CLOCK], app[STORE] = settings(folder, NOWHERE), lambda: NOW, store
    app[CHANNELS], app[REFUSALS] = [], Counter()
    app[INBOX], app[DESK] = Inbox(folder / "inbox.sqlite3"), Desk(store, lambda: NOW)
    app[RECEPTION] = Reception(app[DESK], answer)
    webhook.door.mount(app)
    (channel,) = app[CHANNELS]
    await channel.open()
    try:
        yield Hall(app, channel, webhook)
    finally:
        await channel.close()
        await app[INBOX].close()
        await asyncio.to_thread(app[DESK].close)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_hundred_thousand_bodies_are_refused_or_understood(
    name: str, tmp_path: Path, town_hall: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    cases, found, sizes = Cases(WEBHOOKS[name], SEED), Counter[str](), []

    async def run() -> None:
        async with hall(WEBHOOKS[name], tmp_path, town_hall) as it:
            for turn in range(MANY // TOGETHER):
                some = cases.some(TOGETHER)
                await _forged(it, [each for each in some if each.forged])
                await _genuine(it, [each for each in some if not each.forged], found)
                if turn in (MANY // TOGETHER // 10, MANY // TOGETHER - 1):
                    sizes.append(_memory())
            assert len(it.app[REFUSALS]) < 10

    asyncio.run(run())
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
    assert min(found[each] for each in ("arrival", "200", "400")) > MANY / 100
    assert sizes[1] - sizes[0] < MEMORY


async def _forged(it: Hall, cases: Sequence[Case]) -> None:
    before = it.app[REFUSALS].total()
    statuses = await it.post(cases)
    refused = [each for each in statuses if each != 200]
    assert set(refused) <= STATUSES
    assert it.app[REFUSALS].total() == before + len(refused)
    # What Zalo's console sends before a webhook is set.
    probes = [each for each in cases if each.body.strip() == b"{}"]
    assert len(statuses) - len(refused) == (len(probes) if it.webhook.door is zalo_oa else 0)
    assert await it.taken() == []


async def _genuine(it: Hall, cases: Sequence[Case], found: Counter[str]) -> None:
    statuses = await it.post(cases)
    assert set(statuses) <= STATUSES
    found.update(map(str, statuses))
    for event in await it.taken():
        found.update([_sense(event, it.webhook.address)])


def _sense(event: Event | None, address: str) -> str:
    """Say what was understood; fail if it would go to nobody, or could do harm."""
    match event:
        case None:
            return "nothing"
        case Arrival(ask, context):
            people = [ask.sender]
            _check(ask)
            json.dumps(context, allow_nan=False)
        case Moved(sender, to):
            people = [sender, to]
        case Reach(sender) | TakenOver(sender):
            people = [sender]
    for sender in people:
        assert re.fullmatch(address, sender), sender
        assert sender.isprintable()
    return type(event).__name__.lower()


def _check(ask: Ask) -> None:
    assert isinstance(ask.text, str)
    assert ask.text or ask.media or ask.point
    assert ask.message
    assert ask.message.isprintable()
    if ask.point is not None:
        assert abs(ask.point.latitude) <= 90
        assert abs(ask.point.longitude) <= 180


def _memory() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text("ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


# 2,000 each by HTTP: the whole service, until everything that was kept is worked off.


class Nodder:
    """A platform that takes everything and notes to whom it was sent."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        self.addresses: list[object] = []

    async def take(self, request: web.Request) -> web.Response:
        """Answer what each of the three platforms might."""
        if request.content_type == "application/json" and "/set" not in request.path:
            self._note(await request.json())
        name = {"id": 4242, "username": "motcua_bot", "message_id": "1"}
        token = {"access_token": KEY, "refresh_token": KEY, "expires_in": "90000"}
        return web.json_response({"ok": True, "error": 0, "result": name, "data": name, **token})

    def _note(self, call: Mapping[str, Any]) -> None:
        if "message" in call or "text" in call:
            recipient = call.get("recipient") or {"user_id": call.get("chat_id")}
            self.addresses.append(recipient["user_id"])


@asynccontextmanager
async def nodding() -> AsyncIterator[tuple[str, Nodder]]:
    nodder, app = Nodder(), web.Application()
    app.router.add_route("*", "/{path:.*}", nodder.take)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), nodder


@pytest.mark.parametrize("name", WEBHOOKS)
def test_two_thousand_bodies_are_worked_off_and_nobody_is_answered_who_did_not_write(
    name: str, tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    webhook = WEBHOOKS[name]
    cases = Cases(webhook, SEED + 1).some(BY_HTTP)
    minutes = count()

    async def run() -> None:
        async with nodding() as (platform, nodder):
            given = settings(tmp_path, platform).model_copy(
                update={"database_url": SecretStr(database_url)}
            )
            # The flood limit is not what is looked at here, nor is the platform's pace.
            app = make_app(given, lambda: NOW + timedelta(minutes=next(minutes)), [webhook.door])
            (channel,) = app[CHANNELS]
            channel.pace = Pace(10_000)
            async with TestClient(TestServer(app)) as client:
                await _post_all(client, webhook, [each for each in cases if each.forged])
                assert await app[INBOX].after(0, 1) == []
                await _post_all(client, webhook, [each for each in cases if not each.forged])
                await app[INBOX].tidy()
                await _worked_off(app, database_url)
        written = b"\n".join(each.body for each in cases if not each.forged).decode(
            errors="replace"
        )
        assert len(nodder.addresses) > BY_HTTP / 100
        for address in set(map(str, nodder.addresses)):
            assert re.fullmatch(webhook.address, address)
            assert address in written

    asyncio.run(run())
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def _post_all(client: TestClient, webhook: Webhook, cases: Sequence[Case]) -> None:
    statuses = Counter[int]()
    for case in cases:
        file = BytesIO(case.body)
        async with client.post(webhook.path, data=file, headers=case.headers) as answer:
            statuses[answer.status] += 1
    assert set(statuses) <= STATUSES


async def _worked_off(app: web.Application, database: str) -> None:
    """Wait until nothing waits: neither in the inbox nor in the outbox."""
    async with asyncio.timeout(120):
        while await app[INBOX].after(0, 1):  # noqa: ASYNC110 - nobody says so
            await asyncio.sleep(0.1)
    query = "SELECT 1 FROM outbox WHERE state IN ('waiting', 'sending')"
    await until(lambda: not look(database, query), 120)
