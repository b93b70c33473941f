"""Privacy on every channel: the notice, what is never stored, and what is deleted for good.

Each test runs the whole service behind all four channels; "on disk" is every file of its folder,
searched byte by byte.
"""

import asyncio
import csv
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from bot import clock
from bot.channels.door import DESK, INBOX, SETTINGS
from handlers.privacy import FILE, SHOWN
from tests.all_channels import (
    NAMES,
    QUESTION,
    Hall,
    Person,
    found,
    platforms,
    service,
    until_so,
)
from tests.conftest import PostgreSQL
from tests.file_channel import until

NOTICE = "Luật 91/2025/QH15"
NAME = "xuyenchi"
"""A word that is in this citizen's ids, in his name and in his questions, and nowhere else."""
OTHER = "cucvang"
NUMBERS = ("079203001234", "0912345678", "C1234567", "tung.nguyen@example.vn")
PRIVATE = (
    "tôi số CCCD 079203001234, hộ chiếu C1234567, sđt 0912345678, thư tung.nguyen@example.vn, "
    f"{QUESTION}"
)

Visit = Callable[[Hall], Awaitable[None]]


def run(folder: Path, *visits: Visit, **settings: object) -> None:
    """Visit a service, and again after each restart."""

    async def all_visits() -> None:
        async with platforms() as those:
            for visit in visits:
                async with service(those, folder, **settings) as hall:
                    await visit(hall)

    asyncio.run(all_visits())


async def swept(hall: Hall) -> None:
    """Do what the clock does each minute, once."""
    days = hall.app[SETTINGS].named_days
    await hall.app[DESK].do(lambda town: clock.sweep(town, days))
    await hall.app[DESK].tidy()
    await hall.app[INBOX].tidy()


@asynccontextmanager
async def a_minute_later(hall: Hall) -> AsyncIterator[None]:
    """Let the clock's next minute begin now."""
    days = hall.app[SETTINGS].named_days
    minute = asyncio.ensure_future(clock.run(hall.app[DESK], hall.app[INBOX], days))
    yield
    minute.cancel()
    await asyncio.gather(minute, return_exceptions=True)


# Issue 4: a one-line notice at the first message: what is kept, how long, how to delete.


def test_the_first_answer_on_each_channel_says_in_one_line_what_is_kept_and_no_later_one(
    tmp_path: Path,
) -> None:
    async def first(hall: Hall) -> None:
        for citizen in hall.citizens():
            [line] = [
                each for each in (await citizen.asks(QUESTION)).split("\n") if NOTICE in each
            ]
            assert all(words in line for words in ("Tôi lưu", "90 ngày", "/riengtu")), line
            assert NOTICE not in await citizen.asks("thế phí?")

    async def after_a_restart(hall: Hall) -> None:
        for citizen in hall.citizens():
            assert NOTICE not in await citizen.asks("cảm ơn")
        for newcomer in hall.citizens(OTHER):
            assert (await newcomer.asks("xin chào")).count(NOTICE) == 1

    run(tmp_path, first, after_a_restart)


