"""Coming service days, closures and swapped days; the cases stand in days/coming.csv."""

import csv
import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from knowledge.plans.days import TIME_ZONE, Calendar, DayChange, DayKind, served_on, upcoming
from knowledge.plans.model import ServiceModel, ServiceRule, Source, Weekday

COMING = Path(__file__).parent / "days" / "coming.csv"
SOURCE = Source("Thông báo thử", "01/TB-UBND", "2026-11-20")
CULTURE_DAY = date(2026, 11, 24)
EVERY_WORKING_DAY = tuple(list(Weekday)[:5])


def cases() -> list[dict[str, str]]:
    with COMING.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def rule(*weekdays: str, **limits: date | time) -> ServiceRule:
    days = tuple(Weekday(day) for day in weekdays)
    return ServiceRule(ServiceModel.NO_APPOINTMENT_SLIP, days, SOURCE, **limits)


def rule_of(case: dict[str, str]) -> ServiceRule:
    return ServiceRule(
        ServiceModel.NO_APPOINTMENT_SLIP,
        tuple(Weekday(day) for day in case["weekdays"].split()),
        SOURCE,
        cutoff=time.fromisoformat(case["until"]) if case["until"] else None,
        starts=date.fromisoformat(case["first"]) if case["first"] else None,
        ends=date.fromisoformat(case["last"]) if case["last"] else None,
    )


def at(text: str) -> datetime:
    """Read wall-clock time in Vietnam."""
    return datetime.fromisoformat(text).replace(tzinfo=TIME_ZONE).astimezone(UTC)


def change(day: date, kind: DayKind, locality: str | None = None, **more: Weekday) -> DayChange:
    return DayChange(day, kind, locality, "Lý do", "Reason", SOURCE, **more)


def days(text: str) -> list[date]:
    return [date.fromisoformat(day) for day in text.split()]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["case"])
def test_the_coming_days_are_as_listed(case: dict[str, str]) -> None:
    coming = upcoming([rule_of(case)], Calendar(), at(case["asked"]), "bac-kan")
    assert list(coming.dates) == days(case["coming"])
    assert [skipped.day for skipped in coming.skipped] == days(case["swallowed"])
    assert coming.today == (case["today"] == "yes")
    assert coming.after_cutoff == (case["too_late"] == "yes")


def test_a_swallowed_day_says_why_in_both_languages_with_its_decision() -> None:
    coming = upcoming([rule("tue")], Calendar(), at("2026-11-22 10:00"), "bac-kan")
    (skipped,) = coming.skipped
    assert skipped.closure.reason == "Ngày Văn hóa Việt Nam"
    assert skipped.closure.english == "Vietnam Cultural Day"
    assert skipped.closure.source.number == "28/2026/QH16"


@pytest.mark.parametrize("year", range(2026, 2032))
def test_culture_day_is_closed_in_every_year_from_2026(year: int) -> None:
    closure = Calendar().closed(date(year, 11, 24), "bac-kan")
    assert closure is not None
    assert "Văn hóa" in closure.reason


def test_culture_day_was_a_working_day_before_2026() -> None:
    assert Calendar().working(date(2025, 11, 24), None)


def test_later_years_cite_the_resolution_and_the_labour_code() -> None:
    culture, labour = (Calendar().closed(day, None) for day in days("2027-11-24 2030-05-01"))
    assert culture is not None
    assert labour is not None
    assert culture.source.number == "28/2026/QH16"
    assert labour.source.number == "45/2019/QH14"


def test_of_several_rules_any_that_serves_counts() -> None:
    early, late = rule("tue", cutoff=time(11)), rule("tue", cutoff=time(15))
    noon = at("2026-12-01 12:00")
    assert upcoming([early, late], Calendar(), noon, None).today
    assert upcoming([early], Calendar(), noon, None).after_cutoff


def test_a_plan_that_ends_names_no_day_after_its_last() -> None:
    asked, last = at("2026-11-22 10:00"), date(2026, 12, 1)
    coming = upcoming([rule("tue")], Calendar(), asked, None, valid_until=last)
    assert coming.dates == (last,)
    assert served_on([rule("tue")], Calendar(), last, None, valid_until=last)
    after = last + timedelta(days=7)
    assert not served_on([rule("tue")], Calendar(), after, None, valid_until=last)


