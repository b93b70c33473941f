"""Letters nobody asked for on Zalo: free, paid, by template, or told when the citizen writes."""

import asyncio
import csv
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.channels.channel import Letter, SendError, Shut, Window
from bot.channels.door import DESK
from bot.channels.zalo_oa.channel import ZaloOA
from bot.settings import Settings
from knowledge.plans.model import Contents
from knowledge.records import citizens, outbox, seen, windows
from knowledge.records.outbox import Ended, Post, Priority, State
from knowledge.records.tables import Citizen
from knowledge.records.windows import FOREVER, Due, Forecast, Way
from knowledge.store import Store, Town, open_store
from tests.fake_zalo import FakeZalo
from tests.file_channel import until
from tests.zalo_service import DATA, LATER, NAME, TEMPLATE, ZaloService, serve

NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)
"""In Vietnam."""
NIGHT = datetime(2026, 11, 24, 15, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 0, tzinfo=UTC)
BEFORE_DECEMBER = datetime(2026, 11, 30, 16, 50, tzinfo=UTC)
AFTER_ITS_BEGIN = datetime(2026, 11, 30, 17, 15, tzinfo=UTC)

FREE, PAID = timedelta(hours=48), timedelta(days=7)
NOTHING = Window(FREE, PAID)
SOME = Window(FREE, PAID, allowance=2)
ALL = Window(FREE, PAID, allowance=2, template=TEMPLATE)


def meet(town: Town, *hours: float) -> list[int]:
    """Let citizens have written so many hours ago."""
    met = [
        citizens.meet(town.session, NAME, f"{number}", town.now - timedelta(hours=each))
        for number, each in enumerate(hours)
    ]
    return [each.id for each in met if each.id is not None]


def admit(town: Town, window: Window, *dues: Due) -> list[Way | datetime]:
    return windows.admit(town.session, NAME, window, dues, town.now)


def used(town: Town) -> int:
    return windows.used(town.session, NAME, windows.month_of(town.now))


# The ledger


@pytest.mark.parametrize(
    ("hours", "window", "fits", "now", "way"),
    [
        (1, NOTHING, False, NOON, Way.FREE),
        (45.9, NOTHING, False, NIGHT, Way.FREE),
        (46.1, NOTHING, False, NOON, Way.CLOSED),
        (46.1, SOME, False, NOON, Way.PAID),
        (165.9, SOME, False, NIGHT, Way.PAID),
        (166.1, SOME, False, NOON, Way.CLOSED),
        (100, SOME, False, BEFORE_DECEMBER, AFTER_ITS_BEGIN),
        (1, SOME, False, BEFORE_DECEMBER, Way.FREE),
        (200, SOME, False, BEFORE_DECEMBER, Way.CLOSED),
        (166.1, SOME, True, NOON, Way.CLOSED),
        (166.1, ALL, True, NOON, Way.TEMPLATE),
        (166.1, ALL, False, NOON, Way.CLOSED),
        (9_999, ALL, True, NOON, Way.TEMPLATE),
        (9_999, ALL, True, NIGHT, MORNING),
        (9_999, ALL, True, NIGHT + timedelta(hours=4), MORNING),
        (100, ALL, True, NOON, Way.PAID),
    ],
)
def test_a_letters_way_follows_from_the_citizens_last_message(  # noqa: PLR0913 - a table's columns
    store: Store, hours: float, window: Window, *, fits: bool, now: datetime, way: Way | datetime
) -> None:
    with store.town(now) as town:
        [citizen] = meet(town, hours)
        assert admit(town, window, Due(citizen, fits_template=fits)) == [way]
        assert used(town) == (way is Way.PAID)


def test_a_letter_to_nobody_in_particular_has_no_way(store: Store) -> None:
    with store.town(NOON) as town:
        assert admit(town, ALL, Due(None), Due(4711)) == [Way.CLOSED, Way.CLOSED]


