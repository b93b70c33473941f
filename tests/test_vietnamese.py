import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.catalogue import contents
from knowledge.plans.search import Index
from knowledge.plans.words import Normaliser, Vocabulary
from knowledge.vietnamese import fold, is_syllable, key, spelled, telex, vni

INDEX = Index(contents())
CASES = Path(__file__).parent / "questions" / "normaliser.csv"


def cases() -> list[tuple[str, str]]:
    with CASES.open(encoding="utf-8") as file:
        return [(row["typed"], row["words"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("typed", "words"), cases())
def test_what_citizens_type_is_read_as_the_words_they_mean(typed: str, words: str) -> None:
    assert " ".join(word.key for word in INDEX.words(typed)) == words


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text: str) -> None:
    bare = Normaliser({"ko": "không"}, {"mất bao": "tốn bao"}, Vocabulary([("khai", "sinh")]))
    assert all(word.key == word.key.lower() for word in bare.words(text))


@given(st.text(max_size=400))
def test_any_text_is_understood_without_an_error(text: str) -> None:
    understood = INDEX.understand(text)
    assert len(understood.near) <= 4


@given(st.text(alphabet="0123456789abcdefghijklmnopqrstuvwxyz²③", min_size=1, max_size=12))
def test_any_keystrokes_are_decoded_or_left(word: str) -> None:
    for decode in (telex, vni):
        decoded = decode(word)
        assert decoded is None or is_syllable(fold(decoded))


def test_old_and_new_places_of_the_tone_are_one_spelling() -> None:
    assert spelled("hoà") == spelled("hòa")
    assert spelled("ký") == spelled("kí")
    assert spelled("tử") != spelled("từ")


def test_a_final_y_and_i_are_one_key_but_quy_stays() -> None:
    assert key("kỹ") == key("kĩ")
    assert key("quý") == "quy"
    assert key("mai") != key("may")


def test_a_very_long_line_is_understood() -> None:
    assert INDEX.understand("chứng thực bản sao " * 6000).matches
