"""Excel workbooks (.xlsx): every visible page as a table; nothing in them is calculated."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING

from knowledge.plans.readers import archive, legacy
from knowledge.plans.readers.sheet import At, Cell, Sheet, Table, neat

if TYPE_CHECKING:
    from openpyxl.cell import Cell as PageCell
    from openpyxl.cell import MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

_MOST_ROWS = 5_000
_MOST_COLUMNS = 40
_MOST_PAGES = 60


def read(data: bytes) -> Sheet:
    """Return one table for each page, merged cells repeated, formulas as the text they are."""
    archive.names(data)
    import openpyxl  # noqa: PLC0415 - heavy, and needed for this format only

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), keep_links=False)
        pages = [page for page in book.worksheets if page.sheet_state == "visible"]
        tables = tuple(_table(page, number) for number, page in enumerate(pages[:_MOST_PAGES], 1))
    except Exception as error:
        raise archive.trouble(error) from error
    cut = len(pages) > _MOST_PAGES or any(_beyond(page) for page in pages)
    blocks, encoding = legacy.renewed(tables)
    return Sheet("xlsx", blocks, encoding=encoding, cut=cut)


Origins = dict[tuple[int, int], tuple[int, int]]
"""For each merged cell, the row and column of the cell it was merged into."""


def _beyond(page: Worksheet) -> bool:
    return bool(page.max_row > _MOST_ROWS or page.max_column > _MOST_COLUMNS)


def _table(page: Worksheet, number: int) -> Table:
    origins = _merged(page)
    rows = []
    last = min(page.max_row, _MOST_ROWS)
    for values in page.iter_rows(max_row=last, max_col=min(page.max_column, _MOST_COLUMNS)):
        cells = tuple(_cell(page, cell, origins, number) for cell in values)
        if any(cell.text.strip() for cell in cells):
            rows.append(cells)
    return Table(tuple(rows), neat(page.title))


def _merged(page: Worksheet) -> Origins:
    origins: Origins = {}
    for area in page.merged_cells.ranges:
        for row in range(area.min_row, min(area.max_row, _MOST_ROWS) + 1):
            for column in range(area.min_col, min(area.max_col, _MOST_COLUMNS) + 1):
                origins[row, column] = (area.min_row, area.min_col)
    return origins


def _cell(page: Worksheet, cell: PageCell | MergedCell, origins: Origins, number: int) -> Cell:
    place = (cell.row or 0, cell.column or 0)
    origin = origins.get(place, place)
    source = page.cell(*origin) if origin != place else cell
    at = At(table=number, row=cell.row, column=cell.column)
    formula = getattr(source, "data_type", "") == "f"
    return Cell(_shown(source), at, origin != place, formula)


def _shown(cell: PageCell | MergedCell) -> str:
    """Return a value the way the page shows it: 0.6 under a percent format is 60%."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime | date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and "%" in str(cell.number_format):
        return f"{round(value * 100, 2):g}%"
    if isinstance(value, float):
        return f"{value:g}"
    return str(getattr(value, "text", value))
