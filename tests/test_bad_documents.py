"""Files that cannot be read end in one clear sentence, in bounded time and memory."""

import contextlib
import io
import re
import time
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib import colors
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from knowledge.plans import appendix, importing, readers
from knowledge.plans.appendix import Draft
from knowledge.plans.readers import confined
from knowledge.refusal import Refusal


def pdf(pages: int, draw: Callable[[canvas.Canvas, int], object]) -> bytes:
    buffer = io.BytesIO()
    page = canvas.Canvas(buffer)
    for number in range(pages):
        draw(page, number)
        page.showPage()
    page.save()
    return buffer.getvalue()


def text_page(page: canvas.Canvas, number: int) -> None:
    for line in range(40):
        page.drawString(40, 800 - 18 * line, f"Trang {number} dong {line}: noi dung ke hoach")


def scanned() -> bytes:
    picture = ImageReader(Image.new("RGB", (60, 60), "gray"))
    return pdf(2, lambda page, _: page.drawImage(picture, 50, 50, 400, 600))


def locked() -> bytes:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(1, text_page))) as file:
        file.save(buffer, encryption=pikepdf.Encryption(owner="a", user="b"))
    return buffer.getvalue()


def word(text: str = "Phụ lục 1") -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(text)
    document.save(buffer)
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO(word())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/big.xml", b"\0" * 300_000_000)
    return buffer.getvalue()


def document_of_a_billion_laughs() -> bytes:
    old = zipfile.ZipFile(io.BytesIO(word()))
    buffer = io.BytesIO()
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "ha">{laughs}]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>&a9;</w:t></w:r></w:p></w:body></w:document>"
    )
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in old.namelist():
            archive.writestr(name, xml if name == "word/document.xml" else old.read(name))
    return buffer.getvalue()


BAD = {
    "empty.docx": lambda: b"",
    "blank.txt": lambda: b" \r\n \n",
    "cut.docx": lambda: word()[:2000],
    "cut.pdf": lambda: pdf(3, text_page)[:300],
    "locked.pdf": locked,
    "scanned.pdf": scanned,
    "bomb.docx": bomb,
    "old.doc": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000),
    "old.xls": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3000),
    "garbage.bin": lambda: bytes(range(256)) * 40,
    "garbage.pdf": lambda: bytes(range(256)) * 40,
    "picture.jpg": lambda: b"\xff\xd8\xff\xe0" + bytes(1000),
    "note.rtf": lambda: b"{\\rtf1 Phu luc}",
    "other.zip": lambda: _zip({"readme.md": "x"}),
    "fake.xlsx": lambda: _zip({"xl/workbook.xml": "not xml"}),
}


def _zip(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_ends_in_one_sentence_that_says_what_to_do(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        importing.read(BAD[name](), name)
    sentence = str(refused.value)
    assert re.search(r"(Open|Save|save|Choose|Ask)\b", sentence)
    assert 30 < len(sentence) < 220
    assert "Traceback" not in sentence


def test_entities_in_a_document_are_not_expanded() -> None:
    try:
        sheet = readers.read_safely(document_of_a_billion_laughs(), "laughs.docx")
    except Refusal:
        return
    assert sum(len(line.text) for line in sheet.lines) < 1000


@pytest.mark.parametrize("name", ["plan.pdf", "plan.xlsx", "plan", "plan.txt", "plan.doc"])
def test_a_wrong_ending_is_read_by_its_content(name: str) -> None:
    sheet = readers.read_safely(word("Phụ lục 7"), name)
    assert (sheet.format, sheet.lines[0].text) == ("docx", "Phụ lục 7")


def test_formulas_and_scripts_stay_text_and_are_pointed_out() -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Phụ lục 1"
    page.append(["STT", "Tên thủ tục", "Cơ quan chủ trì", "Thời gian"])
    page.append([1, "<script>alert(1)</script>", "=1+1", "Thứ Ba"])
    page.append([2, "=cmd|' /C calc'!A0", "Phòng Tư pháp", '=HYPERLINK("http://x")'])
    buffer = io.BytesIO()
    book.save(buffer)
    draft = importing.read(buffer.getvalue(), "formulas.xlsx")
    first, second = draft.entries
    assert first.name == "<script>alert(1)</script>"
    assert first.agency == "=1+1"
    assert "agency" in first.uncertain
    assert second.name.startswith("=cmd|")
    assert {"name", "weekdays"} <= set(second.uncertain)
    assert any("formulas" in str(warning) for warning in draft.warnings)


def test_three_hundred_pages_are_read_in_time() -> None:
    begun = time.monotonic()
    sheet = readers.read_safely(pdf(300, text_page), "long.pdf")
    assert time.monotonic() - begun < 30
    assert sheet.lines[-1].at.page == 300


def test_three_hundred_pages_of_ruled_tables_end_in_time() -> None:
    buffer = io.BytesIO()
    rows = [["TT", "Ten TTHC", "Co quan chu tri", "Thoi gian"]]
    rows += [[str(n), f"Thu tuc so {n}", "Phong Tu phap", "Thu Ba"] for n in range(1, 7501)]
    table = Table(rows, repeatRows=1, rowHeights=26)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 1, colors.black)]))
    SimpleDocTemplate(buffer).build([table])
    begun = time.monotonic()
    draft = or_too_slow(buffer.getvalue(), "tables.pdf")
    assert time.monotonic() - begun < 31
    if draft:
        assert len(draft.entries) == 7500
        assert {entry.weekdays for entry in draft.entries} == {("tue",)}