def test_what_the_month_does_not_allow_goes_by_template_or_not_at_all(store: Store) -> None:
    with store.town(NOON) as town:
        an, ba, cu, du = meet(town, 50, 50, 50, 50)
        first = admit(town, ALL, Due(an), Due(ba, 2), Due(cu), Due(du, fits_template=True))
        assert first == [Way.PAID, Way.CLOSED, Way.PAID, Way.TEMPLATE]
        assert used(town) == 2
        windows.release(town.session, NAME, "2026-11", 1)
        assert admit(town, ALL, Due(ba)) == [Way.PAID]
    with store.town(NOON + timedelta(days=7)) as town:
        [citizen] = meet(town, 50)
        assert admit(town, ALL, Due(citizen)) == [Way.PAID]
        assert windows.used(town.session, NAME, "2026-11") == 2
        assert windows.used(town.session, NAME, "2026-12") == 1


def test_a_way_that_is_held_is_used_again_in_time_or_when_an_operator_says_so(
    store: Store,
) -> None:
    with store.town(NOON) as town:
        an, ba = meet(town, 50, 500)
        dues = [Due(an), Due(ba, fits_template=True)]
        windows.hold(town.session, NAME, Way.PAID, FOREVER)
        windows.hold(town.session, NAME, Way.TEMPLATE, NOON + timedelta(hours=1))
        assert admit(town, ALL, *dues) == [Way.CLOSED, Way.CLOSED]
        assert windows.forecast(
            town.session, NAME, ALL, select(col(Citizen.id)), NOON
        ) == Forecast(0, 0, 2)
    with store.town(NOON + timedelta(hours=1)) as town:
        assert admit(town, ALL, *dues) == [Way.CLOSED, Way.TEMPLATE]
        windows.resume(town.session, NAME)
        assert admit(town, ALL, *dues) == [Way.PAID, Way.TEMPLATE]


def test_an_official_who_writes_to_a_citizen_opens_no_window(store: Store) -> None:
    with store.town(NOON) as town:
        [citizen] = meet(town, 500)
        for user in ("0", "nobody knows him"):
            citizens.pause(town.session, (NAME, user), NOON + timedelta(hours=12), NOON)
        stranger = citizens.find(town.session, NAME, "nobody knows him")
        assert stranger is not None
        assert stranger.paused_until == NOON + timedelta(hours=12)
        assert admit(town, SOME, Due(citizen), Due(stranger.id)) == [Way.CLOSED, Way.CLOSED]


def test_a_citizen_who_writes_as_his_letter_is_closed_hears_of_it(store: Store) -> None:
    def writes() -> None:
        with store.town(NOON) as town:
            [who] = citizens.meet_all(town.session, [(NAME, "0")], NOON).values()
            outbox.reopen(town.session, [who.id])

    with store.town(NOON) as town:
        [citizen] = meet(town, 500)
        post = Post("test:1", NAME, "0", {}, citizen, Priority.REMINDER)
        [row] = outbox.put(town.session, [post], NOON)
        assert row is not None
    writing = Thread(target=writes)
    with store.town(NOON) as town:
        outbox.claim(town.session, NAME, NOON, 0, 1)
        assert admit(town, NOTHING, Due(citizen)) == [Way.CLOSED]
        writing.start()
        writing.join(0.3)
        outbox.end(town.session, [Ended(row, State.CLOSED, NAME)], NOON)
    writing.join()
    with store.town(NOON, reading=True) as town:
        assert outbox.due(town.session, NAME, NOON)


@pytest.mark.parametrize(("days", "left"), [(300, 1), (380, 0)])
def test_what_a_citizen_is_to_hear_is_kept_for_a_year(
    store: Store, days: float, left: int
) -> None:
    with store.town(NOON) as town:
        [citizen] = meet(town, 500)
        post = Post("test:1", NAME, "0", {}, citizen, Priority.REMINDER, State.CLOSED)
        outbox.put(town.session, [post], NOON)
        ended = NOON + timedelta(days=days) - seen.KEPT_FOR
        assert outbox.sweep(town.session, ended) == 1 - left


