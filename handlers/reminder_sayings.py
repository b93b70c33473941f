"""How citizens speak of reminders: when, how often, of what; change, pause and stop them.

Without its marks "toi" is both "tôi" and "tối", and "sang" both "sáng" and "to": `plain` tells
them apart before anything else is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import count

from handlers.sayings import bare
from handlers.talk import Button, Turn
from knowledge.plans.model import Weekday
from knowledge.vietnamese import modern

EARLIEST, LATEST = 7, 20
"""Hours of the day in Vietnam at which a reminder may be sent."""
EVENING, MORNING = (1, 19), (0, 7)
"""Days before and hour: what a citizen gets who says nothing, and the other usual time."""
NOON = 12
FARTHEST = 7
"""Days before which a reminder may be sent."""


class Act(StrEnum):
    """What a citizen wants of us; the values stand in buttons, but for the first two."""

    LIST = "list"
    CHANGE = "change"
    REMIND = ""
    END = "off"
    PAUSE = "pause"
    RESUME = "on"


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how often; None is for what is not said."""

    days_before: int | None = None
    hour: int | None = None
    """As it was said, 0 to 24, be it allowed or not."""
    once: bool | None = None
    from_day: date | None = None
    """The first service day that counts."""

    def __bool__(self) -> bool:
        """Tell whether anything is said."""
        return self != Terms()


@dataclass(frozen=True, slots=True)
class Press:
    """What a reminder's button says: "BK1-02 BK1-04 reminder pause"."""

    abouts: tuple[str, ...]
    act: Act = Act.REMIND
    terms: Terms = Terms()


_PRESS = re.compile(r"(\S+(?: \S+)*) reminder(?: (off|pause|on|once|always|\d (?:[7-9]|1\d|20)))?")


def pressed(text: str) -> Press | None:
    """Read what a button says; its subjects may be known or not."""
    found = _PRESS.fullmatch(text.strip())
    if found is None:
        return None
    abouts, rest = tuple(found[1].split()), found[2] or ""
    if rest in ("once", "always"):
        return Press(abouts, terms=Terms(once=rest == "once"))
    if rest[:1].isdigit():
        days, hour = rest.split()
        return Press(abouts, terms=Terms(int(days), int(hour)))
    return Press(abouts, Act(rest))


def press(abouts: tuple[str, ...], rest: str = "") -> str:
    """Write what a button says."""
    return " ".join(filter(None, (*abouts, "reminder", rest)))


def offer(turn: Turn, *abouts: str) -> tuple[Button, ...]:
    """Return the button that asks for a reminder; none where nobody could be written to."""
    if turn.ask.citizen is None:
        return ()
    return (Button(turn.say("🔔 Remind me"), press(abouts)),)


_MARKED = {
    "sáng": "buoi-sang",
    "sang": "qua",
    "tối": "buoi-toi",
    "tôi": "em",
    "tới": "sau",
    "đúng": "phai",
    "dùng": "xai",
}
"""Words that are one without their marks, each written so that they stay two."""
_UNMARKED: tuple[tuple[str, str], ...] = (
    (r"\bsang(?= (?:thang|tuan|ten|nam)\b)", "qua"),
    (r"\b(doi|chuyen)((?: (?:gio|lich|nhac|lai|no|cai|viec|em|toi))*) sang\b", r"\1\2 qua"),
    (r"\b(nhac|bao|cho|giup)((?: cho| giup| nho)?) toi\b", r"\1\2 em"),
    (r"^toi\b(?! (?:hom|truoc|luc|do|ngay|\d))", "em"),
    (r"\btoi(?= (?:muon|can|se|di|lam|khong|ko|k|dang|cua)\b)", "em"),
    (r"\btoi\b", "buoi-toi"),
    (r"\bsang\b", "buoi-sang"),
)


