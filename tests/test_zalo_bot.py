"""The Zalo bot's channel: what it reads, how it writes, and what it makes of refusals."""

import asyncio
import hashlib
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Arrival, Letter, Outcome, SendError
from bot.channels.zalo_bot import updates
from bot.channels.zalo_bot.channel import ZaloBot
from bot.inbox import Parcel
from bot.settings import Settings
from handlers.talk import Attachment, Button
from tests.fake_zalo import Json
from tests.fake_zalo_bot import FakeZaloBot

CASES = Path(__file__).with_name("zalo_bot")
UPDATES: list[Json] = json.loads((CASES / "updates.json").read_text("utf-8"))
ERRORS: list[Json] = json.loads((CASES / "errors.json").read_text("utf-8"))
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
PUBLIC = "https://motcua.example.vn/"
NAMES = ["Bot Một Cửa"]
OWN = "bí mật của tôi"
FIELDS = "caption chat chat_type date from id is_bot message_id photo sticker text voice_url"
KEYS = st.sampled_from(["result", "message", "event_name", *FIELDS.split()])


def settings(fake: FakeZaloBot, **more: str) -> Settings:
    return Settings(_env_file=None, **(fake.settings | more))


@asynccontextmanager
async def channel(fake: FakeZaloBot, **more: str) -> AsyncIterator[ZaloBot]:
    bot = ZaloBot(settings(fake, **more), lambda: NOW)
    await bot.open()
    try:
        yield bot
    finally:
        await bot.close()


def with_bot(test: Callable[[FakeZaloBot, ZaloBot], Awaitable[None]], **more: str) -> FakeZaloBot:
    """Run a test with a fake in which one citizen has written, and a channel to it."""

    async def run() -> FakeZaloBot:
        async with FakeZaloBot() as fake, channel(fake, **more) as bot:
            await fake.says("an", "Xin chào")
            await test(fake, bot)
            return fake

    return asyncio.run(run())


class Kept:
    """Keeps parcels in memory, and says when there are enough."""

    def __init__(self, enough: int, failing: int = 0) -> None:
        """Take how many there are to be, and how often keeping fails at first."""
        self.parcels: list[Parcel] = []
        self.enough = enough
        self.failing = failing
        self.failed = asyncio.Event()
        self.full = asyncio.Event()

    async def __call__(self, parcels: Sequence[Parcel]) -> None:
        if self.failing:
            self.failing -= 1
            self.failed.set()
            raise OSError("disk is full")
        self.parcels += parcels
        if len(self.parcels) >= self.enough:
            self.full.set()


@asynccontextmanager
async def listening(bot: ZaloBot, kept: Kept) -> AsyncIterator[None]:
    task = asyncio.ensure_future(bot.listen(kept))
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("case", UPDATES, ids=[each["case"] for each in UPDATES])
def test_an_update_is_read(case: Json) -> None:
    parcel = updates.parcel(json.dumps(case["update"]).encode(), NOW)
    arrival = parcel and updates.arrival(parcel, NAMES)
    if case["read"] is None:
        assert arrival is None
        return
    assert isinstance(arrival, Arrival)
    ask = arrival.ask
    found = {"sender": ask.sender, "message": ask.message, "text": ask.text, "media": ask.media}
    assert found == case["read"]
    assert (ask.channel, ask.now, parcel.chat) == ("zalobot", NOW, ask.sender)