hours = st.floats(0, 400)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(hours, st.integers(1, 3), st.booleans()), max_size=12),
    st.integers(0, 8),
    st.integers(1, 3),
)
def test_a_forecast_counts_what_is_then_admitted_and_the_allowance_is_never_exceeded(
    tmp_path_factory: pytest.TempPathFactory,
    letters: list[tuple[float, int, bool]],
    allowance: int,
    messages: int,
) -> None:
    window = Window(FREE, PAID, allowance, TEMPLATE)
    with (
        open_store(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/x.sqlite3", Contents) as store,
        store.town(NOON) as town,
    ):
        ids = meet(town, *(each for each, _, _ in letters))
        expected = windows.forecast(
            town.session, NAME, window, select(col(Citizen.id)), NOON, messages=messages
        )
        ways = admit(town, window, *(Due(each, messages) for each in ids))
        assert Forecast(*map(ways.count, (Way.FREE, Way.PAID, Way.CLOSED))) == expected
        assert used(town) == expected.paid * messages <= allowance
        admit(
            town,
            window,
            *(
                Due(id_, size, fits_template=fits)
                for id_, (_, size, fits) in zip(ids, letters, strict=True)
            ),
        )
        assert used(town) <= allowance


def test_a_channel_without_a_window_is_free_for_all(store: Store) -> None:
    with store.town(NOON) as town:
        meet(town, 1, 5_000)
        everybody = select(col(Citizen.id))
        assert windows.forecast(town.session, "telegram", None, everybody, NOON) == Forecast(
            2, 0, 0
        )


# The service


def test_each_letter_goes_the_way_that_is_open(tmp_path: Path) -> None:
    async def visit(service: ZaloService) -> None:
        for user, hours_ago in {"1": 1, "2": 60, "3": 61, "4": 200, "5": 300}.items():
            await service.silent_for(hours_ago, user)
        await service.post("Nhắc lịch.", "1", "2", "3", "5")
        await service.post("Mai làm khai sinh.", "4", data=DATA)
        assert await service.states() == {
            "1": State.SENT,
            "2": State.SENT,
            "3": State.CLOSED,
            "4": State.SENT,
            "5": State.CLOSED,
        }
        assert await service.used() == 1

    fake = serve(
        tmp_path,
        visit,
        {"zalo_paid": 1, "zalo_template": TEMPLATE},
        templates={TEMPLATE: set(DATA)},
    )
    assert {each.to: each.quota for each in fake.sent} == {
        "1": "reply",
        "2": "sub_quota",
        "4": "template",
    }
    assert not [call for call in fake.calls if call.error]


def test_who_could_not_be_reached_is_told_after_his_answer_when_he_writes(
    tmp_path: Path,
) -> None:
    async def visit(service: ZaloService) -> None:
        await service.silent_for(500, "1")
        await service.post("Đơn của anh đã có kết quả.", "1")
        assert await service.states() == {"1": State.CLOSED}
        await service.fake.follows("1")
        service.fake.pass_time(days=30)
        await asyncio.sleep(1.2)
        assert service.sent("1") == []
        await service.fake.says("1", "chào")
        await until(lambda: len(service.sent("1")) == 2)
        assert service.sent("1")[1].text == "Đơn của anh đã có kết quả."
        assert await service.states() == {"1": State.SENT}
        assert await service.used() == 0

    serve(tmp_path, visit, {})


def test_a_quota_that_is_used_up_bars_what_is_paid_until_somebody_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def visit(service: ZaloService) -> None:
        await service.silent_for(60, "1", "2")
        await service.post("Nhắc lịch.", "1")
        assert await service.states() == {"1": State.CLOSED}
        await service.post("Nhắc lịch.", "2")
        assert await service.states() == {"1": State.CLOSED, "2": State.CLOSED}
        assert await service.used() == 0
        service.fake.paid_quota = 5
        await service.app[DESK].do(lambda town: windows.resume(town.session, NAME))
        await service.silent_for(60, "3")
        await service.post("Nhắc lịch.", "3")
        assert (await service.states())["3"] == State.SENT

    fake = serve(tmp_path, visit, {"zalo_paid": 5}, paid_quota=0)
    assert [call.error for call in fake.calls if "message" in call.path] == [-211, 0]
    [line] = [each for each in caplog.records if "“paid” is barred" in each.message]
    assert line.levelno == logging.ERROR
    assert "2026-11-30 17:00" in line.message


def test_a_window_that_zalo_calls_closed_is_not_tried_again(tmp_path: Path) -> None:
    async def visit(service: ZaloService) -> None:
        await service.silent_for(1, "1")
        service.fake.refusals["1"] = -230
        await service.post("Một.", "1")
        assert await service.states() == {"1": State.CLOSED}
        await service.post("Hai.", "1")
        assert await service.states() == {"1": State.CLOSED}
        del service.fake.refusals["1"]
        await service.fake.says("1", "chào")
        await until(lambda: len(service.sent("1")) == 3)
        assert [each.text for each in service.sent("1")[1:]] == ["Một.", "Hai."]

    fake = serve(tmp_path, visit, {"zalo_paid": 5})
    assert [call.error for call in fake.calls if "message" in call.path] == [-230, 0, 0, 0]


def test_only_what_was_or_may_have_been_sent_stays_counted(tmp_path: Path) -> None:
    async def visit(service: ZaloService) -> None:
        await service.silent_for(60, "blocked", "slow", "lost")
        await service.silent_for(47, "free after all")
        service.fake.refusals["blocked"] = -227
        await service.post("Nhắc lịch.", "blocked")
        assert (await service.states())["blocked"] == State.UNREACHABLE
        assert await service.used() == 0
        service.fake.trouble("/message", error=-32)
        await service.post("Nhắc lịch.", "slow")
        assert (await service.states())["slow"] == LATER
        assert await service.used() == 0
        service.fake.pass_time(seconds=60)
        assert (await service.states())["slow"] == State.SENT
        assert await service.used() == 1
        service.fake.trouble("/message", drop="after")
        await service.post("Nhắc lịch.", "lost")
        await until(lambda: len(service.sent("lost")) == 2)
        assert (await service.states())["lost"] == State.SENT
        assert await service.used() == 3
        await service.post("Nhắc lịch.", "free after all")
        assert (await service.states())["free after all"] == State.SENT
        assert await service.used() == 3

    fake = serve(tmp_path, visit, {"zalo_paid": 5})
    assert 500 - fake.paid_quota == 3


def test_a_letter_of_several_messages_is_paid_whole_or_not_sent(tmp_path: Path) -> None:
    long = "Thông báo lịch làm việc dịp Tết của bộ phận một cửa. " * 60

    async def visit(service: ZaloService) -> None:
        await service.silent_for(60, "1", "2")
        await service.post(long, "1")
        assert await service.states() == {"1": State.SENT}
        await service.post(long, "2")
        assert await service.states() == {"1": State.SENT, "2": State.CLOSED}
        assert await service.used() == 2

    fake = serve(tmp_path, visit, {"zalo_paid": 3})
    assert [(each.to, each.quota) for each in fake.sent] == [("1", "sub_quota")] * 2


@pytest.mark.parametrize("shape", ["user_id", "recipient"])
def test_a_template_is_sent_in_the_shape_that_zalo_takes_and_by_day(
    tmp_path: Path, shape: str
) -> None:
    async def visit(service: ZaloService) -> None:
        await service.silent_for(500, "1", "2", "3")
        service.fake.pass_time(hours=13)
        await service.post("Nhắc lịch.", "1", "2", "3", data=DATA)
        assert set((await service.states()).values()) == {LATER}
        service.fake.pass_time(hours=10)
        states = await service.states()
        assert sorted(states.values()) == [State.CLOSED, State.SENT, State.SENT]
        assert await service.used() == 0

    fake = serve(
        tmp_path,
        visit,
        {"zalo_template": TEMPLATE},
        templates={TEMPLATE: set(DATA)},
        template_shape=shape,
        template_quota=2,
    )
    assert [each.message for each in fake.sent] == [DATA, DATA]
    refused = [call.error for call in fake.calls if "template" in call.path and call.error]
    assert refused == ([-201] if shape == "recipient" else [])


# Each code


BY = {Way.PAID: "paid", Way.TEMPLATE: "by template"}
KINDS = {"free": Way.FREE, "paid": Way.PAID, "template": Way.TEMPLATE}

with Path(__file__).with_name("zalo_oa").joinpath("unasked.csv").open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))


