"""Sending by an Official Account: each refusal of Zalo's is mended or told to the postman."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exception

import pytest

from bot.channels.channel import Letter, Outcome, SendError
from bot.channels.zalo_oa.channel import ZaloOA
from bot.settings import Settings
from handlers.talk import Attachment, Button
from knowledge.plans.model import Contents
from knowledge.records import channels
from knowledge.store import Store, open_store
from tests.fake_zalo import FakeZalo

AN = "1001"
PDF = Attachment("thông báo.pdf", "application/pdf", b"%PDF-1.7")
YES = Button("Có", "có", 1)

Errand = Callable[[FakeZalo, ZaloOA], Awaitable[None]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'motcua.sqlite3'}", Contents) as opened:
        yield opened


def on_zalo(store: Store, errand: Errand, **rules: object) -> FakeZalo:
    """Run an errand with an open channel, and a citizen who has just written."""

    async def run() -> FakeZalo:
        async with FakeZalo() as fake:
            for name, rule in rules.items():
                setattr(fake, name, rule)
            fake.user(AN).interacted_at = fake.now()
            channel = ZaloOA(Settings(**fake.settings, _env_file=None), lambda: store, fake.now)
            await channel.open()
            try:
                await errand(fake, channel)
            finally:
                await channel.close()
        return fake

    return asyncio.run(run())


async def send(channel: ZaloOA, letter: Letter) -> None:
    for part in channel.parts(letter):
        await channel.send(letter.to, part)


def sending(letter: Letter) -> Errand:
    async def errand(_: FakeZalo, channel: ZaloOA) -> None:
        await send(channel, letter)

    return errand


def learned(store: Store) -> dict[str, object]:
    with store.town(datetime.now(UTC), reading=True) as town:
        return dict(channels.learned(town.session, "zalo"))


def refusal(store: Store, code: int, *, asked: bool = False, hour: int = 9) -> SendError:
    """Send to a Zalo that always answers with a code, and return what the postman is told."""
    errors = []

    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.pass_time(hours=hour - 9)
        fake.trouble("/message", error=code, times=100)
        letter = Letter(AN, "Chào anh/chị.", context={"message": "7"} if asked else {})
        with pytest.raises(SendError) as caught:
            await send(channel, letter)
        errors.append(caught.value)

    on_zalo(store, errand)
    return errors[0]


def test_a_letter_arrives_with_its_choices_as_text_and_as_buttons(store: Store) -> None:
    [sent] = on_zalo(store, sending(Letter(AN, "Đúng không ạ?", ["[1] Kế hoạch"], [YES]))).sent
    assert sent.text == "Đúng không ạ?\n\n[1] Kế hoạch\n\n1. Có"
    assert [(each["title"], each["payload"]) for each in sent.buttons] == [("Có", "có")]
    assert sent.path == "/v3.0/oa/message/cs"


def test_a_long_letter_arrives_in_order(store: Store) -> None:
    text = "\n".join(f"Dòng thứ {number} của câu trả lời." for number in range(200))
    sent = on_zalo(store, sending(Letter(AN, text))).sent
    assert len(sent) > 2
    assert "\n".join(each.text for each in sent) == text


def test_files_and_pictures_arrive_and_are_uploaded_once(store: Store) -> None:
    picture = Attachment("qr.png", "image/png", b"\x89PNG\r\n\x1a\n")

    async def errand(_: FakeZalo, channel: ZaloOA) -> None:
        for _again in range(2):
            await send(channel, Letter(AN, "Đây ạ.", attachments=[PDF, picture]))

    fake = on_zalo(store, errand)
    kinds = [each.attachment and each.attachment["type"] for each in fake.sent]
    assert kinds == [None, "file", "template"] * 2
    assert len(fake.uploads) == 2


def test_an_upload_that_has_expired_is_given_again(store: Store) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        await send(channel, Letter(AN, "Đây ạ.", attachments=[PDF]))
        fake.uploads.clear()
        await send(channel, Letter(AN, "Đây ạ.", attachments=[PDF]))

    fake = on_zalo(store, errand)
    assert len(fake.sent) == 4
    assert [call.error for call in fake.calls if "message" in call.path] == [0, 0, 0, -100, 0]


def test_a_file_that_zalo_does_not_take_becomes_a_sentence(store: Store) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.trouble("/upload", error=-201)
        await send(channel, Letter(AN, "Đây ạ.", attachments=[PDF]))

    _, instead = on_zalo(store, errand).sent
    assert instead.text == "Tệp “thông báo.pdf” không gửi qua Zalo được."
    assert learned(store)["buttonless"] == []


def test_a_government_oa_is_served_by_v2_after_one_refusal(store: Store) -> None:
    letter = Letter(AN, "Chào anh/chị.")

    async def errand(_: FakeZalo, channel: ZaloOA) -> None:
        await send(channel, letter)
        await send(channel, letter)

    fake = on_zalo(store, errand, government=True)
    assert [call.error for call in fake.calls if "message" in call.path] == [-235, 0, 0]
    assert learned(store)["endpoint"] == "v2"


def test_the_next_start_begins_with_what_was_learned(store: Store) -> None:
    with store.town(datetime.now(UTC)) as town:
        channels.learn(town.session, "zalo", endpoint="v2", buttonless=["v2"])
    letter = Letter(AN, "Đúng không ạ?", buttons=[YES])
    fake = on_zalo(store, sending(letter), government=True, button_shape="")
    assert [call.error for call in fake.calls if "message" in call.path] == [0]


def test_an_oa_that_v2_refuses_is_served_by_v3_again(store: Store) -> None:
    with store.town(datetime.now(UTC)) as town:
        channels.learn(town.session, "zalo", endpoint="v2")
    fake = on_zalo(store, sending(Letter(AN, "Chào anh/chị.")))
    assert [call.error for call in fake.calls if "message" in call.path] == [-240, 0]
    assert learned(store)["endpoint"] == "v3"


def test_an_oa_that_neither_endpoint_serves_stops_the_channel(store: Store) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.trouble("/v2.0/oa/message", error=-240, times=9)
        with pytest.raises(SendError) as caught:
            await send(channel, Letter(AN, "Chào anh/chị."))
        assert caught.value.outcome is Outcome.STOPPED

    fake = on_zalo(store, errand, government=True)
    assert [call.error for call in fake.calls if "message" in call.path] == [-235, -240, -235]
    assert "endpoint" not in learned(store)


@pytest.mark.parametrize("shape", ["", "B"])
def test_buttons_that_zalo_does_not_take_are_left_out_from_then_on(
    store: Store, shape: str
) -> None:
    letter = Letter(AN, "Đúng không ạ?", buttons=[YES])

    async def errand(_: FakeZalo, channel: ZaloOA) -> None:
        await send(channel, letter)
        await send(channel, letter)

    fake = on_zalo(store, errand, button_shape=shape)
    assert [sent.text for sent in fake.sent] == ["Đúng không ạ?\n\n1. Có"] * 2
    code = -201 if shape else -233
    assert [call.error for call in fake.calls if "message" in call.path] == [code, 0, 0]
    assert learned(store)["buttonless"] == ["v3"]


def test_a_message_that_is_wrong_without_buttons_too_says_nothing_about_buttons(
    store: Store,
) -> None:
    async def errand(_: FakeZalo, channel: ZaloOA) -> None:
        with pytest.raises(SendError) as caught:
            await send(channel, Letter("nobody", "Đúng không ạ?", buttons=[YES]))
        assert caught.value.outcome is Outcome.REFUSED

    on_zalo(store, errand)
    assert not learned(store).get("buttonless")


def test_a_text_that_zalo_counts_longer_is_halved(store: Store) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.trouble("/message", error=-210)
        await send(channel, Letter(AN, "Mang theo bản chính. " * 50, buttons=[YES]))

    first, second = on_zalo(store, errand).sent
    assert not first.buttons
    assert second.buttons
    assert f"{first.text} {second.text}".count("Mang theo bản chính.") == 50


def test_a_short_text_that_is_called_too_long_is_set_aside(store: Store) -> None:
    assert refusal(store, -210).outcome is Outcome.REFUSED


@pytest.mark.parametrize("code", [-216, -220])
def test_a_token_that_is_refused_is_renewed_and_the_letter_sent(store: Store, code: int) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.trouble("/message", error=code)
        await send(channel, Letter(AN, "Chào anh/chị."))

    fake = on_zalo(store, errand)
    assert [call.error for call in fake.calls] == [0, code, 0, 0]
    assert len(fake.sent) == 1


def test_a_new_token_that_is_refused_too_stops_the_channel(store: Store) -> None:
    error = refusal(store, -216)
    assert error.outcome is Outcome.STOPPED


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (-32, Outcome.RETRY),
        (-200, Outcome.RETRY),
        (-999, Outcome.RETRY),
        (-213, Outcome.UNREACHABLE),
        (-227, Outcome.UNREACHABLE),
        (-230, Outcome.CLOSED),
        (-211, Outcome.CLOSED),
        (-248, Outcome.REFUSED),
        (-221, Outcome.STOPPED),
        (-242, Outcome.STOPPED),
    ],
)
def test_the_postman_is_told_what_a_code_means(store: Store, code: int, outcome: Outcome) -> None:
    error = refusal(store, code)
    assert (error.outcome, error.reason.startswith(f"{code}")) == (outcome, True)


def test_an_answer_that_is_owed_waits_for_new_quota(store: Store) -> None:
    error = refusal(store, -211, asked=True)
    assert (error.outcome, error.retry_after) == (Outcome.RETRY, 3600)


@pytest.mark.parametrize(("hour", "hours"), [(23, 8), (26, 5)])
def test_what_zalo_refuses_at_night_goes_out_in_the_morning(
    store: Store, hour: int, hours: int
) -> None:
    error = refusal(store, -234, hour=hour)
    assert error.outcome is Outcome.RETRY
    assert error.retry_after == pytest.approx(hours * 3600, abs=60)


def test_who_was_silent_for_a_week_cannot_be_written_to(store: Store) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.pass_time(days=8)
        with pytest.raises(SendError) as caught:
            await send(channel, Letter(AN, "Nhắc lịch."))
        assert caught.value.outcome is Outcome.CLOSED

    on_zalo(store, errand)


@pytest.mark.parametrize(
    "trouble", [{"drop": "before"}, {"drop": "after"}, {"status": 502}, {"status": 500}]
)
def test_a_zalo_that_is_away_is_asked_again(store: Store, trouble: dict[str, object]) -> None:
    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        fake.trouble("/message", **trouble)
        with pytest.raises(SendError) as caught:
            await send(channel, Letter(AN, "Chào anh/chị."))
        assert caught.value.outcome is Outcome.RETRY
        await send(channel, Letter(AN, "Chào anh/chị."))

    on_zalo(store, errand)


def test_no_token_is_said_in_an_error_or_a_log(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    secrets: list[str] = []
    said: list[str] = []

    async def errand(fake: FakeZalo, channel: ZaloOA) -> None:
        secrets.append(fake.app_secret)
        for code in (-201, -216, -999):
            fake.trouble("/message", error=code)
            secrets.extend([fake.access_token, fake.refresh_token])
            try:
                await send(channel, Letter(AN, "Chào anh/chị."))
            except SendError as error:
                said.append("".join(format_exception(error)))
            secrets.extend([fake.access_token, fake.refresh_token])

    caplog.set_level(0)
    on_zalo(store, errand)
    said += [record.getMessage() for record in caplog.records]
    assert len(said) > 2
    assert [secret for secret in secrets if any(secret in each for each in said)] == []


def test_the_pace_is_that_of_the_package(store: Store) -> None:
    settings = Settings(zalo_rate=120, _env_file=None)
    assert ZaloOA(settings, lambda: store, lambda: datetime.now(UTC)).pace.per_second == 2
