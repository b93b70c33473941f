"""Updates that platforms deliver twice, late, or in the wrong order.

Issue 4: dedupe on Telegram `update_id`, Zalo `msg_id`/`message_id` (else the body's hash), kept
≥ 7 days; order within one chat is kept, chats run side by side.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot import clock
from bot.channels.door import DESK
from bot.serving import REPEATED
from tests.all_channels import QUESTION, Hall, Platforms, platforms, service

NAME = "xuyenchi"
Again = Callable[[], Awaitable[object]]


def run(scenario: Callable[[Platforms], Awaitable[None]]) -> None:
    async def with_platforms() -> None:
        async with platforms() as those:
            await scenario(those)

    asyncio.run(with_platforms())


async def asked(hall: Hall, channel: str, text: str = QUESTION) -> Again:
    """Let a citizen write, wait for his answer, and return what delivers the same once more."""
    citizen = hall.citizen(channel)
    if channel == "telegram":
        update = hall.telegram.says(int(citizen.sender), text)
        await hall.settled()

        async def again() -> None:
            hall.telegram.redelivers(update)
            await hall.telegram.delivered()

        return again
    fake = hall.zalo if channel == "zalo" else hall.zalobot
    if channel == "zalo":
        event = hall.zalo.message_event(citizen.sender, "user_send_text", text=text)
    else:
        event = hall.zalobot.event(citizen.sender, "text", text=text)
    await fake.deliver(event)
    await hall.settled()
    return lambda: fake.deliver(event)


POSTED = pytest.mark.parametrize("channel", ["telegram", "zalo", "zalobot"])


@POSTED
def test_an_update_that_comes_again_at_once_after_a_restart_or_after_six_days_is_answered_once(
    tmp_path: Path, channel: str
) -> None:
    async def scenario(those: Platforms) -> None:
        async with service(those, tmp_path) as hall:
            again = await asked(hall, channel)
            assert len(hall.citizen(channel).heard()) == 1
            await again()
            await hall.settled()
            begun = hall.now
        async with service(those, tmp_path, zalo_refresh_token=those.zalo.refresh_token) as hall:
            await again()
            await hall.settled()
            hall.now = begun
            hall.passes(days=6, hours=23)
            await hall.app[DESK].do(lambda town: clock.sweep(town, 90))
            await again()
            await hall.settled()
            assert hall.ended(channel, REPEATED) == 2
            assert len(hall.citizen(channel).heard()) == 1
            assert await hall.questions() == [QUESTION]

    run(scenario)


@POSTED
def test_the_same_words_written_twice_are_two_messages(tmp_path: Path, channel: str) -> None:
    async def scenario(those: Platforms) -> None:
        async with service(those, tmp_path) as hall:
            await asked(hall, channel)
            await asked(hall, channel)
            assert len(hall.citizen(channel).heard()) == 2

    run(scenario)


def test_the_page_repeats_its_answer_to_a_message_that_it_sends_twice(tmp_path: Path) -> None:
    async def scenario(those: Platforms) -> None:
        async with service(those, tmp_path) as hall:
            bodies = []
            for _ in range(2):
                fields = {"text": QUESTION, "message": "message-0000000001"}
                cookie = {"Cookie": "conversation=conversation-xuyenchi"}
                async with hall.client.post("/chat", json=fields, headers=cookie) as response:
                    bodies.append((await response.json())["body"])
            assert bodies[0] == bodies[1]
            assert await hall.questions() == [QUESTION]

    run(scenario)


def test_what_telegram_posts_twice_is_answered_once_and_each_chat_in_its_order(
    tmp_path: Path,
) -> None:
    """Each chat asks a card, then its fee, then says thanks; everything is posted three times."""

    async def scenario(those: Platforms) -> None:
        async with service(those, tmp_path) as hall:
            hall.telegram.delivery.duplicates = 2
            people = [hall.citizen("telegram", f"nguoi{number:04}") for number in range(15)]
            # One after the other within a chat, as Telegram posts it; all chats side by side.
            for text in (QUESTION, "thế phí?", "cảm ơn"):
                for person in people:
                    await person.says(text)
                await hall.telegram.delivered()
            await hall.settled()
            for person in people:
                card, fee, thanks = person.heard()
                assert "Gần nhất" in card
                assert "2.000" in fee
                assert "không có gì" in thanks

    run(scenario)


def test_what_is_kept_in_order_is_answered_in_order_however_many_write_at_once(
    tmp_path: Path,
) -> None:
    async def scenario(those: Platforms) -> None:
        async with service(those, tmp_path) as hall:
            people = [hall.citizen("zalo", f"nguoi{number:04}") for number in range(15)]
            await asyncio.gather(*(_talks(hall, person.sender) for person in people))
            await hall.settled()
            for person in people:
                card, fee = [
                    "\n".join(each) for each in (person.heard()[:-1], person.heard()[-1:])
                ]
                assert "Gần nhất" in card
                assert "2.000" in fee

    async def _talks(hall: Hall, sender: str) -> None:
        await hall.zalo.says(sender, QUESTION)
        # Both are acknowledged before the first one is answered.
        await hall.zalo.says(sender, "thế phí?")

    run(scenario)


def test_updates_in_the_wrong_order_are_all_answered_and_each_once(tmp_path: Path) -> None:
    async def scenario(those: Platforms) -> None:
        async with service(those, tmp_path) as hall:
            hall.telegram.delivery.newest_first = True
            hall.telegram.delivery.duplicates = 1
            person = hall.citizen("telegram")
            for _ in range(10):
                await person.says(QUESTION)
            await hall.settled()
            assert ["Gần nhất" in each for each in person.heard()] == [True] * 10
            assert len(await hall.questions()) == 10

    run(scenario)
