"""What every channel is given: updates are kept, answered once and in order, and delivered."""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from bot.app import DOORS, make_app
from bot.settings import Settings
from tests.file_channel import FileDoor, until

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def in_service(folder: Path, visit: Callable[[TestClient, FileDoor], Awaitable[None]]) -> FileDoor:
    """Run a service with the file channel beside its own ones, and visit it."""
    door = FileDoor(folder / "letters.txt")

    async def run() -> None:
        settings = Settings(data_dir=folder, _env_file=None)
        app = make_app(settings, clock=lambda: NOW, doors=[*DOORS, door])
        async with TestClient(TestServer(app)) as client:
            await visit(client, door)

    asyncio.run(run())
    return door


async def write(client: TestClient, who: str, id_: str, text: str) -> None:
    async with client.post("/webhooks/file", json={"id": id_, "from": who, "text": text}) as said:
        assert said.status == 200


def test_a_new_channel_is_one_file_and_one_line(tmp_path: Path) -> None:
    async def visit(client: TestClient, door: FileDoor) -> None:
        await write(client, "an", "1", "sao y học bạ ở Bắc Kạn ngày nào")
        await until(lambda: len(door.channel.letters()) == 1)

    [letter] = in_service(tmp_path, visit).channel.letters()
    assert letter["to"] == "an"
    assert "Gần nhất" in letter["text"]
    assert "Phụ lục 1" in letter["text"]


def test_what_one_citizen_writes_is_answered_in_order_and_each_once(tmp_path: Path) -> None:
    questions = ["sao y học bạ ở Bắc Kạn ngày nào", "thế phí?", "cảm ơn"]

    async def visit(client: TestClient, door: FileDoor) -> None:
        for number, text in enumerate(questions):
            await write(client, "an", str(number), text)
            await write(client, "an", str(number), text)
        await until(lambda: len(door.channel.letters()) == len(questions))
        await write(client, "an", "0", questions[0])
        await asyncio.sleep(0.3)

    day, fee, thanks = in_service(tmp_path, visit).channel.letters()
    assert "Gần nhất" in day["text"]
    assert "2.000" in fee["text"]
    assert "không có gì" in thanks["text"]


def test_nothing_of_a_delivered_answer_stays_in_inbox_or_outbox(tmp_path: Path) -> None:
    async def visit(client: TestClient, door: FileDoor) -> None:
        await write(client, "an", "1", "sao y học bạ ở Bắc Kạn ngày nào")
        await until(lambda: len(door.channel.letters()) == 1)

    in_service(tmp_path, visit)
    assert count(tmp_path / "inbox.sqlite3", "parcel") == 0
    assert count(tmp_path / "motcua.sqlite3", "outbox") == 0


def count(file: Path, table: str) -> int:
    with sqlite3.connect(file) as database:
        [(number,)] = database.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own
    return number


def test_endings_are_counted_by_channel(tmp_path: Path) -> None:
    async def visit(client: TestClient, door: FileDoor) -> None:
        await write(client, "an", "1", "xin chào")
        await until(lambda: len(door.channel.letters()) == 1)
        async with client.get("/metrics") as metrics:
            text = await metrics.text()
        assert re.search(r'channel="file",ending="informed"} 1', text)

    in_service(tmp_path, visit)