def test_the_notice_names_the_operators_days_in_the_citizens_language(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            told = await citizen.asks("which day can I have a copy of my diploma certified?")
            assert "Law 91/2025/QH15" in told
            assert "after 30 days" in told

    run(tmp_path, visit, named_days=30)


# Issue 4: identity numbers and phones are masked before a question is stored.


def test_numbers_that_tell_who_somebody_is_are_on_disk_nowhere_even_while_an_answer_waits(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        later = {"times": 10**6, "retry_after": 600}
        hall.telegram.fails(429, "Too Many Requests", method="sendMessage", **later)
        hall.zalo.trouble("/message", times=10**6, error=-32)
        hall.zalobot.trouble("/sendMessage", times=10**6, error=429)
        for citizen in hall.citizens():
            await citizen.says(PRIVATE)
        await until_so(lambda: _waiting(hall, 3))
        await hall.worked_off()
        await swept(hall)
        stored = await hall.questions()
        assert [each.count("[***]") for each in stored] == [len(NUMBERS)] * len(NAMES)
        # The dialogues' memories are there as well, and so are the letters that wait.
        assert len(await hall.rows("dialogue")) == len(NAMES)
        assert all("/riengtu" in letter for letter in await hall.rows("outbox"))
        assert found(NUMBERS, hall.folder) == []
        assert not any(each in hall.journal.getvalue() for each in NUMBERS)

    async def _waiting(hall: Hall, letters: int) -> bool:
        return len([each for each in await hall.rows("outbox") if "'waiting'" in each]) == letters

    run(tmp_path, visit)


def test_a_number_in_what_a_later_message_comes_back_to_is_masked_as_well(tmp_path: Path) -> None:
    """A question that waits for a place is remembered, and answered when the place is named."""

    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            asked = await citizen.asks("tôi CCCD 079203001234 muốn sao y học bạ thì thứ mấy")
            assert "Bắc Kạn" in asked
        await swept(hall)
        assert "CCCD [***]" in "".join(await hall.rows("dialogue"))
        assert found(NUMBERS, hall.folder) == []
        for citizen in hall.citizens():
            assert "079203001234" not in await citizen.asks("Bắc Kạn")

    run(tmp_path, visit)


# Issue 4: /riengtu shows, exports and deletes what is stored about me within a minute.


def test_what_is_kept_is_shown(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            await citizen.asks(PRIVATE)
            told = await citizen.asks("/riengtu")
            for words in ("câu hỏi: 1", "thành phố Bắc Kạn", "90 ngày", "91/2025/QH15"):
                assert words in told
            shown = await citizen.asks("xem câu hỏi của tôi")
            assert "sđt [***]" in shown
            assert not any(each in shown for each in NUMBERS)

    run(tmp_path, visit)


def test_what_is_kept_can_be_taken_away_however_much_it_is(tmp_path: Path) -> None:
    """Telegram and Zalo give a file, the page a file to save; the Zalo bot writes it as text."""
    questions = [f"{QUESTION} {number}" for number in range(SHOWN + 1)]

    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            for each in questions:
                await citizen.asks(each)
            told = await citizen.asks("/riengtu tai ve")
            text = told.partition(f"📎 {FILE}\n\n")[2]
            if citizen.channel != "zalobot":
                [file] = citizen.files()
                text = file.decode("utf-8-sig")
            _, *rows = csv.reader(StringIO(text))
            assert [row[3] for row in rows] == questions[::-1]

    run(tmp_path, visit)


def test_the_page_without_a_script_gives_the_same_file_to_save(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("web")
        await citizen.asks(QUESTION)
        await citizen.asks("/riengtu tai ve")
        [file] = citizen.files()
        cookie = {"Cookie": f"conversation={citizen.sender}"}
        form = {"text": "/riengtu tai ve"}
        async with hall.client.post("/", data=form, headers=cookie) as response:
            page = await response.text()
            assert response.headers["Cache-Control"] == "no-store"
        name, address = re.search(r'<a download="([^"]+)" href="([^"]+)"', page).groups()
        assert (name, address[:21]) == (FILE, "data:text/csv;base64,")
        assert len(address) > len(file)

    run(tmp_path, visit)


async def forgotten(citizen: Person) -> None:
    """Ask a few things, some of them unanswerable, and then to be forgotten."""
    await citizen.asks(f"{NAME} hỏi: {QUESTION}")
    await citizen.asks(f"con mèo tên {NAME} bị ốm")
    await citizen.asks(f"trích lục khai sinh cho {NAME} thì sao")
    assert "Đã xóa hết" not in await citizen.asks("/riengtu xoa")
    assert "Đã xóa hết" in await citizen.asks("vâng xóa hết")


def test_who_was_forgotten_is_within_a_minute_in_no_file_and_no_log(tmp_path: Path) -> None:
    """A test searches the whole database and the logs for the person's words after deletion."""

    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            await citizen.asks(f"{NAME} hỏi: {QUESTION}")
        for other in hall.citizens(OTHER):
            await other.asks(f"{OTHER} hỏi: {QUESTION}")
        mine = [NAME, *(citizen.sender for citizen in hall.citizens())]
        # The search finds what is there.
        assert len({each.partition(" in ")[0] for each in found(mine, hall.folder)}) == len(mine)
        for citizen in hall.citizens():
            await forgotten(citizen)
        async with a_minute_later(hall):
            await until(lambda: found(mine, hall.folder) == [])
        others = [OTHER, *(other.sender for other in hall.citizens(OTHER))]
        assert len(found(others, hall.folder)) == len(others)
        journal = hall.journal.getvalue().lower()
        assert all(f"{channel} answered in" in journal for channel in NAMES)
        assert not any(each in journal for each in mine)

    run(tmp_path, visit)


def test_who_was_forgotten_is_in_no_table_of_postgresql(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    name = next(postgresql.names)
    postgresql.say(f"CREATE DATABASE {name}")

    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            await citizen.asks(f"{NAME} hỏi: {QUESTION}")
        for other in hall.citizens(OTHER):
            await other.asks(f"{OTHER} hỏi: {QUESTION}")
        assert NAME in await hall.everything()
        for citizen in hall.citizens():
            await forgotten(citizen)
        kept = await hall.everything()
        assert NAME not in kept.lower()
        assert not any(citizen.sender in kept for citizen in hall.citizens())
        assert all(other.sender in kept for other in hall.citizens(OTHER))
        await until_so(lambda: _files_are_clean(hall))
        assert NAME not in hall.journal.getvalue().lower()

    async def _files_are_clean(hall: Hall) -> bool:
        await hall.app[INBOX].tidy()
        return found([NAME], hall.folder) == []

    run(tmp_path, visit, database_url=postgresql.address(name))
    postgresql.say(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_last_word_to_one_who_left_before_it_keeps_nothing_of_him(tmp_path: Path) -> None:
    """He has himself deleted and blocks the bot at once: his "done" can never arrive."""

    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        await citizen.asks(f"{NAME} hỏi: {QUESTION}")
        await citizen.asks("/riengtu xoa")
        hall.telegram.fails(403, "Forbidden: bot was blocked by the user", method="sendMessage")
        await citizen.asks("vâng")
        assert "Đã xóa hết" not in "".join(citizen.heard())
        await swept(hall)
        assert found([NAME, citizen.sender], hall.folder) == []

    run(tmp_path, visit)


def test_a_repeat_of_a_message_from_before_the_deletion_brings_nothing_back(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        update = hall.telegram.says(int(citizen.sender), f"{NAME} hỏi: {QUESTION}")
        await hall.settled()
        await forgotten(citizen)
        before = len(citizen.heard())
        hall.telegram.redelivers(update)
        await until_so(lambda: _repeated(hall))
        await hall.settled()
        await swept(hall)
        assert len(citizen.heard()) == before
        assert found([NAME, citizen.sender], hall.folder) == []

    async def _repeated(hall: Hall) -> bool:
        return hall.ended("telegram", "repeated") == 1

    run(tmp_path, visit)


def test_who_comes_back_after_the_deletion_is_a_stranger_who_gets_the_notice_again(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        for citizen in hall.citizens():
            await forgotten(citizen)
            told = await citizen.asks("/riengtu")
            assert "câu hỏi: chưa có" in told
            assert "nơi: chưa chọn" in told
            assert NOTICE in told

    run(tmp_path, visit)


# Issue 4: stored questions lose their citizen after 90 days, or as many as are set.


@pytest.mark.parametrize("days", [90, 30])
def test_questions_lose_their_citizen_after_the_operators_days(tmp_path: Path, days: int) -> None:
    async def visit(hall: Hall) -> None:
        begun = hall.now
        for citizen in hall.citizens():
            await citizen.asks(QUESTION)
        hall.now = begun + timedelta(days=days) - timedelta(minutes=1)
        await swept(hall)
        for citizen in hall.citizens():
            assert "câu hỏi: 1" in await citizen.asks("/riengtu")
        hall.now = begun + timedelta(days=days, minutes=1)
        await swept(hall)
        for citizen in hall.citizens():
            assert QUESTION not in await citizen.asks("xem câu hỏi của tôi")
        assert (await hall.questions()).count(QUESTION) == len(NAMES)

    run(tmp_path, visit, named_days=days)
