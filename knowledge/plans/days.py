"""The coming service days: weekday rules minus holidays and closures, in Asia/Ho_Chi_Minh."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from knowledge.plans.model import ServiceRule, Source, Weekday

TIME_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WORKWEEK = frozenset(list(Weekday)[:5])
HORIZON = timedelta(days=400)
"""How far ahead a coming day is looked for."""

LABOUR_CODE = Source("Bộ luật Lao động, Điều 112", "45/2019/QH14", "2019-11-20")
CULTURE_DAY = Source(
    "Nghị quyết của Quốc hội về phát triển văn hóa Việt Nam", "28/2026/QH16", "2026"
)


class DayKind(StrEnum):
    """What a change makes of a day."""

    CLOSED = "closed"
    WORKING = "working"
    """A day off that is worked, or a holiday that does not hold here."""


@dataclass(frozen=True, slots=True)
class DayChange:
    """One day that is not what its weekday says; `locality` None means the whole country.

    `as_weekday` is the weekday whose services a worked day takes over; without an official's
    decision it takes over none.
    """

    day: date
    kind: DayKind
    locality: str | None
    reason: str
    english: str
    source: Source
    as_weekday: Weekday | None = None


@dataclass(frozen=True, slots=True)
class Closure:
    """Why offices are closed on a day: a holiday's name or what an official gave as the reason."""

    reason: str
    english: str
    source: Source


class Calendar:
    """The closed and worked days of every locality; immutable, shared between threads.

    An official's change beats the built-in calendar, a locality's beats the country's, and of two
    for the same day and locality the later in `changes` counts.
    """

    def __init__(self, changes: Iterable[DayChange] = ()) -> None:
        """Lay the officials' changes over the national holidays."""
        self._changes = {(change.day, change.locality): change for change in changes}

    def change(self, day: date, locality: str | None) -> DayChange | None:
        """Return what makes the day other than its weekday, if anything does."""
        entered = self._changes.get((day, locality)) or self._changes.get((day, None))
        return entered or national_days(day.year).get(day)

    def closed(self, day: date, locality: str | None) -> Closure | None:
        """Return the holiday or closure on a day; a plain weekend is none."""
        change = self.change(day, locality)
        if change is None or change.kind is not DayKind.CLOSED:
            return None
        return Closure(change.reason, change.english, change.source)

    def working(self, day: date, locality: str | None) -> bool:
        """Tell whether offices work: Monday to Friday and swapped-in days, unless closed."""
        change = self.change(day, locality)
        if change is None:
            return Weekday.of(day) in WORKWEEK
        return change.kind is DayKind.WORKING


