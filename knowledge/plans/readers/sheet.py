"""What a reader makes of a file: lines and tables in reading order, each with its place."""

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

_GLYPHS = str.maketrans(
    {"Ƣ": "Ư", "ƣ": "ư", "\u00a0": " ", "\u00ad": None, "\ufeff": None, "\ufffe": "-"}
)


@dataclass(frozen=True, slots=True)
class At:
    """Where a text stands; all numbers count from 1, and what a format does not know is None."""

    page: int | None = None
    table: int | None = None
    row: int | None = None
    column: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, or one printed line where the sheet is `wrapped`; blank lines count."""

    text: str
    at: At = At()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; a `merged` one repeats the text of the cell it was merged into."""

    text: str
    at: At = At()
    merged: bool = False
    formula: bool = False
    """The text is an unevaluated formula."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equally many cells; `title` is the name of the spreadsheet's page."""

    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that was read. `encoding` names the legacy encoding that the text was turned from."""

    format: str
    blocks: tuple[Line | Table, ...]
    wrapped: bool = False
    """Lines are printed lines, not paragraphs."""
    encoding: str | None = None
    cut: bool = False
    """Something at the end was left out because it was too much."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return the lines that stand in no table."""
        return tuple(block for block in self.blocks if isinstance(block, Line))


def neat(text: str) -> str:
    """Return text composed (NFC), old glyphs replaced, control characters as spaces or gone."""
    composed = unicodedata.normalize("NFC", text.translate(_GLYPHS))
    return "".join(_visible(char) for char in composed)


def _visible(char: str) -> str:
    if char in "\n\t":
        return char
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if category in {"Cf", "Cs", "Co"} else char


def to_json(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as plain values, for the way between two processes."""
    return asdict(sheet)


def from_json(value: dict[str, Any]) -> Sheet:
    """Return the sheet that `to_json` took apart."""
    blocks = tuple(_block(block) for block in value["blocks"])
    return Sheet(**{**value, "blocks": blocks})


def _block(value: dict[str, Any]) -> Line | Table:
    if "rows" not in value:
        return Line(value["text"], At(**value["at"]))
    rows = tuple(tuple(_cell(cell) for cell in row) for row in value["rows"])
    return Table(rows, value["title"])


def _cell(value: dict[str, Any]) -> Cell:
    return Cell(**{**value, "at": At(**value["at"])})
