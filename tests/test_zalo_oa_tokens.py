"""The OA's tokens: renewed in time, by one process alone, and stored before they are used."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from bot.channels.channel import Outcome, SendError
from bot.channels.zalo_oa.api import Api
from bot.channels.zalo_oa.tokens import LOST, MISSING, NO_SECRET, SPENT, Pair, Tokens
from bot.settings import Settings
from knowledge.plans.model import Contents
from knowledge.records import channels, credentials
from knowledge.store import Store, Town, open_store
from tests.fake_zalo import START, FakeZalo

DIES = Path(__file__).with_name("zalo_oa") / "renew_and_die.py"
Act = Callable[["Office"], Awaitable[None]]


class Office:
    """Zalo, our database, and as many processes' tokens as a test wants."""

    def __init__(self, fake: FakeZalo, store: Store) -> None:
        """Open no connection yet."""
        self.fake, self.store = fake, store
        self.apis: list[Api] = []

    async def tokens(self, **changes: object) -> Tokens:
        settings = Settings(**(self.fake.settings | changes), _env_file=None)
        api = Api(settings)
        await api.open()
        self.apis.append(api)
        return Tokens(settings, api, lambda: self.store, self.fake.now)

    @property
    def renewals(self) -> list[int]:
        return [call.error for call in self.fake.calls if call.path.startswith("/v4")]

    def stored(self) -> tuple[str, str] | None:
        with self.store.town(self.fake.now(), reading=True) as town:
            pair = credentials.get(town.session, "zalo")
            return (pair.access, pair.refresh) if pair else None

    def valid(self) -> tuple[str, str]:
        return self.fake.access_token, self.fake.refresh_token

    def stopped(self) -> str | None:
        with self.store.town(self.fake.now(), reading=True) as town:
            return channels.stopped(town.session, "zalo")


def in_office(database_url: str, act: Act) -> None:
    async def run() -> None:
        async with FakeZalo() as fake:
            with open_store(database_url, Contents) as store:
                office = Office(fake, store)
                try:
                    await act(office)
                finally:
                    for api in office.apis:
                        await api.close()

    asyncio.run(run())


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'motcua.sqlite3'}"


async def refused(work: Awaitable[object]) -> SendError:
    with pytest.raises(SendError) as caught:
        await work
    return caught.value


def test_the_first_pair_comes_from_the_settings_and_is_stored(database_url: str) -> None:
    async def act(office: Office) -> None:
        tokens = await office.tokens()
        assert await tokens.access() == office.fake.access_token
        assert office.stored() == office.valid()
        assert await tokens.access() == office.fake.access_token
        assert office.renewals == [0]

    in_office(database_url, act)


def test_a_restart_uses_the_stored_pair_and_not_the_settings(url: str) -> None:
    async def act(office: Office) -> None:
        spent = office.fake.refresh_token
        await (await office.tokens()).access()
        again = await office.tokens(zalo_refresh_token=spent)
        assert await again.access() == office.fake.access_token
        office.fake.pass_time(hours=21)
        assert await again.access() == office.fake.access_token
        assert office.renewals == [0, 0]

    in_office(url, act)


@pytest.mark.parametrize(("hours", "renewals"), [(19.9, 1), (20.1, 2), (24.9, 2), (200, 2)])
def test_a_pair_is_renewed_after_twenty_hours(url: str, hours: float, renewals: int) -> None:
    async def act(office: Office) -> None:
        tokens = await office.tokens()
        await tokens.access()
        office.fake.pass_time(hours=hours)
        assert await tokens.access() == office.fake.access_token
        assert len(office.renewals) == renewals

    in_office(url, act)


def test_many_who_are_refused_at_once_renew_once(url: str) -> None:
    async def act(office: Office) -> None:
        tokens = await office.tokens()
        old = await tokens.access()
        new = await asyncio.gather(*(tokens.renewed(old) for _ in range(20)))
        assert set(new) == {office.fake.access_token} != {old}
        assert await tokens.renewed(old) == office.fake.access_token
        assert office.renewals == [0, 0]

    in_office(url, act)


