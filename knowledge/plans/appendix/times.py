"""What a cell says of time: weekdays, a cut-off hour, a deadline, a day of the calendar."""

import re
from dataclasses import dataclass
from datetime import date, time

from knowledge.plans.model import Weekday
from knowledge.vietnamese import fold

_NAMES = {
    "hai": 0, "2": 0, "ba": 1, "3": 1, "tu": 2, "4": 2, "nam": 3, "5": 3,
    "sau": 4, "6": 4, "bay": 5, "7": 5, "nhat": 6, "cn": 6,
}  # fmt: skip
_DAY = r"(?:hai|ba|tu|nam|sau|bay|[2-7])(?!\w|/\d|\s+\d{4}|\s*(?:gio|thang|quy)\b)"
_FULL = rf"(?:thu\s*{_DAY}|t\s?[2-7]\b|chu nhat|\bcn\b)"
_ITEM = rf"(?:{_FULL}|{_DAY})"
_RUN = re.compile(rf"{_FULL}(?:\s*(?:,|;|\+|&|/|va|hoac|-|–|den|toi)\s*(?:ngay\s+)?{_ITEM})*")
_ONE = re.compile(r"chu (nhat)|(?:thu\s*|t\s?)?(\bcn\b|hai|ba|tu|nam|sau|bay|[2-7])(?!\w)")
_TO = re.compile(r"-|–|den|toi")
_EVERY = re.compile(r"ngay lam viec|hang ngay|ngay trong tuan|thu hai den (?:het )?thu sau")
_WORKING = re.compile(r"(?:tat ca )?(?:cac |vao )*ngay lam viec(?: trong tuan| hang tuan)?")
_EXCEPT = re.compile(r"(?:tru|khong ke|ngoai tru)\b")
_PART = re.compile(
    r"\b(?:sang|chieu|buoi)\b|dau thang|cuoi thang|dau tien|cach tuan|tuan thu|tuan dau|tuan cuoi"
    r"|hai tuan|2 tuan|ngay le\b|ngay chan"
)
_HOUR = re.compile(
    r"\b(den|truoc|khong qua|cham nhat)\s+(?:luc\s+)?(\d{1,2})\s*(?:gio|h|:|g)\s*(\d{2})?"
)
_LAST_HOUR = re.compile(
    r"\d{1,2}\s*(?:gio|h|g|:)\s*(?:\d{2})?\s*(?:-|–)\s*(\d{1,2})\s*(?:gio|h|g|:)\s*(\d{2})?"
)
_CALENDAR = re.compile(r"\b(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})\b")
_SPOKEN = re.compile(r"\bngay (\d{1,2}) thang (\d{1,2}) nam (\d{4})\b")
_MONTH = re.compile(r"^(\d{1,2})\s*/\s*(\d{4})$")
_WEEK = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Days:
    """Weekdays read from words; not `sure` where the words say more than weekdays can hold."""

    weekdays: tuple[Weekday, ...]
    sure: bool = True


def weekdays(text: str) -> Days | None:
    """Return the weekdays that a text names, None where it names none."""
    folded = fold(text)
    named, _, excepted = _split_exception(folded)
    days = _named(named)
    sure = not _PART.search(named)
    if not days and _EVERY.search(named):
        days = set(range(5))
        sure = sure and bool(_WORKING.search(named))
    if not days:
        return None
    days -= _named(excepted)
    return Days(tuple(_WEEK[day] for day in sorted(days)), sure)


def _split_exception(folded: str) -> tuple[str, str, str]:
    found = _EXCEPT.search(folded)
    if not found:
        return folded, "", ""
    return folded[: found.start()], found[0], folded[found.end() :]


def _named(folded: str) -> set[int]:
    days: set[int] = set()
    for run in _RUN.finditer(folded):
        ones = list(_ONE.finditer(run[0]))
        numbers = [_NAMES[one[1] or one[2]] for one in ones]
        days.update(numbers)
        for left, right, first, last in zip(ones, ones[1:], numbers, numbers[1:], strict=False):
            if _TO.search(run[0][left.end() : right.start()]) and first < last:
                days.update(range(first, last))
    return days


def cutoff(text: str) -> time | None:
    """Return the hour until which something is received, in local wall-clock time."""
    folded = fold(text)
    found = _HOUR.search(folded)
    hour, minute = (found[2], found[3]) if found else (None, None)
    if not found and (last := _LAST_HOUR.search(folded)):
        hour, minute = last[1], last[2]
    if hour is None or int(hour) > 23 or int(minute or 0) > 59:  # noqa: PLR2004 - the clock
        return None
    return time(int(hour), int(minute or 0))


def day(text: str) -> date | None:
    """Return the one day of the calendar that a text names, None for none or several."""
    folded = fold(text)
    found = {match.groups() for match in (*_CALENDAR.finditer(folded), *_SPOKEN.finditer(folded))}
    if len(found) != 1:
        return None
    d, m, y = (int(part) for part in found.pop())
    try:
        return date(y, m, d)
    except ValueError:
        return None


def month(text: str) -> str | None:
    """Return "2024-08" for "8/2024"."""
    found = _MONTH.match(text.strip())
    if not found or not 1 <= int(found[1]) <= 12:  # noqa: PLR2004 - the months
        return None
    return f"{found[2]}-{int(found[1]):02}"


_ALWAYS = (
    r"thuong xuyen|(?:hang|hang|moi|dinh ky(?: hang)?) (?:thang|quy|nam|tuan|ngay)|trong nam(?:"
    r" \d{4})?"
    r"|ca nam|nam \d{4}"
)
_DATE = r"(?:ngay )?\d{1,2}/\d{1,2}(?:/\d{4})?"
_PERIOD = r"(?:thang|quy) [\divx]+(?:\s*,\s*[\divx]+)*(?:\s*/\s*\d{4}| nam \d{4})?"
_WHOLE = re.compile(
    rf"^(?:{_ALWAYS}|(?:truoc|trong|den|tu|cham nhat|xong truoc|hoan thanh(?: truoc| trong)?)? ?"
    rf"(?:{_DATE}|{_PERIOD}|nam \d{{4}})|\d{{1,2}}/\d{{4}})\.?$"
)
_START = re.compile(
    r"^(?:thuong xuyen|hang |moi |dinh ky|truoc |trong |thang |quy |sau |khi |ngay khi|theo "
    r"|hoan thanh"
    r"|thuc hien truoc|cham nhat|ca nam|nam \d|den |tu ngay|tu thang|ngay \d|\d{1,2}/\d)"
)
_OPEN = re.compile(
    r"(?:^| )(?:ngay|thang|truoc|trong|theo|quy|nam|khi|sau|thuong|hang|va|den|thu)$|,$"
)


def deadline_like(folded: str) -> float:
    """Return how much a folded text reads as a deadline or as weekdays: 3 wholly, below 0 not."""
    if _WHOLE.match(folded) or _wholly_weekdays(folded):
        return 3.0
    if _OPEN.search(folded):
        return -2.0
    return 1.5 if _START.match(folded) else -5.0


_AROUND = re.compile(
    r"(?:tat ca |cac |vao |ngay |buoi |sang |chieu |tu |hang tuan|hang thang|trong tuan|lam"
    r" viec|trong)*"
)


def _wholly_weekdays(folded: str) -> bool:
    rest = _RUN.sub(" ", folded)
    if rest == folded and not _WORKING.search(folded):
        return False
    return not re.sub(r"[\s,.;()]+|\bva\b", "", _AROUND.sub("", rest))
