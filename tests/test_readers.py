"""Readers turn files into lines and cells that keep their text and their place."""

import io
import unicodedata
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.document import Document
from hypothesis import given
from hypothesis import strategies as st
from viparse.normalize.encodings import get_charmap

from knowledge.plans import appendix, importing, readers
from knowledge.plans.readers import At, Line, Table
from knowledge.plans.readers.sheet import from_json, neat, to_json

PLAN = (
    "Phụ lục 1\n"
    "Chứng thực bản sao từ bản chính giấy tờ, văn bản do cơ quan có thẩm quyền cấp hoặc chứng"
    " nhận. "
    "Bộ phận Tiếp nhận và Trả kết quả làm việc vào thứ Ba và thứ Năm hàng tuần, trừ ngày nghỉ lễ. "
    "Đăng ký khai sinh, khai tử, kết hôn có yếu tố nước ngoài; hỗ trợ chi phí mai táng."
)


def legacy(text: str, encoding: str) -> str:
    """Write text the way a font from before Unicode did."""
    charmap = get_charmap(encoding)
    assert charmap is not None
    signs: dict[str, str] = {}
    for old, new in charmap.pairs:
        signs.setdefault(new, old)
    return "".join(signs.get(char, char) for char in text)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8-sig", b""),
        ("utf-16", b""),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
def test_unicode_in_any_dress_reads_the_same(encoding: str, mark: bytes) -> None:
    sheet = readers.read(mark + PLAN.encode(encoding), "plan.txt")
    assert "\n".join(line.text for line in sheet.lines) == PLAN
    assert sheet.encoding is None


@pytest.mark.parametrize("encoding", ["tcvn3", "vni"])
@pytest.mark.parametrize("saved", ["cp1252", "utf-8"])
def test_legacy_text_becomes_the_right_unicode(encoding: str, saved: str) -> None:
    sheet = readers.read(legacy(PLAN, encoding).encode(saved), "plan.txt")
    assert "\n".join(line.text for line in sheet.lines) == PLAN
    assert sheet.encoding == encoding


def test_windows_vietnamese_becomes_composed_unicode() -> None:
    tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    parts = []
    for char in PLAN:
        marks = unicodedata.normalize("NFD", char)
        letter = unicodedata.normalize("NFC", "".join(m for m in marks if m not in tones))
        parts.append(letter + "".join(m for m in marks if m in tones))
    sheet = readers.read("".join(parts).encode("cp1258"), "plan.txt")
    assert "\n".join(line.text for line in sheet.lines) == PLAN


def test_text_without_diacritics_is_left_as_it_is() -> None:
    text = "Phu luc 1\nTT Ten TTHC Co quan chu tri Thoi gian"
    sheet = readers.read(text.encode(), "plan.txt")
    assert "\n".join(line.text for line in sheet.lines) == text
    assert sheet.encoding is None


@pytest.mark.parametrize(
    ("font", "encoding", "expected"),
    [
        (".VnTime", "tcvn3", "Chứng thực bản sao"),
        (".VnTimeH", "tcvn3", "CHỨNG THỰC BẢN SAO"),
        ("VNI-Times", "vni", "Chứng thực bản sao"),
        ("Times New Roman", None, "Chứng thực bản sao"),
    ],
)
def test_word_text_in_a_legacy_font_is_turned_run_by_run(
    font: str, encoding: str | None, expected: str
) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    words = "Chứng thực bản sao"
    run = paragraph.add_run(legacy(words, encoding) if encoding else words)
    run.font.name = font
    paragraph.add_run(" · đủ").font.name = "Arial"
    sheet = readers.read(saved(document), "a.docx")
    assert sheet.lines[0].text == f"{expected} · đủ"
    assert sheet.encoding == encoding


def saved(document: Document | openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_merged_word_cells_repeat_their_text_and_say_so() -> None:
    document = docx.Document()
    document.add_paragraph("Phụ lục 2")
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(0, 2)).text = "LĨNH VỰC"
    table.cell(1, 1).merge(table.cell(2, 1)).text = "Phòng Tư pháp"
    sheet = readers.read(saved(document), "a.docx")
    line, block = sheet.blocks
    assert isinstance(line, Line)
    assert isinstance(block, Table)
    assert [cell.text for cell in block.rows[0]] == ["LĨNH VỰC"] * 3
    assert [cell.merged for cell in block.rows[0]] == [False, True, True]
    assert (block.rows[2][1].text, block.rows[2][1].merged) == ("Phòng Tư pháp", True)
    assert block.rows[2][1].at == At(table=1, row=3, column=2)


def test_what_is_struck_out_in_word_is_not_read_and_what_is_inserted_is() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Thứ ")
    element = paragraph._p  # noqa: SLF001 - there is no public way to a tracked change
    tag = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    for kind, word in (("del", "Hai"), ("ins", "Ba")):
        change = element.makeelement(f"{tag}{kind}", {})
        run = element.makeelement(f"{tag}r", {})
        text = element.makeelement(f"{tag}{'delText' if kind == 'del' else 't'}", {})
        text.text = word
        run.append(text)
        change.append(run)
        element.append(change)
    assert readers.read(saved(document), "a.docx").lines[0].text == "Thứ Ba"


def test_a_workbook_shows_its_values_as_its_page_does() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Phụ lục 1"
    page.append([1, 0.6, 2.5, True, None])
    page["B1"].number_format = "0%"
    hidden = book.create_sheet("ẩn")
    hidden["A1"] = "bí mật"
    hidden.sheet_state = "hidden"
    sheet = readers.read(saved(book), "a.xlsx")
    (block,) = sheet.blocks
    assert isinstance(block, Table)
    assert block.title == "Phụ lục 1"
    assert [cell.text for cell in block.rows[0]] == ["1", "60%", "2.5", "True"]


def test_form_feeds_count_pages() -> None:
    sheet = readers.read("một\n\fhai\nba\f".encode(), "a.txt")
    assert [(line.text, line.at.page, line.at.line) for line in sheet.lines] == [
        ("một", 1, 1),
        ("hai", 2, 2),
        ("ba", 3, 3),
    ]


@given(st.text())
def test_neat_text_is_composed_and_holds_no_old_glyph_or_control(text: str) -> None:
    result = neat(text)
    assert unicodedata.is_normalized("NFC", result)
    assert not set(result) & set("Ƣƣ\f\v\0\u200b\u202e")
    assert neat(result) == result


@pytest.mark.parametrize("name", ["bac-kan-2023.pdf", "phuoc-long-2024.xlsx"])
def test_sheets_and_drafts_survive_the_way_between_processes(shared: Path, name: str) -> None:
    data = (shared / "documents" / name).read_bytes()
    sheet = readers.read(data, name)
    assert from_json(to_json(sheet)) == sheet
    assert readers.read_safely(data, name) == sheet
    assert importing.read(data, name) == appendix.entries(sheet, name)
