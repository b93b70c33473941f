"""Grids out of printed lines: headings, rows and page breaks found in the order of the print."""

import re
from collections.abc import Iterator, Sequence

from knowledge.plans.appendix import grid, headings, marks
from knowledge.plans.appendix.body import HEADING, LONGEST_HEADING, Body, Heading
from knowledge.plans.appendix.grid import Grid
from knowledge.plans.appendix.headings import Role
from knowledge.plans.readers.sheet import Line, Sheet
from knowledge.vietnamese import fold

_END = re.compile(
    r"^(?:\*|Nơi nhận|Đánh giá:|TM\.|KT\.|Mã xác thực|Trên đây là|Người lập|lượt đánh giá"
    r"|Bản đồ hành chính|Liên kết website|Bình chọn|Thống kê:|CHỦ TỊCH\b|PHÓ CHỦ TỊCH\b"
    r"|Ghi chú:)"
)
"""What stands after the last table: addressees, signatures, a web page's debris."""
_FEWEST_COLUMNS = 2


def grids(sheet: Sheet) -> Iterator[Grid]:
    """Return every table found in a sheet's printed lines, in their order."""
    lines = sheet.lines if sheet.wrapped else ()
    spaced = _spaced(lines)
    name, title, at = "", "", 0
    while at < len(lines):
        if announced := grid.appendix(lines[at].text):
            name, title = announced
            title = title or _title(lines, at + 1)
        found = _heading(lines, at)
        if found:
            table = Grid(name, title, dict(found.columns), loose=sheet.format == "pdf")
            body = Body(found, spaced=spaced)
            at = _rows(body, lines, found.after)
            table.rows = body.rows()
            yield table
        else:
            at += 1


def _title(lines: Sequence[Line], at: int) -> str:
    """Return the lines of an appendix's title: up to a gap, a bracket or the table itself."""
    parts: list[str] = []
    blanks = 0
    for line in lines[at : at + 12]:
        text = " ".join(line.text.split())
        gap = bool(parts) and blanks > 1
        if gap or text.startswith("(") or HEADING.match(text):
            break
        blanks = 0 if text else blanks + 1
        parts += [text] if text else []
    return " ".join(parts)


def _heading(lines: Sequence[Line], at: int) -> Heading | None:
    """Return the table heading that begins at a line, if one does."""
    if not HEADING.match(lines[at].text):
        return None
    words: list[str] = []
    for i in range(at, min(at + LONGEST_HEADING, len(lines))):
        text = lines[i].text.strip()
        mark, rest = marks.split(text)
        first = mark is not None and (mark.groups or mark.numbers[-1] == 1)
        if i > at and first and not rest[:1].islower() and (columns := _columns(words)):
            return Heading(columns, fold(" ".join(words)).split(), i)
        words += text.split()
    return None


def _columns(words: list[str]) -> list[tuple[Role, str]] | None:
    columns = headings.columns(headings.titles(" ".join(words)))
    roles = [role for role, _ in columns]
    enough = len([role for role in roles if role is not Role.OTHER]) >= _FEWEST_COLUMNS
    return columns if enough and Role.NAME in roles else None


def _spaced(lines: Sequence[Line]) -> bool:
    """Return whether blank lines stand between printed lines, so that their absence says much."""
    blank = sum(not line.text.strip() for line in lines)
    return blank * 4 > len(lines)


def _rows(body: Body, lines: Sequence[Line], at: int) -> int:
    """Read a table's rows; return the number of the first line after it."""
    while at < len(lines):
        if skipped := body.repeated(lines, at):
            body.turn_page()
            at = skipped
        elif _ends(lines, at):
            break
        else:
            body.take(lines, at)
            at += 1
    return at


def _ends(lines: Sequence[Line], at: int) -> bool:
    text = lines[at].text.strip()
    return bool(grid.appendix(text) or _END.match(text) or _heading(lines, at))