def plain(text: str) -> str:
    """Return a text folded and without signs, morning and evening unmistakable.

    >>> plain("Nhắc tôi 8:30 tối, đổi sang sáng!"), plain("nhac toi 8 gio toi")
    ('nhac em 8h30 buoi-toi doi qua buoi-sang', 'nhac em 8 gio buoi-toi')
    """
    text = re.sub(r"(\d):(\d\d)", r"\1h\2", modern(text[:600]).lower())
    if not text.isascii():
        return _joined(re.sub(r"[^\W\d]+", lambda word: _MARKED.get(word[0], word[0]), text))
    said = _joined(text)
    for pattern, instead in _UNMARKED:
        said = re.sub(pattern, instead, said)
    return said


def _joined(text: str) -> str:
    return re.sub(r"\bbuoi (sang|toi)\b", r"buoi-\1", bare(text))


_NUMBERS = {
    word: number
    for words in (
        ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi"),
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    )
    for number, word in zip(count(1), words, strict=False)
} | {"muoi mot": 11, "muoi hai": 12, "eleven": 11, "twelve": 12, "a": 1, "an": 1}
_NUMBER = r"(\d{1,2}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"

_MORNING = re.compile(r"buoi-sang|\bmorning|\d ?a\.?m\b")
_NOON = re.compile(r"\btrua\b|\bnoon\b")
_AFTERNOON = re.compile(r"\bchieu\b|\bafternoon\b")
_EVENING = re.compile(r"buoi-toi|\bevening|\d ?p\.?m\b|\btonight\b")
_NIGHT = re.compile(r"\bdem\b|\bnight\b|\bkhuya\b|\bmidnight\b")
_PARTS = (
    (_MORNING, 0, 7),
    (_NOON, 1, 11),
    (_AFTERNOON, 1, 16),
    (_EVENING, 1, 19),
    (_NIGHT, 1, 20),
)
"""Parts of the day: how many days before it usually means, and at which hour."""
_HOUR = re.compile(
    rf"\b{_NUMBER} ?(?:h|g|gio|oclock|o clock)(?:\d\d)?\b|\b{_NUMBER} ?[ap]\.?m\b"
    rf"|\b(?:luc|at|to|qua) {_NUMBER}\b"
)
_SAME_DAY = re.compile(
    r"\b(?:ngay |dung |cung |trong |chinh )*(?:hom|ngay) (?:do|ay|lam|di)\b|\b(?:dung|cung) ngay\b"
    r"|\b(?:same|that) day\b|\bon the day\b|\bthat morning\b|\bmorning of\b"
)
_DAYS_BEFORE = re.compile(
    rf"\btruoc (?:(?!hom truoc).){{0,60}}?\b{_NUMBER} (ngay|hom|bua|tuan)\b"
    rf"|\b{_NUMBER} (ngay|hom|bua|tuan|days?|weeks?)"
    r" (?:truoc|before|earlier|ahead|in advance|beforehand)\b"
)
_DAY_BEFORE = re.compile(
    r"\b(?:hom|ngay|bua|buoi-toi|buoi-sang) truoc\b|\btruoc (?:do|hom|ngay|mot buoi)\b"
    r"|\b(?:day|evening|night|afternoon|morning) before\b|\bbeforehand\b|\bin advance\b"
)
_ONCE = re.compile(
    r"\b(?:mot|1) lan\b(?! nua)|\blan nay thoi\b|\bchi lan nay\b|\bonce\b|\bone time\b"
    r"|\b(?:just|only) this time\b"
)
_ALWAYS = re.compile(
    r"\b(?:moi|tat ca cac|cac) lan\b|\blan nao cung\b|\bh[ao]ng (?:tuan|thang)\b|\bmoi tuan\b"
    r"|\bluon luon\b|\bdinh ky\b|\bevery (?:time|week)\b|\balways\b"
)
_NEXT_MONTH = re.compile(
    r"\b(?:thang (?:sau|toi|buoi-toi)|qua thang|het thang)\b|\bnext month\b|\bthang nay\b"
    r"|\bthis month\b"
)
_NEXT_WEEK = re.compile(r"\b(?:tuan (?:sau|toi|buoi-toi)|qua tuan|next week)\b")
_SPAN = re.compile(rf"\b{_NUMBER} (thang|tuan|ngay|months?|weeks?|days?)\b")


