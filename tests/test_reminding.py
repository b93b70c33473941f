"""Reminders: what is planned once and in time, what it says when its turn comes, and when not."""

import asyncio
import os
import shutil
import time as clocks
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, select

from bot import reminding
from bot.app import make_app
from bot.channels.channel import Letter
from bot.composing import compose
from bot.desk import Desk
from bot.settings import Settings
from handlers.reminder_sayings import Act, pressed
from knowledge.plans import editions
from knowledge.plans.days import DayChange, DayKind, local_time
from knowledge.plans.model import Source, Weekday
from knowledge.records import citizens, closures, planning, subscriptions
from knowledge.records.outbox import State
from knowledge.records.planning import Call, Kind, When
from knowledge.records.subscriptions import Reminder
from knowledge.records.tables import ChannelState, Outgoing, Subscription
from knowledge.store import Store, open_store
from tests.file_channel import NAME, FileDoor, until

SUNDAY = datetime(2026, 11, 22, 3, tzinfo=UTC)
EVENING = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
"""Wednesday, half a minute past 19:00 in Vietnam: Thursday is a service day of BK1-02."""


def subscribe(store: Store, sender: str, wanted: Reminder, language: str = "vi") -> int:
    with store.town(SUNDAY) as town:
        citizen = citizens.meet(town.session, NAME, sender, SUNDAY)
        citizen.language = language
        town.session.flush()
        subscriptions.put(town.session, citizen.id, wanted, SUNDAY)
        found = select(Subscription.id).where(
            Subscription.citizen == citizen.id, Subscription.about == wanted.about
        )
        return town.session.exec(found).one()


def plan(store: Store, now: datetime) -> None:
    desk = Desk(store, lambda: now)
    asyncio.run(reminding.plan(desk))
    desk.close()


def planned(store: Store) -> list[str]:
    with store.town(SUNDAY, reading=True) as town:
        return sorted(town.session.exec(select(Outgoing.reason)))


def written(store: Store, reason: str, now: datetime) -> Letter | State | datetime:
    with store.town(now, reading=True) as town:
        row = town.session.exec(select(Outgoing).where(Outgoing.reason == reason)).one()
        return compose(row, town)


def close(store: Store, day: date, now: datetime, locality: str | None = "bac-kan") -> None:
    change = DayChange(
        day, DayKind.CLOSED, locality, "mất điện", "no power", Source("Thông báo", "5/TB")
    )
    with store.town(now) as town:
        closures.add(town.session, change, "an", now)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database with the built-in edition."""
    file = tmp_path_factory.mktemp("built") / "motcua.sqlite3"
    with open_store(f"sqlite:///{file}") as opened:
        opened.tidy()
    return file


@pytest.fixture
def hall(built: Path, tmp_path: Path) -> Iterator[Store]:
    """Open a database of one's own with the built-in edition."""
    file = shutil.copy(built, tmp_path / "motcua.sqlite3")
    with open_store(f"sqlite:///{file}") as opened:
        yield opened


def test_a_reminder_says_what_where_until_when_what_to_bring_by_which_source_and_how_to_stop(
    hall: Store,
) -> None:
    number = subscribe(hall, "an", Reminder("DN-01"))
    tuesday = EVENING - timedelta(days=1)
    plan(hall, tuesday)
    letter = written(hall, f"reminder:{number}:2026-11-25", tuesday)
    assert isinstance(letter, Letter)
    head, *lines = letter.body.splitlines()
    assert head == "🔔 Ngày mai, Thứ Tư, 25/11/2026, là ngày làm, nhận đến 15:00:"
    starts = ("Đăng ký thế chấp quyền sử dụng đất", "📍 Nơi làm: ", "📄 Mang theo: Phiếu yêu cầu")
    assert all(any(line.startswith(start) for line in lines) for start in starts)
    assert lines[-1] == "Thôi nhắc: gõ “dừng nhắc”. Không nhận tin nào nữa: /dung"
    assert letter.sources[0] == "[1] Kế hoạch của UBND tỉnh Đắk Nông, 09/2023, Mục IV.2.a, dòng 1"
    full, stop = letter.buttons
    assert full.says == "DN-01"
    assert pressed(stop.says).act is Act.END
    assert letter.template_data["day"] == "Thứ Tư, 25/11/2026"


