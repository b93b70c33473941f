"""A document's head: who issued it, its number, its day and what it is called."""

import re

from knowledge.plans.appendix.draft import Head
from knowledge.plans.readers.sheet import Line, Sheet
from knowledge.vietnamese import fold

_LONGEST = 2_500
_MOTTO = re.compile(
    r"CỘNG HO?[ÀÒ]A? XÃ HỘI CHỦ NGHĨA|VIỆT NAM\b|Độc lập\s*[-–]\s*Tự do\s*[-–]\s*Hạnh phúc|CHỦ"
    r" NGHĨA",
    re.IGNORECASE,
)
_ISSUER = re.compile(
    r"(?:ỦY|UỶ|Uỷ|Ủy) (?:BAN NHÂN DÂN|ban nhân dân)\s+"
    r"((?:TỈNH|THÀNH PHỐ|THỊ XÃ|HUYỆN|QUẬN|XÃ|PHƯỜNG|THỊ TRẤN|ĐẶC KHU|TP\.?|TX\.?)\s+[^\n]+?)"
    r"\s*(?:\n|Số\s*:|$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"Số\s*:\s*([^\s/]*)\s*/\s*([A-ZĐ][A-ZĐa-z-]*(?:-[A-ZĐ]+)*)")
_DATE = re.compile(r"ngày\s*(\d{0,2})[\s.…]*tháng\s*(\d{1,2})\s*năm\s*(\d{4})")
_KIND = re.compile(
    r"^\s*(KẾ HOẠCH|QUYẾT ĐỊNH|THÔNG BÁO|PHƯƠNG ÁN|ĐỀ ÁN)\b["
    r" \t]*(.*)",
    re.MULTILINE | re.DOTALL,
)
_BODY = re.compile(
    r"(?:^|\s)(?:Căn\s+cứ|Thực hiện (?:Kế hoạch|Quyết định|Công văn|Nghị|Chỉ thị)|Để (?:tiếp"
    r"|nâng|triển|thực|đẩy)"
    r"|Nhằm |Trên cơ sở|Thời gian |\d+\.\s|[IVX]+\s*\.|Phụ lục|PHỤ LỤC)"
)
_TITLE_LENGTH = 400

KNOWN = {
    "thanh pho bac kan": "bac-kan",
    "xa thanh binh thinh": "thanh-binh-thinh",
    "phuong dinh ke": "dinh-ke",
    "thi xa phuoc long": "phuoc-long",
    "tinh dak nong": "dak-nong",
}
"""Units whose plans came first, by their folded names with their kind; others get a new slug."""
_KINDS = r"tinh|thanh pho|thi xa|huyen|quan|xa|phuong|thi tran|dac khu|tp\.?|tx\.?"


def read(sheet: Sheet, name: str) -> Head:
    """Return the head of a document that came as a file of this name."""
    text = _top(sheet)
    unit = _unit(text)
    return Head(
        name=name,
        title=_title(text),
        number=_number(text),
        date=_date(text),
        issuer=f"UBND {unit}" if unit else "",
        locality=locality(unit) if unit else _mentioned(sheet),
    )


def _top(sheet: Sheet) -> str:
    parts: list[str] = []
    for block in sheet.blocks:
        if isinstance(block, Line):
            parts.append(block.text.strip())
        else:
            parts += [cell.text for row in block.rows[:8] for cell in row if not cell.merged]
        if sum(map(len, parts)) > _LONGEST:
            break
    return "\n".join(part for part in parts if part)[:_LONGEST]


def _unit(text: str) -> str:
    """Return the issuing unit, its kind written small: "xã Thanh Bình Thịnh"."""
    found = _ISSUER.search(_MOTTO.sub("\n", text))
    if not found:
        return ""
    words = " ".join(found[1].split()).title()
    kind = re.match(rf"(?:{_KINDS})\s", fold(words))
    end = kind.end() if kind else 0
    full = {"tp": "thành phố ", "tx": "thị xã "}.get(fold(words[:2]), words[:end].lower())
    return full + words[end:].strip(" .,")


def _number(text: str) -> str | None:
    found = _NUMBER.search(text)
    number = found[1].strip(" .…") if found else ""
    return f"{number}/{found[2]}" if found and number else None


def _date(text: str) -> str | None:
    found = _DATE.search(text)
    if not found:
        return None
    month = f"{found[3]}-{int(found[2]):02}"
    return f"{month}-{int(found[1]):02}" if found[1] else month


def _title(text: str) -> str:
    found = _KIND.search(text)
    if not found:
        return ""
    rest = found[2]
    end = _BODY.search(rest, 1)
    words = " ".join(rest[: end.start() if end else _TITLE_LENGTH].split())
    return f"{found[1].capitalize()} {words[:1].lower()}{words[1:_TITLE_LENGTH]}".strip()


def locality(unit: str) -> str:
    """Return a unit's slug; a namesake of a known unit keeps its kind in the slug."""
    folded = fold(unit)
    if folded in KNOWN:
        return KNOWN[folded]
    bare = _slug(re.sub(rf"^(?:{_KINDS})\s+", "", folded))
    return _slug(folded) if bare in KNOWN.values() else bare


def _slug(folded: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")


def _mentioned(sheet: Sheet) -> str | None:
    """Return the one known unit that a sheet without a head names; a file's name says nothing."""
    texts = [
        block.text if isinstance(block, Line) else "\n".join(c.text for r in block.rows for c in r)
        for block in sheet.blocks
    ]
    folded = fold("\n".join(texts))
    named = {slug for unit, slug in KNOWN.items() if unit in folded}
    return named.pop() if len(named) == 1 else None
