"""What a column holds, told by what its heading means and never by where it stands."""

import re
from enum import StrEnum

from knowledge.vietnamese import fold


class Role(StrEnum):
    """What a column can hold."""

    NUMBER = "number"
    NAME = "name"
    FIELD = "field"
    AGENCY = "agency"
    PARTNER = "partner"
    TIME = "time"
    """Weekdays or a deadline: the cells decide."""
    BEGINS = "begins"
    ENDS = "ends"
    Q1 = "q1"
    Q2 = "q2"
    Q3 = "q3"
    Q4 = "q4"
    GOAL = "goal"
    FEE = "fee"
    PAPERS = "papers"
    DURATION = "duration"
    CUTOFF = "cutoff"
    SERVICE = "service"
    """What is done for the citizen on the service day."""
    PRODUCT = "product"
    REVIEW = "review"
    CODE = "code"
    PLACE = "place"
    NOTE = "note"
    OTHER = "other"


QUARTERS = (Role.Q1, Role.Q2, Role.Q3, Role.Q4)

_MEANINGS: tuple[tuple[Role, str], ...] = (
    (Role.NUMBER, r"^(?:tt|stt|so tt|so thu tu|so)$"),
    (Role.NAME, (r"^(?:ten\b|danh muc|thu tuc hanh chinh|tthc|thu tuc$|nhom (?:tthc|thu tuc)"
                r"|dich vu cong)")),
    (Role.NAME, (r"^noi dung (?:cong viec|nhiem vu|bieu mau|chi tieu)|^(?:nhiem vu|cong viec|dau"
                r" viec)")),
    (Role.Q4, r"\bquy (?:iv|4)\b"),
    (Role.Q3, r"\bquy (?:iii|3)\b"),
    (Role.Q2, r"\bquy (?:ii|2)\b"),
    (Role.Q1, r"\bquy (?:i|1)\b"),
    (Role.BEGINS, r"\bbat dau\b"),
    (Role.ENDS, r"^(?:hoan thanh|ket thuc)|thuc hien (?:hoan thanh|ket thuc)$"),
    (Role.PARTNER, r"phoi hop"),
    (Role.CODE, r"^ma\b"),
    (Role.SERVICE, r"^noi dung (?:thuc hien|ho tro)|viet ho|viet thay"),
    (Role.REVIEW, r"noi dung ra soat|phuong an"),
    (Role.FIELD, r"^(?:linh vuc|nhom$|nganh)"),
    (Role.PLACE, r"dia diem|^noi (?:tiep|nop|thuc|nhan)|noi tiep nhan"),
    (Role.CUTOFF, r"\bgio (?:tiep nhan|nhan|lam viec)|khung gio|^gio$"),
    (Role.DURATION, (r"(?:thoi han|thoi gian|so ngay)(?: \w+){0,2}? (?:giai quyet|xu ly|tra ket"
                    r" qua|tra)")),
    (Role.FEE, r"^(?:muc |cac )?(?:phi|le phi)\b|\ble phi\b"),
    (Role.PAPERS, r"^(?:thanh phan|ho so|giay to)|(?:ho so|giay to) (?:can|phai|mang|gom|kem)"),
    (Role.AGENCY, (r"chu tri|(?:co quan|don vi|bo phan|phong)(?:,? \w+){0,3}? (?:thuc hien|giai"
                  r" quyet|tiep nhan|phu trach)")),
    (Role.AGENCY, r"^(?:co quan|don vi|phong|bo phan)\b|nguoi (?:phu trach|thuc hien)"),
    (Role.TIME, (r"thoi gian|thoi han|tien do|\blich\b|^ngay\b|^cac ngay|^thu(?: trong tuan)?$"
                r"|ngay (?:tiep nhan|thuc hien|ap dung|phuc vu)")),
    (Role.PRODUCT, r"san pham|^ket qua|du kien"),
    (Role.GOAL, r"^(?:chi tieu|muc tieu)"),
    (Role.NAME, r"^noi dung$|^ten|^chi so"),
    (Role.NOTE, r"^ghi chu"),
)  # fmt: skip
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _MEANINGS)
_LONGEST = 220