def test_a_place_is_reminded_of_with_all_that_it_serves_on_the_day(hall: Store) -> None:
    number = subscribe(hall, "an", Reminder("bac-kan"), language="en")
    plan(hall, EVENING)
    letter = written(hall, f"reminder:{number}:2026-11-26", EVENING)
    assert isinstance(letter, Letter)
    assert letter.body.startswith("🔔 Tomorrow, Thursday, 26 November 2026, is a service day:")
    assert letter.body.count("\n• ") == 12
    assert "online" not in letter.body


def test_a_day_off_is_told_with_its_reason_and_the_next_day_and_not_promised(hall: Store) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    monday = EVENING - timedelta(days=2)
    plan(hall, monday)
    assert planned(hall) == [f"off:{number}:2026-11-24"]
    letter = written(hall, f"off:{number}:2026-11-24", monday)
    assert isinstance(letter, Letter)
    assert letter.body.splitlines()[1:3] == [
        "Thứ Ba, 24/11/2026 nghỉ: Ngày Văn hóa Việt Nam. [1]",
        "Ngày kế tiếp là Thứ Năm, 26/11/2026. [2]",
    ]
    assert letter.template_data == {}


def test_who_was_reminded_of_a_day_that_is_closed_then_is_told_so_once(hall: Store) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    plan(hall, EVENING)
    close(hall, date(2026, 11, 26), EVENING + timedelta(minutes=20))
    for minutes in (21, 22, 90, 700):
        plan(hall, EVENING + timedelta(minutes=minutes))
    reminder, off = f"reminder:{number}:2026-11-26", f"off:{number}:2026-11-26"
    assert planned(hall) == sorted([reminder, off])
    assert written(hall, reminder, EVENING + timedelta(minutes=30)) is State.CANCELLED
    letter = written(hall, off, EVENING + timedelta(minutes=30))
    assert isinstance(letter, Letter)
    assert "Thứ Năm, 26/11/2026 nghỉ: mất điện. [1]" in letter.body
    assert "Ngày kế tiếp là Thứ Ba, 01/12/2026. [2]" in letter.body
    assert letter.sources[0] == "[1] Thông báo, số 5/TB"


def test_a_day_worked_out_of_turn_is_reminded_of_and_told_when_it_is_taken_back(
    hall: Store,
) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    friday = EVENING + timedelta(days=2)
    change = DayChange(
        date(2026, 11, 28), DayKind.WORKING, "bac-kan", "làm bù", "", Source("Thông báo"),
        as_weekday=Weekday.TUE,
    )  # fmt: skip
    with hall.town(SUNDAY) as town:
        entered = closures.add(town.session, change, "an", SUNDAY).id
    plan(hall, friday)
    reminder = f"reminder:{number}:2026-11-28"
    assert reminder in planned(hall)
    with hall.town(friday) as town:
        town.session.exec(select(Outgoing).where(Outgoing.reason == reminder)).one().state = "sent"
        closures.remove(town.session, entered)
    plan(hall, friday + timedelta(hours=1))
    letter = written(hall, f"off:{number}:2026-11-28", friday + timedelta(hours=1))
    assert isinstance(letter, Letter)
    assert "Thứ Bảy, 28/11/2026 không còn là ngày làm nữa." in letter.body


def publish(store: Store, weekdays: Sequence[str] | None, now: datetime) -> int:
    """Publish the newest edition with other days for BK1-02, or without it."""
    with store.town(now) as town:
        contents = town.library.edition.contents
        old = town.library.procedures["BK1-02"]
        days = tuple(Weekday(day) for day in weekdays or ())
        new = () if weekdays is None else (
            replace(old, rules=tuple(replace(rule, weekdays=days) for rule in old.rules)),
        )  # fmt: skip
        rows = [each for each in contents.procedures if each is not old]
        contents = replace(contents, procedures=(*rows, *new))
        return editions.publish(town.session, contents, by="an", reason="", now=now)


def test_an_edition_that_moves_the_day_is_told_once_and_moves_what_is_planned(hall: Store) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    other = subscribe(hall, "binh", Reminder("DN-01"))
    plan(hall, EVENING)
    edition = publish(hall, ["fri"], EVENING)
    now = EVENING + timedelta(minutes=10)
    for _ in range(3):
        plan(hall, now)
    assert f"changed:{other}:{edition}" not in planned(hall)
    letter = written(hall, f"changed:{number}:{edition}", now)
    assert isinstance(letter, Letter)
    assert "Ngày làm đổi từ Thứ Ba và Thứ Năm sang Thứ Sáu. [1]" in letter.body
    assert "Ngày kế tiếp là Thứ Sáu, 27/11/2026. [1]" in letter.body
    assert written(hall, f"reminder:{number}:2026-11-26", now) is State.CANCELLED
    plan(hall, EVENING + timedelta(days=1))
    assert f"reminder:{number}:2026-11-27" in planned(hall)


