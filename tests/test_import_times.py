"""What cells say of time."""

import csv
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.plans.appendix import times
from knowledge.plans.model import Weekday

NAMES = ("hai", "ba", "tư", "năm", "sáu", "bảy")


def cases() -> list[dict[str, str]]:
    with (Path(__file__).parent / "documents" / "weekdays.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["words"])
def test_weekdays_are_read_from_words(case: dict[str, str]) -> None:
    found = times.weekdays(case["words"])
    if not case["weekdays"]:
        assert found is None
        return
    assert found is not None
    assert " ".join(found.weekdays) == case["weekdays"]
    assert found.sure == (case["sure"] == "yes")


@given(st.sets(st.integers(0, 5), min_size=1), st.sampled_from([", ", " và ", "; ", " & "]))
def test_any_list_of_weekdays_is_read_in_words_and_figures(days: set[int], sign: str) -> None:
    expected = tuple(list(Weekday)[day] for day in sorted(days))
    for words in (
        sign.join(f"thứ {NAMES[day]}" for day in sorted(days)),
        sign.join(f"Thứ {day + 2}" for day in sorted(days)),
        sign.join(f"T{day + 2}" for day in sorted(days)),
    ):
        found = times.weekdays(words)
        assert found is not None
        assert found.weekdays == expected


@pytest.mark.parametrize(
    ("words", "hour"),
    [
        ("đến 15 giờ cùng ngày", time(15)),
        ("nhận hồ sơ trước 15h30", time(15, 30)),
        ("7h30 - 11h30", time(11, 30)),
        ("trong giờ hành chính", None),
        ("đến 99 giờ", None),
    ],
)
def test_the_hour_is_read(words: str, hour: time | None) -> None:
    assert times.cutoff(words) == hour


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Trước ngày 18/01/2024", date(2024, 1, 18)),
        ("ngày 5 tháng 3 năm 2025", date(2025, 3, 5)),
        ("Trong tháng 02/2024", None),
        ("từ 1/3/2024 đến 5/3/2024", None),
        ("31/02/2024", None),
    ],
)
def test_a_deadline_is_a_day_only_when_it_names_one(words: str, day: date | None) -> None:
    assert times.day(words) == day


@given(st.text())
def test_no_text_breaks_the_reading_of_time(text: str) -> None:
    times.weekdays(text)
    times.cutoff(text)
    times.day(text)
    times.month(text)
