"""Letters in Zalo's terms: its limits hold, and nothing is lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Letter, Part
from bot.channels.plain_text import choice, length
from bot.channels.zalo_oa.writing import FILE, IMAGE, TEXT, halves, message, parts, plain
from handlers.talk import Attachment, Button

LETTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from("  \n\nắệđƠ📅e\u0301#1.")
TEXTS = st.builds(
    lambda text, times: text * times, st.text(LETTERS, max_size=200), st.integers(0, 40)
)
BUTTONS = st.lists(
    st.builds(Button, TEXTS, TEXTS, st.integers(0, 9)) | st.builds(Button, st.just("Có"), TEXTS),
    max_size=9,
)
PDF = Attachment("thông báo.pdf", "application/pdf", b"%PDF-1.7")


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@given(TEXTS, st.lists(TEXTS, max_size=3), BUTTONS)
def test_whatever_is_said_zalos_limits_hold_and_nothing_is_lost(
    body: str, sources: list[str], buttons: list[Button]
) -> None:
    made = parts(Letter("1", body, sources, buttons))
    texts = [part.fields["text"] for part in made]
    assert all(length(text) <= 2000 for text in texts)
    assert all(unicodedata.is_normalized("NFC", text) for text in texts)
    said = "".join(map(squeezed, texts))
    assert said.startswith(squeezed(body.strip() + "".join(sources)))
    assert all(squeezed(choice(button)) in said for button in buttons)
    assert not any("buttons" in part.fields for part in made[:-1])
    shown = made[-1].fields.get("buttons", [])
    assert len(shown) <= 5
    says = [button.says for button in buttons]
    for each in shown:
        assert 0 < len(each["title"]) <= 100
        assert each["payload"] in says
        assert 0 < len(each["payload"]) <= 1000
        assert not each["payload"].lstrip().startswith("#")


def test_choices_are_printed_with_their_numbers_unless_the_text_has_them() -> None:
    buttons = [Button("1. Chứng thực", "1"), Button("Đổi nơi", "/diaphuong", 2)]
    [part] = parts(Letter("1", "Việc nào ạ?\n1. Chứng thực", ["[1] Kế hoạch"], buttons))
    assert part.fields["text"] == "Việc nào ạ?\n1. Chứng thực\n\n[1] Kế hoạch\n\n2. Đổi nơi"
    assert message(part, buttons=True) == {
        "text": part.fields["text"],
        "attachment": {
            "type": "template",
            "payload": {
                "buttons": [
                    {"title": "1. Chứng thực", "type": "oa.query.hide", "payload": "1"},
                    {"title": "Đổi nơi", "type": "oa.query.hide", "payload": "/diaphuong"},
                ]
            },
        },
    }
    assert message(part, buttons=False) == {"text": part.fields["text"]}


def test_a_long_answer_has_its_buttons_under_the_last_page() -> None:
    made = parts(Letter("1", "Một dòng dài.\n" * 300, buttons=[Button("Có", "có", 1)]))
    assert ["buttons" in part.fields for part in made] == [False, False, True]
    assert made[-1].fields["text"].endswith("\n\n1. Có")


@pytest.mark.parametrize(
    ("attachment", "kind"),
    [
        (PDF, FILE),
        (Attachment("du-lieu.csv", "text/csv", b"a,b"), FILE),
        (Attachment("qr.png", "image/png", b"\x89PNG"), IMAGE),
        (Attachment("qr.png", "image/png", b"\x89PNG" * 300_000), TEXT),
        (Attachment("to.pdf", "application/pdf", b"%PDF" * 1_300_000), TEXT),
        (Attachment("lich.ics", "text/calendar", b"BEGIN:VCALENDAR"), TEXT),
        (Attachment("ghi.txt", "text/plain", b"\xff\xfe"), TEXT),
    ],
)
def test_zalo_gets_files_of_the_kinds_and_sizes_that_it_takes(
    attachment: Attachment, kind: str
) -> None:
    text, file = parts(Letter("1", "Đây ạ.", attachments=[attachment]))
    assert text.fields["text"] == "Đây ạ."
    assert file.method == kind
    if kind == TEXT:
        assert file.fields["text"] == f"Tệp “{attachment.name}” không gửi qua Zalo được."


def test_a_text_file_is_sent_as_text() -> None:
    note = Attachment("ghi.txt", "text/plain", "Mang bản chính.\n".encode() * 200)
    made = parts(Letter("1", "Đây ạ.", attachments=[note]))
    assert [part.method for part in made] == [TEXT] * 3
    assert "".join(part.fields["text"] for part in made).count("Mang bản chính.") == 200


def test_a_letter_without_a_word_is_one_part_all_the_same() -> None:
    assert parts(Letter("1", "")) == [Part(TEXT, {"text": "", "asked": False})]
    assert [part.method for part in parts(Letter("1", "", attachments=[PDF]))] == [FILE]


def test_a_part_knows_whether_its_citizen_waits_for_it() -> None:
    asked = Letter("1", "Đây ạ.", attachments=[PDF], context={"message": "7"})
    assert [part.fields["asked"] for part in parts(asked)] == [True, True]


def test_a_plain_part_has_no_buttons_and_a_file_becomes_a_sentence() -> None:
    text, file = parts(Letter("1", "Đây ạ.", (), [Button("Có", "có", 1)], [PDF], "en"))
    without = plain(text)
    assert without is not None
    assert without.fields == {"text": "Đây ạ.\n\n1. Có", "asked": False}
    assert plain(without) is None
    instead = plain(file)
    assert instead is not None
    assert instead.fields["text"] == "The file “thông báo.pdf” cannot be sent on Zalo."


def test_a_text_that_is_still_too_long_is_halved_down_to_a_limit() -> None:
    [part] = parts(Letter("1", "Mang theo bản chính. " * 40, buttons=[Button("Có", "có", 1)]))
    first, second = halves(part)
    assert squeezed(first.fields["text"] + second.fields["text"]) == squeezed(part.fields["text"])
    assert ("buttons" in first.fields, "buttons" in second.fields) == (False, True)
    assert halves(Part(TEXT, {"text": "Vâng ạ.", "asked": True})) == []


def test_a_title_that_is_too_long_is_cut_with_a_sign() -> None:
    [part] = parts(Letter("1", "Việc nào?", buttons=[Button("chứng thực " * 20, "1", 1)]))
    [button] = part.fields["buttons"]
    assert len(button["title"]) <= 100
    assert button["title"].endswith("…")