def test_a_locality_closes_alone() -> None:
    tuesday = date(2026, 12, 1)
    calendar = Calendar([change(tuesday, DayKind.CLOSED, "bac-kan")])
    assert not served_on([rule("tue")], calendar, tuesday, "bac-kan")
    assert served_on([rule("tue")], calendar, tuesday, "thanh-binh-thinh")
    assert not calendar.working(tuesday, "bac-kan")


def test_a_locality_may_work_on_a_national_holiday() -> None:
    calendar = Calendar([change(CULTURE_DAY, DayKind.WORKING, "bac-kan")])
    assert served_on([rule("tue")], calendar, CULTURE_DAY, "bac-kan")
    assert not served_on([rule("tue")], calendar, CULTURE_DAY, "dinh-ke")


@pytest.mark.parametrize("reverse", [False, True])
def test_the_localitys_word_beats_the_countrys_in_any_order(*, reverse: bool) -> None:
    day = date(2026, 12, 1)
    changes = [change(day, DayKind.CLOSED), change(day, DayKind.WORKING, "bac-kan")]
    calendar = Calendar(reversed(changes) if reverse else changes)
    assert calendar.working(day, "bac-kan")
    assert not calendar.working(day, "dinh-ke")


def test_the_later_of_two_words_for_a_day_counts() -> None:
    day = date(2026, 12, 1)
    calendar = Calendar([change(day, DayKind.CLOSED), change(day, DayKind.WORKING)])
    assert calendar.working(day, None)


def test_a_worked_saturday_serves_a_weekday_only_where_an_official_says_so() -> None:
    saturday = date(2026, 12, 5)
    plain = Calendar([change(saturday, DayKind.WORKING)])
    as_tuesday = Calendar([change(saturday, DayKind.WORKING, as_weekday=Weekday.TUE)])
    assert not served_on([rule("tue")], plain, saturday, None)
    assert served_on([rule("tue")], as_tuesday, saturday, None)
    assert not served_on([rule("thu")], as_tuesday, saturday, None)
    assert served_on([rule(*EVERY_WORKING_DAY)], plain, saturday, None)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 1, 2), False),
        (date(2026, 1, 10), True),
        (date(2026, 8, 22), True),
        (date(2026, 8, 29), False),
        (date(2026, 8, 31), False),
        (date(2026, 11, 23), True),
        (date(2026, 11, 24), False),
        (date(2026, 11, 22), False),
    ],
)
def test_offices_work_on_weekdays_and_swapped_days(*, day: date, working: bool) -> None:
    assert Calendar().working(day, "bac-kan") is working


def test_a_plain_weekend_is_no_closure() -> None:
    assert Calendar().closed(date(2026, 11, 22), "bac-kan") is None


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        upcoming([rule("tue")], Calendar(), datetime(2026, 11, 22), None)  # noqa: DTZ001 - the case


QUESTION = """
from datetime import datetime
from knowledge.plans.days import Calendar, upcoming
from knowledge.plans.model import ServiceModel, ServiceRule, Source, Weekday
rule = ServiceRule(ServiceModel.ONLINE_DAY, (Weekday.TUE,), Source("x"))
for asked in ("2026-11-30 16:59", "2026-11-30 17:00", "2026-12-01 17:00"):
    now = datetime.fromisoformat(asked + "+00:00")
    print(upcoming([rule], Calendar(), now, None))
"""


def run(code: str, **environment: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        check=True,
        text=True,
    )
    return answer.stdout


def test_the_hosts_time_zone_does_not_matter() -> None:
    zones = ("UTC", "America/Los_Angeles", "Pacific/Kiritimati")
    answers = {run(QUESTION, TZ=zone) for zone in zones}
    assert len(answers) == 1
    assert [line.count("today=True") for line in answers.pop().splitlines()] == [0, 1, 0]


def test_the_holiday_library_waits_until_a_day_is_asked() -> None:
    code = "import sys, knowledge.plans.days; print('holidays' in sys.modules)"
    assert run(code).strip() == "False"