class SlowStore:
    """A store whose first reader has read, and is not done with it."""

    def __init__(self, store: Store) -> None:
        """Take the real one."""
        self.store = store
        self.lease = store.lease
        self.may_go_on = Event()
        self.readers = count()

    @contextmanager
    def town(self, now: datetime, *, reading: bool = False) -> Iterator[Town]:
        is_first = next(self.readers) == 0
        with self.store.town(now, reading=reading) as town:
            yield town
        assert not is_first or self.may_go_on.wait(10)


def test_one_who_reads_slowly_does_not_undo_a_renewal(url: str) -> None:
    async def act(office: Office) -> None:
        store = SlowStore(office.store)
        settings = Settings(**office.fake.settings, _env_file=None)
        office.apis.append(api := Api(settings))
        await api.open()
        tokens = Tokens(settings, api, lambda: store, office.fake.now)
        slow = asyncio.create_task(tokens.pair())
        await asyncio.sleep(0.1)
        access = await tokens.access()
        store.may_go_on.set()
        pair = await slow
        assert pair is not None
        assert pair.access == access

    in_office(url, act)


def test_what_another_process_has_renewed_is_used(database_url: str) -> None:
    async def act(office: Office) -> None:
        ours, theirs = await office.tokens(), await office.tokens()
        old = await ours.access()
        assert await theirs.access() == old
        assert await theirs.renewed(old) == office.fake.access_token != old
        assert await ours.renewed(old) == office.fake.access_token
        assert office.renewals == [0, 0]

    in_office(database_url, act)


def test_two_processes_at_once_use_a_refresh_token_once(database_url: str) -> None:
    async def act(office: Office) -> None:
        office.fake.trouble("/v4", delay=0.3)
        ours, theirs = await office.tokens(), await office.tokens()
        said = await asyncio.gather(ours.access(), theirs.access(), return_exceptions=True)
        waits = [each for each in said if isinstance(each, SendError)]
        assert [(each.outcome, each.retry_after) for each in waits] == [(Outcome.RETRY, 1.0)]
        assert await ours.access() == await theirs.access() == office.fake.access_token
        assert set(office.fake.spent.values()) == {1}

    in_office(database_url, act)


def test_an_oauth_that_is_away_does_not_keep_citizens_waiting(url: str) -> None:
    async def act(office: Office) -> None:
        tokens = await office.tokens()
        old = await tokens.access()
        office.fake.pass_time(hours=21)
        office.fake.trouble("/v4", drop="before", times=2)
        assert [await tokens.access() for _ in range(3)] == [old] * 3
        office.fake.pass_time(minutes=6)
        assert await tokens.access() == old
        office.fake.pass_time(minutes=6)
        assert await tokens.access() == office.fake.access_token != old
        assert office.stored() == office.valid()

    in_office(url, act)


def test_a_dead_token_and_an_oauth_that_is_away_are_tried_again(url: str) -> None:
    async def act(office: Office) -> None:
        office.fake.trouble("/v4", drop="before")
        tokens = await office.tokens()
        assert (await refused(tokens.access())).outcome is Outcome.RETRY
        assert await tokens.access() == office.fake.access_token

    in_office(url, act)


def test_an_answer_that_never_came_is_told_to_the_operator(url: str) -> None:
    async def act(office: Office) -> None:
        office.fake.trouble("/v4", drop="after")
        tokens = await office.tokens()
        assert (await refused(tokens.access())).outcome is Outcome.RETRY
        error = await refused(tokens.access())
        assert (error.outcome, error.reason.partition(" [")[0]) == (Outcome.STOPPED, LOST)

    in_office(url, act)


@pytest.mark.parametrize("numeric", [True, False])
def test_a_spent_token_is_told_to_the_operator_with_zalos_words(
    url: str, *, numeric: bool
) -> None:
    async def act(office: Office) -> None:
        office.fake.numeric_errors = numeric
        tokens = await office.tokens(zalo_refresh_token="spent")  # noqa: S106 - none
        for _ in range(2):
            error = await refused(tokens.access())
            assert error.outcome is Outcome.STOPPED
            assert error.reason.startswith(SPENT)
            assert error.reason.endswith("Invalid refresh token]")

    in_office(url, act)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"zalo_refresh_token": None}, MISSING), ({"zalo_app_secret": None}, NO_SECRET)],
)
def test_what_is_not_set_stops_the_channel(
    url: str, changes: dict[str, object], reason: str
) -> None:
    async def act(office: Office) -> None:
        error = await refused((await office.tokens(**changes)).access())
        assert (error.outcome, error.reason) == (Outcome.STOPPED, reason)
        assert office.renewals == []

    in_office(url, act)


