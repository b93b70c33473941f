"""How the web page lays out a reply's plain text."""

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.web.typeset import ICONS, Line, typeset

CARD = """Đăng ký kết hôn – Đắk Nông
📅 Ngày: Thứ Tư, hằng tuần [1]
đến 15:00
→ Gần nhất: Thứ Tư 25/11 [2]
💰 Lệ phí: nguồn không ghi. [2]

⚠ Theo kế hoạch năm 2023. [1]"""


def test_a_card_has_a_title_facts_with_labels_and_notes() -> None:
    assert typeset(CARD, 2) == (
        Line("opens title", ("Đăng ký kết hôn – Đắk Nông",)),
        Line("fact", ("Thứ Tư, hằng tuần", 1), "calendar", "Ngày"),
        Line("within", ("đến 15:00",)),
        Line("next", ("Thứ Tư 25/11", 2), "arrow", "Gần nhất"),
        Line("fact", ("nguồn không ghi.", 2), "coin", "Lệ phí"),
        Line("opens note", ("Theo kế hoạch năm 2023.", 1), "warning"),
    )


def test_a_legal_name_stands_under_its_title_without_its_sign() -> None:
    assert typeset("Sao y – Bắc Kạn\n§ Chứng thực bản sao [1]\n📅 Ngày: Thứ Ba", 1)[:2] == (
        Line("opens title", ("Sao y – Bắc Kạn",)),
        Line("legal", ("Chứng thực bản sao", 1)),
    )
    assert [line.style for line in typeset("§ 5 và\ntheo § 6", 0)] == ["opens legal", "text"]


def test_a_mark_without_a_source_stays_text() -> None:
    assert typeset("năm [2023] và [1][3]", 1)[0].pieces == ("năm [2023] và", 1, "[3]")


def test_a_symbol_with_a_variation_selector_is_known() -> None:
    [line] = typeset("⏱\ufe0f Thời gian: 3 ngày", 0)
    assert line == Line("opens fact", ("3 ngày",), "clock", "Thời gian")


def test_a_symbol_without_a_drawing_stays_itself() -> None:
    assert typeset("🙏 Xin cảm ơn", 0)[0].icon == "🙏"


@given(st.text(), st.integers(0, 5))
def test_no_word_is_lost_and_every_mark_has_its_source(body: str, sources: int) -> None:
    lines = typeset(body, sources)
    marks = [piece for line in lines for piece in line.pieces if isinstance(piece, int)]
    assert all(1 <= mark <= sources for mark in marks)
    drawn = {name: symbol for symbol, name in ICONS.items()}
    shown = "".join(
        ("§" if line.style.endswith("legal") else "")
        + drawn.get(line.icon, line.icon)
        + (f"{line.label}: " if line.label else "")
        + "".join(f"[{piece}]" if isinstance(piece, int) else piece for piece in line.pieces)
        for line in lines
    )
    assert _letters(shown) == _letters(body)


def _letters(text: str) -> str:
    return "".join(text.replace("\ufe0f", "").split())
