"""Files as sheets of lines and cells. A new format is one module here and one line in READERS."""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from knowledge.plans.readers import archive, confined, docx, pdf, txt, xlsx
from knowledge.plans.readers.sheet import At, Cell, Line, Sheet, Table, from_json, to_json
from knowledge.refusal import Refusal

__all__ = [
    "MOST_BYTES",
    "READERS",
    "TOO_LONG",
    "At",
    "Cell",
    "Line",
    "Sheet",
    "Table",
    "format_of",
    "read",
    "read_safely",
]

READERS: Mapping[str, Callable[[bytes], Sheet]] = MappingProxyType(
    {"txt": txt.read, "docx": docx.read, "pdf": pdf.read, "xlsx": xlsx.read}
)

MOST_BYTES = 50_000_000
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"BM")
_HEAD = 1024


def read(data: bytes, name: str) -> Sheet:
    """Return the sheet of a file, in this process and without bounds; raises `Refusal`."""
    return READERS[format_of(data, name)](data)


def read_safely(data: bytes, name: str) -> Sheet:
    """Return the sheet of a file read in a process of its own: at most 30 s and 500 MB.

    Whatever goes wrong there is a `Refusal`.
    """
    format_of(data, name)
    return from_json(confined.run(f"{__name__}:read_as_json", data, name))


def read_as_json(data: bytes, name: str) -> dict[str, Any]:
    """Return `read` as plain values, for the way between two processes."""
    return to_json(read(data, name))


def format_of(data: bytes, name: str) -> str:
    """Return the format that the content shows; the name's ending decides nothing by itself."""
    if not data.strip(b"\0 \t\r\n\f"):
        raise Refusal("The file is empty. Choose the file that holds the plan.")
    if len(data) > MOST_BYTES:
        raise Refusal(TOO_LONG)
    if data.startswith(b"PK"):
        return _office(data)
    if b"%PDF-" in data[:_HEAD]:
        return "pdf"
    _refuse_foreign(data, _ending(name))
    return "txt"


def _refuse_foreign(data: bytes, ending: str) -> None:
    """Refuse formats that another program has to turn first, each with its own advice."""
    if data.startswith(_OLD_OFFICE):
        raise Refusal(_OLD_EXCEL if ending == ".xls" else _OLD_WORD)
    if data.startswith(b"{\\rtf"):
        raise Refusal(_RICH_TEXT)
    if data.startswith(_PICTURES):
        raise Refusal(_PICTURE)
    if ending in {".docx", ".xlsx", ".pdf"} and not _is_text(data):
        raise Refusal(archive.DAMAGED)


def _office(data: bytes) -> str:
    inside = archive.names(data)
    if "word/document.xml" in inside:
        return "docx"
    if any(name.startswith("xl/") for name in inside):
        return "xlsx"
    raise Refusal(txt.UNKNOWN)


def _is_text(data: bytes) -> bool:
    try:
        txt.read(data[:_HEAD])
    except Refusal:
        return False
    return True


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()


TOO_LONG = (
    "The file is larger than 50 MB, so it was not opened."
    " Save its appendices alone as a new file and import that."
)
_OLD_WORD = (
    "This is a document of an old Word (.doc) or a locked one."
    " Open it in Word, save it without a password as .docx and import that file."
)
_OLD_EXCEL = (
    "This is a workbook of an old Excel (.xls) or a locked one."
    " Open it in Excel, save it without a password as .xlsx and import that file."
)
_RICH_TEXT = (
    "This is a rich text file (.rtf). Open it in Word, save it as .docx and import that file."
)
_PICTURE = (
    "This is a picture. Ask for the original file (Word, Excel or PDF with text)"
    " and import that file."
)
