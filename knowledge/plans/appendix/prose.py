"""What a plan's running text says: lists of procedures, the service day, the hour, the start."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time

from knowledge.plans.appendix import marks, times
from knowledge.plans.appendix.grid import joined
from knowledge.plans.readers.sheet import Line, Sheet
from knowledge.vietnamese import fold

CODE = re.compile(r"\b(\d\.\d{6})(?:\.\d+)*(?:\.[A-Z]\d+)?\b")
_CODE_PHRASE = re.compile(
    r"[\s.,;:(]*(?:-\s*)?\(?\s*[Mm]ã(?: số)?(?: TTHC| thủ tục(?: hành chính)?)?\s*:?\s*"
    r"\d\.\d{6}(?:\.\d+)*(?:\.[A-Z]\d+)?\)?\.?"
)
_BULLET = re.compile(r"^\s*(?:[-–+•*]|\d{1,2}[.)])\s*")
_LETTER = re.compile(r"^([a-hđ])\)\s*(.*)", re.DOTALL)
_HEAD = re.compile(r"(?:tthc|thu tuc)[^:]*:$")
_COUNT = re.compile(r"\b(\d{1,3}) (?:tthc|thu tuc)")
_AGENCY = re.compile(
    r"[Tt]ại ((?:Bộ phận|Trung tâm|UBND|Phòng|Văn phòng)\b.+?)"
    r"(?=\s+(?:áp dụng|thực hiện|tiếp nhận|đối với|gồm|có)\b|\s*[:;.(]|$)"
)
_STARTS_NEW = re.compile(
    r"^\s*(?:[-–+•*]\s|[a-hđ]\)|[IVX]{1,5}\s*[.)]|\d{1,2}(?:\.\d{1,2})*[.)]|Phụ lục|PHỤ LỤC|KẾ"
    r" HOẠCH|Nơi nhận)"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One procedure in a list of the running text; `section` is like "IV.2.a"."""

    section: str
    row: int
    name: str
    code: str | None
    agency: str | None
    line: Line
    counted: int | None
    """How many procedures the list's own heading announces."""


def paragraphs(sheet: Sheet) -> list[Line]:
    """Return whole paragraphs with the place of their first line."""
    whole: list[Line] = []
    for line in sheet.lines:
        text = " ".join(line.text.split())
        if not text:
            continue
        last = whole[-1].text if whole else ""
        goes_on = last and not last.endswith((".", ":", ";")) and not _STARTS_NEW.match(text)
        if sheet.wrapped and goes_on:
            whole[-1] = Line(joined(last, text), whole[-1].at)
        else:
            whole.append(Line(text, line.at))
    return [part for line in whole for part in _parts(line)]


def _parts(line: Line) -> Iterator[Line]:
    """Part a paragraph where a lettered point begins inside it."""
    for part in re.split(r"(?<=\S)\s(?=[a-e]\)\s+[A-ZĐ])", line.text):
        yield Line(part, line.at)


def listed(lines: Sequence[Line]) -> Iterator[Listed]:
    """Return the procedures of lists like "áp dụng đối với 03 TTHC:"."""
    section: dict[str, str] = {}
    head: tuple[str, int | None] | None = None
    row = 0
    for line in lines:
        item = _item(line.text) if head else None
        if head and item:
            row += 1
            name, code = item
            path = ".".join(section.values())
            yield Listed(path, row, name, code, _agency(head[0]), line, head[1])
            continue
        _enter(section, line.text)
        if _HEAD.search(fold(line.text)):
            count = _COUNT.search(fold(line.text))
            head, row = (line.text, int(count[1]) if count else None), 0
        else:
            head = None


def _enter(section: dict[str, str], text: str) -> None:
    """Keep the marks of the sections that a paragraph stands in."""
    if letter := _LETTER.match(text):
        section["letter"] = letter[1]
        return
    mark, rest = marks.split(text)
    if not mark or rest[:1].islower() or not re.match(r"^\S+[.)]", text.strip()):
        return
    if mark.kind == "roman":
        section.clear()
        section["roman"] = mark.text
    elif mark.kind == "number" and text.strip()[len(mark.text) :][:1] in {".", ")"}:
        section.pop("letter", None)
        section["number"] = mark.text


def _item(text: str) -> tuple[str, str | None] | None:
    bare = _BULLET.sub("", text)
    code = CODE.search(bare)
    if not code and not fold(bare).startswith("thu tuc "):
        return None
    if text.rstrip().endswith(":"):
        return None
    return procedure_name(bare), code[1] if code else None


