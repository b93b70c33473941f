"""kill -9 at any moment: every acknowledged update is answered, and once where that can be known.

Twice comes only what was under way at a kill, and the next start names it in its log.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import PostgreSQL
from tests.fake_telegram import TOKEN, UNPACED, FakeTelegram, Sent
from tests.killable import Killable, ask

SEED = 20261122
LIMITS = replace(UNPACED, webhook_pause=0.3)
HOA, AN = 7, 8
CROWD = 40
"""Questions that wait for an answer at the same time."""
PATIENCE = 120
"""Seconds after which something is lost."""

DAY, FEE, THANKS = "sao y học bạ ở Bắc Kạn ngày nào", "thế phí bao nhiêu?", "cảm ơn"
MARKS = {DAY: "Gần nhất", FEE: "2.000 đ", THANKS: "không có gì"}
"""What one citizen says after the other, and what only the answer to it contains."""


def kind(text: str) -> str:
    """Tell which question a text answers."""
    (question,) = [question for question, mark in MARKS.items() if mark in text]
    return question


def answers(sent: Sequence[Sent]) -> list[tuple[int, str]]:
    """Return chat and question of each message that has come, in their order."""
    return [(each.chat_id, kind(each.text)) for each in sent if each.method == "sendMessage"]


class Townspeople:
    """Citizens who ask, each in a chat of his own and with a word that nobody else uses."""

    def __init__(self, fake: FakeTelegram) -> None:
        """Take the fake through which they write."""
        self.fake = fake
        self.asked: dict[int, list[str]] = {}
        self._open: set[tuple[int, str]] = set()
        self._read = 0
        self._numbers = count(1001)
        self._talking: set[asyncio.Task[None]] = set()

    async def keep_asking(self, every: float) -> None:
        """Ask until cancelled, at most CROWD at once; every fourth has more than one question."""
        while True:
            await self.fake.until(lambda: len(self.unanswered()) < CROWD, PATIENCE)
            chat = next(self._numbers)
            questions = list(MARKS) if chat % 4 == 0 else [DAY]
            talk = asyncio.create_task(self.talk(chat, *questions))
            self._talking.add(talk)
            talk.add_done_callback(self._talking.discard)
            await asyncio.sleep(every)

    async def talk(self, chat: int, *questions: str) -> None:
        """Say one thing after the other, each when the one before it is acknowledged."""
        for question in questions:
            said = self.asked.setdefault(chat, [])
            said.append(question)
            self._open.add((chat, question))
            update = self.fake.says(chat, f"{question} ({word(chat, len(said))})")
            await self.fake.until(
                lambda number=update["update_id"]: number not in self.fake.delivery.pending,
                PATIENCE,
            )

    async def finish(self) -> None:
        """Wait until all is said, acknowledged and answered."""
        await asyncio.gather(*self._talking)
        await self.fake.delivered(PATIENCE)
        await self.fake.until(lambda: not self.unanswered(), PATIENCE)

    def unanswered(self) -> set[tuple[int, str]]:
        """Return what waits for an answer; reads only the news, since it is asked often."""
        news, self._read = self.fake.sent[self._read :], len(self.fake.sent)
        self._open -= set(answers(news))
        return self._open

    def questions(self) -> set[tuple[int, str]]:
        return {(chat, question) for chat, said in self.asked.items() for question in said}


def word(chat: int, number: int) -> str:
    """Make a word that nobody else says, without digits, since long numbers are masked."""
    return "x" + "".join(chr(ord("a") + int(digit)) for digit in f"{chat}{number}") + "x"


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has shown; `recovered` are the seconds from restarts to first answers."""

    kills: int
    updates: int
    twice: int
    named: int
    recovered: Sequence[float]

    def __add__(self, other: "Told") -> "Told":
        """Put two runs together."""
        return Told(
            self.kills + other.kills,
            self.updates + other.updates,
            self.twice + other.twice,
            self.named + other.named,
            [*self.recovered, *other.recovered],
        )

    def __str__(self) -> str:
        """Give the figures."""
        usual, least, most = (each(self.recovered) for each in (median, min, max))
        return (
            f"{self.kills} kills, {self.updates} updates, 0 lost; {self.twice} came again of "
            f"{self.named} that the log names; from restart to first answer {usual:.1f} s "
            f"({least:.1f} to {most:.1f} s)"
        )


