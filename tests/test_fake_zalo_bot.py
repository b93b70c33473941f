"""The fake of the Zalo Bot Platform is as strict as the protocol sheet."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.fake_zalo import Json
from tests.fake_zalo_bot import FakeZaloBot

Call = Callable[..., Awaitable[Json]]


def with_call(test: Callable[[FakeZaloBot, Call], Awaitable[None]]) -> None:
    """Run a test with a fake and a way to call its methods."""

    async def run() -> None:
        async with FakeZaloBot() as fake, ClientSession() as session:

            async def call(method: str, patience: float = 5, **fields: object) -> Json:
                url = f"{fake.api}/bot{fake.token}/{method}"
                timeout = ClientTimeout(total=patience)
                async with session.post(url, json=fields, timeout=timeout) as response:
                    answer: Json = await response.json()
                    assert response.status == answer.get("error_code", 200)
                    return answer

            await test(fake, call)

    asyncio.run(run())


def test_the_51st_user_does_not_reach_a_free_bot() -> None:
    async def test(fake: FakeZaloBot, call: Call) -> None:
        for number in range(51):
            await fake.says(f"u{number}", "Xin chào")
        await fake.says("u0", "Xin chào")
        assert len(fake.waiting) == 51
        assert (await call("sendMessage", chat_id="u49", text="a"))["ok"] is True
        assert (await call("sendMessage", chat_id="u50", text="a"))["error_code"] == 400

    with_call(test)


def test_an_update_whose_answer_is_lost_is_gone() -> None:
    async def test(fake: FakeZaloBot, call: Call) -> None:
        await fake.says("an", "một")
        await fake.says("an", "hai")
        fake.trouble("getUpdates", drop="after")
        with pytest.raises(ClientError):
            await call("getUpdates")
        assert (await call("getUpdates"))["result"]["message"]["text"] == "hai"
        assert (await call("getUpdates"))["error_code"] == 408

    with_call(test)


def test_one_who_gave_up_waiting_takes_nothing_along() -> None:
    async def test(fake: FakeZaloBot, call: Call) -> None:
        fake.idle = 30
        with pytest.raises(TimeoutError):
            await call("getUpdates", patience=0.05)
        await call("getMe")  # by now the fake has noticed
        await fake.says("an", "một")
        assert (await call("getUpdates"))["result"]["message"]["text"] == "một"

    with_call(test)


def test_texts_have_1_to_2000_characters_and_a_month_its_quota() -> None:
    async def test(fake: FakeZaloBot, call: Call) -> None:
        await fake.says("an", "Xin chào")
        codes = [
            (await call("sendMessage", chat_id="an", text=text)).get("error_code")
            for text in ("", "ế" * 2000, "ế" * 2001, "📅" * 1001)
        ]
        assert codes == [400, None, 400, 400]
        fake.quota = 0
        assert (await call("sendMessage", chat_id="an", text="a"))["error_code"] == 429

    with_call(test)


def test_only_typing_can_be_shown() -> None:
    async def test(fake: FakeZaloBot, call: Call) -> None:
        await fake.says("an", "Xin chào")
        assert await call("sendChatAction", chat_id="an", action="typing") == {"ok": True}
        refused = await call("sendChatAction", chat_id="an", action="upload_photo")
        assert refused["error_code"] == 400
        assert (await call("editMessageText"))["error_code"] == 404

    with_call(test)
