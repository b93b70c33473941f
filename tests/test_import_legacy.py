"""Word and Excel files in TCVN3 or VNI say the same as in Unicode, whatever their fonts say."""

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from viparse.normalize.encodings import get_charmap

from knowledge.plans import appendix, readers
from knowledge.plans.appendix import Draft


def legacy(text: str, encoding: str) -> str:
    """Write text the way a font from before Unicode did."""
    charmap = get_charmap(encoding)
    assert charmap is not None
    signs: dict[str, str] = {}
    for old, new in charmap.pairs:
        signs.setdefault(new, old)
    return "".join(signs.get(char, char) for char in text)


def paragraphs(document: Document) -> Iterator[Paragraph]:
    """Give all paragraphs, those in tables too."""
    for element in document.element.body.iter(qn("w:p")):
        yield Paragraph(element, document)


def saved(document: Document | openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def recoded(path: Path, encoding: str, font: str | None, capitals: str | None = None) -> bytes:
    """Write a document's runs in an old encoding; `capitals` is the font of those all in them."""
    document = docx.Document(str(path))
    for paragraph in paragraphs(document):
        for run in paragraph.runs:
            if capitals and run.text.isupper():
                run.text = legacy(run.text.lower(), encoding)
                run.font.name = capitals
            else:
                run.text = legacy(run.text, encoding)
                run.font.name = font
    return saved(document)


@cache
def modern(path: Path) -> Draft:
    return read(path.read_bytes(), path.name)


def read(data: bytes, name: str) -> Draft:
    return appendix.entries(readers.read(data, name), name)


@pytest.mark.parametrize(
    ("encoding", "font", "capitals"),
    [
        ("tcvn3", ".VnTime", None),
        ("tcvn3", ".VnTime", ".VnTimeH"),
        ("tcvn3", None, None),
        ("tcvn3", "Times New Roman", None),
        ("vni", "VNI-Times", None),
        ("vni", None, None),
        ("vni", "Arial", None),
    ],
)
def test_a_plan_in_an_old_encoding_says_what_it_says_in_unicode(
    shared: Path, encoding: str, font: str | None, capitals: str | None
) -> None:
    path = shared / "documents" / "bac-kan-2023.docx"
    draft = read(recoded(path, encoding, font, capitals), path.name)
    assert draft.entries == modern(path).entries
    assert draft.document == modern(path).document
    assert [each.values for each in draft.warnings] == [(("encoding", encoding.upper()),)]


def test_a_letter_and_its_sign_in_two_runs_are_one_letter() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph()
    for part in ("Ñöô", "ïc thöïc hie", "än"):
        paragraph.add_run(part).font.name = "VNI-Times"
    assert readers.read(saved(document), "a.docx").lines[0].text == "Được thực hiện"


def test_the_font_that_a_document_sets_for_everything_counts() -> None:
    document = docx.Document()
    document.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:rFonts')}").set(
        qn("w:ascii"), ".VnTime"
    )
    document.add_paragraph().add_run(legacy("Thứ Ba", "tcvn3"))
    assert readers.read(saved(document), "a.docx").lines[0].text == "Thứ Ba"


def test_text_without_a_legacy_font_is_turned_beside_text_with_one() -> None:
    document = docx.Document()
    words = "Phòng Tư pháp thực hiện vào thứ Ba"
    for font, text in ((".VnTime", legacy(words, "tcvn3")), ("Arial", legacy(words, "tcvn3"))):
        document.add_paragraph().add_run(text).font.name = font
    document.add_paragraph().add_run(words).font.name = "Arial"
    document.add_paragraph().add_run(words).font.name = ".VnTime"
    lines = readers.read(saved(document), "a.docx").lines
    assert [line.text for line in lines] == [words] * 4


@pytest.mark.parametrize("encoding", ["tcvn3", "vni"])
def test_a_workbook_in_an_old_encoding_is_read(encoding: str) -> None:
    rows = (
        ["TT", "Tên thủ tục hành chính", "Cơ quan chủ trì", "Thời gian thực hiện"],
        ["1", "Đăng ký khai tử có yếu tố nước ngoài", "Phòng Tư pháp", "Thứ Ba hàng tuần"],
        ["2", "Cấp bản sao trích lục hộ tịch", "Phòng Tư pháp", "Thứ Năm hàng tuần"],
    )
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append([legacy(text, encoding) for text in row])
    draft = read(saved(book), "a.xlsx")
    assert [(e.name, e.agency, *e.weekdays) for e in draft.entries] == [
        ("Đăng ký khai tử có yếu tố nước ngoài", "Phòng Tư pháp", "tue"),
        ("Cấp bản sao trích lục hộ tịch", "Phòng Tư pháp", "thu"),
    ]