_SAID_BEFORE = re.compile(r"^(?:Thủ tục|TTHC)\s+(?:hành chính\s+)?[“\"]?")
_FEWEST_WORDS = 3
_NAMES = re.compile(
    r"(?:ap dung|ban|bao|bo|cai chinh|cap|cham dut|chap|cho|chung|chuyen|cong|cung cap|dang"
    r"|danh gia|dat|de nghi|dieu|dinh|doi|dong|dua|gia|giai|giam|giao|go|gop|hoa|hoan|ho tro|huong"
    r"|huy|hop|ket|khai|khen|khoi|kiem|lap|lay|lien thong|lua|mien|mua|nhan|nhap|nop|phan|phe"
    r"|phuc|quyet|rut|sap|sua|tach|tai|tam|tang|tat|tham|thanh|thau|thay|thi|thoa|thoi|thong|thu"
    r"|thuc|tiep|tinh|to|tra|trich|trinh|trien|tro|truy|tuyen|tu|xac|xem|xet|xin|xoa|xu|yeu)\b"
)
"""What a procedure does stands first in its name; other words belong to "Thủ tục" before them."""


def procedure_name(text: str) -> str:
    """Return a procedure's name without its code, "Thủ tục" before it and the quotes around it."""
    name = _CODE_PHRASE.sub("", " ".join(text.split()))
    name = CODE.sub("", name).strip(" .;,:")
    bare = _SAID_BEFORE.sub("", name)
    if len(bare.split()) < _FEWEST_WORDS or not (bare[:1].isupper() or _NAMES.match(fold(bare))):
        bare = name
    if bare != name and bare.endswith(("”", '"')):
        bare = bare[:-1]
    bare = bare.strip(" .;,:") or name
    return bare[:1].upper() + bare[1:]


def _agency(text: str) -> str | None:
    found = _AGENCY.search(text)
    return found[1].strip(" ,") if found else None


@dataclass(frozen=True, slots=True)
class Said:
    """What the text says for the whole plan; not `sure` where it says several things."""

    days: times.Days | None = None
    cutoff: time | None = None
    starts: str | None = None
    agency: str | None = None


_DAY_LINE = re.compile(
    r"[Nn]gày (?:thực hiện|áp dụng|tiếp nhận|phục vụ)[^:.\n]{0,40}:\s*([^\n.;]+)"
)
_WEEKLY = re.compile(
    r"((?:[Tt]hứ|[Cc]hủ nhật)\s?[^.;:\n(]{0,40}?)\s+(?:hàng|hằng|trong|mỗi) tuần|(?:vào|trong)"
    r" (?:các )?ngày (thứ [^.;:\n(\"“]{1,30})"
)
_HOUR_LINE = re.compile(
    r"[^.\n]*(?:nhận|tiếp nhận|giải quyết)[^.\n]*\b(?:đến|trước)\s+\d{1,2}\s*(?:giờ|h|g|:)[^.\n]*",
    re.IGNORECASE,
)
_START_LINES = (
    re.compile(
        r"[Tt]hời gian (?:bắt đầu )?(?:thực hiện|áp dụng|triển khai)[^:.\n]{0,60}:\s*[Tt]ừ ngày"
        r" ([^.;\n]{6,40})"
    ),
    re.compile(r"[Tt]hời gian bắt đầu[^.;\n]{0,60}?từ (?:ngày )?([^.;,\n]{6,40})"),
    re.compile(r"(?:kể từ|bắt đầu từ|thực hiện từ|áp dụng từ) ngày ([^.;,\n]{6,40})"),
    re.compile(r"(?:bắt đầu thực hiện|bắt đầu) từ (tháng[^.;,\n]{4,30})"),
)
_DESK = re.compile(
    r"thực hiện (?:tiếp nhận )?tại ((?:Bộ phận|Trung tâm)\s+(?:Một cửa|một cửa|Tiếp nhận|tiếp"
    r" nhận|Phục vụ|phục vụ)[^.;,(\n]*)"
)
_SPOKEN_MONTH = re.compile(r"thang (\d{1,2}) nam (\d{4})|thang (\d{1,2})/(\d{4})")


def said(lines: Sequence[Line]) -> Said:
    """Return what the running text says for all procedures together."""
    text = "\n".join(line.text for line in lines)
    hour = _HOUR_LINE.search(text)
    desk = _DESK.search(text)
    return Said(
        _days(text),
        times.cutoff(hour[0]) if hour else None,
        _starts(text),
        desk[1].strip() if desk else None,
    )


def _days(text: str) -> times.Days | None:
    for pattern in (_DAY_LINE, _WEEKLY):
        found = [times.weekdays(m[1] or m[m.lastindex or 1]) for m in pattern.finditer(text)]
        named = [days for days in found if days]
        if named:
            agree = len({days.weekdays for days in named}) == 1
            return times.Days(named[0].weekdays, agree and named[0].sure)
    return None


def _starts(text: str) -> str | None:
    for pattern in _START_LINES:
        if not (found := pattern.search(text)):
            continue
        if day := times.day(found[1]):
            return day.isoformat()
        if month := _SPOKEN_MONTH.search(fold(found[1])):
            number, year = month[1] or month[3], month[2] or month[4]
            return f"{year}-{int(number):02}"
    return None
