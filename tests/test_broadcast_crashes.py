"""kill -9 during a broadcast: nobody is left out, and who hears twice stands in the log."""

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

from knowledge.records import broadcasts, citizens, officials
from knowledge.records.broadcasts import Act, Announcement
from knowledge.records.officials import Role
from knowledge.records.outbox import State
from knowledge.store import open_store
from tests.conftest import PostgreSQL
from tests.fake_telegram import UNPACED, FakeTelegram
from tests.killable import Killable, ask

SEED = 20261123
KILLS = int(os.environ.get("MOTCUA_TEST_KILLS", "12"))
"""On each kind of database; a thorough run sets more."""
PEOPLE = 1_000
RATE, SLOW = 150, 50
LIMITS = replace(UNPACED, webhook_pause=0.3)
WORDS = "Thứ Ba 24/11 nghỉ lễ, bà con đến thứ Năm 26/11."


def announce(database: str, rounds: int) -> None:
    """Have an editor write and an approver approve, before the service runs at all."""
    now = datetime.now(UTC)
    with open_store(database) as store, store.town(now) as town:
        addresses = [("telegram", str(number)) for number in range(1, PEOPLE + 1)]
        citizens.meet_all(town.session, addresses, now)
        officials.add(town, "lan", Role.EDITOR)
        officials.add(town, "minh", Role.APPROVER)
        for number in range(rounds):
            said = Announcement(f"{WORDS} Lần {number}.")
            id_ = broadcasts.draft(town, said, "lan").id or 0
            broadcasts.act(town, id_, Act.SUBMIT, "lan")
            broadcasts.act(town, id_, Act.APPROVE, "minh")


def came(fake: FakeTelegram) -> Counter[tuple[int, str]]:
    """Count what has come, by chat and round."""
    found: Counter[tuple[int, str]] = Counter()
    for each in fake.sent:
        if each.method == "sendMessage" and (about := re.search(r"Lần (\d+)", each.text)):
            found[each.chat_id or 0, about[1]] += 1
    return found


def ambiguous(database: str) -> int:
    """Count the letters that the report calls ambiguous."""
    [(number,)] = ask(database, "SELECT count(*) FROM outbox WHERE ambiguous")
    return int(number)


def states(database: str) -> dict[str, int]:
    return dict(ask(database, "SELECT state, count(*) FROM outbox GROUP BY state"))


def done(database: str) -> bool:
    return not ask(database, "SELECT 1 FROM broadcast WHERE state <> 'done'")


async def send_and_die(folder: Path, database: str, kills: int, seed: int) -> str:
    """Send broadcasts of a thousand letters each while the service is killed again and again."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible dice, no secret
    rounds = max(1, kills // 12)
    await asyncio.to_thread(announce, database, rounds)
    recovered: list[float] = []
    async with (
        FakeTelegram(LIMITS) as fake,
        Killable(folder, fake, database, RATE) as service,
    ):
        fake.delay = 0.02
        for number in range(1, PEOPLE + 1):
            fake.chat(number, met=True)
        for _ in range(kills):
            before, began = len(fake.sent), monotonic()
            await service.start()
            if dice.random() < 0.8 and not await asyncio.to_thread(done, database):
                await fake.until(lambda before=before: len(fake.sent) > before, 60)
                recovered.append(monotonic() - began)
                await asyncio.sleep(dice.random() * 0.6)
            else:
                await asyncio.sleep(dice.random() * 2.5)
            await service.kill()
        await service.started()
        await fake.until(lambda: len(came(fake)) == rounds * PEOPLE, 120)
        await asyncio.sleep(2.5)
        await service.stop()
        return judge(fake, service, rounds, recovered)


def judge(fake: FakeTelegram, service: Killable, rounds: int, recovered: Sequence[float]) -> str:
    counted = came(fake)
    wanted = {(chat, str(each)) for chat in range(1, PEOPLE + 1) for each in range(rounds)}
    assert set(counted) == wanted
    assert states(service.database) == {State.SENT: rounds * PEOPLE}
    assert done(service.database)
    twice = counted.total() - len(counted)
    named = [number for life in service.lives for number in life.named]
    assert twice <= len(named)
    assert ambiguous(service.database) == len(set(named))
    assert "Traceback" not in service.log
    assert max(recovered) < 60
    return (
        f"{len(service.lives) - 1} kills, {len(wanted)} letters, 0 lost, {twice} came twice of "
        f"{len(named)} that the log names; first letter {max(recovered):.1f} s after a restart "
        "at most"
    )


def test_killed_during_a_broadcast_on_sqlite_it_reaches_everybody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = f"sqlite:///{tmp_path}/motcua.db"
    told = asyncio.run(send_and_die(tmp_path, database, KILLS, SEED))
    with capsys.disabled():
        print(f"\nSQLite: {told}")  # noqa: T201 - figures of this machine


def test_killed_during_a_broadcast_on_postgresql_it_reaches_everybody(
    tmp_path: Path, own_postgresql: PostgreSQL, capsys: pytest.CaptureFixture[str]
) -> None:
    database = own_postgresql.address("postgres")
    told = asyncio.run(send_and_die(tmp_path, database, KILLS, SEED + 1))
    with capsys.disabled():
        print(f"\nPostgreSQL: {told}")  # noqa: T201 - figures of this machine


def test_when_one_of_two_postmen_dies_for_good_the_other_takes_over(
    tmp_path: Path, own_postgresql: PostgreSQL, capsys: pytest.CaptureFixture[str]
) -> None:
    database = own_postgresql.address("postgres")
    announce(database, 1)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    async def run() -> float:
        async with (
            FakeTelegram(LIMITS) as fake,
            Killable(tmp_path / "a", fake, database, SLOW) as one,
            Killable(tmp_path / "b", fake, database, SLOW) as other,
        ):
            fake.delay = 0.02
            for number in range(1, PEOPLE + 1):
                fake.chat(number, met=True)
            await one.started()
            await fake.until(lambda: len(fake.sent) > 100, 60)
            await other.started()
            await one.kill()
            died, before = monotonic(), len(fake.sent)
            await fake.until(lambda: len(fake.sent) > before + 1, 30)
            took = monotonic() - died
            await fake.until(lambda: len(came(fake)) == PEOPLE, 60)
            await asyncio.sleep(2.5)
            await other.stop()
            twice = came(fake).total() - PEOPLE
            assert twice <= len(other.life.named)
            return took

    took = asyncio.run(run())
    assert took < 15
    with capsys.disabled():
        print(f"\ntaken over after {took:.1f} s")  # noqa: T201 - a figure of this machine
