"""What one citizen is told keeps its order, also while more letters wait than are in hand."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, cycle, islice
from pathlib import Path

from aiohttp.test_utils import TestServer

from bot.app import make_app
from bot.channels.channel import Pace, Part
from bot.channels.door import INBOX
from bot.inbox import Inbox, Parcel
from bot.settings import Settings
from tests.file_channel import NAME, FileChannel, FileDoor, until

SEED = 20261124
MARKS = {"cảm ơn": "không có gì", "xin chào": "Xin chào", "/help": "cứ hỏi bằng lời"}
"""What is said, and what only the answer to it contains."""
CITIZENS, MESSAGES = 60, 12
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Unsteady(FileChannel):
    """Takes its letters now sooner, now later."""

    pace = Pace(per_second=100)

    def __init__(self, file: Path) -> None:
        """Take the channel's file."""
        super().__init__(file)
        self.dice = random.Random(SEED)  # noqa: S311 - a reproducible dice, no secret
        self.told: dict[str, list[str]] = defaultdict(list)

    async def send(self, to: str, part: Part) -> None:
        await asyncio.sleep(self.dice.uniform(0, 0.01))
        (said,) = [said for said, mark in MARKS.items() if mark in part.fields["text"]]
        self.told[to].append(said)

    def count(self) -> int:
        return sum(map(len, self.told.values()))


def test_answers_to_one_citizen_keep_their_order_while_the_outbox_overflows(
    tmp_path: Path, database_url: str
) -> None:
    door = FileDoor(tmp_path / "letters.txt")
    channel = door.channel = Unsteady(tmp_path / "letters.txt")
    said = list(islice(cycle(MARKS), MESSAGES))

    async def run() -> None:
        settings = Settings(data_dir=tmp_path, database_url=database_url, _env_file=None)
        async with TestServer(app := make_app(settings, _hasty_clock(), [door])):
            citizens = [f"citizen {number}" for number in range(CITIZENS)]
            await asyncio.gather(
                *(_write(app[INBOX], each, said, channel.dice) for each in citizens)
            )
            await until(lambda: channel.count() == CITIZENS * MESSAGES, 60)

    asyncio.run(run())
    assert {citizen: told for citizen, told in channel.told.items() if told != said} == {}


async def _write(inbox: Inbox, who: str, texts: list[str], dice: random.Random) -> None:
    for number, text in enumerate(texts):
        body = json.dumps({"text": text}).encode()
        await inbox.keep([Parcel(NAME, f"{who} {number}", who, body, NOW)])
        await asyncio.sleep(dice.expovariate(4))


def _hasty_clock() -> Callable[[], datetime]:
    """Let minutes pass between any two looks: nobody is told to write less."""
    minutes = count()
    return lambda: NOW + timedelta(minutes=next(minutes))
