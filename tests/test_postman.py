"""The one way out: what the postman does with what a platform says."""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import make_app
from bot.channels.channel import Letter, Migrated, Outcome, Pace, SendError
from bot.channels.door import DESK, INBOX
from bot.inbox import Parcel
from bot.letters import as_json
from bot.pace import ChatPace
from bot.settings import Settings
from knowledge.records import channels, citizens, outbox
from knowledge.records.outbox import Post, Priority, State
from knowledge.store import Store, Town, open_store
from tests.file_channel import NAME, FileChannel, FileDoor, until

Visit = Callable[["Service"], Awaitable[None]]


def now() -> datetime:
    return datetime.now(UTC)


class Service:
    """A running service whose only channel writes to a file, and its database."""

    def __init__(self, folder: Path, app: web.Application, channel: FileChannel) -> None:
        """Take what `run` has put together."""
        self.folder = folder
        self.app = app
        self.channel = channel

    async def post(self, *texts: str, to: str = "an", priority: Priority = Priority.REPLY) -> None:
        def put(town: Town) -> None:
            citizen = citizens.meet(town.session, NAME, to, town.now).id
            posts = [
                Post(f"test:{text}", NAME, to, as_json(Letter(to, text)), citizen, priority)
                for text in texts
            ]
            outbox.put(town.session, posts, town.now)

        await self.app[DESK].do(put)

    async def arrived(self, *texts: str, seconds: float = 15) -> None:
        await until(lambda: self.texts() == list(texts), seconds)

    def texts(self) -> list[str]:
        return [letter["text"] for letter in self.channel.letters()]

    async def recorded(self, state: State, seconds: float = 10) -> list[tuple[Any, ...]]:
        await until(lambda: bool(rows(self.folder, state)), seconds)
        return rows(self.folder, state)


def rows(folder: Path, state: State) -> list[tuple[Any, ...]]:
    with sqlite3.connect(folder / "motcua.sqlite3") as database:
        query = "SELECT sender, letter FROM outbox WHERE state = ?"
        return list(database.execute(query, [state]))


def stopped(folder: Path) -> bool:
    with sqlite3.connect(folder / "motcua.sqlite3") as database:
        return bool(list(database.execute("SELECT 1 FROM channel WHERE stopped_at IS NOT NULL")))


def run(folder: Path, visit: Visit, *troubles: Exception, pace: Pace | None = None) -> Service:
    door = FileDoor(folder / "letters.txt")
    door.channel.troubles += troubles
    door.channel.pace = pace or door.channel.pace
    app = make_app(Settings(data_dir=folder, _env_file=None), clock=now, doors=[door])

    async def in_service() -> Service:
        async with TestClient(TestServer(app)):
            service = Service(folder, app, door.channel)
            await visit(service)
            return service

    return asyncio.run(in_service())


