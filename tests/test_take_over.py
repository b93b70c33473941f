"""An official writes to a citizen himself: the bot keeps silent for that citizen, and only there.

Issue 4: human take-over (`sender.admin_id` pauses the bot for that citizen; "tiếp tục" or 12 h
resumes).
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.door import DESK, INBOX
from bot.serving import PAUSED, SILENCE
from tests.all_channels import QUESTION, Hall, found, platforms, run, service, until_so

NAME = "xuyenchi"
OTHER = "cucvang"
OFFICIAL = "Chào chị, tôi là Bạch Mai ở bộ phận một cửa, hồ sơ của chị thiếu một chữ ký."


async def taken_over(hall: Hall, name: str = NAME) -> dict[str, object]:
    """Let an official write to a citizen, and return the event that told us so."""
    citizen = hall.citizen("zalo", name)
    delivery = await hall.zalo.official_writes(citizen.sender, OFFICIAL)
    assert delivery.status == 200
    await hall.settled()
    return dict(delivery.event)


def test_what_a_citizen_writes_to_an_official_is_neither_answered_nor_stored(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        assert "Gần nhất" in await citizen.asks(QUESTION)
        await taken_over(hall)
        for words in ("dạ hoa hồng bạch ạ", "hoa hồng bạch thì phí bao nhiêu", "1", "/help"):
            assert await citizen.asks(words) == ""
        assert hall.ended("zalo", PAUSED) == 4
        assert await hall.questions() == [QUESTION]
        # Neither in the conversation's memory, nor in a letter, nor what the official wrote.
        assert "Gần nhất" not in "".join(await hall.rows("outbox"))
        await _tidied(hall)
        assert found(["hồng bạch", "Bạch Mai"], hall.folder) == []
        assert "hồng bạch" not in hall.journal.getvalue()

    run(tmp_path, visit)


async def _tidied(hall: Hall) -> None:
    await hall.app[DESK].tidy()
    await hall.app[INBOX].tidy()


def test_others_are_served_meanwhile_and_so_is_he_on_other_channels(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        await hall.citizen("zalo").asks(QUESTION)
        await taken_over(hall)
        assert await hall.citizen("zalo").asks(QUESTION) == ""
        others = [hall.citizen("zalo", OTHER), *hall.citizens()]
        for citizen in others:
            if (citizen.channel, citizen.name) != ("zalo", NAME):
                assert "Gần nhất" in await citizen.asks(QUESTION)

    run(tmp_path, visit)


def test_after_twelve_hours_the_bot_answers_again_and_not_before(tmp_path: Path) -> None:
    assert timedelta(hours=12) == SILENCE

    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await citizen.asks(QUESTION)
        await taken_over(hall)
        hall.passes(hours=11, minutes=59)
        assert await citizen.asks(QUESTION) == ""
        hall.passes(minutes=2)
        assert "Gần nhất" in await citizen.asks(QUESTION)

    run(tmp_path, visit)


def test_each_word_of_the_official_begins_the_twelve_hours_anew(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await citizen.asks(QUESTION)
        await taken_over(hall)
        hall.passes(hours=11)
        await taken_over(hall)
        hall.passes(hours=11)
        assert await citizen.asks(QUESTION) == ""

    run(tmp_path, visit)


@pytest.mark.parametrize("words", ["tiếp tục", "Tiếp tục nhé!", "tiep tuc", "continue"])
def test_who_says_go_on_has_the_bot_back_at_once(tmp_path: Path, words: str) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await citizen.asks(QUESTION)
        await taken_over(hall)
        assert await citizen.asks("thế phí?") == ""
        assert await citizen.asks(words) != ""
        assert "2.000" in await citizen.asks("thế phí?")

    run(tmp_path, visit)


def test_an_official_may_write_first_and_the_bot_waits_then_too(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await taken_over(hall)
        assert await citizen.asks("xin chào") == ""
        assert await hall.questions() == []
        hall.passes(hours=13)
        told = await citizen.asks("xin chào")
        # The first answer of his life, so it has the notice.
        assert "Luật 91/2025/QH15" in told

    run(tmp_path, visit)


def test_zalos_repeat_of_an_officials_message_silences_nobody_again(tmp_path: Path) -> None:
    """Zalo repeats for an hour what it thinks was not taken, also after "tiếp tục"."""

    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await citizen.asks(QUESTION)
        event = await taken_over(hall)
        await citizen.asks("tiếp tục")
        hall.passes(minutes=30)
        await hall.zalo.deliver(event, retry=3)
        await hall.settled()
        assert "Gần nhất" in await citizen.asks(QUESTION)

    run(tmp_path, visit)


def test_the_bots_own_words_coming_back_do_not_silence_it(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        for _ in range(3):
            assert "Gần nhất" in await citizen.asks(QUESTION)
        echoes = [each.event for each in hall.zalo.deliveries]
        assert [each["event_name"] for each in echoes].count("oa_send_text") == 3

    run(tmp_path, visit)


def test_the_silence_outlives_a_restart(tmp_path: Path) -> None:
    async def in_service() -> None:
        async with platforms() as those:
            async with service(those, tmp_path) as hall:
                await hall.citizen("zalo").asks(QUESTION)
                await taken_over(hall)
            async with service(those, tmp_path, zalo_refresh_token=None) as hall:
                assert await hall.citizen("zalo").asks(QUESTION) == ""
                assert hall.ended("zalo", PAUSED) == 1

    asyncio.run(in_service())


def test_what_comes_right_behind_the_officials_words_is_left_to_him(
    tmp_path: Path, database_url: str
) -> None:
    """Both events are acknowledged before the first of them is worked off."""

    async def visit(hall: Hall) -> None:
        people = [hall.citizen("zalo", f"nguoi{number:04}") for number in range(30)]
        for each in people:
            hall.zalo.user(each.sender)
        await asyncio.gather(*(_both(hall, each.sender) for each in people))
        await hall.settled()
        await until_so(lambda: _counted(hall, len(people)))
        assert hall.zalo.sent == []

    async def _both(hall: Hall, sender: str) -> None:
        await hall.zalo.official_writes(sender, OFFICIAL)
        await hall.zalo.says(sender, QUESTION)

    async def _counted(hall: Hall, number: int) -> bool:
        return hall.ended("zalo", PAUSED) == number

    run(tmp_path, visit, database_url=database_url)
