"""The calendar against a second reckoning: sets of days stepped week by week, no library.

The closed days stand in days/closed.csv, typed from the law and the Government's decisions.
Vietnam's clock is reckoned as UTC plus seven hours.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.plans.days import Calendar, DayChange, DayKind, Upcoming, served_on, upcoming
from knowledge.plans.model import ServiceModel, ServiceRule, Source, Weekday

CLOSED = Path(__file__).parent / "days" / "closed.csv"
FIRST = date(2026, 1, 1)
DAYS = 730
LAST_KNOWN = date(2029, 1, 31)
MONDAY = date(2026, 1, 5)
SWAPPED_IN = {date(2026, 1, 10), date(2026, 8, 22)}
SOURCE = Source("kế hoạch")
LOCALITIES = ["bac-kan", "dak-nong"]

Outlook = tuple[list[date], list[date], bool, bool]
"""The coming days, the swallowed days, whether today is one, whether it is too late today."""

DAY = timedelta(days=1)
MON_TO_FRI = ("mon", "tue", "wed", "thu", "fri")


def rule(model: ServiceModel, weekdays: Sequence[str], **limits: date | time) -> ServiceRule:
    return ServiceRule(model, tuple(Weekday(day) for day in weekdays), SOURCE, **limits)


FIVE_PLANS = [
    rule(ServiceModel.NO_APPOINTMENT_SLIP, ("tue", "thu")),
    rule(ServiceModel.ONLINE_DAY, ("tue",)),
    rule(ServiceModel.ONLINE_DAY, ("fri",)),
    rule(ServiceModel.ROSTERED_ONLINE, ()),
    rule(ServiceModel.NO_WRITING_NO_APPOINTMENT, ("tue",), starts=date(2022, 3, 1)),
    rule(ServiceModel.ASSISTED_ONLINE, MON_TO_FRI),
    rule(
        ServiceModel.NO_WRITING_NO_APPOINTMENT,
        ("wed",),
        cutoff=time(15),
        starts=date(2023, 10, 15),
    ),
]


def closed_days() -> set[date]:
    with CLOSED.open(encoding="utf-8") as lines:
        spans = [(row["first"], row["last"]) for row in csv.DictReader(lines)]
    found = set()
    for first, last in spans:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            found.add(day)
            day += DAY
    return found


def every_week(weekday: str) -> set[date]:
    """Step through the weeks from a known Monday, backwards and forwards."""
    offset = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(weekday)
    return {MONDAY + timedelta(days=offset, weeks=week) for week in range(-2, 210)}


WEEKS = {weekday: every_week(weekday) for weekday in Weekday}
HOLIDAYS = closed_days()


@dataclass(frozen=True)
class Table:
    """Which days are closed and worked in one place, and for which weekday a day stands in."""

    closed: frozenset[date]
    worked: frozenset[date]
    stands_for: tuple[tuple[date, str], ...]


def table(changes: Sequence[DayChange], locality: str) -> Table:
    closed, worked, stands_for = set(HOLIDAYS), set(SWAPPED_IN), {}
    for scope in (None, locality):
        for change in (change for change in changes if change.locality == scope):
            closed.discard(change.day)
            worked.discard(change.day)
            stands_for.pop(change.day, None)
            if change.kind is DayKind.CLOSED:
                closed.add(change.day)
            else:
                worked.add(change.day)
                if change.as_weekday:
                    stands_for[change.day] = str(change.as_weekday)
    return Table(frozenset(closed), frozenset(worked), tuple(stands_for.items()))


@cache
def named_days(rule: ServiceRule, table: Table) -> frozenset[date]:
    """Return all days that a rule names, closed or not."""
    days = set().union(*(WEEKS[weekday] for weekday in rule.weekdays))
    days |= {day for day, weekday in table.stands_for if weekday in rule.weekdays}
    if set(rule.weekdays) >= set(MON_TO_FRI):
        days |= table.worked
    if rule.starts:
        days = {day for day in days if day >= rule.starts}
    if rule.ends:
        days = {day for day in days if day <= rule.ends}
    return frozenset(days)


def reckon(rules: Sequence[ServiceRule], table: Table, now: datetime, count: int) -> Outlook:
    clock = now.astimezone(UTC).replace(tzinfo=None) + timedelta(hours=7)
    today = clock.date()
    by_rule = [(rule, named_days(rule, table)) for rule in rules]
    named = set().union(*(days for _, days in by_rule))
    named = {day for day in named if today <= day <= today + timedelta(days=400)}
    served = named - table.closed
    in_time = any(
        today in days and (rule.cutoff is None or clock.time() < rule.cutoff)
        for rule, days in by_rule
    )
    late = today in served and not in_time
    dates = sorted(served - ({today} if late else set()))[:count]
    limit = dates[-1] if len(dates) == count else date.max
    lost = sorted(day for day in named & table.closed if day <= limit)
    return dates, lost, today in dates, late


def outlook(coming: Upcoming) -> Outlook:
    lost = [skipped.day for skipped in coming.skipped]
    return list(coming.dates), lost, coming.today, coming.after_cutoff


def test_the_closed_weekdays_of_three_years_are_as_typed() -> None:
    calendar, day, found = Calendar(), FIRST, set()
    while day < date(2029, 1, 1):
        if day.weekday() < 5 and calendar.closed(day, None):
            found.add(day)
        day += DAY
    weekend = WEEKS[Weekday.SAT] | WEEKS[Weekday.SUN]
    assert found == {day for day in HOLIDAYS - weekend if day.year < 2029}


def test_every_plan_on_730_days_at_every_critical_minute() -> None:
    calendar, plain = Calendar(), table((), "bac-kan")
    moments = [time(7, 59), time(8, 0), time(16, 59), time(17, 0)]
    for ahead in range(DAYS):
        day = FIRST + timedelta(days=ahead)
        for moment in moments:
            now = datetime.combine(day, moment, UTC)
            for rule in FIVE_PLANS:
                found = upcoming([rule], calendar, now, "bac-kan")
                assert outlook(found) == reckon([rule], plain, now, 3), (rule, now)


def test_the_list_of_a_day_agrees_on_730_days() -> None:
    calendar, plain = Calendar(), table((), "bac-kan")
    for rule in FIVE_PLANS:
        named = named_days(rule, plain) - plain.closed
        for ahead in range(DAYS):
            day = FIRST + timedelta(days=ahead)
            assert served_on([rule], calendar, day, "bac-kan") == (day in named), (rule, day)


dates = st.dates(FIRST, FIRST + timedelta(days=DAYS))
near_dates = st.dates(date(2026, 11, 15), date(2026, 12, 31))
weekdays = st.sampled_from(Weekday)
changes = st.builds(
    DayChange,
    day=near_dates,
    kind=st.sampled_from(DayKind),
    locality=st.sampled_from([None, *LOCALITIES]),
    reason=st.just("Lý do"),
    english=st.just("Reason"),
    source=st.just(SOURCE),
    as_weekday=st.none() | weekdays,
)
rules = st.builds(
    ServiceRule,
    model=st.sampled_from(ServiceModel),
    weekdays=st.lists(weekdays, unique=True, max_size=7).map(tuple) | st.just(MON_TO_FRI),
    source=st.just(SOURCE),
    cutoff=st.none() | st.sampled_from([time(11, 30), time(15), time(17)]),
    starts=st.none() | near_dates,
    ends=st.none() | near_dates,
)
critical = st.sampled_from([time(4, 30), time(7, 59, 59), time(8), time(16, 59, 59), time(17)])
moments = st.builds(datetime.combine, near_dates, st.times() | critical, st.just(UTC))


@settings(max_examples=400, deadline=None)
@given(
    st.lists(rules, max_size=4),
    st.lists(changes, max_size=12),
    moments,
    st.sampled_from(LOCALITIES),
    st.integers(1, 5),
)
def test_any_rules_closures_and_swaps_agree(
    rules: list[ServiceRule],
    changes: list[DayChange],
    now: datetime,
    locality: str,
    count: int,
) -> None:
    found = upcoming(rules, Calendar(changes), now, locality, count=count)
    assert outlook(found) == reckon(rules, table(changes, locality), now, count)


@settings(max_examples=100, deadline=None)
@given(st.lists(rules, max_size=4), st.lists(changes, max_size=12), moments, near_dates)
def test_no_date_is_closed_past_or_beyond_the_plans_last_day(
    rules: list[ServiceRule], changes: list[DayChange], now: datetime, last: date
) -> None:
    calendar = Calendar(changes)
    found = upcoming(rules, calendar, now, "bac-kan", valid_until=last)
    for day in found.dates:
        assert (now + timedelta(hours=7)).date() <= day <= last
        assert calendar.closed(day, "bac-kan") is None
        assert served_on(rules, calendar, day, "bac-kan", valid_until=last)
