import csv
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.privacy import MARK, mask

CASES = Path(__file__).parent / "privacy" / "masked.csv"
NINE = re.compile(r"\d(?:[\s.\-]*\d){8}")
SPACED = st.lists(
    st.tuples(st.sampled_from("0123456789"), st.text(" .-\u00a0\n", max_size=2)),
    min_size=9,
    max_size=30,
).map(lambda pairs: "".join(map("".join, pairs)))


def cases() -> list[tuple[str, str]]:
    with CASES.open(encoding="utf-8", newline="") as lines:
        return [(row["text"], row["stored"]) for row in csv.DictReader(lines)]


@pytest.mark.parametrize(("text", "stored"), cases())
def test_what_tells_who_somebody_is_is_masked_and_nothing_else(text: str, stored: str) -> None:
    assert mask(text) == stored


@given(st.text())
@example("1.004873 2.000815")
def test_nine_digits_never_survive(text: str) -> None:
    assert not NINE.search(mask(text))


@given(st.text(), SPACED, st.text())
def test_a_long_number_never_survives_however_it_is_spaced(
    before: str, number: str, after: str
) -> None:
    masked = mask(before + number + after)
    assert MARK in masked
    assert not NINE.search(masked)


@given(st.integers(1, 2), st.integers(0, 999_999), st.dates())
def test_codes_and_dates_survive(level: int, code: int, day: object) -> None:
    said = f"thủ tục {level}.{code:06} ngày {day:%d/%m/%Y} ạ"
    assert mask(said) == said


@pytest.mark.parametrize("piece", ["a", "1 ", "a.", "(1", "0912/", "stk ", "1" + " " * 50, "@a."])
def test_a_message_of_100_kilobytes_is_masked(piece: str) -> None:
    assert not re.search(r"\d{9}", mask(piece * (100_000 // len(piece))))