def or_too_slow(data: bytes, name: str) -> Draft | None:
    """Return the draft, or None where the machine was too slow and the refusal says so."""
    try:
        return importing.read(data, name)
    except Refusal as refusal:
        if "30 seconds" not in str(refusal):
            raise
        return None


def test_a_document_that_takes_too_much_memory_is_refused() -> None:
    old = zipfile.ZipFile(io.BytesIO(word()))
    buffer = io.BytesIO()
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    start = f'<w:document xmlns:w="{space}"><w:body>'
    body = "<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 1_400_000
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in old.namelist():
            whole = start + body + "</w:body></w:document>"
            archive.writestr(name, whole if name == "word/document.xml" else old.read(name))
    with pytest.raises(Refusal) as refused:
        importing.read(buffer.getvalue(), "heavy.docx")
    assert "memory" in str(refused.value)


def test_reading_stops_when_its_time_is_over() -> None:
    head = "Phụ lục 1\n\nTT\n\nTên TTHC\n\nCơ quan chủ trì\n\nCơ quan phối hợp\n\nThời gian\n\n"
    row = "{n}\n\n" + "Cấp Bản Sao Từ Sổ Gốc\n\n" * 25 + "Phòng Tư pháp\n\nThứ Ba\n\n"
    text = head + "".join(row.format(n=n) for n in range(1, 400))
    begun = time.monotonic()
    with pytest.raises(Refusal) as refused:
        confined.run("knowledge.plans.importing:read_as_json", text.encode(), "endless.txt", 2)
    assert time.monotonic() - begun < 5
    assert "30 seconds" in str(refused.value)


@given(st.binary(max_size=2000), st.text(max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_bytes_under_any_name_are_read_or_refused(data: bytes, name: str) -> None:
    try:
        sheet = readers.read(data, name)
    except Refusal:
        return
    appendix.as_json(appendix.entries(sheet, name))


HEADS = (b"%PDF-1.7\n", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"{\\rtf", b"")
ENDINGS = st.sampled_from([".pdf", ".docx", ".xlsx", ".txt", ""])


@given(st.sampled_from(HEADS), st.binary(max_size=400), ENDINGS)
@settings(max_examples=12, deadline=None)
def test_any_bytes_read_safely_raise_nothing_but_a_refusal(
    head: bytes, data: bytes, ending: str
) -> None:
    with contextlib.suppress(Refusal):
        readers.read_safely(head + data, f"x{ending}")


PLAN_WORDS = (
    "TT STT Tên TTHC Cơ quan chủ trì phối hợp Thời gian thực hiện Phụ lục I II 1 2 3 1. 2.1 Phòng"
    " Tư pháp Văn UBND Thứ Ba hàng tuần Trước ngày Lệ phí 1.005435 - , . Không Quý “ 50% 01/2024"
)
WORDS = st.sampled_from([*re.findall(r"\S+", PLAN_WORDS), "\n", "\n\n", "\t", "\f", "   "])


@given(st.lists(WORDS, max_size=120).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_shuffle_of_a_plans_words_makes_a_draft(text: str) -> None:
    if not text.strip():
        return
    draft = appendix.entries(readers.read(text.encode(), "x.txt"), "x.txt")
    assert appendix.as_json(draft)["document"]["name"] == "x.txt"


def test_the_other_process_answers_for_names_that_no_file_can_have() -> None:
    sheet = readers.read_safely("Phụ lục 1".encode(), "a\0b\ud800.txt")
    assert sheet.lines[0].text == "Phụ lục 1"
