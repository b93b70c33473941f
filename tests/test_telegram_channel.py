"""Telegram, from a citizen's phone and back, over our fake of its server."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import AnyHttpUrl, SecretStr

from bot.app import make_app
from bot.channels import telegram
from bot.channels.channel import Letter, Migrated, Outcome, Part, SendError
from bot.channels.door import CHANNELS, DESK, INBOX, REFUSALS
from bot.channels.telegram.channel import PATH, TelegramChannel
from bot.inbox import Parcel
from bot.settings import Settings
from handlers.talk import Attachment, Button
from knowledge.records import channels
from tests.fake_telegram import BOT, TOKEN, UNPACED, FakeTelegram, Limits

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
HOA, GROUP = 7, -55
SECRET = {"X-Telegram-Bot-Api-Secret-Token": "of-this-test"}
QUESTION = "thứ mấy chứng thực bản sao ở Bắc Kạn, phí bao nhiêu?"


@dataclass(frozen=True, slots=True)
class Service:
    """The whole service behind Telegram."""

    app: web.Application
    client: TestClient[web.Request, web.Application]
    fake: FakeTelegram

    async def press(self, label: str) -> None:
        """Press a button and wait for what it brings."""
        before = len(self.fake.sent)
        self.fake.presses(HOA, label)
        kinds = ("sendMessage", "editMessageText")
        await self.fake.until(
            lambda: any(each.method in kinds for each in self.fake.sent[before:])
        )


class Impatient:
    """A door whose channel tries again at once."""

    def mount(self, app: web.Application) -> None:
        app[CHANNELS].append(TelegramChannel(app, TOKEN, "", first_pause=0.01))


class Aside:
    """A door whose channel nobody runs but the test."""

    channel: TelegramChannel

    def mount(self, app: web.Application) -> None:
        self.channel = TelegramChannel(app, TOKEN, "", first_pause=0.01)


def settings(folder: Path, address: str, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    return Settings(
        data_dir=folder,
        telegram_token=SecretStr(TOKEN),
        telegram_secret=SecretStr("of-this-test"),
        telegram_api=AnyHttpUrl(address),
        _env_file=None,
        **more,
    )


@asynccontextmanager
async def service(
    folder: Path,
    *,
    webhook: bool = False,
    limits: Limits = UNPACED,
    door: Any = telegram,  # noqa: ANN401 - a door is a module
) -> AsyncIterator[Service]:
    async with FakeTelegram(limits, https=webhook) as fake:
        public = {"public_url": AnyHttpUrl("https://motcua.example/")} if webhook else {}
        app = make_app(settings(folder, fake.url, **public), lambda: NOW, [door])
        server = TestServer(app)
        await server.start_server()
        fake.proxy = str(server.make_url("/"))
        async with TestClient(server) as client:
            yield Service(app, client, fake)


@dataclass(frozen=True, slots=True)
class Account:
    """The channel alone, that nobody runs but the test."""

    channel: TelegramChannel
    fake: FakeTelegram


@asynccontextmanager
async def account(folder: Path, *chats: int) -> AsyncIterator[Account]:
    """Open the channel; the bot has met the people of these chats."""
    door = Aside()
    async with service(folder, door=door) as hall:
        for each in chats:
            hall.fake.chat(each)
        await door.channel.open()
        yield Account(door.channel, hall.fake)
        await door.channel.close()


def run(visit: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(visit())  # type: ignore[arg-type]


@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
def test_a_question_gets_its_card(tmp_path: Path, *, webhook: bool) -> None:
    async def visit() -> None:
        async with service(tmp_path, webhook=webhook) as hall:
            hall.fake.says(HOA, QUESTION)
            await hall.fake.until(lambda: hall.fake.messages(HOA))
            [card] = hall.fake.messages(HOA)
            assert card.text.startswith("Sao y, chứng thực giấy tờ Việt Nam cấp")
            assert "→ Gần nhất: Thứ Năm, 26/11/2026" in card.text
            assert "<blockquote expandable>[1] Kế hoạch" in card.params["text"]
            assert hall.fake.refused == []
            await hall.fake.delivered()

    run(visit)


def test_a_button_under_an_answer_is_heard_and_goes_while_the_answer_stays(
    tmp_path: Path,
) -> None:
    async def visit() -> None:
        async with service(tmp_path) as hall:
            hall.fake.says(HOA, QUESTION)
            await hall.fake.until(lambda: hall.fake.messages(HOA))
            [card] = hall.fake.messages(HOA)
            await hall.press("Cần mang gì?")
            kept, answer = [
                each
                for each in hall.fake.chats[HOA].messages.values()
                if each["from"]["id"] == BOT["id"]
            ]
            assert kept["text"] == card.text
            labels = [
                key["text"] for row in kept["reply_markup"]["inline_keyboard"] for key in row
            ]
            assert labels == [label for label in card.labels if label != "Cần mang gì?"]
            assert "📄" in answer["text"]
            assert hall.fake.calls["answerCallbackQuery"] == 1
            assert hall.fake.refused == []

    run(visit)


def test_a_menu_turns_into_the_answer(tmp_path: Path) -> None:
    async def visit() -> None:
        async with service(tmp_path) as hall:
            hall.fake.says(HOA, "chứng thực ở Bắc Kạn")
            await hall.fake.until(lambda: hall.fake.messages(HOA))
            [menu] = hall.fake.messages(HOA)
            await hall.press(menu.labels[0])
            assert len(hall.fake.messages(HOA)) == 1
            assert hall.fake.shown(HOA)["text"].startswith("Sao y")
            assert hall.fake.calls["answerCallbackQuery"] == 1

    run(visit)


def test_a_menu_that_is_gone_is_answered_with_a_new_message(tmp_path: Path) -> None:
    async def visit() -> None:
        async with service(tmp_path) as hall:
            hall.fake.says(HOA, "chứng thực ở Bắc Kạn")
            await hall.fake.until(lambda: hall.fake.messages(HOA))
            [menu] = hall.fake.messages(HOA)
            hall.fake.fails(400, "Bad Request: message can't be edited", method="editMessageText")
            await hall.press(menu.labels[0])
            assert len(hall.fake.messages(HOA)) == 2

    run(visit)


def test_in_a_group_only_what_is_meant_for_us_is_answered_with_a_quotation(
    tmp_path: Path,
) -> None:
    async def visit() -> None:
        async with service(tmp_path) as hall:
            await hall.fake.until(lambda: hall.fake.commands.get(("default", "en")))
            hall.fake.says(GROUP, QUESTION)
            asked = hall.fake.says(GROUP, f"@motcua_bot {QUESTION}")
            await hall.fake.until(lambda: hall.fake.messages(GROUP))
            [card] = hall.fake.messages(GROUP)
            quoted = card.params["reply_parameters"]["message_id"]
            assert quoted == asked["message"]["message_id"]

    run(visit)


def test_typed_after_the_bots_name_in_any_chat_a_procedure_becomes_a_card(tmp_path: Path) -> None:
    async def visit() -> None:
        async with service(tmp_path) as hall:
            for text in (QUESTION, "chứng thực ở Bắc Kạn", "", "/riengtu"):
                hall.fake.asks_inline(HOA, text)
            await hall.fake.until(lambda: hall.fake.calls["answerInlineQuery"] == 4)
            answers = [
                each.params["results"]
                for each in hall.fake.sent
                if each.method == "answerInlineQuery"
            ]
            assert sorted(map(len, answers)) == [1, 1, 1, 4]
            titles = {each["title"] for results in answers for each in results}
            assert "Sao y, chứng thực giấy tờ Việt Nam cấp – thành phố Bắc Kạn" in titles
            [card] = next(each for each in answers if each[0]["id"] == "0" and len(each) == 1)
            assert card["description"].startswith("Gần nhất: Thứ Năm, 26/11/2026")
            assert "<blockquote expandable>[1]" in card["input_message_content"]["message_text"]
            assert [each[0]["id"] for each in answers].count("hint") == 2
            assert hall.fake.refused == []

    run(visit)


def test_the_bot_learns_its_name_and_lists_its_commands_in_each_language(tmp_path: Path) -> None:
    async def visit() -> None:
        async with service(tmp_path) as hall:
            await hall.fake.until(lambda: len(hall.fake.commands) == 3)
            known = await hall.app[DESK].look(
                lambda town: channels.learned(town.session, "telegram")
            )
            assert known["username"] == "motcua_bot"
            names = {
                language: [each["command"] for each in commands]
                for (_, language), commands in hall.fake.commands.items()
            }
            assert set(names) == {"", "vi", "en"}
            assert {"start", "diaphuong", "ngonngu", "riengtu", "dung", "help"} <= set(names[""])
            vietnamese, english = (
                hall.fake.commands["default", language][0]["description"]
                for language in ("vi", "en")
            )
            assert vietnamese != english

    run(visit)


def test_a_webhook_is_registered_with_a_secret_that_does_not_tell_the_token(
    tmp_path: Path,
) -> None:
    async def visit() -> None:
        async with FakeTelegram(https=True) as fake:
            public = AnyHttpUrl("https://motcua.example")
            made = settings(tmp_path, fake.url, public_url=public)
            app = make_app(made.model_copy(update={"telegram_secret": None}), doors=[telegram])
            async with TestClient(TestServer(app)):
                await fake.until(lambda: fake.webhook.url)
            assert fake.webhook.url == "https://motcua.example/webhooks/telegram"
            assert len(fake.webhook.secret) == 64
            assert fake.webhook.secret not in TOKEN

    run(visit)


def test_without_a_token_the_door_is_shut(tmp_path: Path) -> None:
    app = make_app(Settings(data_dir=tmp_path, _env_file=None), doors=[telegram])
    assert app[CHANNELS] == []
    assert PATH not in {each.canonical for each in app.router.resources()}


REFUSED = {
    "no signature": ({}, b'{"update_id": 1}', 401, "unsigned"),
    "an empty body without signature": ({}, b"{}", 401, "unsigned"),
    "a wrong signature": (
        {"X-Telegram-Bot-Api-Secret-Token": "b\xe9"},
        b'{"update_id": 1}',
        403,
        "wrong secret",
    ),
    "no JSON": (SECRET, b"\xff", 400, "no update"),
    "no object": (SECRET, b"[1]", 400, "no update"),
    "no number": (SECRET, b'{"update_id": true}', 400, "no update"),
    "a number that is none": (SECRET, b'{"update_id": ' + b"9" * 5000 + b"}", 400, "no update"),
    "deep nesting": (SECRET, b'{"update_id": ' + b"[" * 200_000, 400, "no update"),
    "too much": (SECRET, b'{"a": "' + b"x" * 1_100_000 + b'"}', 413, "too large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_update_of_telegram_is_only_counted(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers, body, status, reason = REFUSED[name]

    async def visit() -> None:
        async with service(tmp_path) as hall:
            async with hall.client.post(PATH, data=BytesIO(body), headers=headers) as said:
                assert said.status == status
            assert hall.app[REFUSALS] == {("telegram", reason): 1}
            assert await hall.app[INBOX].after(0, 9) == []

    run(visit)
    assert not [each for each in caplog.records if each.exc_info]


def test_what_the_library_cannot_read_means_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            for content in (7, {}, {"chat": 7}, {"chat": {"id": "x"}, "date": "x"}, []):
                body = json.dumps({"update_id": 1, "message": content}).encode()
                parcel = Parcel("telegram", "1", "7", body, NOW)
                assert hall.channel.read(parcel) is None

    run(visit)
    assert not [each for each in caplog.records if each.exc_info]


# What the postman is told.


async def refusal(hall: Account, to: str = "7", text: str = "xin chào") -> SendError:
    [part] = hall.channel.parts(Letter(to, text))
    with pytest.raises(SendError) as caught:
        await hall.channel.send(to, part)
    assert TOKEN not in repr(caught.value)
    return caught.value


FATES = {
    "blocked": (403, "Forbidden: bot was blocked by the user", Outcome.UNREACHABLE),
    "deleted": (403, "Forbidden: user is deactivated", Outcome.UNREACHABLE),
    "unknown": (400, "Bad Request: chat not found", Outcome.UNREACHABLE),
    "muted": (400, "Bad Request: not enough rights to send text messages", Outcome.UNREACHABLE),
    "too long": (400, "Bad Request: message is too long", Outcome.REFUSED),
    "a wrong token": (401, "Unauthorized", Outcome.STOPPED),
    "no token": (404, "Not Found", Outcome.STOPPED),
    "out of order": (502, "Bad Gateway", Outcome.RETRY),
}


@pytest.mark.parametrize("name", FATES)
def test_the_postman_learns_what_follows_from_an_error(tmp_path: Path, name: str) -> None:
    code, description, outcome = FATES[name]

    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            hall.fake.fails(code, description, method="sendMessage")
            error = await refusal(hall)
            assert (error.outcome, error.retry_after) == (outcome, None)

    run(visit)


def test_too_fast_means_to_wait_exactly_as_long_as_telegram_says(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            hall.fake.fails(
                429, "Too Many Requests: retry after 17", method="sendMessage", retry_after=17
            )
            error = await refusal(hall)
            assert (error.outcome, error.retry_after) == (Outcome.RETRY, 17)

    run(visit)


def test_a_broken_connection_means_to_try_again(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            hall.fake.drops(method="sendMessage")
            error = await refusal(hall)
            assert (error.outcome, error.retry_after) == (Outcome.RETRY, None)

    run(visit)


def test_a_group_that_moved_is_followed(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            moved = hall.fake.migrates(GROUP)
            error = await refusal(hall, str(GROUP))
            assert isinstance(error, Migrated)
            assert error.to == str(moved)

    run(visit)


def test_markup_that_telegram_does_not_take_is_sent_as_plain_words(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            broken = Part("sendMessage", {"text": "<b>5 &lt; 6</i>", "parse_mode": "HTML"})
            await hall.channel.send("7", broken)
            assert hall.fake.shown(HOA)["text"] == "5 < 6"

    run(visit)


def test_a_file_and_a_question_that_was_deleted(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            qr = Attachment("qr.png", "image/png", b"\x89PNG")
            letter = Letter(str(GROUP), "Đây ạ.", attachments=[qr], context={"reply_to": 99})
            for part in hall.channel.parts(letter):
                await hall.channel.send(str(GROUP), part)
            text, file = hall.fake.messages(GROUP)
            assert text.text == "Đây ạ."
            sent = file.params["document"]
            assert (sent.name, sent.content) == ("qr.png", b"\x89PNG")

    run(visit)


def test_a_keyboard_of_any_letter_is_taken(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            buttons = [Button(f"{n} &<b>", "ạ" * n) for n in range(130)]
            for part in hall.channel.parts(Letter("7", "?", buttons=buttons)):
                await hall.channel.send("7", part)
            assert len(hall.fake.messages(HOA)[-1].labels) == 21

    run(visit)


def test_whoever_waits_sees_that_we_are_typing(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA, GROUP) as hall:
            for chat in ("7", "8", "no-chat"):
                await hall.channel.busy(chat)
            assert hall.fake.calls["sendChatAction"] == 2

    run(visit)


def test_a_pressed_button_is_heard_also_where_no_letter_follows(tmp_path: Path) -> None:
    async def visit() -> None:
        async with account(tmp_path, HOA) as hall:
            menu = Letter("7", "Nơi nào?", buttons=[Button("Bắc Kạn", "bac-kan")])
            await hall.channel.send("7", hall.channel.parts(menu)[0])
            query = hall.fake.presses(HOA, "Bắc Kạn")
            update = {"update_id": 1, "callback_query": {"id": query, "inline_message_id": "A"}}
            kept: list[Parcel] = []

            async def keep(parcels: Sequence[Parcel]) -> None:
                kept.extend(parcels)

            for _ in range(2):
                await hall.channel.take([(update, b"{}")], keep)
            await hall.fake.until(lambda: hall.fake.calls["answerCallbackQuery"])
            assert hall.fake.calls["answerCallbackQuery"] == 1
            assert len(kept) == 2

    run(visit)


# Long polling.


def test_an_update_that_was_not_kept_is_fetched_again(tmp_path: Path) -> None:
    kept: list[str] = []

    async def lose(parcels: Sequence[Parcel]) -> None:
        if parcels:
            raise OSError("the disk is full")

    async def keep(parcels: Sequence[Parcel]) -> None:
        kept.extend(each.chat for each in parcels)

    async def visit() -> None:
        async with account(tmp_path) as hall:
            hall.fake.says(HOA, "xin chào")
            with pytest.raises(OSError, match="full"):
                await hall.channel.listen(lose)
            listening = asyncio.create_task(hall.channel.listen(keep))
            await hall.fake.delivered()
            listening.cancel()

    run(visit)
    assert kept == ["7"]


def test_trouble_with_telegram_is_told_once_and_so_is_its_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.channels")

    async def visit() -> None:
        async with service(tmp_path, door=Impatient()) as hall:
            await hall.fake.until(lambda: hall.fake.calls["getUpdates"])
            hall.fake.fails(409, "Conflict: terminated by other getUpdates", 3, "getUpdates")
            hall.fake.says(GROUP, "chuyện riêng")
            await hall.fake.until(lambda: hall.fake.calls["getUpdates"] == 5)
            hall.fake.says(GROUP, "chuyện khác")
            await hall.fake.until(lambda: hall.fake.calls["getUpdates"] == 6)

    run(visit)
    assert caplog.messages == [
        "Telegram cannot be reached: Conflict: terminated by other getUpdates",
        "Telegram can be reached again",
    ]


def test_no_log_and_no_error_shows_the_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def visit() -> None:
        door = Aside()
        app = make_app(settings(tmp_path, "http://127.0.0.1:9"), lambda: NOW, [door])
        async with TestClient(TestServer(app)):
            await door.channel.open()
            listening = asyncio.create_task(door.channel.listen(app[INBOX].keep))
            [part] = door.channel.parts(Letter("7", "xin chào"))
            for _ in range(2):
                with pytest.raises(SendError) as caught:
                    await door.channel.send("7", part)
                assert caught.value.outcome is Outcome.RETRY
                assert TOKEN not in str(caught.value)
            listening.cancel()
            await door.channel.close()

    run(visit)
    assert "Telegram cannot be reached: ClientConnectorError" in caplog.messages
    assert TOKEN not in caplog.text