def role(title: str) -> Role | None:
    """Return what a heading announces; None where it is no heading that we know."""
    folded = fold(title).strip(" .:*")
    if not folded or len(folded) > _LONGEST:
        return None
    return next((role for role, pattern in _PATTERNS if pattern.search(folded)), None)


_STARTERS = re.compile(
    r"(?<!\w)(?:stt|tt|ten|noi dung|co quan|don vi|thoi gian|thoi han|ngay|lich|phi|le phi|muc"
    r" thu|ho so"
    r"|giay to|thanh phan|du kien|san pham|ket qua|linh vuc|ghi chu|chi tieu|lo trinh|quy (?:iv"
    r"|i{1,3}|[1-4])"
    r"|ma (?:so|tthc|thu tuc)|chu tri|phoi hop|bat dau|hoan thanh|ket thuc|nhiem vu|danh muc"
    r"|thu tuc"
    r"|dia diem|noi|muc do|can cu|bo phan|phong|tien do|gio|cac ngay|so ngay)(?!\w)"
)
_OPEN = re.compile(
    r"(?:^|\b)(?:co quan,?|don vi,?|thoi gian|thoi han|ten|ma(?: so)?|thanh phan|du kien|phi,"
    r"|danh muc"
    r"|ten/?(?:nhom)?|tiep nhan|nop|ngay|lich|noi|cua|va|cac|,|thuc hien ngay)$"
)
_SUBHEADINGS = {
    Role.TIME: (Role.BEGINS, Role.ENDS),
    Role.AGENCY: (Role.AGENCY, Role.PARTNER),
    Role.GOAL: QUARTERS,
}


def titles(text: str) -> list[str]:
    """Return the headings that stand in one run of words: each begins with a capital letter.

    `text` has single spaces, so that its folding keeps every place.
    """
    folded = fold(text)
    if len(folded) != len(text):
        return []
    cuts: list[int] = []
    for found in _STARTERS.finditer(folded):
        at = found.start()
        if (
            text[at].isupper()
            and text[at - 1 : at] not in _QUOTES
            and not _goes_on(text, cuts, at)
        ):
            cuts.append(at)
    ends = [*cuts[1:], len(text)]
    return [text[start:end].strip() for start, end in zip(cuts, ends, strict=True)]


_QUOTES = {"“", '"', "‘"}


def _goes_on(text: str, cuts: list[int], at: int) -> bool:
    """Return whether words in capitals at a place belong to the heading before it."""
    shouted = text[at : at + 2].isupper()
    return bool(cuts and shouted and _OPEN.search(fold(text[cuts[-1] : at])))


def columns(found: list[str]) -> list[tuple[Role, str]]:
    """Return the columns of a flat heading, subheadings in the place of what they divide."""
    known = [(role(title) or Role.OTHER, title) for title in found]
    known = [(kind, title) for kind, title in known if kind is not Role.NUMBER]
    for parent, children in _SUBHEADINGS.items():
        known = _divided(known, parent, children)
    return _distinct(known)


def _divided(
    known: list[tuple[Role, str]], parent: Role, children: tuple[Role, ...]
) -> list[tuple[Role, str]]:
    tail = known[-8:]
    under = [pair for pair in tail if pair[0] in children and _bare(pair[1])]
    if [kind for kind, _ in under] != list(children):
        return known
    at = next(
        (i for i, pair in enumerate(known) if _heads(pair, parent) and pair not in under), None
    )
    if at is None:
        return known
    rest = [pair for pair in known if pair not in under]
    at = next(i for i, pair in enumerate(rest) if _heads(pair, parent))
    return [*rest[:at], *under, *rest[at + 1 :]]


def _bare(title: str) -> bool:
    return len(title.split()) <= 2  # noqa: PLR2004 - "Chủ trì", "Quý IV"


def _heads(pair: tuple[Role, str], parent: Role) -> bool:
    if parent is Role.GOAL:
        return fold(pair[1]).startswith("lo trinh")
    return pair[0] is parent


def _distinct(known: list[tuple[Role, str]]) -> list[tuple[Role, str]]:
    seen: set[Role] = set()
    kept = []
    for kind, title in known:
        single = kind if kind not in seen else Role.OTHER
        seen.add(kind)
        kept.append((single, title))
    return kept
