"""Whom we can reach: blocked and unblocked, followed and left, thrown out, moved to a new id.

Issue 4: `my_chat_member` and follow/unfollow are kept as reachability, migrated groups are
followed; the protocol sheet: 403 "bot was blocked by the user" marks him unreachable.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.all_channels import QUESTION, Hall, number, platforms, service, until_so
from tests.fake_telegram import SUPERGROUP

HOA, GROUP = number("hoa"), -55
ASKED = f"@motcua_bot {QUESTION}"

Visit = Callable[[Hall], Awaitable[None]]


def run(folder: Path, visit: Visit) -> None:
    async def in_service() -> None:
        async with platforms() as those, service(those, folder) as hall:
            await visit(hall)

    asyncio.run(in_service())


async def is_reachable(hall: Hall, channel: str, sender: str) -> bool | None:
    """Say what is kept about it, None where nothing is kept at all."""
    await hall.settled()
    citizen = await hall.known(channel, sender)
    return None if citizen is None else citizen.reachable


async def asked_in_the_group(hall: Hall, group: int = GROUP) -> None:
    hall.telegram.adds(group)
    hall.telegram.says(group, ASKED, sender=HOA)
    await hall.telegram.until(lambda: hall.telegram.messages(group))
    await hall.settled()


def test_who_blocks_the_bot_is_unreachable_until_he_unblocks_it(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        await citizen.asks(QUESTION)
        assert await is_reachable(hall, "telegram", citizen.sender) is True
        hall.telegram.blocks(citizen.user)
        assert await is_reachable(hall, "telegram", citizen.sender) is False
        hall.telegram.unblocks(citizen.user)
        assert await is_reachable(hall, "telegram", citizen.sender) is True

    run(tmp_path, visit)


def test_of_a_stranger_who_blocks_the_bot_nothing_is_kept(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        hall.telegram.blocks(HOA)
        await hall.zalo.follows("8999", follows=False)
        assert await is_reachable(hall, "telegram", str(HOA)) is None
        assert await is_reachable(hall, "zalo", "8999") is None

    run(tmp_path, visit)


def test_a_repeat_of_an_old_block_does_not_undo_the_unblocking(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        await citizen.asks(QUESTION)
        blocked = hall.telegram.blocks(citizen.user)
        await hall.settled()
        hall.telegram.unblocks(citizen.user)
        await hall.settled()
        hall.telegram.redelivers(blocked)
        assert await is_reachable(hall, "telegram", citizen.sender) is True

    run(tmp_path, visit)


@pytest.mark.parametrize(
    "why", ["bot was blocked by the user", "user is deactivated", "bot was kicked from the chat"]
)
def test_a_403_on_sending_makes_unreachable_until_he_writes_again(
    tmp_path: Path, why: str
) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("telegram")
        await citizen.asks("xin chào")
        hall.telegram.chat(citizen.user).shut = why
        assert await citizen.asks(QUESTION) == ""
        assert await is_reachable(hall, "telegram", citizen.sender) is False
        # Of the letter only the note stays that it did not arrive, and none of its words.
        [note] = await hall.rows("outbox")
        assert "'unreachable'" in note
        assert "Kế hoạch" not in note
        hall.telegram.chat(citizen.user).shut = ""
        assert "Gần nhất" in await citizen.asks(QUESTION)
        assert await is_reachable(hall, "telegram", citizen.sender) is True

    run(tmp_path, visit)


@pytest.mark.parametrize("channel", ["zalo", "zalobot"])
def test_who_blocked_us_on_zalo_is_unreachable_until_he_writes_again(
    tmp_path: Path, channel: str
) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen(channel)
        await citizen.asks("xin chào")
        hall.zalo.user(citizen.sender).blocked = True
        hall.zalobot.blocked.add(citizen.sender)
        assert await citizen.asks(QUESTION) == ""
        assert await is_reachable(hall, channel, citizen.sender) is False
        hall.zalo.user(citizen.sender).blocked = False
        hall.zalobot.blocked.clear()
        assert "Gần nhất" in await citizen.asks(QUESTION)
        assert await is_reachable(hall, channel, citizen.sender) is True

    run(tmp_path, visit)


def test_who_leaves_the_official_account_is_unreachable_until_he_follows_it_again(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        citizen = hall.citizen("zalo")
        await citizen.asks(QUESTION)
        await hall.zalo.follows(citizen.sender, follows=False)
        assert await is_reachable(hall, "zalo", citizen.sender) is False
        await hall.zalo.follows(citizen.sender)
        assert await is_reachable(hall, "zalo", citizen.sender) is True
        # He is asked nothing for that, nor told.
        assert len([each for each in hall.zalo.sent if each.to == citizen.sender]) == 1

    run(tmp_path, visit)


def test_a_group_that_throws_the_bot_out_is_unreachable_until_it_takes_it_back(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        await asked_in_the_group(hall)
        assert await is_reachable(hall, "telegram", str(GROUP)) is True
        hall.telegram.kicks(GROUP)
        assert await is_reachable(hall, "telegram", str(GROUP)) is False
        hall.telegram.adds(GROUP)
        assert await is_reachable(hall, "telegram", str(GROUP)) is True

    run(tmp_path, visit)


def test_a_group_that_moved_goes_on_under_its_new_id_with_what_it_chose(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        await asked_in_the_group(hall)
        new = hall.telegram.migrates(GROUP)
        assert await is_reachable(hall, "telegram", str(GROUP)) is None
        moved = await hall.known("telegram", str(new))
        assert moved is not None
        assert moved.locality == "bac-kan"
        hall.telegram.says(new, "@motcua_bot thế phí?", sender=HOA)
        await hall.settled()
        assert "2.000" in hall.telegram.messages(new)[-1].text
        assert "Luật 91/2025/QH15" not in hall.telegram.messages(new)[-1].text

    run(tmp_path, visit)


def test_a_group_whose_move_is_told_only_by_the_api_gets_its_answer_there(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        await asked_in_the_group(hall)
        new = SUPERGROUP + GROUP
        hall.telegram.chat(new)
        hall.telegram.chat(GROUP).moved_to = new
        # Written before the move, and answered after it.
        hall.telegram.says(GROUP, ASKED, sender=HOA)
        await hall.telegram.until(lambda: hall.telegram.messages(new))
        await hall.settled()
        [answer] = hall.telegram.messages(new)
        assert "Gần nhất" in answer.text
        assert [error.code for _, error in hall.telegram.refused] == [400]
        assert await is_reachable(hall, "telegram", str(GROUP)) is None
        assert await is_reachable(hall, "telegram", str(new)) is True
        await until_so(lambda: _nothing_waits(hall))

    async def _nothing_waits(hall: Hall) -> bool:
        return await hall.rows("outbox") == []

    run(tmp_path, visit)
