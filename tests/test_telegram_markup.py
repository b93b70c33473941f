"""Letters as Telegram's HTML: within its limits, well-formed, and with every word."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Letter
from bot.channels.telegram.markup import (
    BUTTONS,
    CALLBACK,
    ENTITIES,
    LONGEST,
    NOTHING,
    keyboard,
    pages,
    plain,
)
from bot.channels.telegram.parts import PRESS, instead, parts
from handlers.talk import Attachment, Button
from tests.telegram_html import parse, units

CARD = """Sao y – thành phố Bắc Kạn
§ Chứng thực bản sao từ bản chính
📅 Ngày: Thứ Ba và Thứ Năm hằng tuần [1]
→ Gần nhất: Thứ Năm, 26/11/2026
📍 Nơi làm: Bộ phận Một cửa [1]

⚠ Theo kế hoạch năm 2023. [1]"""
SOURCE = "[1] Kế hoạch của UBND thành phố Bắc Kạn, 09/2023, Phụ lục 1, dòng 2"
LINES = st.text(max_size=60) | st.sampled_from(
    ["📅 Ngày: Thứ Ba", "§ <b>tên</b>", "→ mai", "", "&amp; <blockquote expandable>", "đ" * 5000]
)
BODIES = st.lists(LINES, max_size=200).map("\n".join)


def letter(body: str = "", **more: object) -> Letter:
    return Letter("7", body, **more)  # type: ignore[arg-type]


def only_words(text: str) -> str:
    """Leave out the blanks, which a cut may drop, and how letters are composed."""
    return unicodedata.normalize("NFD", re.sub(r"\s", "", text))


def test_a_card_has_a_bold_title_a_legal_name_in_italics_and_its_sources_folded_up() -> None:
    [page] = pages(letter(CARD, sources=[SOURCE]))
    assert page == (
        "<b>Sao y – thành phố Bắc Kạn</b>\n"
        "<i>§ Chứng thực bản sao từ bản chính</i>\n"
        "📅 Ngày: Thứ Ba và Thứ Năm hằng tuần [1]\n"
        "→ Gần nhất: Thứ Năm, 26/11/2026\n"
        "📍 Nơi làm: Bộ phận Một cửa [1]\n"
        "\n"
        "⚠ Theo kế hoạch năm 2023. [1]\n"
        "\n"
        f"<blockquote expandable>{SOURCE}</blockquote>"
    )


def test_plain_words_stay_plain() -> None:
    assert pages(letter("Dưới 10 < 20 & hơn\nhết.")) == ["Dưới 10 &lt; 20 &amp; hơn\nhết."]


def test_a_long_letter_is_cut_between_paragraphs_and_keeps_its_sources_together() -> None:
    long = "\n\n".join(f"{number}. " + "nội dung " * 50 for number in range(20))
    first, *_, last = pages(letter(long, sources=[SOURCE]))
    assert first.endswith("nội dung")
    assert re.search(r"\n\n<blockquote expandable>\[1\] .*</blockquote>$", last)


@given(BODIES, st.lists(st.text(max_size=300), max_size=40))
def test_any_letter_is_cut_to_the_limit_with_whole_tags_and_loses_no_word(
    body: str, sources: list[str]
) -> None:
    made = pages(letter(body, sources=sources))
    shown = [parse(page) for page in made]
    for text, entities in shown:
        assert text.strip()
        assert units(text) <= LONGEST
        assert len(entities) <= ENTITIES
    whole = "".join(text for text, _ in shown)
    assert only_words(whole) == only_words(body + "".join(sources))


@given(BODIES, st.lists(st.text(max_size=300), max_size=40))
def test_any_page_without_its_tags_is_what_telegram_shows(body: str, sources: list[str]) -> None:
    for page in pages(letter(body, sources=sources)):
        assert plain(page) == parse(page)[0]


BUTTON = st.builds(
    Button, st.text(max_size=30), st.text(max_size=40), st.integers(min_value=0, max_value=9)
)


@given(st.lists(BUTTON, max_size=120), st.sampled_from(({}, {"asked": 1})))
def test_any_buttons_fit_into_what_telegram_takes(
    buttons: list[Button], context: dict[str, int]
) -> None:
    rows = keyboard(letter("?", buttons=buttons, context=context))
    keys = [key for row in rows for key in row]
    assert len(keys) <= BUTTONS
    assert all(1 <= len(row) <= 2 for row in rows)
    for key in keys:
        assert key["text"].strip()
        assert 2 <= len(key["callback_data"].encode()) <= CALLBACK
        assert key["callback_data"][0] == ("e" if context else "n")


def test_a_menu_turns_into_what_is_chosen_and_an_answer_stays() -> None:
    button = Button("Bắc Kạn", "bac-kan")
    menu = letter("Nơi nào?", buttons=[button], context={"asked": 1})
    card = letter(CARD, buttons=[button], context={"asked": 1}, sources=[SOURCE])
    unasked = letter("Mai là thứ Ba.", buttons=[button])
    data = [keyboard(each)[0][0]["callback_data"] for each in (menu, card, unasked)]
    assert data == ["ebac-kan", "nbac-kan", "nbac-kan"]


def test_short_buttons_stand_in_pairs() -> None:
    labels = ["Cần mang gì?", "Mất bao lâu?", "Ở đâu?", "Sao y, chứng thực giấy tờ", "Khác"]
    rows = keyboard(letter("?", buttons=[Button(label, "x") for label in labels]))
    assert [[key["text"] for key in row] for row in rows] == [
        ["Cần mang gì?", "Mất bao lâu?"],
        ["Ở đâu?"],
        ["Sao y, chứng thực giấy tờ"],
        ["Khác"],
    ]


def test_a_choice_that_no_button_can_carry_is_printed_with_its_number() -> None:
    long = Button("Phường Đức Xuân", "phường " * 10, 3)
    short = Button("Bắc Kạn", "bac-kan", 2)
    asked = letter("Nơi nào?", buttons=[short, long])
    assert pages(asked) == ["Nơi nào?\n\n3. Phường Đức Xuân"]
    assert [key["text"] for row in keyboard(asked) for key in row] == ["Bắc Kạn"]


def test_a_choice_that_is_printed_already_is_not_printed_again() -> None:
    long = Button("1. Sao y", "sao y " * 20)
    assert pages(letter("Chọn:\n1. Sao y", buttons=[long])) == ["Chọn:\n1. Sao y"]


def test_a_letter_without_words_still_arrives() -> None:
    assert [part.fields["text"] for part in parts(letter(" \n"))] == [NOTHING]
    qr = Attachment("qr.png", "image/png", b"png")
    [file] = parts(letter(attachments=[qr]))
    assert (file.method, file.fields["document"]) == ("sendDocument", qr)


def test_buttons_stand_under_the_last_text() -> None:
    long = "\n\n".join(["nội dung " * 50] * 20)
    qr = Attachment("qr.png", "image/png", b"png")
    made = parts(letter(long, buttons=[Button("A", "a")], attachments=[qr]))
    assert [part.method for part in made] == ["sendMessage"] * 3 + ["sendDocument"]
    assert ["reply_markup" in part.fields for part in made] == [False, False, True, False]


def test_an_answer_to_a_button_names_the_button() -> None:
    pressed = {"callback": "55", "message": 30, "edit": True, "thread": 12}
    [edit] = parts(letter("Có.", context=pressed))
    assert edit.method == "editMessageText"
    assert edit.fields["message_id"] == 30
    assert edit.fields[PRESS] == {"callback": "55", "message": 30}

    kept = pressed | {"edit": False, "keyboard": []}
    [new] = parts(letter("Có.", context=kept))
    assert new.method == "sendMessage"
    assert new.fields["message_thread_id"] == 12
    assert new.fields[PRESS] == {"callback": "55", "message": 30, "keyboard": []}


def test_only_in_a_group_an_answer_quotes_the_question() -> None:
    assert parts(letter("Có.", context={"reply_to": 31}))[0].fields["reply_parameters"] == {
        "message_id": 31,
        "allow_sending_without_reply": True,
    }
    assert "reply_parameters" not in parts(letter("Có.", context={"asked": 31}))[0].fields


def test_what_telegram_refuses_is_sent_in_another_way() -> None:
    [edit] = parts(letter(CARD, context={"callback": "5", "message": 30, "edit": True}))
    unparsed = instead("Can't parse entities: unexpected end tag at byte offset 9", edit)
    assert unparsed is not None
    assert unparsed.fields["text"] == CARD
    assert "parse_mode" not in unparsed.fields
    assert instead("Message is not modified: specified new message", edit) is None
    new = instead("Message can't be edited", edit)
    assert new is not None
    assert (new.method, "message_id" in new.fields) == ("sendMessage", False)
    assert instead("Something new", edit) is edit
