"""Letters as plain text: what is cut where, and that nothing is lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Letter
from bot.channels.plain_text import choice, length, pages
from handlers.talk import Button

WORDS = st.text(
    st.one_of(
        st.sampled_from("  \n\n.,ắệđƠ📅e\u0301\u0323👨\u200d👩"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=400,
)
BUTTONS = st.lists(
    st.builds(Button, st.text("abộ 1.", min_size=1), st.text("xy", min_size=1), st.integers(0, 9)),
    max_size=8,
)


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@given(WORDS, st.lists(WORDS, max_size=3), BUTTONS, st.integers(2, 200))
def test_nothing_of_a_letter_is_lost_and_no_page_is_too_long(
    body: str, sources: list[str], buttons: list[Button], limit: int
) -> None:
    made = pages(Letter("1", body, sources, buttons), limit)
    said = "".join(map(squeezed, made))
    assert said.startswith(squeezed(body.strip() + "".join(sources)))
    assert all(squeezed(choice(button)) in said for button in buttons)
    assert all(0 < length(page) <= limit and page == page.rstrip() for page in made)


@given(WORDS, st.integers(20, 200))
def test_pages_are_composed_and_an_emoji_counts_twice(body: str, limit: int) -> None:
    for page in pages(Letter("1", body), limit):
        assert len(page.encode("utf-16-le")) // 2 <= limit


@given(st.lists(st.text("aăâếộ", min_size=1, max_size=9), min_size=1), st.integers(10, 60))
def test_no_word_that_fits_is_broken(words: list[str], limit: int) -> None:
    made = pages(Letter("1", " ".join(words)), limit)
    assert [word for page in made for word in page.split()] == words


def test_a_decomposed_text_takes_no_more_room_than_a_composed_one() -> None:
    text = "Đăng ký khai sinh có yếu tố nước ngoài. " * 40
    assert pages(Letter("1", unicodedata.normalize("NFD", text)), 2000) == [text.strip()]


def test_a_long_letter_is_cut_between_paragraphs_then_lines_then_words() -> None:
    assert pages(Letter("1", "một hai\n\nba bốn năm"), 12) == ["một hai", "ba bốn năm"]
    assert pages(Letter("1", "một hai\nba bốn năm"), 12) == ["một hai", "ba bốn năm"]
    assert pages(Letter("1", "một hai ba bốn năm"), 12) == ["một hai ba", "bốn năm"]
    assert pages(Letter("1", "mộthaibabốnnăm"), 12) == ["mộthaibabốnn", "ăm"]


def test_an_emoji_is_not_broken() -> None:
    family = "👨\u200d👩\u200d👧"
    assert pages(Letter("1", f"aaaa{family}b"), 10) == ["aaaa", f"{family}b"]


def test_sources_stand_after_the_body_and_choices_last() -> None:
    buttons = [Button("Phí?", "phí bao nhiêu", 1), Button("Mang gì?", "cần giấy tờ gì", 2)]
    letter = Letter("1", "Thứ Ba [1]", ["[1] Kế hoạch"], buttons)
    assert pages(letter, 2000) == ["Thứ Ba [1]\n\n[1] Kế hoạch\n\n1. Phí?\n2. Mang gì?"]


def test_choices_that_stand_in_the_body_are_not_printed_twice() -> None:
    buttons = [Button("1. Kết hôn", "1"), Button("Khai sinh", "2", 2), Button("Khác", "khac", 3)]
    letter = Letter("1", "Anh/chị chọn:\n1. Kết hôn\n2. Khai sinh", (), buttons)
    assert pages(letter, 2000) == ["Anh/chị chọn:\n1. Kết hôn\n2. Khai sinh\n\n3. Khác"]


@pytest.mark.parametrize(
    ("button", "line"),
    [
        (Button("Phí?", "phí bao nhiêu", 4), "4. Phí?"),
        (Button("2. Khai sinh", "2"), "2. Khai sinh"),
        (Button("English", "in English please"), "• English: in English please"),
        (Button("Thành phố Bắc Kạn", "thành phố Bắc Kạn"), "• Thành phố Bắc Kạn"),
    ],
)
def test_a_choice_says_what_to_type(button: Button, line: str) -> None:
    assert choice(button) == line


def test_a_letter_without_words_has_no_page() -> None:
    assert pages(Letter("1", " \n "), 2000) == []