def terms(said: str, today: date) -> Terms:
    """Read when and how often somebody wants to be reminded, out of plain words."""
    part = next(((days, hour) for words, days, hour in _PARTS if words.search(said)), None)
    hour = _hour(said)
    days = _days(said)
    if days is None and part:
        days = part[0]
    if days is None and hour is not None:
        days = MORNING[0] if hour < NOON else EVENING[0]
    if hour is None and part:
        hour = part[1]
    if hour is None and days is not None:
        hour = EVENING[1] if days else MORNING[1]
    once = True if _ONCE.search(said) else False if _ALWAYS.search(said) else None
    return Terms(days, hour, once, next_month(today) if _NEXT_MONTH.search(said) else None)


def _days(said: str) -> int | None:
    if found := _DAYS_BEFORE.search(said):
        number, unit = found[1] or found[3], found[2] or found[4]
        days = _number(number) * (7 if unit.startswith(("tuan", "week")) else 1)
        return min(max(days, 0), FARTHEST)
    if _SAME_DAY.search(said):
        return 0
    return 1 if _DAY_BEFORE.search(said) else None


def _hour(said: str) -> int | None:
    found = _HOUR.search(said)
    if found is None:
        return None
    hour = _number(next(filter(None, found.groups())))
    if hour > 2 * NOON:
        return None
    if _NIGHT.search(said):
        return hour + NOON if NOON / 2 <= hour <= NOON else hour
    if _MORNING.search(said):
        return hour % NOON
    late = _EVENING.search(said) or _AFTERNOON.search(said)
    return hour + NOON if late and hour < NOON else hour


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word]


def allowed(hour: int) -> int:
    """Return the nearest hour of the same day at which a reminder may be sent."""
    return min(max(hour, EARLIEST), LATEST)


def next_month(today: date) -> date:
    """Return the first day of the month after."""
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)


def pause_end(said: str, today: date) -> date:
    """Return the day from which a pause lets reminders through again; a month unless said."""
    if _NEXT_MONTH.search(said):
        return next_month(today)
    if _NEXT_WEEK.search(said):
        return today + timedelta(days=7 - today.weekday())
    found = _SPAN.search(said)
    number, unit = (_number(found[1]), found[2]) if found else (1, "thang")
    if unit.startswith(("thang", "month")):
        return _months_later(today, min(number, 12))
    days = number * (7 if unit.startswith(("tuan", "week")) else 1)
    return today + timedelta(days=max(days, 1))


def _months_later(today: date, months: int) -> date:
    years, month = divmod(today.month - 1 + months, 12)
    first = date(today.year + years, month + 1, 1)
    last = next_month(first) - timedelta(days=1)
    return min(first + timedelta(days=today.day - 1), last)


_WEEKS = re.compile(
    r"\btuan (?:(sau|toi|buoi-toi)|nay)\b|\b(next) week\b|\bthis week\b"
    r"|\b(?:next|this) \w+day\b"
)


def named_day(
    said: str, weekdays: tuple[Weekday, ...], offset: int | None, now: date
) -> date | None:
    """Return the one day that a message names: "ngày mai", "thứ Ba tuần sau"; None for none."""
    if offset:
        return now + timedelta(days=offset)
    found = _WEEKS.search(said)
    if not found or len(weekdays) != 1:
        return None
    ahead = list(Weekday).index(weekdays[0]) - now.weekday()
    if found[1] or found[2]:
        return now + timedelta(days=ahead + 7)
    return now + timedelta(days=ahead % 7)