@contextmanager
def database(folder: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{folder}/motcua.sqlite3") as store:
        yield store


def test_a_letter_is_sent_again_after_exactly_the_time_that_the_platform_names(
    tmp_path: Path,
) -> None:
    began: list[float] = []

    async def visit(service: Service) -> None:
        began.append(asyncio.get_running_loop().time())
        await service.post("one")
        await service.arrived("one")

    late = SendError(Outcome.RETRY, "Too Many Requests", retry_after=2)
    service = run(tmp_path, visit, late)
    waited = service.channel.sent_at[0][1] - began[0]
    assert 2 <= waited < 4


def test_however_often_a_platform_says_too_fast_the_letter_arrives(tmp_path: Path) -> None:
    async def visit(service: Service) -> None:
        await service.post("one", "two")
        await service.arrived("one", "two")

    run(tmp_path, visit, *[SendError(Outcome.RETRY, "429", retry_after=0.01)] * 30)


def test_a_citizen_who_blocked_us_is_unreachable_until_he_writes_again(tmp_path: Path) -> None:
    async def visit(service: Service) -> None:
        await service.post("one")
        assert await service.recorded(State.UNREACHABLE) == [("an", "{}")]

    run(tmp_path, visit, SendError(Outcome.UNREACHABLE, "blocked"))
    with database(tmp_path) as store:
        with store.town(now(), reading=True) as town:
            assert not citizens.find(town.session, NAME, "an").reachable
        with store.town(now()) as town:
            assert citizens.meet(town.session, NAME, "an", now()).reachable


def test_a_letter_that_is_refused_for_good_is_set_aside_without_its_words(tmp_path: Path) -> None:
    async def visit(service: Service) -> None:
        await service.post("one")
        assert await service.recorded(State.REFUSED) == [("an", "{}")]
        await service.post("two")
        await service.arrived("two")

    run(tmp_path, visit, SendError(Outcome.REFUSED, "no"))


def test_what_comes_outside_the_window_arrives_when_the_citizen_writes_again(
    tmp_path: Path,
) -> None:
    async def visit(service: Service) -> None:
        await service.post("news", priority=Priority.REMINDER)
        await service.recorded(State.CLOSED)
        await service.app[INBOX].keep(
            [Parcel(NAME, "1", "an", b'{"text": "xin ch\\u00e0o"}', now())]
        )
        await until(lambda: len(service.texts()) == 2)

    _greeting, news = run(tmp_path, visit, SendError(Outcome.CLOSED, "-230")).texts()
    assert news == "news"


def test_a_stopped_channel_sends_nothing_until_it_is_mended_and_then_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(service: Service) -> None:
        await service.post("one", "two")
        await until(lambda: stopped(tmp_path))
        await service.post("three")
        await asyncio.sleep(1.2)
        assert service.texts() == []
        await service.app[DESK].do(lambda town: channels.resume(town.session, NAME))
        await service.arrived("one", "two", "three")

    run(tmp_path, visit, SendError(Outcome.STOPPED, "the token is worth nothing"))
    assert [each.levelno for each in caplog.records if "until it is mended" in each.message] == [
        logging.ERROR
    ]


def test_a_chat_that_moved_gets_its_letter_at_its_new_address(tmp_path: Path) -> None:
    async def visit(service: Service) -> None:
        await service.post("one", to="-5")
        await service.arrived("one")

    service = run(tmp_path, visit, Migrated("-1005"))
    assert [letter["to"] for letter in service.channel.letters()] == ["-1005"]
    with database(tmp_path) as store, store.town(now(), reading=True) as town:
        assert citizens.find(town.session, NAME, "-1005") is not None
        assert citizens.find(town.session, NAME, "-5") is None


def test_what_was_under_way_at_a_crash_is_sent_again_and_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with database(tmp_path) as store, store.town(now()) as town:
        post = Post("test:1", NAME, "an", as_json(Letter("an", "one")), state=State.SENDING)
        [number] = outbox.put(town.session, [post], now())

    async def visit(service: Service) -> None:
        await service.arrived("one")

    run(tmp_path, visit)
    assert f"letter {number} of file was under way when its postman died" in caplog.text


def test_a_letter_in_several_parts_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    with database(tmp_path) as store, store.town(now()) as town:
        [number] = outbox.put(
            town.session, [Post("test:1", NAME, "an", as_json(Letter("an", "one")))], now()
        )
        outbox.put_off(town.session, number, now(), parts_sent=1)

    async def visit(service: Service) -> None:
        await service.post("two")
        await service.arrived("two")
        assert rows(tmp_path, State.WAITING) == []

    run(tmp_path, visit)


def test_an_account_never_sends_faster_than_its_platform_allows(tmp_path: Path) -> None:
    texts = [f"{number:03}" for number in range(60)]

    async def visit(service: Service) -> None:
        for text in texts:
            await service.post(text, to=text)
        await until(lambda: len(service.texts()) == len(texts))

    service = run(tmp_path, visit, pace=Pace(per_second=20))
    times = sorted(at for _, at in service.channel.sent_at)
    assert all(later - earlier >= 1 for earlier, later in zip(times, times[20:], strict=False))


def test_replies_overtake_what_nobody_waits_for(tmp_path: Path) -> None:
    async def visit(service: Service) -> None:
        for number in range(30):
            await service.post(f"news {number}", to=str(number), priority=Priority.BROADCAST)
        await service.post("reply")
        await until(lambda: len(service.texts()) == 31)

    texts = run(tmp_path, visit, pace=Pace(per_second=5)).texts()
    assert texts.index("reply") < 15


def test_a_chat_gets_a_message_a_second_and_a_group_twenty_a_minute() -> None:
    pace = Pace(per_second=30, per_chat_seconds=1, per_group_minute=20)
    chat, group = ChatPace(pace, group=False), ChatPace(pace, group=True)
    assert chat.wait(0) <= 0
    chat.sent(0)
    assert 1 <= chat.wait(0) < 1.1
    assert chat.wait(1.1) <= 0
    for second in range(20):
        assert group.wait(second * 1.1) <= 0
        group.sent(second * 1.1)
    assert 35 < group.wait(22) < 40
    assert group.wait(60.5) <= 0
