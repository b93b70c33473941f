"""While PostgreSQL is away, updates are acknowledged as ever, and answered when it is back."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from aiohttp.test_utils import TestClient, TestServer

from bot.app import DOORS, make_app
from bot.settings import Settings
from tests.conftest import PostgreSQL
from tests.file_channel import FileDoor, until

MANY = 300


async def write(client: TestClient, number: int) -> float:
    """Send a question as its own citizen; return the seconds until it was acknowledged."""
    update = {"id": str(number), "from": f"citizen {number}", "text": "sao y học bạ ngày nào"}
    began = perf_counter()
    async with client.post("/webhooks/file", json=update) as response:
        assert response.status == 200
    return perf_counter() - began


def test_updates_that_come_while_the_database_is_away_are_answered_once_when_it_is_back(
    own_postgresql: PostgreSQL, tmp_path: Path
) -> None:
    door = FileDoor(tmp_path / "letters.txt")
    url = own_postgresql.address("postgres")
    settings = Settings(data_dir=tmp_path, database_url=url, _env_file=None)

    async def visit() -> list[float]:
        app = make_app(settings, clock=lambda: datetime.now(UTC), doors=[*DOORS, door])
        async with TestClient(TestServer(app)) as client:
            await write(client, 0)
            await until(lambda: len(door.channel.letters()) == 1)
            await asyncio.to_thread(own_postgresql.stop)
            waited = [await write(client, number) for number in range(1, MANY)]
            waited += [await write(client, number) for number in range(1, MANY)]
            async with client.get("/healthz") as health:
                assert health.status == 503
            async with client.post("/chat", json={"text": "sao y học bạ"}) as chat:
                assert "số này" in (await chat.json())["body"]
            await asyncio.to_thread(own_postgresql.start)
            await until(lambda: len(door.channel.letters()) >= MANY, seconds=60)
            await asyncio.sleep(0.5)
        return waited

    waited = asyncio.run(visit())
    assert max(waited) < 2
    answered = Counter(letter["to"] for letter in door.channel.letters())
    assert answered == {f"citizen {number}": 1 for number in range(MANY)}


def test_the_service_stops_in_time_while_the_database_is_away_and_answers_after_its_next_start(
    own_postgresql: PostgreSQL, tmp_path: Path
) -> None:
    door = FileDoor(tmp_path / "letters.txt")
    url = own_postgresql.address("postgres")
    settings = Settings(data_dir=tmp_path, database_url=url, _env_file=None)

    async def first() -> None:
        app = make_app(settings, doors=[door])
        async with TestClient(TestServer(app)) as client:
            await asyncio.to_thread(own_postgresql.stop)
            for number in range(20):
                await write(client, number)

    async def second() -> None:
        async with TestClient(TestServer(make_app(settings, doors=[door]))):
            await until(lambda: len(door.channel.letters()) == 20)

    began = perf_counter()
    asyncio.run(first())
    assert perf_counter() - began < 45
    own_postgresql.start()
    asyncio.run(second())