_ME = "(?:em|minh|tui|con|chau|anh|chi|bac|co|chu|ong|ba|toi|buoi-toi|cho|giup|ho|dum|gium)"
_SOFTLY = (
    rf"(?:(?:thoi|a|oi|o|u|vang|da|ok|bot|ad|ban|hay|xin|vui long|lam on|muon|can|{_ME}|roi|the"
    r"|please|i|want|you|to|can|could|ok|okay|now|and|just|would|like) )*"
)
_CASES = "(?: (?:viec|cac|cai|loi|lich|muc|nhung|tat ca|het|the|my|all|any|your|of|these|this))*"
_NOT = (
    r"(?:dung co|dung|ngung|thoi|bo|huy|tat|xoa|khoi|cham dut|ket thuc"
    r"|(?:khong|ko|k|hong|chang) (?:can|muon|phai|cho))"
)
_ENDS = re.compile(
    rf"{_SOFTLY}{_NOT}(?: (?:can|muon|dat|nhan|duoc|phai|di|bot))*{_CASES}"
    r" nhac(?: (?:nho|lich|hen|nhe|lai))*\b(.*)"
    rf"|{_SOFTLY}(?:khong|ko|k|hong|chang) nhac(?: {_ME})* nua\b(.*)"
    rf"|{_SOFTLY}(?:stop|cancel|end|delete|remove|turn off|no more|dont|do not|unsubscribe from)"
    rf"(?: (?:sending|me))*{_CASES} remind\w*\b(.*)"
)
_LATER = "(?:(?:thang|tuan) (?:sau|toi|buoi-toi)|het thang|qua (?:thang|tuan)(?: sau)?)"
_PAUSES = re.compile(
    rf"{_SOFTLY}(?:tam (?:dung|ngung|thoi|hoan|nghi|tat)|hoan|nghi)(?: viec| di)*{_CASES}"
    r" nhac\b(.*)"
    rf"|{_SOFTLY}(?:pause|snooze|suspend){_CASES} remind\w*\b(.*)"
    rf"|{_SOFTLY}{_LATER}(?: (?:hay|moi|roi|thi|hang))* nhac(?: {_ME})* lai\b(.*)"
    rf"|{_SOFTLY}nhac(?: {_ME})* lai (?:vao )?{_LATER}\b(.*)"
    rf"|{_SOFTLY}{_NOT} nhac(?: {_ME})* (?:trong )?(?:thang|tuan) nay\b(.*)"
    rf"|{_SOFTLY}remind me again (?:in|next|after) (?:a )?(?:month|week)\b(.*)"
)
_RESUMES = re.compile(
    rf"{_SOFTLY}(?:tiep tuc|bat|mo)(?: (?:lai|viec))*{_CASES} nhac(?: lai)?\b(.*)"
    rf"|{_SOFTLY}nhac(?: {_ME})* (?:lai|tiep)(?: (?:di|nhe|nha|a|luon|nhu cu|voi|coi|{_ME}))*()"
    rf"|{_SOFTLY}(?:resume|restart|turn on|unpause){_CASES} remind\w*\b(.*)"
)
_CHANGES = re.compile(
    rf"{_SOFTLY}(?:doi|chuyen|sua|dat lai|change|switch|move|set)\b"
    r"(?! (?:ten|giay|so|the|ho)\b)(.*)"
)
_LISTS = re.compile(
    rf"{_SOFTLY}(?:(?:dang|da|co|con|se|duoc|bot|ban|nhan|dat|xem|cho|liet ke|danh sach|lai)"
    rf"(?: {_ME})? )*{_CASES} ?nhac(?: nho)?(?: {_ME}| viec| lich| hen| duoc| dang)*"
    r"(?: (?:nhung )?(?:gi|viec gi|cai gi|viec nao|cai nao|thu gi)(?: .{0,12})?"
    r"|(?: cua)? ?(?:em|minh|tui|toi)?(?: (?:gi|nao))? (?:khong|ko|k|chua))"
    rf"|{_SOFTLY}(?:(?:xem|danh sach|liet ke|cac|nhung|loi|lich|viec) )+nhac"
    r"(?: (?:cua|em|minh|tui|toi|dang co|da dat))*"
    r"|(?:what|which)(?: \w+){0,4} remind\w*(?: \w+){0,4}"
    r"|(?:please )?(?:show|list|see)(?: \w+){0,3} reminders|(?:my|all) reminders"
)
_ACTS: Mapping[Act, re.Pattern[str]] = {
    Act.LIST: _LISTS,
    Act.PAUSE: _PAUSES,
    Act.END: _ENDS,
    Act.RESUME: _RESUMES,
    Act.CHANGE: _CHANGES,
}
"""In this order: a pause says some of the words that a stop says as well."""
_LONG = 30
"""Words from which a message is a story, and no order."""
_SPEAKS = re.compile(r"\bnhac\b|\bremind")
_TIMES = frozenset(
    f"""
    {" ".join(_NUMBERS)} h g gio phut ruoi luc vao buoi-sang buoi-toi trua chieu dem som hom ngay
    buoi do ay truoc sau chi lan thoi moi hang tuan dung phai cung nay duy nhat nhac tao tam
    a.m p.m am pm at in on the of morning evening afternoon night noon day days before earlier
    same that o clock oclock once every time always only just this one it week ahead advance
    em minh cho nhe nha a di oi voi ad bot ban lai qua thanh to please me vang u ok roi
    """.split()
)
_EVERY_DAY = re.compile(
    r"\b(?:moi|cac|tat ca|nhung|tung)(?: cac)? (?:ngay|buoi|lich)\b|\bngay nao cung\b|\bmoi khi\b"
    r"|\blich\b|\bngay (?:khong|tiep|nhan|lam|dich vu|truc tuyen|online|co lich)\b"
    r"|\b(?:every|each|all)(?: the)?(?: \w+)? days?\b|\bservice days?\b|\bschedule\b"
)


