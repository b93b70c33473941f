"""Zalo's webhook: what is genuine is on disk before its 200, and all else leaves nothing."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import make_app
from bot.channels import zalo_oa
from bot.channels.door import CHANNELS, CLOCK, INBOX, REFUSALS, SETTINGS
from bot.channels.zalo_oa.signature import SIGNATURE, TIMESTAMP, mac
from bot.inbox import Inbox, Parcel
from bot.settings import Settings
from tests.fake_zalo import FakeZalo

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
APP, SECRET = "360846524940903967", "OAsecretKey-test"
EVENTS = Path(__file__).with_name("zalo_oa") / "events"
TEXT = (EVENTS / "user_send_text.json").read_bytes()

Visit = Callable[[TestClient], Awaitable[Any]]
Kept = tuple[list[Parcel], Counter[tuple[str, str]]]


def signed(body: bytes, *, stamp: str = "1540390853474", secret: str = SECRET) -> dict[str, str]:
    return {SIGNATURE: f"mac={mac(APP, body, stamp, secret)}"}


def visited(folder: Path, visit: Visit) -> Kept:
    """Let somebody visit the door alone; return what is in its inbox and what it counted."""

    async def run() -> Kept:
        app = web.Application()
        app[SETTINGS] = Settings(zalo_app_id=APP, zalo_oa_secret=SECRET, _env_file=None)
        app[CLOCK] = lambda: NOW
        app[CHANNELS], app[REFUSALS] = [], Counter()
        inbox = app[INBOX] = Inbox(folder / "inbox.sqlite3")
        zalo_oa.mount(app)
        async with TestClient(TestServer(app)) as client:
            await visit(client)
        parcels = await inbox.after(0, 1000)
        await inbox.close()
        return parcels, app[REFUSALS]

    return asyncio.run(run())


def posted(folder: Path, body: bytes, headers: dict[str, str]) -> tuple[int, Kept]:
    """Post one body; return the status and what was kept of it."""
    statuses = []

    async def visit(client: TestClient) -> None:
        file = BytesIO(body)
        async with client.post("/webhooks/zalo", data=file, headers=headers) as response:
            statuses.append(response.status)

    kept = visited(folder, visit)
    return statuses[0], kept


def test_the_door_is_shut_without_the_apps_id_and_the_oas_secret() -> None:
    for given in ({}, {"zalo_app_id": APP}, {"zalo_oa_secret": SECRET}):
        app = web.Application()
        app[SETTINGS] = Settings(**given, _env_file=None)
        app[CHANNELS] = []
        zalo_oa.mount(app)
        assert app[CHANNELS] == []
        assert len(app.router.resources()) == 0


@pytest.mark.parametrize("body", [b"{}", b" {}\n"])
def test_the_unsigned_probe_is_welcome_and_leaves_nothing(tmp_path: Path, body: bytes) -> None:
    assert posted(tmp_path, body, {}) == (200, ([], Counter()))


def test_a_genuine_event_is_kept_as_it_came(tmp_path: Path) -> None:
    status, (parcels, refused) = posted(tmp_path, TEXT, signed(TEXT))
    assert (status, refused) == (200, Counter())
    [parcel] = parcels
    assert parcel.body == TEXT
    assert (parcel.channel, parcel.chat) == ("zalo", "246845883529197922")
    assert (parcel.key, parcel.received_at) == ("user_send_text/96d3cdf3af150460909", NOW)


def test_the_timestamp_that_is_signed_may_be_the_headers(tmp_path: Path) -> None:
    headers = {**signed(TEXT, stamp="17"), TIMESTAMP: "17"}
    assert posted(tmp_path, TEXT, headers)[0] == 200
    headers = {**signed(TEXT), TIMESTAMP: "17"}
    assert posted(tmp_path, TEXT, headers)[0] == 200


def test_an_event_that_is_repeated_an_hour_later_is_kept_once(tmp_path: Path) -> None:
    async def visit(client: TestClient) -> None:
        for retry in range(5):
            headers = {**signed(TEXT), "num_retry": str(retry)}
            async with client.post("/webhooks/zalo", data=TEXT, headers=headers) as response:
                assert response.status == 200

    assert len(visited(tmp_path, visit)[0]) == 1


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({}, 401, "unsigned"),
        ({SIGNATURE: ""}, 401, "unsigned"),
        ({SIGNATURE: "mac=0"}, 403, "wrong signature"),
        ({SIGNATURE: "mac=" + "0" * 64}, 403, "wrong signature"),
        ({SIGNATURE: "mac=" + "\udcff" * 64}, 403, "wrong signature"),
        (signed(TEXT, stamp="1540390853474", secret=APP), 403, "wrong signature"),
        (signed(TEXT, stamp="1540390853475"), 403, "wrong signature"),
        ({**signed(TEXT, stamp="17"), TIMESTAMP: "17a"}, 403, "wrong signature"),
    ],
)
def test_what_zalo_did_not_sign_leaves_nothing_but_a_count(
    tmp_path: Path, headers: dict[str, str], status: int, reason: str
) -> None:
    assert posted(tmp_path, TEXT, headers) == (status, ([], Counter({("zalo", reason): 1})))


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{" * 300_000, b"\xff", b'{"a":1}' * 2])
def test_a_body_that_is_no_object_is_refused_even_if_it_is_signed(
    tmp_path: Path, body: bytes
) -> None:
    assert posted(tmp_path, body, signed(body))[0] == 403
    status, (parcels, refused) = posted(
        tmp_path, body, {**signed(body, stamp="17"), TIMESTAMP: "17"}
    )
    assert (status, parcels, refused) == (400, [], Counter({("zalo", "unreadable"): 1}))


def test_a_body_over_a_megabyte_is_refused_unread(tmp_path: Path) -> None:
    status, (parcels, refused) = posted(tmp_path, b" " * (1024 * 1024 + 1), signed(TEXT))
    assert (status, parcels) == (413, [])
    assert refused == Counter({("zalo", "too large"): 1})


def test_an_event_of_another_app_is_refused(tmp_path: Path) -> None:
    body = TEXT.replace(APP.encode(), b"111")
    status, (parcels, refused) = posted(tmp_path, body, signed(body))
    assert (status, parcels) == (403, [])
    assert refused == Counter({("zalo", "another app"): 1})


@pytest.mark.parametrize("name", [path.stem for path in EVENTS.iterdir()])
def test_every_event_of_zalos_is_answered_200_and_kept_only_if_it_needs_something(
    tmp_path: Path, name: str
) -> None:
    body = (EVENTS / f"{name}.json").read_bytes()
    status, (parcels, _) = posted(tmp_path, body, signed(body))
    assert status == 200
    if parcels:
        assert zalo_oa.events.read(parcels[0]) is not None
        assert parcels[0].chat == "246845883529197922"
    else:
        assert zalo_oa.events.read(Parcel("zalo", "", "", body, NOW)) is None


def test_a_citizen_who_uses_his_rights_is_noted_without_his_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = (EVENTS / "user_withdraw_personal_data.json").read_bytes()
    posted(tmp_path, body, signed(body))
    posted(tmp_path, body, signed(body))
    first, again = [record.getMessage() for record in caplog.records if "rights" in record.msg]
    assert first == again
    assert json.loads(body)["user_id"] not in first


def test_a_citizens_question_is_answered_on_zalo(tmp_path: Path) -> None:
    async def run() -> None:
        async with FakeZalo() as fake:
            settings = Settings(data_dir=tmp_path, **fake.settings, _env_file=None)
            app = make_app(settings, clock=fake.now, doors=[zalo_oa])
            async with TestClient(TestServer(app)) as client:
                fake.webhook = str(client.make_url("/webhooks/zalo"))
                assert (await fake.probe()).status == 200
                await fake.says("1001", "Sao y học bạ ở Bắc Kạn làm ngày nào?")
                async with asyncio.timeout(10):
                    while not fake.sent:  # noqa: ASYNC110 - the fake tells nobody
                        await asyncio.sleep(0.02)
                await fake.settled()
            assert fake.violations == []
            assert {delivery.status for delivery in fake.deliveries} == {200}
            [answer] = fake.sent
            assert answer.to == "1001"
            assert "Gần nhất" in answer.text
            assert "Phụ lục 1" in answer.text

    asyncio.run(run())
