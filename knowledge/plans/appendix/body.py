"""The rows of a table in printed lines: where each begins, and what went wrong with its page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from knowledge.plans.appendix import marks, printed
from knowledge.plans.appendix.grid import Row
from knowledge.plans.appendix.headings import QUARTERS, Role
from knowledge.plans.appendix.printed import Run, Word
from knowledge.plans.readers.sheet import Line
from knowledge.vietnamese import fold

HEADING = re.compile(r"^\s*(?:TT|STT|Stt|Tt|Số TT)\b")
LONGEST_HEADING = 45
"""Lines, blank ones too, that the heading of a table takes at most."""
_PAGE_NUMBER = re.compile(r"^\s*(?:-\s*)?\d{1,3}(?:\s*-)?\s*$")
_BLANKS_AROUND_PAGE_NUMBER = 3
_EMPTY_CELLS = 3
"""Spaces at a line's end that only a row of empty cells leaves behind."""
_NUMERIC = {Role.DURATION, Role.GOAL, Role.NOTE, Role.OTHER, Role.CODE, *QUARTERS}
_WORD = re.compile(r"(\s*)(\S+)")


@dataclass(slots=True)
class Heading:
    """A table's heading: its columns, its folded words, and the line after it."""

    columns: list[tuple[Role, str]]
    words: list[str]
    after: int


@dataclass(slots=True)
class _Open:
    """One row while its lines go by."""

    mark: marks.Mark | None
    label: str
    line: Line
    pieces: list[list[Word]] = field(default_factory=lambda: [[]])
    split_at: int | None = None
    """Words before a row of empty cells: a heading without rows of its own number."""


class Body:
    """Takes a table's lines one by one and gives its rows at the end."""

    def __init__(self, heading: Heading, *, spaced: bool) -> None:
        """Begin under a heading; `spaced` where the print sets blank lines between lines."""
        self._heading = heading
        self._roles = tuple(role for role, _ in heading.columns)
        self._spaced = spaced
        self._open: list[_Open] = []
        self._last: dict[str, marks.Mark] = {}
        self._blanks, self._ghosts = 1, 0

    def repeated(self, lines: Sequence[Line], at: int) -> int | None:
        """Return the line after a heading that a new page repeats at a place."""
        if not HEADING.match(lines[at].text):
            return None
        left = list(self._heading.words)
        for i in range(at, min(at + LONGEST_HEADING, len(lines))):
            here = fold(lines[i].text).split()
            if left[: len(here)] != here:
                return None
            left = left[len(here) :]
            if not left:
                return i + 1
        return None

    def turn_page(self) -> None:
        """Note that what comes next may go on in the cells of the last row."""
        if self._open:
            self._open[-1].pieces.append([])
        self._blanks, self._ghosts = 1, 0

    def take(self, lines: Sequence[Line], at: int) -> None:
        """Take one line that belongs to the table."""
        line = lines[at]
        text = line.text.strip()
        if not text:
            self._pass(line)
            return
        mark = None if self._is_page_number(lines, at) else _next(text, self._last)
        if mark is None and self._is_debris(lines, at):
            return
        if mark:
            _remember(mark, self._last)
            self._open.append(_Open(mark, mark.text, line))
            text = marks.split(text)[1]
            self._blanks, self._ghosts = 0, 0
        if self._open:
            self._add(text)
            if len(line.text) - len(line.text.rstrip()) >= _EMPTY_CELLS:
                _note_empty(self._open[-1])
        self._blanks, self._ghosts = 0, 0

    def _pass(self, line: Line) -> None:
        self._blanks += 1
        self._ghosts += bool(line.text)
        if self._open and len(line.text) >= _EMPTY_CELLS:
            _note_empty(self._open[-1])

    def _add(self, text: str) -> None:
        """Add a line's words to the open row; a tab inside it is the end of a cell for certain."""
        piece = self._open[-1].pieces[-1]
        before = "\n" if self._spaced and self._blanks == 0 else "\n\n"
        for n, found in enumerate(_WORD.finditer(text)):
            gap, word = found.groups()
            if n == 0:
                piece.append(Word(word, before, self._ghosts))
            elif "\t" in gap:
                piece.append(Word(word, "\t", gap.count("\t") - 1))
            else:
                piece.append(Word(word, "\n" if len(gap) >= _EMPTY_CELLS else " "))

    def _is_debris(self, lines: Sequence[Line], at: int) -> bool:
        """Return whether a line is a page's number, or one that belongs to no column."""
        after = lines[at + 1].text.strip() if at + 1 < len(lines) else ""
        alone = self._blanks > 0 and not after and bool(_PAGE_NUMBER.match(lines[at].text))
        return self._is_page_number(lines, at) or (alone and not _NUMERIC & set(self._roles))

    def _is_page_number(self, lines: Sequence[Line], at: int) -> bool:
        after = [line.text.strip() for line in lines[at + 1 : at + 3]]
        alone = self._blanks >= _BLANKS_AROUND_PAGE_NUMBER and not any(after)
        return alone and bool(_PAGE_NUMBER.match(lines[at].text))

    def rows(self) -> list[Row]:
        """Turn the words of all rows into cells."""
        kept = list(self._runs())
        cuts = iter(printed.rows([run for _, run in kept if run]))
        made: list[Row] = []
        for row, run in kept:
            made += _split(row, next(cuts), self._roles) if run else [row]
        return made

    def _runs(self) -> Iterator[tuple[Row, Run | None]]:
        """Return each row with its words, or a group's heading with none."""
        opened = list(_unnumbered(self._open))
        followers = [*(row.mark for row in opened[1:]), None]
        for row, follower in zip(opened, followers, strict=True):
            pieces = tuple(tuple(piece) for piece in row.pieces if piece)
            if not pieces:
                continue
            made = Row(row.label, {}, row.line.at)
            made.doubtful |= set() if row.mark else {Role.NUMBER}
            if _is_group(row, follower, pieces):
                made.group = True
                made.cells[Role.NAME] = " ".join(word.text for piece in pieces for word in piece)
                yield made, None
            else:
                yield made, Run(pieces, _repeats(pieces, self._roles))