def test_an_app_that_is_inactive_stops_the_channel(url: str) -> None:
    async def act(office: Office) -> None:
        office.fake.trouble("/v4", error=-14002)
        error = await refused((await office.tokens()).access())
        assert error.outcome is Outcome.STOPPED
        assert error.reason.startswith("-14002")

    in_office(url, act)


def test_a_pair_that_could_not_be_stored_is_not_used_until_it_is(url: str) -> None:
    async def act(office: Office) -> None:
        tokens = await office.tokens()
        with office.store.town(office.fake.now()) as town:
            town.session.connection().exec_driver_sql(
                "CREATE TRIGGER full BEFORE INSERT ON credential BEGIN "
                "SELECT RAISE(FAIL, 'disk full'); END"
            )
        for _ in range(2):
            assert (await refused(tokens.access())).outcome is Outcome.RETRY
        with office.store.town(office.fake.now()) as town:
            town.session.connection().exec_driver_sql("DROP TRIGGER full")
        assert await tokens.access() == office.fake.access_token
        assert office.stored() == office.valid()
        assert office.renewals == [0]

    in_office(url, act)


def test_a_sender_who_is_cancelled_does_not_break_off_a_renewal(url: str) -> None:
    async def act(office: Office) -> None:
        tokens = await office.tokens()
        old = await tokens.access()
        sender = asyncio.create_task(tokens.renewed(old))
        await asyncio.sleep(0)
        sender.cancel()
        await tokens.close()
        assert sender.cancelled()
        assert office.renewals == [0, 0]
        assert office.stored() == office.valid()

    in_office(url, act)


def test_a_token_that_a_person_brings_begins_anew(url: str) -> None:
    async def act(office: Office) -> None:
        service = await office.tokens()
        await service.access()
        with office.store.town(office.fake.now()) as town:
            channels.stop(town.session, "zalo", LOST, office.fake.now())
            channels.learn(town.session, "zalo", endpoint="v2", buttonless=["v2"])
        brought = office.fake.issue()
        await (await office.tokens()).adopt(brought)
        assert office.stopped() is None
        assert office.stored() == office.valid()
        with office.store.town(office.fake.now(), reading=True) as town:
            learned = channels.learned(town.session, "zalo")
        assert (learned["endpoint"], learned["buttonless"]) == (None, [])
        # The service that runs finds it as soon as Zalo refuses what it knew.
        assert await service.renewed(await service.access()) == office.fake.access_token

    in_office(url, act)


@pytest.mark.parametrize(
    ("moment", "renewals", "survives"),
    [
        ("before the mark", [0], True),
        ("before the request", [0], True),
        ("before the storage", [0, -14014], False),
        ("before its end", [0, -14014], False),
        ("after the storage", [0], True),
    ],
)
def test_a_renewal_survives_kill_9_or_says_what_to_do(
    database_url: str,
    moment: str,
    renewals: list[int],
    survives: bool,  # noqa: FBT001
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(office: Office) -> None:
        fake = office.fake
        words = [fake.api, fake.app_id, fake.app_secret, fake.refresh_token, moment]
        process = await asyncio.create_subprocess_exec(
            sys.executable, DIES, database_url, *words, cwd=DIES.parents[2]
        )
        assert await process.wait() == -9
        caplog.clear()
        tokens = await office.tokens(zalo_refresh_token=words[3])
        if survives:
            assert await tokens.access() == fake.access_token
            assert office.stored() == office.valid()
            assert office.renewals == renewals
        else:
            error = await refused(tokens.access())
            assert (error.outcome, error.reason.partition(" [")[0]) == (Outcome.STOPPED, LOST)
            assert office.renewals == renewals
            await tokens.adopt(fake.issue())
            assert await tokens.access() == fake.access_token
        warned = [each for each in caplog.records if each.levelno == logging.WARNING]
        assert bool(warned) == (moment not in ("before the mark", "after the storage"))

    in_office(database_url, act)


def test_a_pair_shows_no_secret_in_logs() -> None:
    pair = Pair("access-secret", "refresh-secret", START, START + timedelta(hours=25))
    assert "secret" not in repr(pair)
