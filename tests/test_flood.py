"""Too many messages, and messages that nobody may answer.

Issue 4: a per-citizen flood limit with one polite sentence; loop guards (own echoes, bots,
delivery and seen events).
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.inbox import Inbox, Parcel
from bot.serving import FLOODED
from tests.all_channels import NAMES, QUESTION, Hall, Person, platforms, run, service
from tests.fake_telegram import BOT
from tests.fake_zalo import START

LIMIT = 20
"""Messages of one citizen that are answered within a minute."""
TOO_MANY = "chờ một phút"
OTHER = "cucvang"


async def floods(citizen: Person, messages: int) -> list[str]:
    """Write so many messages at once, and return what comes back."""
    before = len(citizen.heard())
    for _ in range(messages):
        await citizen.says("xin chào")
    await citizen.hall.settled()
    return citizen.heard()[before:]


# Issue 4: a per-citizen flood limit with one polite sentence.


@pytest.mark.parametrize("channel", NAMES[1:])
def test_who_writes_too_much_is_told_so_once_and_then_not_answered_for_a_minute(
    tmp_path: Path, channel: str
) -> None:
    async def visit(hall: Hall) -> None:
        citizen, other = hall.citizen(channel), hall.citizen(channel, OTHER)
        told = await floods(citizen, LIMIT + 5)
        assert len(told) == LIMIT + 1
        assert [TOO_MANY in each for each in told] == [False] * LIMIT + [True]
        # Others do not notice, and he himself does not on other channels.
        assert "Gần nhất" in await other.asks(QUESTION)
        assert "Gần nhất" in await hall.citizen("web").asks(QUESTION)
        hall.passes(seconds=59)
        assert await citizen.asks(QUESTION) == ""
        hall.passes(seconds=2)
        assert "Gần nhất" in await citizen.asks(QUESTION)
        assert hall.ended(channel, FLOODED) == 6
        assert "ERROR" not in hall.journal.getvalue()

    run(tmp_path, visit)


def test_the_page_tells_each_time_for_it_waits_for_an_answer(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen, other = hall.citizen("web"), hall.citizen("web", OTHER)
        statuses = [await citizen.says("xin chào") for _ in range(LIMIT + 5)]
        assert statuses == [200] * LIMIT + [429] * 5
        assert all(TOO_MANY in each for each in citizen.heard()[LIMIT:])
        assert "Gần nhất" in await other.asks(QUESTION)
        hall.passes(minutes=1)
        assert "Gần nhất" in await citizen.asks(QUESTION)

    run(tmp_path, visit)


def test_next_minute_a_new_flood_is_told_once_more(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        for _ in range(2):
            told = await floods(citizen, LIMIT + 5)
            assert [TOO_MANY in each for each in told].count(True) == 1
            hall.passes(minutes=1, seconds=1)

    run(tmp_path, visit)


def test_what_exceeds_the_limit_is_not_stored(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        await floods(hall.citizen("zalo"), LIMIT + 5)
        assert len(await hall.questions()) == LIMIT

    run(tmp_path, visit)


def test_hundreds_of_messages_of_one_citizen_keep_nobody_waiting(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        for _ in range(300):
            await citizen.says("xin chào")
        async with asyncio.timeout(15):
            assert "Gần nhất" in await hall.citizen("web").asks(QUESTION)
        assert len(citizen.heard()) == LIMIT + 1
        async with hall.client.get("/healthz") as health:
            assert health.status == 200

    run(tmp_path, visit)


def test_what_came_in_while_the_service_was_away_is_no_flood(tmp_path: Path) -> None:
    """A citizen wrote every two minutes while the database was away; now all is worked off."""
    event = (
        '{{"ok":true,"result":{{"event_name":"message.text.received","message":{{'
        '"from":{{"id":"u1","is_bot":false}},"chat":{{"id":"u1","chat_type":"PRIVATE"}},'
        '"message_id":"m{}","date":1,"text":"xin chào"}}}}}}'
    )

    async def visit(hall: Hall) -> None:
        hall.zalobot.chats.add("u1")
        await hall.settled()
        assert len([each for each in hall.zalobot.sent if each.to == "u1"]) == 2 * LIMIT
        assert hall.ended("zalobot", FLOODED) == 0

    async def left_over() -> None:
        inbox = Inbox(tmp_path / "inbox.sqlite3")
        moments = [START + timedelta(minutes=2 * each) for each in range(2 * LIMIT)]
        await inbox.keep(
            [
                Parcel("zalobot", f"m{each}", "u1", event.format(each).encode(), moment)
                for each, moment in enumerate(moments)
            ]
        )
        await inbox.close()

    asyncio.run(left_over())

    async def in_service() -> None:
        async with platforms() as those:
            those.zalobot.chats.add("u1")
            later = START + timedelta(hours=3)
            async with service(those, tmp_path, now=later) as hall:
                await visit(hall)

    asyncio.run(in_service())


# Issue 4: loop guards: own echoes, bots, delivery and seen events.


def test_no_receipt_and_no_echo_of_zalos_is_ever_answered(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await citizen.asks(QUESTION)
        sent = len(hall.zalo.sent)
        message = {"msg_id": "1", "msg_ids": ["1"], "text": QUESTION}
        kinds = (
            *("oa_send_text", "oa_send_image", "oa_send_list", "oa_send_gif", "oa_send_file"),
            *("oa_send_sticker", "user_received_message", "user_seen_message"),
            *("oa_reacted_message", "user_reacted_message"),
        )
        for number in range(200):
            kind = kinds[number % len(kinds)]
            event = hall.zalo._from_us(citizen.sender, kind, {**message, "msg_id": str(number)})  # noqa: SLF001 - our own fake
            assert (await hall.zalo.deliver(event)).status == 200
        await hall.settled()
        assert len(hall.zalo.sent) == sent
        assert await hall.questions() == [QUESTION]
        # Nor did an echo make it keep silent.
        assert "Gần nhất" in await citizen.asks(QUESTION)

    run(tmp_path, visit)


def test_no_bot_is_ever_answered_on_telegram(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen, machine = hall.citizen("telegram"), 77
        hall.telegram.citizen(machine, is_bot=True)
        for number in range(50):
            hall.telegram.says(machine, QUESTION)
            hall.telegram.says(-55, f"@motcua_bot {QUESTION} {number}", sender=machine)
            # Ourselves: what an inline card says, and what a channel copies into its group.
            hall.telegram.says(citizen.user, QUESTION, via_bot=BOT)
            copied = {"id": -100_500, "type": "channel", "title": "Kênh"}
            hall.telegram.says(-55, f"@motcua_bot {QUESTION}", sender_chat=copied)
        await hall.settled()
        assert hall.telegram.messages(machine) == []
        assert hall.telegram.messages(-55) == []
        assert citizen.heard() == []
        assert await hall.questions() == []

    run(tmp_path, visit)


def test_no_bot_is_ever_answered_on_the_zalo_bot_platform(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        machine = {"id": "bot1", "display_name": "Bot khác", "is_bot": True}
        for _ in range(200):
            await hall.zalobot.says("bot1", QUESTION, **{"from": machine})
        await hall.settled()
        assert hall.zalobot.sent == []
        assert await hall.questions() == []

    run(tmp_path, visit)
