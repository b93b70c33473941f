"""Clients that nobody here wrote speak with our fakes of Zalo: the fakes speak the protocol."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

import pytest
import requests
import zalo_sdk
from pyzalo.main import PyZALO
from zalo_bot import Bot
from zalo_bot.error import BadRequest, Forbidden, InvalidToken, NetworkError
from zalo_sdk import oa

from tests.fake_zalo import FakeZalo, Json
from tests.fake_zalo_bot import FakeZaloBot

PUBLIC = "https://motcua.example.vn/webhooks/zalobot"
KEY = "0123456789"


class TestZaloSdk:
    """`zalo-sdk`, with its `endpoint_prefix` at the fake; it is synchronous."""

    def with_client(self, test: Callable[[FakeZalo, oa.Client], None], **rules: bool) -> FakeZalo:
        async def run() -> FakeZalo:
            async with FakeZalo(**rules) as fake:
                fake.message_event("1001", "user_send_text", text="Xin chào")
                client = oa.Client(
                    fake.app_id,
                    fake.app_secret,
                    access_token=fake.access_token,
                    refresh_token=fake.refresh_token,
                    endpoint_prefix=fake.api,
                )
                await asyncio.to_thread(test, fake, client)
                return fake

        return asyncio.run(run())

    def test_a_text_arrives(self) -> None:
        def test(_fake: FakeZalo, client: oa.Client) -> None:
            answer = client.send_message(to("1001"), text("Thứ Ba và thứ Năm"))
            assert answer["error"] == 0
            assert answer["data"]["quota"] == {"quota_type": "reply"}

        (sent,) = self.with_client(test).sent
        assert (sent.to, sent.text) == ("1001", "Thứ Ba và thứ Năm")

    def test_errors_in_an_answer_of_200_become_exceptions(self) -> None:
        def test(fake: FakeZalo, client: oa.Client) -> None:
            for code, body in ((-201, text("a")), (-210, text("a" * 2001))):
                user = "1002" if code == -201 else "1001"
                with refused(code):
                    client.send_message(to(user), body)
            fake.user("1001").blocked = True
            with refused(-227):
                client.send_message(to("1001"), text("a"))
            fake.user("1001").blocked = False
            fake.pass_time(hours=25)
            with pytest.raises(zalo_sdk.ZaloOAAuthTokenExpiredException):
                client.send_message(to("1001"), text("a"))

        self.with_client(test)

    def test_a_refresh_kills_the_old_token_and_spends_the_refresh_token(self) -> None:
        def test(fake: FakeZalo, client: oa.Client) -> None:
            old, spent = client.access_token, client.refresh_token
            client.check_and_set_token(refresh(fake, spent))
            assert client.get_user_detail("1001")["data"]["user_id"] == "1001"
            client.access_token = old
            with refused(-216):
                client.get_user_detail("1001")
            with pytest.raises(zalo_sdk.ZaloOAException):
                client.check_zalo_oa_error(refresh(fake, spent))
            assert fake.spent[spent] == 2

        self.with_client(test)

    def test_a_governments_account_is_refused_by_the_third_version(self) -> None:
        def test(_fake: FakeZalo, client: oa.Client) -> None:
            with refused(-235):
                client.send_message(to("1001"), text("a"))
            assert client.send_message(to("1001"), text("a"), category="action")["error"] == 0

        self.with_client(test, government=True)

    def test_others_are_refused_by_the_second_version(self) -> None:
        def test(_fake: FakeZalo, client: oa.Client) -> None:
            with refused(-240):
                client.send_message(to("1001"), text("a"), category="action")

        self.with_client(test)

    def test_files_and_pictures_are_uploaded_and_sent(self) -> None:
        def test(_fake: FakeZalo, client: oa.Client) -> None:
            token = client.upload_file(b"%PDF-1.7", "file", "don.pdf", "application/pdf")
            file = oa.ZaloAttachmentFile({"token": token["data"]["token"]}).toDict()
            client.send_message(to("1001"), attachment("file", file["payload"]))
            picture = client.upload_file(b"\x89PNG\r\n\x1a\n", "image", "qr.png", "image/png")
            element = {"media_type": "image", "attachment_id": picture["data"]["attachment_id"]}
            payload = {"template_type": "media", "elements": [element]}
            client.send_message(to("1001"), attachment("template", payload))
            with refused(-201):
                client.upload_file(b"MZ", "file", "don.exe", "application/octet-stream")

        assert len(self.with_client(test).sent) == 2

    def test_a_template_of_the_library_itself_is_understood(self) -> None:
        def test(_fake: FakeZalo, client: oa.Client) -> None:
            element = oa.ZaloTemplateElement(media_type="image", url="https://a.vn/a.jpg")
            with redirect_stdout(StringIO()):
                template = oa.ZaloAttachmentTemplate(
                    oa.ZaloTemplateType.media, [element], []
                ).toDict()
            client.send_message(to("1001"), attachment("template", template))

        assert len(self.with_client(test).sent) == 1

    def test_what_may_still_be_sent_is_told(self) -> None:
        def test(fake: FakeZalo, client: oa.Client) -> None:
            told = client.get_zalo_user_quotas("1001")["data"]
            last = fake.user("1001").interacted_at
            assert last is not None
            assert told["last_interaction"] == int(last.timestamp() * 1000)
            assert client.get_zalo_oa_quotas("OA", "cs")["data"][0]["remain"] == 500
            assert client.get_list({"offset": 0, "count": 50})["data"]["total"] == 1
            with refused(-210):
                client.get_list({"offset": 0, "count": 51})

        self.with_client(test)


class TestPythonZaloBot:
    """`python-zalo-bot`, with its `base_url` at the fake; it posts forms."""

    def with_bot(self, test: Callable[[FakeZaloBot, Bot], Awaitable[None]]) -> FakeZaloBot:
        async def run() -> FakeZaloBot:
            async with FakeZaloBot() as fake:
                await fake.says("an", "Xin chào")
                async with Bot(fake.token, fake.api) as bot:
                    await test(fake, bot)
                return fake

        return asyncio.run(run())

    def test_it_polls_and_answers(self) -> None:
        async def test(_fake: FakeZaloBot, bot: Bot) -> None:
            update = await bot.get_update(timeout=5)
            assert update is not None
            assert (update.message.text, update.message.chat.type) == ("Xin chào", "PRIVATE")
            assert update.effective_user.display_name == "Nguyễn Thị An"
            await update.message.reply_action("typing")
            answer = await update.message.reply_text("Thứ Ba")
            assert answer.message_id

        fake = self.with_bot(test)
        assert [(said.to, said.text) for said in fake.sent] == [("an", "Thứ Ba")]
        assert fake.actions == ["an"]

    def test_it_sends_pictures_and_stickers(self) -> None:
        async def test(_fake: FakeZaloBot, bot: Bot) -> None:
            await bot.send_photo("an", "chú thích", "https://a.vn/a.jpg")
            await bot.send_sticker("an", "0e078a2fb66a5f34067b")

        methods = [said.method for said in self.with_bot(test).sent]
        assert methods == ["sendPhoto", "sendSticker"]

    def test_an_idle_poll_is_a_408_and_a_webhook_forbids_polling(self) -> None:
        async def test(_fake: FakeZaloBot, bot: Bot) -> None:
            await bot.get_update(timeout=5)
            with pytest.raises(NetworkError, match="408"):
                await bot.get_update(timeout=1)
            with pytest.raises(InvalidToken):
                await bot._get_webhook_info_async()  # noqa: SLF001 - its public one starts a loop
            assert await bot._set_webhook_async(PUBLIC, KEY)  # noqa: SLF001
            assert (await bot._get_webhook_info_async()).url == PUBLIC  # noqa: SLF001
            with pytest.raises(BadRequest):
                await bot.get_update(timeout=1)
            assert await bot._delete_webhook_async()  # noqa: SLF001

        self.with_bot(test)

    def test_refusals_become_its_exceptions(self) -> None:
        async def test(fake: FakeZaloBot, bot: Bot) -> None:
            with pytest.raises(BadRequest):
                await bot.send_message("an", "a" * 2001)
            with pytest.raises(BadRequest):
                await bot.send_message("nobody", "a")
            fake.blocked.add("an")
            with pytest.raises(Forbidden):
                await bot.send_message("an", "a")
            fake.blocked.clear()
            fake.quota = 0
            with pytest.raises(NetworkError, match="429"):
                await bot.send_message("an", "a")

        self.with_bot(test)

    def test_a_wrong_token_is_told_at_once(self) -> None:
        async def run() -> None:
            async with FakeZaloBot() as fake:
                with pytest.raises(InvalidToken):
                    async with Bot("1:wrong", fake.api):
                        pass

        asyncio.run(run())


class TestPyzalo:
    """`pyzalo`, with its `base_url` at the fake; it posts JSON and returns envelopes."""

    def test_it_polls_and_answers(self) -> None:
        def test(bot: PyZALO) -> None:
            assert bot.getMe()["result"]["account_type"] == "BASIC"
            update = bot.getUpdates(5)["result"]
            chat = update["message"]["chat"]["id"]
            assert update["event_name"] == "message.text.received"
            assert bot.sendMessage(chat, "Thứ Ba")["ok"] is True
            assert bot.sendPhoto(chat, "https://a.vn/a.jpg", "ảnh")["ok"] is True
            assert bot.sendChatAction(chat) == {"ok": True}
            assert bot.getUpdates(1)["error_code"] == 408

        fake = with_pyzalo(test)
        assert [said.text for said in fake.sent] == ["Thứ Ba", "ảnh"]

    def test_it_sets_a_webhook(self) -> None:
        def test(bot: PyZALO) -> None:
            assert bot.getWebhookInfo()["error_code"] == 404
            assert bot.setWebhook("http://127.0.0.1/", KEY)["error_code"] == 400
            assert bot.setWebhook("https://10.0.0.1/", KEY)["error_code"] == 400
            assert bot.setWebhook(PUBLIC, "short")["error_code"] == 400
            assert bot.setWebhook(PUBLIC, KEY)["result"]["url"] == PUBLIC
            assert bot.getWebhookInfo()["result"]["url"] == PUBLIC
            assert bot.getUpdates(1)["error_code"] == 400
            assert bot.deleteWebhook()["result"]["url"] == ""

        with_pyzalo(test)

    def test_its_stickers_go_astray_and_the_fake_says_so(self) -> None:
        """It posts them as photos, a known mistake: a strict platform refuses."""

        def test(bot: PyZALO) -> None:
            assert bot.sendSticker("an", "0e07")["error_code"] == 400

        assert with_pyzalo(test).sent == []


def with_pyzalo(test: Callable[[PyZALO], None]) -> FakeZaloBot:
    async def run() -> FakeZaloBot:
        async with FakeZaloBot() as fake:
            await fake.says("an", "Xin chào")
            bot = PyZALO(fake.token, fake.api)
            with bot.session:
                await asyncio.to_thread(test, bot)
            return fake

    return asyncio.run(run())


def to(user: str) -> oa.ZaloRecipient:
    return oa.ZaloRecipient(user_id=user)


def text(words: str) -> oa.ZaloMessageBody:
    return oa.ZaloMessageBody(text=words)


def attachment(kind: str, payload: object) -> oa.ZaloMessageBody:
    return oa.ZaloMessageBody(attachment=oa.ZaloAttachment(kind, payload))


def refresh(fake: FakeZalo, token: str) -> Json:
    """Refresh as the library does, whose own method has Zalo's address built in."""
    fields = {"refresh_token": token, "app_id": fake.app_id, "grant_type": "refresh_token"}
    headers = {"secret_key": fake.app_secret}
    url = f"{fake.oauth}/v4/oa/access_token"
    return requests.post(url, data=fields, headers=headers, timeout=5).json()


@contextmanager
def refused(code: int) -> Iterator[None]:
    with pytest.raises(zalo_sdk.ZaloOAException) as raised:
        yield
    assert raised.value._code == code  # noqa: SLF001 - it shows it nowhere else
