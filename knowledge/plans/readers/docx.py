"""Word documents (.docx): paragraphs and tables in their order."""

from __future__ import annotations

import io
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from knowledge.plans.readers import archive, legacy
from knowledge.plans.readers.sheet import At, Cell, Line, Sheet, Table
from knowledge.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.document import Document
    from docx.styles.style import BaseStyle
    from docx.table import Table as WordTable
    from lxml.etree import _Element as Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_UNREAD = {
    f"{_W}del",
    f"{_W}moveFrom",
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
_SIGNS = {f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}tab": " ", f"{_W}noBreakHyphen": "-"}
_MOST_CELLS = 200_000

_Dress = tuple[str | None, bool]
"""A run's legacy encoding, and whether its font shows small letters as capitals."""
_PLAIN: _Dress = (None, False)


def read(data: bytes) -> Sheet:
    """Return paragraphs and tables; deleted text, comments and pictures are left out."""
    archive.names(data)
    import docx  # noqa: PLC0415 - heavy, and needed for this format only

    try:
        document = docx.Document(io.BytesIO(data))
    except Exception as error:
        raise archive.trouble(error) from error
    fonts = _Fonts(document)
    raw = list(_blocks(document, fonts))
    blocks, encoding = legacy.renewed(raw, fonts.seen)
    return Sheet("docx", blocks, encoding=encoding)


class _Fonts:
    """The fonts of runs and styles, for text set in a legacy font."""

    def __init__(self, document: Document) -> None:
        self.seen: str | None = None
        self._styles = {style.style_id: style for style in document.styles}
        self._normal = self._of_style(document.styles.default(1)) or _default(document)

    def _of_style(self, style: BaseStyle | None) -> str:
        while style is not None:
            font = getattr(getattr(style, "font", None), "name", None)
            if font:
                return str(font)
            style = getattr(style, "base_style", None)
        return ""

    def dress(self, run: Element) -> _Dress:
        """Return the encoding that a run's font stands for, and whether it shows capitals."""
        font = self._font(run)
        encoding = legacy.of_font(font)
        self.seen = self.seen or encoding
        return encoding, encoding == "tcvn3" and font.endswith("H")

    def _font(self, run: Element) -> str:
        fonts = run.find(f"{_W}rPr/{_W}rFonts")
        named = fonts.get(f"{_W}ascii") or fonts.get(f"{_W}hAnsi") if fonts is not None else None
        if named:
            return str(named)
        for path in (f"{_W}rPr/{_W}rStyle", f"../{_W}pPr/{_W}pStyle"):
            style = run.find(path)
            if style is not None:
                return self._of_style(self._styles.get(style.get(f"{_W}val"))) or self._normal
        return self._normal


def _default(document: Document) -> str:
    """Return the font that the document sets for all that has no style."""
    path = f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr/{_W}rFonts"
    fonts = document.styles.element.find(path)
    return str(fonts.get(f"{_W}ascii") or "") if fonts is not None else ""


def _blocks(document: Document, fonts: _Fonts) -> Iterator[Line | Table]:
    from docx.text.paragraph import Paragraph  # noqa: PLC0415 - loaded with the rest

    tables = 0
    for number, block in enumerate(document.iter_inner_content(), 1):
        if isinstance(block, Paragraph):
            yield Line(_text(block._p, fonts), At(line=number))  # noqa: SLF001 - the only way
        else:
            tables += 1
            yield _table(block, tables, fonts)


def _table(table: WordTable, number: int, fonts: _Fonts) -> Table:
    rows: list[tuple[Cell, ...]] = []
    above: list[Element] = []
    for r, row in enumerate(table.rows, 1):
        elements = [cell._tc for cell in row.cells]  # noqa: SLF001 - tells merged cells apart
        cells = []
        for c, element in enumerate(elements):
            merged = element in elements[:c] or (c < len(above) and above[c] is element)
            at = At(table=number, row=r, column=c + 1)
            cells.append(Cell(_text(element, fonts), at, merged))
        rows.append(tuple(cells))
        above = elements
        if len(rows) * max(1, len(cells)) > _MOST_CELLS:
            raise Refusal(archive.TOO_LARGE)
    return Table(tuple(rows))


def _text(element: Element, fonts: _Fonts) -> str:
    pieces: list[tuple[_Dress, str]] = []
    _collect(element, fonts, pieces)
    # Word parts runs anywhere, even between a VNI letter and its sign.
    runs = groupby(pieces, itemgetter(0))
    texts = [(dress, "".join(words for _, words in run)) for dress, run in runs]
    return "".join(legacy.modern(text, how, capitals=big) for (how, big), text in texts).strip()


def _collect(element: Element, fonts: _Fonts, pieces: list[tuple[_Dress, str]]) -> None:
    for child in element:
        tag = child.tag
        if tag in _UNREAD:
            continue
        if tag == f"{_W}t":
            pieces.append((fonts.dress(child.getparent()), child.text or ""))
        elif tag in _SIGNS:
            pieces.append((pieces[-1][0] if pieces else _PLAIN, _SIGNS[tag]))
        else:
            _collect(child, fonts, pieces)
            if tag == f"{_W}p":
                pieces.append((_PLAIN, "\n"))