def in_words(error: SendError, now: datetime) -> str:
    """Say what becomes of a letter."""
    if isinstance(error, Shut) and error.way is not None and error.until is not None:
        named = {
            FOREVER: "until somebody says so",
            windows.next_month(now): "this month",
            windows.next_morning(now): "today",
        }
        return f"closed, and none {BY[error.way]} {named[error.until]}"
    if isinstance(error, Shut):
        return "closed until he writes"
    if error.retry_after is not None:
        tomorrow = windows.next_morning(now) - now
        late = abs(error.retry_after - tomorrow.total_seconds()) < 60
        return "tomorrow morning" if late else "in half a minute"
    return {"retry": "again", "closed": "this one closed"}.get(error.outcome, error.outcome)


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Try every code with every kind of letter."""

    async def run(store: Store) -> dict[tuple[str, str], str]:
        async with FakeZalo() as fake:
            fake.templates[TEMPLATE] = set(DATA)
            fake.user("1").interacted_at = fake.now()
            own = Settings(**fake.settings, zalo_template=TEMPLATE, _env_file=None)
            channel = ZaloOA(own, lambda: store, fake.now)
            await channel.open()
            found = {}
            for row in ROWS:
                fake.refusals["1"] = int(row["code"])
                for kind, way in KINDS.items():
                    letter = Letter("1", "Nhắc lịch.", template_data=DATA, way=way)
                    [part] = channel.parts(letter)
                    with pytest.raises(SendError) as caught:
                        await channel.send("1", part)
                    found[row["code"], kind] = in_words(caught.value, fake.now())
            await channel.close()
        return found

    folder = tmp_path_factory.mktemp("codes")
    with open_store(f"sqlite:///{folder / 'motcua.sqlite3'}", Contents) as opened:
        return asyncio.run(run(opened))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"])
def test_a_code_ends_a_letter_that_nobody_asked_for_as_the_table_says(
    row: dict[str, str], endings: dict[tuple[str, str], str]
) -> None:
    assert endings[row["code"], "free"] == endings[row["code"], "paid"] == row["a message"]
    assert endings[row["code"], "template"] == row["a template"]


def test_the_table_has_every_code_that_is_known() -> None:
    with Path(__file__).with_name("zalo_oa").joinpath("codes.csv").open(encoding="utf-8") as known:
        codes = {row["code"] for row in csv.DictReader(known)}
    assert codes == {row["code"] for row in ROWS}


def test_a_text_that_is_halved_costs_what_zalo_says(tmp_path: Path) -> None:
    async def visit(service: ZaloService) -> None:
        await service.silent_for(60, "1")
        service.fake.trouble("/message", error=-210)
        await service.post("Mang theo bản chính. " * 50, "1")
        assert await service.states() == {"1": State.SENT}
        assert await service.used() == 2

    fake = serve(tmp_path, visit, {"zalo_paid": 5})
    assert 500 - fake.paid_quota == 2
