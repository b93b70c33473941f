"""Vietnamese text from before Unicode: TCVN3 (.VnTime fonts) and VNI."""

import re

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_MODERN = re.compile("[ăđơưạ-ỹĂĐƠƯẠ-Ỹ]")
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
    if _MODERN.search(sample):
        return None
    from viparse import detect_text_encoding  # noqa: PLC0415 - heavy, and seldom needed

    encoding = detect_text_encoding(sample)
    return encoding if encoding in {"tcvn3", "vni"} else None


def modern(text: str, encoding: str | None, *, capitals: bool = False) -> str:
    """Return text in Unicode; `capitals` for fonts whose small letters look like capitals."""
    if encoding is None:
        return text
    from viparse.normalize.encodings import CHARMAPS  # noqa: PLC0415 - heavy, and seldom needed
    from viparse.normalize.tables import convert  # noqa: PLC0415

    turned = str(convert(text, CHARMAPS[encoding]))
    return turned.upper() if capitals else turned