@dataclass(frozen=True, slots=True)
class Skipped:
    """A service day that a holiday or closure swallows."""

    day: date
    closure: Closure


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The next service days in Asia/Ho_Chi_Minh, soonest first.

    `skipped` are all swallowed days from today up to the last of `dates`, or within the horizon
    where there are fewer dates than asked for. `after_cutoff`: today is a service day, but its
    cut-off hour has passed.
    """

    dates: tuple[date, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    today: bool = False
    after_cutoff: bool = False


def upcoming(  # noqa: PLR0913 - the six things that decide a coming day
    rules: Sequence[ServiceRule],
    calendar: Calendar,
    now: datetime,
    locality: str | None,
    *,
    count: int = 3,
    valid_until: date | None = None,
) -> Upcoming:
    """Return the next `count` days on which any of the rules serves, within 400 days.

    No make-up day is invented for a swallowed one. `valid_until` is the plan's last day.
    Raises ValueError for a naive `now`.
    """
    local = local_time(now)
    today = local.date()
    dates: list[date] = []
    skipped: list[Skipped] = []
    after_cutoff = False
    for day in _days(today, _last(rules, today, valid_until)):
        if len(dates) == count:
            break
        due = [rule for rule in rules if _due(rule, calendar, day, locality)]
        if not due:
            continue
        if closure := calendar.closed(day, locality):
            skipped.append(Skipped(day, closure))
        elif day == today and all(_over(rule, local.time()) for rule in due):
            after_cutoff = True
        else:
            dates.append(day)
    return Upcoming(tuple(dates), tuple(skipped), dates[:1] == [today], after_cutoff)


def served_on(
    rules: Sequence[ServiceRule],
    calendar: Calendar,
    day: date,
    locality: str | None,
    *,
    valid_until: date | None = None,
) -> bool:
    """Tell whether any of the rules serves on a day; why not, `Calendar.closed` may say."""
    if calendar.closed(day, locality) or (valid_until and day > valid_until):
        return False
    return any(_due(rule, calendar, day, locality) for rule in rules)


def named_on(
    rules: Sequence[ServiceRule], calendar: Calendar, day: date, locality: str | None
) -> bool:
    """Tell whether any of the rules names a day, be it closed or not."""
    return any(_due(rule, calendar, day, locality) for rule in rules)


def closing_on(
    rules: Sequence[ServiceRule], calendar: Calendar, day: date, locality: str | None
) -> time | None:
    """Return the last cut-off hour of the rules that name a day, None where one has none."""
    hours = [rule.cutoff for rule in rules if _due(rule, calendar, day, locality)]
    known = [hour for hour in hours if hour is not None]
    return max(known) if known and len(known) == len(hours) else None


def local_time(now: datetime) -> datetime:
    """Return an aware instant as people in Vietnam read it; ValueError for a naive one."""
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    return now.astimezone(TIME_ZONE)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def _last(rules: Sequence[ServiceRule], today: date, valid_until: date | None) -> date:
    ends = max((rule.ends or date.max for rule in rules if rule.weekdays), default=date.min)
    return min(ends, valid_until or date.max, today + HORIZON)


def _due(rule: ServiceRule, calendar: Calendar, day: date, locality: str | None) -> bool:
    """Tell whether the rule names this day, be it closed or not."""
    if not (rule.starts or date.min) <= day <= (rule.ends or date.max):
        return False
    if Weekday.of(day) in rule.weekdays:
        return True
    change = calendar.change(day, locality)
    if change is None or change.kind is not DayKind.WORKING:
        return False
    return change.as_weekday in rule.weekdays or WORKWEEK.issubset(rule.weekdays)


def _over(rule: ServiceRule, clock: time) -> bool:
    return rule.cutoff is not None and clock >= rule.cutoff


@cache
def national_days(year: int) -> Mapping[date, DayChange]:
    """Return the public holidays and swapped days of a year, each with its law or decision."""
    from holidays import country_holidays  # noqa: PLC0415 - takes 0.1 s, needed with the first day

    vietnamese = country_holidays("VN", years=year, language="vi")
    english = country_holidays("VN", years=year, language="en_US")
    days = {day: _holiday(day, vietnamese[day], english[day]) for day in vietnamese}
    return days | {change.day: change for change in _decided() if change.day.year == year}


def _holiday(day: date, reason: str, english: str) -> DayChange:
    source = CULTURE_DAY if "Văn hóa" in reason else LABOUR_CODE
    return DayChange(day, DayKind.CLOSED, None, reason, english, source)


@cache
def _decided() -> tuple[DayChange, ...]:
    """Read what the Government decided; a year without a decision holds every candidate day."""
    text = files("knowledge").joinpath("catalogue/calendar.csv").read_text("utf-8")
    return tuple(_decision(row) for row in csv.DictReader(text.splitlines()))


def _decision(row: Mapping[str, str]) -> DayChange:
    return DayChange(
        day=date.fromisoformat(row["day"]),
        kind=DayKind(row["kind"]),
        locality=None,
        reason=row["reason"],
        english=row["english"],
        source=Source(row["document"], row["number"], row["date"]),
        as_weekday=Weekday(row["as_weekday"]) if row["as_weekday"] else None,
    )