def judge(service: Killable, people: Townspeople) -> Told:
    """Compare what has come with what was asked, and what came twice with the log."""
    came, named = answers(service.fake.sent), Counter[tuple[int, str]]()
    assert set(came) == people.questions()
    for chat, said in people.asked.items():
        assert list(dict.fromkeys(each for to, each in came if to == chat)) == said
    for life in service.lives:
        assert set(life.named) <= set(life.left)
        named.update((to, kind(text)) for to, text in map(life.left.__getitem__, life.named))
    twice = Counter(came) - Counter(people.questions())
    assert twice <= named, twice - named
    assert set(service.life.named) == set(service.life.left)
    assert "Traceback" not in service.log
    assert (service.fake.refused, service.fake.lost) == ([], [])
    return Told(
        kills=len(service.lives) - 1,
        updates=len(people.questions()),
        twice=twice.total(),
        named=named.total(),
        recovered=recovered(service),
    )


def recovered(service: Killable) -> list[float]:
    """Return the seconds from each restart to its first answer; some died before it."""
    sent = [each.at for each in service.fake.sent if each.method == "sendMessage"]
    lives = service.lives[1:]
    ends = [life.began for life in lives[1:]] + [float("inf")]
    firsts = (
        next((at - life.began for at in sent if life.began < at < end), None)
        for life, end in zip(lives, ends, strict=True)
    )
    return [seconds for seconds in firsts if seconds is not None]


async def stop(service: Killable) -> None:
    """Stop it in order, and see that nothing waits any more and that each word was taken once."""
    assert await service.stop() == 0
    assert ask(service.database, "SELECT * FROM outbox") == []
    assert ask(f"sqlite:///{service.folder}/inbox.sqlite3", "SELECT * FROM parcel") == []
    texts = [text for (text,) in ask(service.database, "SELECT text FROM question")]
    assert len(texts) == len(set(texts))


# At random moments, under load.


async def while_it_starts(_service: Killable, share: float) -> None:
    await asyncio.sleep(2.5 * share)


async def when_it_listens(service: Killable, share: float) -> None:
    async with asyncio.timeout(60):
        await service.life.announced.wait()
    await asyncio.sleep(0.5 * share)


async def when_it_answers(service: Killable, share: float) -> None:
    fake, before = service.fake, len(service.fake.sent)
    await fake.until(lambda: len(fake.sent) > before, 60)
    await asyncio.sleep(0.8 * share)


MOMENTS = [while_it_starts, when_it_listens, when_it_answers, when_it_answers, when_it_answers]