def spoken(said: str) -> tuple[Act, str] | None:
    """Return what an order wants done with reminders, and its words about which ones."""
    if len(said.split()) > _LONG:
        return None
    for act, pattern in _ACTS.items():
        if found := pattern.fullmatch(said):
            rest = next(filter(None, found.groups()), "").strip()
            if act is not Act.CHANGE or _SPEAKS.search(said) or _says_when(rest):
                return act, rest
    return None


def _says_when(rest: str) -> bool:
    return only_terms(rest) and bool(terms(rest, date.min))


def only_terms(said: str) -> bool:
    """Tell whether a message says when or how often, and nothing else."""
    words = said.split()
    return 0 < len(words) <= _LONG and all(
        each in _TIMES or re.fullmatch(r"\d{1,2}(?:h|g|h\d\d|[ap]\.?m)?", each) for each in words
    )


def speaks(said: str) -> bool:
    """Tell whether a message says the word itself."""
    return bool(_SPEAKS.search(said))


def every_day(said: str) -> bool:
    """Tell whether all service days of a place are meant."""
    return bool(_EVERY_DAY.search(said))


_OTHERS = """
    toi tui con chau anh chi bac co chu ong giup ho dum gium viec cai muc ve lam thu tuc nua luon
    cac nhung cua het tat ca all everything about for any more anymore my from now trong thang tuan
    month months week weeks days nay kia this that nho lich loi duoc khong dau gio nhac no next
    again reminder reminders reminding remind reminded qua vay them
"""
_AROUND = _TIMES | frozenset(_OTHERS.split())
_THIS = re.compile(r"\b(?:viec|cai|muc|thu tuc) (?:nay|do|vua roi|ay)\b|\bthis(?: one)?$|\bit$")


def subject(rest: str) -> str:
    """Return the words by which an order names what it is about; nothing where it names none."""
    words = rest.split()
    while words and _is_around(words[0]):
        words.pop(0)
    while words and _is_around(words[-1]):
        words.pop()
    return " ".join(words)


def _is_around(word: str) -> bool:
    return word in _AROUND or word[0].isdigit()


def this_one(rest: str) -> bool:
    """Tell whether an order is about what was spoken of last."""
    return bool(_THIS.search(rest))