def test_an_update_without_a_message_id_is_known_by_its_body() -> None:
    body = b'{"message": {"chat": {"id": "1"}, "text": "a"}}'
    parcel = updates.parcel(body, NOW)
    assert parcel is not None
    assert parcel.key == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_update_is_not_packed(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        updates.parcel(body, NOW)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("GROUP"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
MESSAGES = st.dictionaries(KEYS, VALUES, max_size=8)


@given(st.dictionaries(KEYS, VALUES) | MESSAGES.map(lambda each: {"message": each}))
def test_no_update_is_too_strange_to_be_read(update: Json) -> None:
    parcel = updates.parcel(json.dumps(update).encode(), NOW)
    if parcel is None:
        return
    assert parcel.chat
    assert parcel.key
    arrival = updates.arrival(parcel, NAMES)
    assert arrival is None or arrival.ask.text or arrival.ask.media


@pytest.mark.parametrize("body", [b"", b"null", b"[" * 100_000, b"\xff"])
def test_reading_never_raises(body: bytes) -> None:
    async def test(_fake: FakeZaloBot, bot: ZaloBot) -> None:
        assert bot.read(Parcel("zalobot", "1", "1", body, NOW)) is None

    with_bot(test)


def test_a_long_letter_arrives_whole_with_its_choices_printed() -> None:
    body = "\n".join(f"{number}. Thủ tục số {number} ở Bộ phận Một cửa" for number in range(120))
    letter = Letter("an", body, ["[1] Kế hoạch"], [Button("Phí?", "phí", 1)])

    async def test(_fake: FakeZaloBot, bot: ZaloBot) -> None:
        for part in bot.parts(letter):
            await bot.send("an", part)

    fake = with_bot(test)
    text = "\n".join(said.text for said in fake.sent)
    assert len(fake.sent) > 2
    assert text.split() == f"{body} [1] Kế hoạch 1. Phí?".split()


def test_a_text_file_is_sent_as_messages_and_others_are_named() -> None:
    files = (
        Attachment("du-lieu.json", "application/json", '{"tên": "An"}'.encode()),
        Attachment("lich.ics", "text/calendar", b"BEGIN:VCALENDAR"),
        Attachment("dai.txt", "text/plain", b"a " * 40_000),
    )

    async def test(_fake: FakeZaloBot, bot: ZaloBot) -> None:
        texts = [part.fields["text"] for part in bot.parts(Letter("an", "Đây ạ", (), (), files))]
        assert texts == [
            "Đây ạ",
            '📎 du-lieu.json\n\n{"tên": "An"}',
            "📎 lich.ics: khung chat này không gửi được tệp.",
            "📎 dai.txt: khung chat này không gửi được tệp.",
        ]

    with_bot(test)


def test_a_letter_without_words_has_a_part_all_the_same() -> None:
    async def test(_fake: FakeZaloBot, bot: ZaloBot) -> None:
        (part,) = bot.parts(Letter("an", ""))
        await bot.send("an", part)

    assert len(with_bot(test).sent) == 1


@pytest.mark.parametrize("statuses", [True, False])
@pytest.mark.parametrize("case", ERRORS, ids=[str(each["error"]) for each in ERRORS])
def test_a_refusal_is_a_decision(case: Json, *, statuses: bool) -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        fake.error_statuses = statuses
        fake.trouble("/sendMessage", error=case["error"])
        with pytest.raises(SendError) as raised:
            await bot.send("an", bot.parts(Letter("an", "a"))[0])
        assert raised.value.outcome == case["outcome"]
        assert raised.value.retry_after == case.get("retry_after")
        assert not fake.sent

    with_bot(test)


def test_one_who_blocked_the_bot_is_unreachable_and_a_spent_quota_waits() -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        part = bot.parts(Letter("an", "a"))[0]
        fake.blocked.add("an")
        with pytest.raises(SendError) as blocked:
            await bot.send("an", part)
        fake.blocked.clear()
        fake.quota = 0
        with pytest.raises(SendError) as spent:
            await bot.send("an", part)
        assert blocked.value.outcome is Outcome.UNREACHABLE
        assert (spent.value.outcome, spent.value.retry_after) == (Outcome.RETRY, 900)

    with_bot(test)


@pytest.mark.parametrize(
    ("drop", "arrived"), [("before", 0), ("after", 1)], ids=["lost", "arrived"]
)
def test_a_connection_that_ends_is_tried_again(drop: str, arrived: int) -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        fake.trouble("/sendMessage", drop=drop)
        with pytest.raises(SendError) as raised:
            await bot.send("an", bot.parts(Letter("an", "a"))[0])
        assert raised.value.outcome is Outcome.RETRY

    assert len(with_bot(test).sent) == arrived


@asynccontextmanager
async def page(status: int, text: str) -> AsyncIterator[str]:
    """Serve a page at every address, as a proxy or a wrong host does."""

    async def answer(_request: web.Request) -> web.Response:
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, text=text, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (404, "<html>", Outcome.STOPPED),
        (200, "<html>", Outcome.STOPPED),
        (200, "[" * 100_000, Outcome.STOPPED),
        (302, "", Outcome.STOPPED),
        (502, "<html>", Outcome.RETRY),
        (200, "a" * 2_000_000, Outcome.RETRY),
    ],
)
def test_a_page_instead_of_an_answer(status: int, text: str, outcome: Outcome) -> None:
    async def run() -> None:
        async with FakeZaloBot() as fake, page(status, text) as address:
            async with channel(fake, zalobot_api=address) as bot:
                with pytest.raises(SendError) as raised:
                    await bot.send("an", bot.parts(Letter("an", "a"))[0])
            assert raised.value.outcome is outcome

    asyncio.run(run())