def test_who_is_reminded_of_what_is_no_more_is_told_so_and_reminded_no_more(hall: Store) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    plan(hall, SUNDAY)
    edition = publish(hall, None, SUNDAY)
    plan(hall, EVENING)
    letter = written(hall, f"changed:{number}:{edition}", EVENING)
    assert isinstance(letter, Letter)
    assert letter.body.splitlines() == [
        "🔔 Sao y, chứng thực giấy tờ Việt Nam cấp – thành phố Bắc Kạn",
        "Kế hoạch đang công bố không còn việc này. Từ nay tôi không nhắc việc này nữa.",
    ]
    assert planned(hall) == [f"changed:{number}:{edition}"]
    with hall.town(EVENING, reading=True) as town:
        assert town.session.get(Subscription, number) is None


LATE = "Lời nhắc này đến muộn"


@pytest.mark.parametrize(
    ("minutes", "ending"),
    [
        (0, "sent"),
        (59, "sent"),
        (62, "late"),
        (119, "late"),
        (120, "2026-11-26T00:00:00+00:00"),  # 21:00: it waits for 07:00
        (700, "2026-11-26T00:00:00+00:00"),
        (720, "late"),
        (1319, "late"),
        (1320, State.EXPIRED),  # 17:00 of the day: nobody is served any more
        (3000, State.EXPIRED),
    ],
)
def test_a_reminder_comes_late_with_a_word_about_it_while_it_helps_and_never_at_night(
    hall: Store, minutes: int, ending: str
) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    plan(hall, EVENING)
    now = EVENING.replace(second=0) + timedelta(minutes=minutes)
    says = written(hall, f"reminder:{number}:2026-11-26", now)
    if isinstance(says, Letter):
        assert ending == ("late" if LATE in says.body else "sent")
    else:
        assert (says.isoformat() if isinstance(says, datetime) else says) == ending


def test_a_cutoff_in_the_morning_ends_what_would_wait_for_it(hall: Store) -> None:
    number = subscribe(hall, "an", Reminder("DN-01", days_before=1, hour=20))
    plan(hall, EVENING - timedelta(days=1) + timedelta(hours=1))
    reason = f"reminder:{number}:2026-11-25"
    at_three = datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert isinstance(written(hall, reason, at_three - timedelta(minutes=1)), Letter)
    assert written(hall, reason, at_three) is State.EXPIRED


def test_who_stopped_paused_or_ended_meanwhile_gets_nothing(hall: Store) -> None:
    reasons = [
        f"reminder:{subscribe(hall, sender, Reminder('BK1-02'))}:2026-11-26"
        for sender in ("stopped", "paused", "ended", "listens")
    ]
    plan(hall, EVENING)
    with hall.town(EVENING) as town:
        ids = {who: citizens.find(town.session, NAME, who).id for who in ("paused", "ended")}
        citizens.find(town.session, NAME, "stopped").stopped_at = EVENING
        paused = Reminder("BK1-02", paused_until=date(2026, 12, 26))
        subscriptions.put(town.session, ids["paused"], paused, EVENING)
        subscriptions.end(town.session, ids["ended"], ["BK1-02"])
    *nothing, letter = [written(hall, each, EVENING) for each in reasons]
    assert nothing == [State.CANCELLED] * 3
    assert isinstance(letter, Letter)


def test_nobody_is_planned_for_who_cannot_or_will_not_hear(hall: Store) -> None:
    for sender in ("stopped", "gone", "paused", "late"):
        subscribe(hall, sender, Reminder("BK1-02"))
    with hall.town(EVENING) as town:
        find = {who: citizens.find(town.session, NAME, who) for who in ("stopped", "gone", "late")}
        find["stopped"].stopped_at = EVENING
        find["gone"].reachable = False
        late = select(Subscription).where(Subscription.citizen == find["late"].id)
        town.session.exec(late).one().created_at = EVENING
        paused = citizens.find(town.session, NAME, "paused").id
        until_friday = Reminder("BK1-02", paused_until=date(2026, 11, 27))
        subscriptions.put(town.session, paused, until_friday, EVENING)
    plan(hall, EVENING)
    assert planned(hall) == []
    plan(hall, EVENING + timedelta(days=5))
    assert len(planned(hall)) == 2  # of Tuesday: the one who paused, and the late one


