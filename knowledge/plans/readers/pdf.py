"""PDF files: ruled tables cell by cell, everything else line by line."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from knowledge.plans.readers import archive, legacy
from knowledge.plans.readers.sheet import At, Cell, Line, Sheet, Table
from knowledge.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pdfplumber.page import Page
    from pdfplumber.table import Table as RuledTable
    from pypdfium2 import PdfDocument, PdfPage

_MOST_PAGES = 1_000
_FEWEST_RULES = 4
_SCANNED = (
    "The PDF holds pictures of pages and no text."
    " Ask for the original file (Word or Excel), or run text recognition on it first."
)
_PATH = 2
"""PDFium's number for a drawn path."""


def read(data: bytes) -> Sheet:
    """Return lines and tables page by page; raises `Refusal` for locked and scanned files."""
    import pypdfium2  # noqa: PLC0415 - heavy, and needed for this format only

    try:
        document = pypdfium2.PdfDocument(data)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        raise Refusal(archive.LOCKED if "assword" in str(error) else archive.DAMAGED) from error
    if pages > _MOST_PAGES:
        raise Refusal(archive.TOO_LARGE)
    try:
        blocks = list(_blocks(document, data))
    except pypdfium2.PdfiumError as error:
        raise Refusal(archive.DAMAGED) from error
    turned, encoding = legacy.renewed(blocks)
    if not any(map(_says, turned)):
        raise Refusal(_SCANNED)
    return Sheet("pdf", turned, wrapped=True, encoding=encoding)


def _says(block: Line | Table) -> bool:
    if isinstance(block, Line):
        return bool(block.text.strip())
    return any(cell.text for row in block.rows for cell in row)


def _blocks(document: PdfDocument, data: bytes) -> Iterator[Line | Table]:
    """Read with PDFium; only pages with drawn rules go through the slow search for tables."""
    import pdfplumber  # noqa: PLC0415 - heavy, and needed for this format only

    with pdfplumber.open(io.BytesIO(data)) as plumber:
        tables = 0
        for number, page in enumerate(document, 1):
            if _ruled(page):
                slow = plumber.pages[number - 1]
                for block in _laid_out(slow, number, tables):
                    tables += isinstance(block, Table)
                    yield block
                slow.close()
            else:
                text = page.get_textpage().get_text_bounded()
                yield from _lines(text, number)
            page.close()


def _ruled(page: PdfPage) -> bool:
    rules = page.get_objects(filter=[_PATH], max_depth=3)
    return sum(1 for _, _ in zip(range(_FEWEST_RULES), rules, strict=False)) == _FEWEST_RULES


def _lines(text: str, page: int) -> Iterator[Line]:
    for number, line in enumerate((text or "").splitlines(), 1):
        yield Line(line.strip(), At(page=page, line=number))


def _laid_out(page: Page, number: int, before: int) -> Iterator[Line | Table]:
    """Return a page's tables in their order, and the lines above, between and below them."""
    top = page.bbox[1]
    found = sorted(page.find_tables(), key=lambda table: table.bbox[1])
    for count, table in enumerate(found, before + 1):
        yield from _lines(_between(page, top, table.bbox[1]), number)
        yield _table(table, number, count)
        top = max(top, table.bbox[3])
    yield from _lines(_between(page, top, page.bbox[3]), number)


def _between(page: Page, top: float, bottom: float) -> str:
    if bottom - top < 1:
        return ""
    left, _, right, _ = page.bbox
    return str(page.crop((left, max(top, page.bbox[1]), right, bottom)).extract_text() or "")


def _table(table: RuledTable, page: int, number: int) -> Table:
    texts = table.extract()
    rows = []
    for r, row in enumerate(table.rows):
        cells = []
        for c, box in enumerate(row.cells):
            origin = (r, c) if box else _origin(table, r, c)
            at = At(page=page, table=number, row=r + 1, column=c + 1)
            text = texts[origin[0]][origin[1]] or "" if origin else ""
            cells.append(Cell(text.strip(), at, merged=origin not in {(r, c), None}))
        rows.append(tuple(cells))
    return Table(tuple(rows))


def _origin(table: RuledTable, row: int, column: int) -> tuple[int, int] | None:
    """Return the cell that a missing one was merged into: to the left, else above."""
    for c in range(column - 1, -1, -1):
        box = table.rows[row].cells[c]
        if box:
            if _spans(table, box, column, 0):
                return row, c
            break
    for r in range(row - 1, -1, -1):
        box = table.rows[r].cells[column]
        if box:
            return (r, column) if box[3] >= table.rows[row].bbox[3] - 1 else None
    return None


def _spans(table: RuledTable, box: tuple[float, ...], column: int, side: int) -> bool:
    lefts = [b[side] for other in table.rows if (b := other.cells[column])]
    return bool(lefts) and box[2] > min(lefts) + 1