def test_no_exception_and_no_log_line_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors: list[SendError] = []

    async def run() -> str:
        async with FakeZaloBot() as fake:
            text = json.dumps({"ok": False, "description": f"no {fake.token}", "error_code": 400})
            async with page(400, text) as echo:
                # A closed port, a stranger, one who repeats the token, and a broken line.
                for address in ("http://127.0.0.1:1", fake.api + "/other", echo, fake.api):
                    async with channel(fake, zalobot_api=address) as bot:
                        await bot.busy("an")
                        fake.trouble(f"/bot{fake.token}/", drop="before")
                        with pytest.raises(SendError) as raised:
                            await bot.send("an", bot.parts(Letter("an", "a"))[0])
                        errors.append(raised.value)
            return fake.token

    token = asyncio.run(run())
    assert len(errors) == 4
    for error in errors:
        assert error.__cause__ is None
        assert error.__context__ is None
        assert token.partition(":")[2] not in "".join(traceback.format_exception(error))
    assert token.partition(":")[2] not in caplog.text


def test_while_an_answer_is_made_the_bot_types_and_trouble_with_that_is_nobodys() -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        await bot.busy("an")
        fake.trouble("/sendChatAction", error=403)
        await bot.busy("an")
        await bot.busy("nobody")

    assert with_bot(test).actions == ["an"]


def test_polling_takes_updates_one_by_one_in_their_order() -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        fake.webhook = {
            "url": "https://old.example.vn",
            "secret_token": "12345678",
            "updated_at": 0,
        }
        for number in range(5):
            fake.waiting.append(fake.event("an", "text", text=f"câu {number}"))
        kept = Kept(enough=6)
        async with listening(bot, kept):
            await kept.full.wait()
        texts = [bot.read(parcel).ask.text for parcel in kept.parcels]
        assert texts == ["Xin chào", *(f"câu {number}" for number in range(5))]
        assert fake.webhook is None

    with_bot(test)


def test_an_update_that_cannot_be_kept_is_kept_later_and_nothing_is_fetched_meanwhile() -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        await fake.says("an", "hai")
        kept = Kept(enough=2, failing=1)
        async with listening(bot, kept):
            await kept.failed.wait()
            assert len(fake.waiting) == 1
            await kept.full.wait()
        assert [bot.read(parcel).ask.text for parcel in kept.parcels] == ["Xin chào", "hai"]

    with_bot(test)


def test_what_is_being_kept_when_listening_ends_is_kept() -> None:
    async def test(_fake: FakeZaloBot, bot: ZaloBot) -> None:
        begun, go_on, kept = asyncio.Event(), asyncio.Event(), []

        async def keep(parcels: Sequence[Parcel]) -> None:
            begun.set()
            await go_on.wait()
            kept.extend(parcels)

        task = asyncio.ensure_future(bot.listen(keep))
        await begun.wait()
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        await asyncio.gather(task, return_exceptions=True)
        assert len(kept) == 1

    with_bot(test)


@pytest.mark.parametrize("trouble", [{"error": 500}, {"error": 401}, {"drop": "before"}])
def test_listening_goes_on_after_trouble(trouble: Json) -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        fake.trouble("/getUpdates", **trouble)
        kept = Kept(enough=1)
        async with listening(bot, kept):
            await kept.full.wait()

    with_bot(test)


def test_with_a_public_address_the_webhook_is_registered_and_nothing_is_polled() -> None:
    async def test(fake: FakeZaloBot, bot: ZaloBot) -> None:
        fake.verification = {"ok": False, "hint": "timeout"}
        await bot.listen(Kept(1))
        assert fake.webhook is not None
        assert fake.webhook["url"] == "https://motcua.example.vn/webhooks/zalobot"
        assert fake.webhook["secret_token"] == bot.secret
        assert "getUpdates" not in [call.path for call in fake.calls]

    with_bot(test, public_url=PUBLIC)


def test_a_secret_is_derived_where_none_is_set_and_does_not_show_the_token() -> None:
    async def run() -> None:
        async with FakeZaloBot() as fake:
            derived = ZaloBot(settings(fake), lambda: NOW).secret
            own = ZaloBot(settings(fake, zalobot_secret=OWN), lambda: NOW).secret
            again = ZaloBot(settings(fake), lambda: NOW).secret
            assert derived == again
            assert 8 <= len(derived) <= 256
            assert fake.token not in derived
            assert own == OWN

    asyncio.run(run())