def test_who_wanted_one_reminder_gets_one_and_is_reminded_no_more_after_its_day(
    hall: Store,
) -> None:
    number = subscribe(hall, "an", Reminder("bac-kan", days_before=3, once=True))
    plan(hall, EVENING - timedelta(days=2))
    reminder = f"reminder:{number}:2026-11-26"
    assert planned(hall) == [reminder]
    with hall.town(EVENING) as town:
        town.session.exec(select(Outgoing)).one().state = "sent"
    for days in (0, 1):
        plan(hall, EVENING + timedelta(days=days))
        with hall.town(EVENING, reading=True) as town:
            assert town.session.get(Subscription, number) is not None
    plan(hall, EVENING + timedelta(days=2))
    assert planned(hall) == [reminder]
    with hall.town(EVENING, reading=True) as town:
        assert town.session.get(Subscription, number) is None


def test_one_who_subscribes_shortly_before_the_hour_and_is_stored_after_it_is_reminded(
    hall: Store,
) -> None:
    first = subscribe(hall, "an", Reminder("BK1-02"))
    plan(hall, EVENING)
    second = subscribe(hall, "binh", Reminder("BK1-02"))
    with hall.town(EVENING) as town:
        row = town.session.get(Subscription, second)
        row.created_at = EVENING - timedelta(minutes=1)
    plan(hall, EVENING + timedelta(minutes=1))
    assert planned(hall) == [f"reminder:{each}:2026-11-26" for each in (first, second)]


ZONES = ["UTC", "Asia/Ho_Chi_Minh", "America/Los_Angeles", "Pacific/Kiritimati"]


@contextmanager
def host_in(zone: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    clocks.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        clocks.tzset()


@pytest.mark.parametrize("zone", ZONES)
def test_wherever_the_host_is_the_hour_is_that_of_vietnam(hall: Store, zone: str) -> None:
    number = subscribe(hall, "an", Reminder("BK1-02"))
    with host_in(zone):
        plan(hall, EVENING - timedelta(seconds=31))
        assert planned(hall) == []
        plan(hall, EVENING)
        assert f"reminder:{number}:2026-11-26" in planned(hall)
        letter = written(hall, f"reminder:{number}:2026-11-26", EVENING)
    assert isinstance(letter, Letter)
    assert letter.body.startswith("🔔 Ngày mai, Thứ Năm, 26/11/2026")


@pytest.fixture(scope="module")
def subscribed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, list[int]]]:
    """Open a database in which every hour and distance is subscribed to."""
    folder = tmp_path_factory.mktemp("subscribed")
    with open_store(f"sqlite:///{folder / 'motcua.sqlite3'}") as opened:
        ids = [
            subscribe(opened, f"{days}-{hour}", Reminder("BK1-02", days_before=days, hour=hour))
            for days in (0, 1, 3)
            for hour in (7, 12, 19, 20)
        ]
        yield opened, ids


WINTER = datetime(2026, 12, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 90 * 86_400).map(lambda seconds: WINTER + timedelta(seconds=seconds))


@settings(deadline=None)
@given(now=MOMENTS, days=st.integers(-1, 5), index=st.integers(0, 11), zone=st.sampled_from(ZONES))
def test_whatever_the_hour_nothing_is_sent_at_night_nor_too_early_nor_too_late(
    subscribed: tuple[Store, list[int]], now: datetime, days: int, index: int, zone: str
) -> None:
    store, ids = subscribed
    day = (now + timedelta(hours=7, days=days)).date()
    with host_in(zone), store.town(now, reading=True) as town:
        subscription = town.session.get(Subscription, ids[index])
        open_ = day.weekday() in (1, 3) and not town.calendar.closed(day, "bac-kan")
        row = Outgoing(
            reason=f"{'reminder' if open_ else 'off'}:{ids[index]}:{day}",
            citizen=subscription.citizen, channel=NAME, sender="an", priority=2,
            state="sending", not_before=now,
        )  # fmt: skip
        says = compose(row, town)
        moment = When(subscription.days_before, subscription.hour).before(day)
    there = now + timedelta(hours=7)
    too_late = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    if isinstance(says, Letter):
        assert 7 <= there.hour < 21
        assert moment <= now < too_late
        assert (LATE in says.body) == (open_ and now - moment > timedelta(hours=1))
    elif isinstance(says, datetime):
        assert now < says < too_late
        assert says == moment or local_time(says).hour == 7
    else:
        assert says is State.EXPIRED
        assert max(now, moment) >= too_late - timedelta(hours=10)


