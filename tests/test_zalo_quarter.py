"""A quarter of a year of reminders and announcements, and Zalo refuses none of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from sqlmodel import col, select

from bot.channels.channel import Letter
from bot.channels.zalo_oa.channel import ZaloOA
from bot.composing import compose_all
from bot.ledger import Ledger
from bot.letters import as_json
from bot.settings import Settings
from knowledge.plans.model import Contents
from knowledge.records import citizens, outbox, windows
from knowledge.records.outbox import Ended, Post, Priority, State
from knowledge.records.tables import Outgoing
from knowledge.records.windows import MARGIN, Way
from knowledge.store import Store, Town, open_store
from tests.fake_zalo import FREE, PAID, FakeZalo
from tests.zalo_service import DATA, NAME, TEMPLATE, ZaloService, serve

HOURS = range(0, 92 * 24 + 6, 3)
WEEK = 7 * 24
CITIZENS = 200
ALLOWANCE = 100
"""Paid messages a month: what the operator grants, and all that Zalo has."""

HABITS = (6, 30, 47, 60, 120, 165, 200, 500, 2_000)
"""After about how many hours somebody writes again."""

ANNOUNCED = {159, 201, 399, 705, 1_095, 1_098, 1_599, 2_100}
"""Hours at which everybody is written to; some of them at night, 159 as December begins."""


@dataclass
class Quarter:
    """What happens hour by hour, and what came of it."""

    fake: FakeZalo
    store: Store
    channel: ZaloOA
    random: Random = field(default_factory=lambda: Random(2026))  # noqa: S311 - no secret
    ids: dict[str, int] = field(default_factory=dict)
    """Of those who have written."""
    wrote: dict[str, datetime] = field(default_factory=dict)
    ways: Counter[Way] = field(default_factory=Counter)
    written: set[str] = field(default_factory=set)
    """Reasons of all letters."""

    def __post_init__(self) -> None:
        """Give everybody a habit, and a weekday and an hour at which he is reminded."""
        self.ledger = Ledger(self.channel)
        self.habits = {str(n): self.random.choice(HABITS) for n in range(CITIZENS)}
        self.reminded = {user: self.random.randrange(0, WEEK, 3) for user in self.habits}
        self.next = {user: self.random.uniform(0, 24) for user in self.habits}

    async def live(self, hour: int) -> None:
        """Let some hours go by: who writes, what is due, what is sent."""
        with self.store.town(self.fake.now()) as town:
            self._write(town, hour)
            posts = [*self._reminders(hour), *self._news(hour)]
            outbox.put(town.session, posts, town.now)
            letters = self._claim(town)
        await asyncio.gather(*(self._send(letter) for letter in letters.values()))
        if letters:
            with self.store.town(self.fake.now()) as town:
                ended = [Ended(row, State.SENT, NAME) for row in letters]
                outbox.end(town.session, ended, town.now)
        self.fake.pass_time(hours=HOURS.step)

    async def _send(self, letter: Letter) -> None:
        for part in self.channel.parts(letter):
            await self.channel.send(letter.to, part)

    def _write(self, town: Town, hour: int) -> None:
        writing = [user for user, at in self.next.items() if at <= hour]
        met = citizens.meet_all(town.session, [(NAME, user) for user in writing], town.now)
        citizens.save(town.session, met.values(), town.now)
        self.ids |= {user: each.id for (_, user), each in met.items()}
        outbox.reopen(town.session, [each.id for each in met.values()])
        for user in writing:
            self.wrote[user] = self.fake.user(user).interacted_at = town.now
            self.next[user] = hour + self.habits[user] * self.random.uniform(0.5, 1.5)

    def _reminders(self, hour: int) -> Iterator[Post]:
        due = [user for user, at in self.reminded.items() if hour % WEEK == at]
        yield from self._posts(due, f"reminder {hour}", Priority.REMINDER, DATA)

    def _news(self, hour: int) -> Iterator[Post]:
        if hour in ANNOUNCED:
            yield from self._posts(self.ids, f"news {hour}", Priority.BROADCAST, {})

    def _posts(
        self, users: Iterable[str], what: str, priority: Priority, data: Mapping[str, str]
    ) -> Iterator[Post]:
        for user in set(users) & set(self.ids):
            letter = as_json(Letter(user, f"{what} {user}", template_data=data))
            self.written.add(f"{what} {user}")
            yield Post(f"test:{what}:{user}", NAME, user, letter, self.ids[user], priority)

    def _claim(self, town: Town) -> dict[int, Letter]:
        """Claim as the postman does, and see that nobody is left out whom Zalo would let in."""
        before = windows.used(town.session, NAME, windows.month_of(town.now))
        rows = outbox.claim(town.session, NAME, town.now, 0, 10_000)
        silences = {row.sender: town.now - self.wrote[row.sender] for row in rows}
        admitted = self.ledger.admit(compose_all(rows, town), town)
        letters = [(row, says) for row, says in admitted if isinstance(says, Letter)]
        paid = sum(letter.way is Way.PAID for _, letter in letters)
        for row, letter in letters:
            assert (letter.way is Way.FREE) == (silences[row.sender] <= FREE - MARGIN)
        for row in self._ended(town, {row.id for row in rows}, State.CLOSED):
            assert silences[row.sender] > FREE - MARGIN
            assert silences[row.sender] > PAID - MARGIN or before + paid == ALLOWANCE
            assert not (self.channel.window.template and row.priority == Priority.REMINDER)
        self.ways.update(letter.way for _, letter in letters if letter.way)
        return {row.id: letter for row, letter in letters if row.id is not None}

    def _ended(self, town: Town, ids: set[int | None], state: State) -> list[Outgoing]:
        ended = select(Outgoing).where(col(Outgoing.id).in_(ids), col(Outgoing.state) == state)
        return list(town.session.exec(ended.execution_options(populate_existing=True)))


@asynccontextmanager
async def quarter(folder: Path, template: str) -> AsyncIterator[Quarter]:
    async with FakeZalo() as fake:
        fake.monthly_quota = fake.paid_quota = ALLOWANCE
        fake.templates[TEMPLATE] = set(DATA)
        own = {**fake.settings, "zalo_paid": ALLOWANCE, "zalo_template": template}
        with open_store(f"sqlite:///{folder / 'motcua.sqlite3'}", Contents) as store:
            channel = ZaloOA(Settings(**own, _env_file=None), lambda: store, fake.now)
            await channel.open()
            try:
                yield Quarter(fake, store, channel)
            finally:
                await channel.close()


@pytest.mark.parametrize("template", ["", TEMPLATE], ids=["no template", "a template"])
def test_in_a_quarter_nothing_is_refused_and_all_is_sent_that_may_be(
    tmp_path: Path, template: str
) -> None:
    async def run() -> None:
        async with quarter(tmp_path, template) as it:
            for hour in HOURS:
                await it.live(hour)
            assert not [call for call in it.fake.calls if call.error]
            check_the_ledger(it)
            check_the_letters(it)

    asyncio.run(run())


def check_the_ledger(it: Quarter) -> None:
    """Compare it with what Zalo took from its quota, month by month."""
    charged = Counter(
        windows.month_of(each.at) for each in it.fake.sent if each.quota == "sub_quota"
    )
    with it.store.town(it.fake.now(), reading=True) as town:
        used = {month: windows.used(town.session, NAME, month) for month in charged}
    assert used == dict(charged)
    assert max(charged.values()) == ALLOWANCE
    assert min(charged.values()) > 20
    assert len(charged) == 4


def check_the_letters(it: Quarter) -> None:
    """Every letter went once, but for those whose citizens have kept silent ever since."""
    with it.store.town(it.fake.now(), reading=True) as town:
        rows = town.session.exec(select(Outgoing)).all()
    assert len(rows) == len(it.written) > 3_000
    states = Counter(row.state for row in rows)
    assert set(states) <= {State.SENT, State.CLOSED}
    assert states[State.SENT] == len(it.fake.sent) == it.ways.total()
    texts = [each.text for each in it.fake.sent if each.text]
    assert len(set(texts)) == len(texts)
    for row in rows:
        if row.state == State.CLOSED:
            assert it.wrote[row.sender] <= row.not_before
    assert bool(it.ways[Way.TEMPLATE]) == bool(it.channel.window.template)


def test_the_postman_himself_keeps_to_it_for_three_weeks(tmp_path: Path) -> None:
    random = Random(5)  # noqa: S311 - no secret

    async def visit(service: ZaloService) -> None:
        users = [str(number) for number in range(12)]
        await service.silent_for(1, *users)
        for day in range(21):
            await service.post(f"Ngày {day}.", *random.sample(users, 6), data=DATA)
            await service.states()
            for user in random.sample(users, 2):
                await service.fake.says(user, "chào")
            service.fake.pass_time(hours=24)
        await service.states()
        month = windows.month_of(service.fake.now())
        charged = [each for each in service.fake.sent if each.quota == "sub_quota"]
        assert await service.used() == sum(windows.month_of(each.at) == month for each in charged)

    fake = serve(
        tmp_path,
        visit,
        {"zalo_paid": 10, "zalo_template": TEMPLATE},
        monthly_quota=10,
        paid_quota=10,
        rate=600,
        templates={TEMPLATE: set(DATA)},
    )
    assert not [call for call in fake.calls if call.error]
    assert {each.quota for each in fake.sent} == {"reply", "sub_quota", "template"}