def _next(text: str, last: dict[str, marks.Mark]) -> marks.Mark | None:
    mark, rest = marks.split(text)
    if not mark or rest[:1].islower() or rest[:1].isdigit() or rest[:1] in {"%", "-", ",", "/"}:
        return None
    before = last.get(mark.kind)
    if marks.follows(mark, before):
        return mark
    anew = mark.kind == "number" and "earlier" in last and before is None
    return mark if anew and marks.follows(mark, last["earlier"]) else None


def _remember(mark: marks.Mark, last: dict[str, marks.Mark]) -> None:
    last[mark.kind] = mark
    if mark.groups:
        number = last.pop("number", None)
        if number:
            last["earlier"] = number
        if mark.kind == "letter":
            last.pop("roman", None)


def _note_empty(row: _Open) -> None:
    if row.split_at is None and len(row.pieces) == 1 and row.pieces[0]:
        row.split_at = len(row.pieces[0])


def _unnumbered(rows: list[_Open]) -> Iterator[_Open]:
    """Part a heading from the row without a number that stands under it."""
    for row in rows:
        words = row.pieces[0]
        cut = row.split_at
        if cut and cut < len(words) and not printed.office_ahead(words[:cut]):
            yield _Open(row.mark, row.label, row.line, [words[:cut]], split_at=-1)
            yield _Open(None, row.label, row.line, [words[cut:], *row.pieces[1:]])
        else:
            yield row


def _is_group(
    row: _Open, follower: marks.Mark | None, pieces: tuple[tuple[Word, ...], ...]
) -> bool:
    words = [word for piece in pieces for word in piece]
    if row.split_at == -1:
        return True
    if row.mark and row.mark.groups:
        return not printed.office_ahead(words)
    child = bool(
        row.mark
        and follower
        and follower.numbers[: len(row.mark.numbers)] == row.mark.numbers
        and len(follower.numbers) > len(row.mark.numbers)
        and follower.kind == "number"
    )
    return child and not printed.office_ahead(words)


def _repeats(pieces: tuple[tuple[Word, ...], ...], roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return the columns of a row, again for each further row under the same merged number."""
    percents = sum(
        word.text.endswith("%") and word.text[0].isdigit() for p in pieces for word in p
    )
    wide = sum(role in {Role.GOAL, *QUARTERS} for role in roles)
    times = percents // wide if wide >= len(QUARTERS) else 1
    again = tuple(role for role in roles if role is not Role.NAME)
    return roles + again * (max(1, times) - 1)


def _split(made: Row, cut: printed.Cut, roles: tuple[Role, ...]) -> Iterator[Row]:
    """Return the row, or the rows that share one number and name."""
    name = cut.cells[roles.index(Role.NAME)]
    size = len(roles)
    yield _row(made, dict(zip(roles, cut.cells, strict=False)), cut, roles)
    again = tuple(role for role in roles if role is not Role.NAME)
    for start in range(size, len(cut.cells), size - 1):
        cells = dict(zip(again, cut.cells[start:], strict=False)) | {Role.NAME: name}
        more = _row(made, cells, cut, roles)
        more.doubtful.discard(Role.NAME)
        yield more


def _row(made: Row, cells: dict[Role, str], cut: printed.Cut, roles: tuple[Role, ...]) -> Row:
    blank = {roles[c] for c in cut.empty if c < len(roles)}
    filled = {role: text for role, text in cells.items() if text or role in blank}
    changed = {roles[c] for c in cut.changed if c < len(roles)}
    doubtful = set(roles) if len(changed) > 1 else changed
    return Row(made.mark, filled, made.at, made.doubtful | doubtful)