async def die_often(folder: Path, database: str, kills: int, seed: int) -> Told:
    """Kill a service again and again while many write to it; some updates are posted twice."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible dice, no secret
    async with (
        FakeTelegram(LIMITS, token=f"{seed}:{TOKEN}") as fake,
        Killable(folder, fake, database) as service,
    ):
        fake.delay = 0.02
        fake.delivery.duplicates = seed % 2
        people = Townspeople(fake)
        asking = asyncio.create_task(people.keep_asking(every=0.08))
        for _ in range(kills):
            await service.start()
            await dice.choice(MOMENTS)(service, dice.random())
            await service.kill()
        await service.started()
        asking.cancel()
        await people.finish()
        await stop(service)
        return judge(service, people)


def test_killed_at_forty_random_moments_it_loses_nothing_on_sqlite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def dying(number: int) -> asyncio.Task[Told]:
        folder = tmp_path / str(number)
        folder.mkdir()
        dies = die_often(folder, f"sqlite:///{folder}/motcua.db", 20, SEED + number)
        return asyncio.create_task(dies)

    async def run() -> Told:
        one, other = await asyncio.gather(dying(0), dying(1))
        return one + other

    told = asyncio.run(run())
    assert told.kills == 40
    with capsys.disabled():
        print(f"\nSQLite: {told}")  # noqa: T201 - figures of this machine


def test_killed_at_twelve_random_moments_it_loses_nothing_on_postgresql(
    tmp_path: Path, own_postgresql: PostgreSQL, capsys: pytest.CaptureFixture[str]
) -> None:
    told = asyncio.run(die_often(tmp_path, own_postgresql.address("postgres"), 12, SEED))
    assert told.kills == 12
    with capsys.disabled():
        print(f"\nPostgreSQL: {told}")  # noqa: T201 - figures of this machine


# At moments that the fake holds still.


@asynccontextmanager
async def service(folder: Path, database: str) -> AsyncIterator[tuple[Killable, Townspeople]]:
    async with FakeTelegram(LIMITS) as fake, Killable(folder, fake, database) as killable:
        await killable.started()
        yield killable, Townspeople(fake)


def test_a_letter_that_arrived_unrecorded_comes_twice_and_one_that_waited_behind_it_once(
    tmp_path: Path, database_url: str
) -> None:
    async def run() -> None:
        async with service(tmp_path, database_url) as (it, people):
            # What is sent has its effect, and nobody says so.
            it.fake.delay = 600
            await people.talk(HOA, DAY, FEE)
            await it.fake.until(lambda: it.fake.sent, 20)
            await it.until_under_way(2)
            await it.kill()
            it.fake.delay = 0
            await it.started()
            await people.finish()
            await stop(it)
            assert answers(it.fake.sent) == [(HOA, DAY), (HOA, DAY), (HOA, FEE)]
            assert len(it.life.named) == 2
            judge(it, people)

    asyncio.run(run())


def test_a_letter_that_telegram_had_refused_for_the_moment_comes_once(
    tmp_path: Path, database_url: str
) -> None:
    async def run() -> None:
        async with service(tmp_path, database_url) as (it, people):
            slow = "Too Many Requests: retry after 7"
            it.fake.fails(429, slow, 1, "sendMessage", retry_after=7)
            await people.talk(HOA, DAY)
            await it.fake.until(lambda: it.fake.refused, 20)
            await it.kill()
            it.fake.refused.clear()
            await it.started()
            await people.finish()
            await stop(it)
            assert answers(it.fake.sent) == [(HOA, DAY)]
            assert len(it.life.named) == 1
            judge(it, people)

    asyncio.run(run())


def test_what_was_answered_before_a_crash_is_not_answered_again_when_telegram_repeats_it(
    tmp_path: Path, database_url: str
) -> None:
    async def run() -> None:
        async with service(tmp_path, database_url) as (it, people):
            update = it.fake.says(HOA, DAY)
            await it.fake.until(lambda: it.fake.sent, 20)
            people.asked[HOA] = [DAY]
            await it.kill()
            it.fake.redelivers(update)
            await it.started()
            # Its answer would come before this one's.
            await it.fake.delivered(20)
            await people.talk(AN, DAY)
            await people.finish()
            await stop(it)
            judge(it, people)

    asyncio.run(run())


# In order.


def test_stopped_under_load_it_loses_nothing_and_says_nothing_twice(tmp_path: Path) -> None:
    async def run() -> Told:
        dice = random.Random(SEED)  # noqa: S311 - as above
        database = f"sqlite:///{tmp_path}/motcua.db"
        async with FakeTelegram(LIMITS) as fake, Killable(tmp_path, fake, database) as it:
            fake.delay = 0.05
            people = Townspeople(fake)
            asking = asyncio.create_task(people.keep_asking(every=0.1))
            for _ in range(4):
                await it.start()
                await when_it_answers(it, dice.random())
                assert await it.stop() == 0
            await it.started()
            asking.cancel()
            await people.finish()
            await stop(it)
            return judge(it, people)

    told = asyncio.run(run())
    assert (told.twice, told.named) == (0, 0)
