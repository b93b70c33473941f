"""Vietnamese text from before Unicode: TCVN3 (.VnTime fonts) and VNI."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from knowledge.plans.readers.sheet import Line, Table, neat

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_SMALL = re.compile(f"[ăĩũđơư{''.join(map(chr, range(0x1EA1, 0x1EFA, 2)))}]")
"""Small letters that no legacy text holds; its capitals may have been typed in another font."""
_CAPITAL = re.compile(f"[ĂĨŨĐƠƯ{''.join(map(chr, range(0x1EA0, 0x1EFA, 2)))}]")
_FOREIGN = re.compile("[¡-©«-®±-ÿ]")
_OURS = frozenset("àáâãèéêìíòóôõùúýÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝ°·«»")
_MOST_MODERN = 0.1
_LONGEST_SAMPLE = 20_000


def of_font(font: str) -> str | None:
    """Return the encoding that a font's name stands for, None for a font of today."""
    name = _SUBSET.sub("", font).upper()
    if name.startswith(".VN"):
        return "tcvn3"
    return "vni" if name.startswith("VNI") else None


def of_text(text: str) -> str | None:
    """Return the encoding that text reads as Vietnamese in, None where it is Unicode already."""
    sample = text[:_LONGEST_SAMPLE]
    accented = sum(not char.isascii() for char in sample)
    if len(_SMALL.findall(sample)) > accented * _MOST_MODERN:
        return None
    from viparse import detect_text_encoding  # noqa: PLC0415 - heavy, and seldom needed

    encoding = detect_text_encoding(_CAPITAL.sub("", _SMALL.sub("", sample)))
    return encoding if encoding in {"tcvn3", "vni"} else None


def modern(text: str, encoding: str | None, *, capitals: bool = False) -> str:
    """Return text in Unicode; `capitals` for fonts whose small letters look like capitals."""
    if encoding is None or _SMALL.search(text):
        return text
    from viparse.normalize.encodings import CHARMAPS  # noqa: PLC0415 - heavy, and seldom needed
    from viparse.normalize.tables import convert  # noqa: PLC0415

    turned = str(convert(text, CHARMAPS[encoding]))
    return turned.upper() if capitals else turned


def renewed(
    blocks: Sequence[Line | Table], seen: str | None = None
) -> tuple[tuple[Line | Table, ...], str | None]:
    """Return a file's raw blocks in neat Unicode, and the encoding that they were turned from.

    `seen` is what the fonts told already: then only what still looks foreign is turned.
    """
    encoding = seen or of_text("\n".join(_texts(blocks)))

    def turned(text: str) -> str:
        left = seen is None or any(sign not in _OURS for sign in _FOREIGN.findall(text))
        return neat(modern(text, encoding) if left else text)

    return tuple(_with(block, turned) for block in blocks), encoding


def _texts(blocks: Sequence[Line | Table]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Line):
            yield block.text
        else:
            yield from (cell.text for row in block.rows for cell in row if not cell.merged)


def _with(block: Line | Table, turned: Callable[[str], str]) -> Line | Table:
    if isinstance(block, Line):
        return replace(block, text=turned(block.text))
    rows = tuple(
        tuple(replace(cell, text=turned(cell.text).strip()) for cell in row) for row in block.rows
    )
    return replace(block, rows=rows)