@settings(max_examples=20, deadline=None)
@given(
    jumps=st.lists(st.integers(-200_000, 400_000), min_size=1, max_size=8),
    last=st.integers(0, 10 * 86_400),
)
def test_however_the_clock_jumps_each_is_planned_once_and_none_is_left_out(
    subscribed: tuple[Store, list[int]], jumps: list[int], last: int
) -> None:
    store, ids = subscribed
    start = datetime(2027, 3, 1, tzinfo=UTC)
    with store.town(start) as town:
        town.session.exec(delete(Outgoing))
        town.session.exec(delete(ChannelState).where(col(ChannelState.name) == planning.TASK))
    moments = [start + timedelta(seconds=each) for each in jumps]
    end = start + timedelta(seconds=last)
    for now in (*moments, end):
        plan(store, now)
        plan(store, now)
    found = planned(store)
    assert len(found) == len(set(found))
    due = {day for days in range(4) for day in [(end + timedelta(hours=7, days=days)).date()]}
    for id_ in ids:
        with store.town(end, reading=True) as town:
            row = town.session.get(Subscription, id_)
        when = When(row.days_before, row.hour)
        for day in due:
            wanted = day.weekday() in (1, 3) and when.before(day) <= end
            assert not wanted or f"reminder:{id_}:{day}" in found
    latest = max(*moments, end)
    for reason in found:
        _, id_, day = reason.split(":")
        with store.town(end, reading=True) as town:
            row = town.session.get(Subscription, int(id_))
        assert When(row.days_before, row.hour).before(date.fromisoformat(day)) <= latest


def test_two_services_on_one_database_plan_each_reminder_once(database_url: str) -> None:
    with open_store(database_url) as one, open_store(database_url) as other:
        ids = [subscribe(one, str(number), Reminder("BK1-02")) for number in range(300)]
        desks = [Desk(store, lambda: EVENING) for store in (one, other)]

        async def at_once() -> None:
            await asyncio.gather(*(reminding.plan(desk) for desk in desks for _ in range(3)))

        asyncio.run(at_once())
        for desk in desks:
            desk.close()
        assert planned(one) == sorted(f"reminder:{each}:2026-11-26" for each in ids)


def test_planning_goes_on_where_it_stopped_whatever_was_undone(database_url: str) -> None:
    with open_store(database_url) as store:
        ids = [subscribe(store, str(number), Reminder("BK1-02")) for number in range(7)]
        calls = [Call(Kind.REMINDER, "BK1-02", "2026-11-26", When(1, 19))]
        with store.town(EVENING) as town:
            first = planning.advance(town.session, calls, (0, 0), EVENING, room=3)
        with pytest.raises(ZeroDivisionError), store.town(EVENING) as town:  # noqa: PT012
            assert planning.advance(town.session, calls, first, EVENING, room=3) is not None
            _ = 1 / 0
        assert len(planned(store)) == 3
        at = first
        while at is not None:
            with store.town(EVENING) as town:
                at = planning.advance(town.session, calls, at, EVENING, room=3)
        assert planned(store) == sorted(f"reminder:{each}:2026-11-26" for each in ids)


def test_the_service_reminds_by_itself_and_a_reminder_is_no_reply(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'motcua.sqlite3'}") as store:
        subscribe(store, "an", Reminder("BK1-02"))
    door = FileDoor(tmp_path / "letters.txt")
    app = make_app(Settings(data_dir=tmp_path, _env_file=None), lambda: EVENING, [door])

    async def serve() -> None:
        async with TestClient(TestServer(app)):
            await until(lambda: len(door.channel.letters()) == 1)

    asyncio.run(serve())
    (letter,) = door.channel.letters()
    assert letter["to"] == "an"
    assert letter["text"].startswith("🔔 Ngày mai, Thứ Năm, 26/11/2026, là ngày làm:")
