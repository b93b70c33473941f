"""Grids out of ruled tables: headings of one or two rows, groups, merged cells, page breaks."""

from collections.abc import Iterator, Sequence

from knowledge.plans.appendix import grid, headings, marks
from knowledge.plans.appendix.grid import Grid, Row
from knowledge.plans.appendix.headings import Role
from knowledge.plans.readers.sheet import Cell, Line, Sheet, Table
from knowledge.vietnamese import fold

_DEEPEST_HEADING = 8
_FEWEST_COLUMNS = 3

_Cells = tuple[Cell, ...]


def grids(sheet: Sheet) -> Iterator[Grid]:
    """Return every table of a sheet that has headings; one that goes on over pages is one grid."""
    name, title, since = "", "", 0
    found: list[Grid] = []
    reader: _Reader | None = None
    for block in sheet.blocks:
        if isinstance(block, Line):
            if announced := _announced(block.text):
                name, title = announced
                reader = None
            elif name and not title and block.text.strip() and since == 0:
                title = " ".join(block.text.split())
            continue
        if block.title and (announced := _announced(block.title)):
            name, title = announced
            reader = None
        elif block.title:
            name, title, reader = block.title, "", None
        reader = _read(block, reader, name, title, found)
    yield from found


def _announced(text: str) -> tuple[str, str] | None:
    """Return the last appendix that a paragraph announces on a line of its own."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if announced := grid.appendix(line):
            name, title = announced
            return name, title or " ".join(" ".join(lines[at + 1 :]).split())
    return None


def _read(
    table: Table, reader: "_Reader | None", name: str, title: str, found: list[Grid]
) -> "_Reader | None":
    """Add a table's rows to the grid it continues, or to a new one."""
    for at, row in enumerate(table.rows[:_DEEPEST_HEADING]):
        if announced := _announced(_only(row)):
            name, title = announced
        heading = _heading(table.rows, at)
        if heading is None:
            continue
        roles, titles, size = heading
        if reader is None or reader.words != _words(table.rows[at : at + size]):
            made = Grid(name, title, titles)
            found.append(made)
            reader = _Reader(made, roles, _words(table.rows[at : at + size]))
        reader.page(table.rows[at + size :])
        return reader
    if reader and table.rows and len(table.rows[0]) == len(reader.roles):
        reader.page(table.rows)
        return reader
    return None


def _only(row: _Cells) -> str:
    """Return the text of a row that has one text."""
    texts = list(dict.fromkeys(cell.text for cell in row if cell.text))
    return texts[0] if len(texts) == 1 else ""


def _words(rows: Sequence[_Cells]) -> list[str]:
    return [fold(cell.text) for row in rows for cell in row]


def _heading(
    rows: Sequence[_Cells], at: int
) -> tuple[tuple[Role | None, ...], dict[Role, str], int] | None:
    """Return what the columns hold, their headings, and how many rows the heading takes."""
    if _only(rows[at]):
        return None
    first = [grid.one_line(cell.text) for cell in rows[at]]
    size = 1
    if at + 1 < len(rows) and _subheads(rows[at], rows[at + 1]):
        second = [grid.one_line(cell.text) for cell in rows[at + 1]]
        first = [
            " ".join(dict.fromkeys([a, b])).strip() for a, b in zip(first, second, strict=False)
        ]
        size = 2
    roles = _once([headings.role(text) for text in first])
    known = [role for role in roles if role]
    if len(known) < _FEWEST_COLUMNS or Role.NAME not in known:
        return None
    titles = {role: text for role, text in zip(roles, first, strict=True) if role}
    return roles, titles, size


def _once(roles: Sequence[Role | None]) -> tuple[Role | None, ...]:
    """Keep the first column of each meaning; a later one of the same is another thing."""
    seen: set[Role] = set()
    kept: list[Role | None] = []
    for role in roles:
        kept.append(role if role and role not in seen else None)
        seen |= {role} if role else set()
    return tuple(kept)


def _subheads(first: _Cells, second: _Cells) -> bool:
    """Return whether a row divides the headings above it, and is not yet a row of the table."""
    if len(first) != len(second):
        return False
    if marks.split(second[0].text)[0] or _only(second):
        return False
    new = [cell.text for cell, above in zip(second, first, strict=True) if cell.text != above.text]
    new = [text for text in new if text]
    return bool(new) and all(headings.role(text) for text in new)


class _Reader:
    """Takes the rows of one grid, page after page."""

    def __init__(self, made: Grid, roles: tuple[Role | None, ...], words: list[str]) -> None:
        """Begin a grid whose columns hold `roles` under a heading of these `words`."""
        self.grid = made
        self.roles = roles
        self.words = words

    def page(self, rows: Sequence[_Cells]) -> None:
        """Add the rows of one table; the first may go on from the page before."""
        for n, cells in enumerate(rows):
            if not any(cell.text for cell in cells) or _words([cells]) == self.words[: len(cells)]:
                continue
            if n == 0 and self.grid.rows and self._continues(cells):
                self._go_on(cells)
            else:
                self.grid.rows.append(self._row(cells))

    def _continues(self, cells: _Cells) -> bool:
        if _only(cells) and all(cell.text for cell in cells):
            return False
        number = self._under(cells, Role.NUMBER)
        return not number and Role.NUMBER in self.roles

    def _go_on(self, cells: _Cells) -> None:
        last = self.grid.rows[-1]
        for role, cell in zip(self.roles, cells, strict=False):
            if role and role is not Role.NUMBER and cell.text and not cell.merged:
                last.cells[role] = grid.joined(last.text(role), grid.one_line(cell.text))

    def _row(self, cells: _Cells) -> Row:
        texts = self._texts(cells)
        at = cells[0].at
        group = self._group(cells, texts)
        if group is not None:
            return group
        mark, rest = marks.split(texts.pop(Role.NUMBER, ""))
        if mark and rest and not texts.get(Role.NAME):
            texts[Role.NAME] = rest
        doubtful = {
            role for role, cell in zip(self.roles, cells, strict=False) if role and cell.formula
        }
        return Row(mark.text if mark else "", texts, at, doubtful)

    def _texts(self, cells: _Cells) -> dict[Role, str]:
        pairs = zip(self.roles, cells, strict=False)
        return {role: grid.one_line(cell.text) for role, cell in pairs if role}

    def _under(self, cells: _Cells, role: Role) -> str:
        return self._texts(cells).get(role, "")

    def _group(self, cells: _Cells, texts: dict[Role, str]) -> Row | None:
        """Return the row as a group's heading, if nothing stands under the other headings."""
        whole = grid.one_line(_only(cells))
        mark = marks.split(texts.get(Role.NUMBER, ""))[0]
        others = list(
            dict.fromkeys(text for role, text in texts.items() if text and role is not Role.NUMBER)
        )
        alone = len(others) <= 1 and (
            (mark is not None and mark.groups) or texts.get(Role.NAME) == "".join(others)
        )
        if whole and all(cell.text for cell in cells) and len(cells) > 1:
            mark, rest = marks.split(whole)
        elif alone:
            rest = "".join(others)
        elif whole and (found := marks.split(whole))[0]:
            mark, rest = found
        else:
            return None
        return Row(mark.text if mark else "", {Role.NAME: rest}, cells[0].at, group=True)
