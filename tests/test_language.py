"""Which language a citizen writes, and which one he asks for."""

import csv
from pathlib import Path

import pytest

from handlers.language import asked_for, looks_english, looks_vietnamese

UNTOLD = {"hello"}
"""Said in English by those who go on in Vietnamese, too."""


def questions(shared: Path) -> list[tuple[str, bool]]:
    with (shared / "queries" / "dev.csv").open(encoding="utf-8") as file:
        return [(row["query"], row["style"] == "english") for row in csv.DictReader(file)]


def test_no_vietnamese_question_is_taken_for_english(shared: Path) -> None:
    taken = [text for text, english in questions(shared) if looks_english(text) and not english]
    assert taken == []


def test_english_questions_are_told_from_vietnamese_ones(shared: Path) -> None:
    missed = {text for text, english in questions(shared) if english and not looks_english(text)}
    assert missed <= UNTOLD


@pytest.mark.parametrize(
    "text",
    [
        *("the phi bn", "cho em hoi may gio mo cua", "do in the can cuoc", "2", "", "?!", "🙏"),
        *("ok ban", "thanks ad", "lam visa o dau", "fee bn z ad", "hello shop", "Bac Kan", "i"),
        *("con toi hoc lop 10", "me an gi chua", "book lich online dc k", "in the nay a"),
        *("ddawng kys khai sinh", "chuwngs thuwcj", "xin form", "check giup em voi"),
    ],
)
def test_short_or_mixed_vietnamese_is_not_english(text: str) -> None:
    assert not looks_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "what about the fee?",
        "which day",
        "register a birth certificate in Đắk Nông",
        "the second one",
    ],
)
def test_short_english_is_english(text: str) -> None:
    assert looks_english(text)


@pytest.mark.parametrize(
    ("text", "back"),
    [("phí bao nhiêu vậy", True), ("2", False), ("Đắk Nông", False), ("which day", False)],
)
def test_a_few_vietnamese_words_bring_a_conversation_back(text: str, *, back: bool) -> None:
    assert looks_vietnamese(text) is back


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("in English please", "en"),
        ("nói tiếng Việt đi", "vi"),
        ("không biết tiếng Anh, nói tiếng Việt đi", "vi"),
        ("I don't speak Vietnamese", "en"),
        ("đừng nói tiếng Anh nữa", "vi"),
        ("trả lời tiếng Anh, không phải tiếng Việt", "en"),
        ("đổi ngôn ngữ", None),
    ],
)
def test_the_language_asked_for_is_the_last_one_not_denied(
    text: str, language: str | None
) -> None:
    assert asked_for(text) == language
