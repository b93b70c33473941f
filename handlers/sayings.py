"""How citizens refer back to the last answer: numbers, yes and no, corrections; all folded."""

import re
from collections.abc import Iterable, Mapping, Sequence

from knowledge.plans.understanding import Intent
from knowledge.vietnamese import fold, folded_word, modern, spelled

NUMBERS = {
    "1": 1, "mot": 1, "nhat": 1, "dau": 1, "dau tien": 1, "first": 1, "one": 1,
    "2": 2, "hai": 2, "nhi": 2, "second": 2, "two": 2,
    "3": 3, "ba": 3, "third": 3, "three": 3,
    "4": 4, "bon": 4, "tu": 4, "fourth": 4, "four": 4,
    "cuoi cung": -1, "cuoi": -1, "last": -1, "sau cung": -1,
}  # fmt: skip
"""The choices as a citizen may type them, folded; -1 is the last one."""

_NUMBER = "|".join(sorted(NUMBERS, key=len, reverse=True))
_FILLER = (
    "(?:a|nhe|nha|nghen|hen|he|di|do|ay|nay|vay|z|roi|thoi|co|dum|giup|voi|ban|em|ad|oi"
    "|one|please)"
)
_AFTER = f"(?: {_FILLER})*"
CHOICE = re.compile(f"(?:(?:o|u|vang|da|ok|la|chon|lay|y|em|toi) )*(?:thu )?({_NUMBER}){_AFTER}")
POINTED = re.compile(
    rf"\b(?:(?:cai|so|muc|viec|option|number|lua chon|truong hop|thu tuc)(?: thu)? ({_NUMBER})"
    r"|the (first|second|third|fourth|last))\b"
)
AROUND = re.compile(rf"^(?:\d\.? )?(?:(?:la|cai|viec|con|the|y|em|toi|cho|lam) )*|{_AFTER}$")
"""What stands around the name of an option."""
EVERY = re.compile(
    rf"(?:(?:o|u|vang|da|ok|lay|xem|can|show me) )*(?:ca|tat ca|both|all)"
    rf"(?: (?:hai|2|ba|3|bon|4|cac|viec|cai|thu tuc|deu|luon|of them|{_FILLER}))*"
)
YES = re.compile(
    r"(?:dung|phai|u|uh|um|uk|vang|da|ok|oke|okay|yes|yeah|yep|sure|chuan|duoc|co|dong y"
    r"|thanks|thats all)"
    r"(?: (?:cam on|nhieu|thanks|dung|phai|vang|u|xem|cho|toi|em|minh|o|luon|cai|viec"
    rf"|show|tell|me|that|it|right|there|{_FILLER}))*"
)
NO = re.compile(
    r"(?:thoi )?(?:khong|ko|k|hong|no|nope|none|neither|sai|thoi)"
    rf"(?: (?:phai|dung|can|nua|cai|viec|nao|het|ca|muc|of|them|these|not|that|the|{_FILLER}))*"
)
OTHER = re.compile(
    r"(?:(?:con|the|vay|what about|how about|and|show me) )*"
    r"(?:cai|viec|muc|truong hop|the)(?: (?:kia|con lai|khac|other|others))(?: one)?"
    rf"(?: (?:thi sao|sao|la sao|ra sao|nua|nao))*{_AFTER}"
)
BACK = re.compile(
    r"(?:(?:thoi|a|da|please|can we|let us|lets) )*"
    r"(?:quay lai|tro lai|quay ve|lui lai|xem lai|back|go back|return)\b.{0,60}"
)
CORRECTION = re.compile(
    r"(?:a |o |u |da |oi )?(?:khong phai|khong|ko|k|nham roi|nham|hong|i mean|no|sorry|actually"
    r"|(?:y )?(?:toi|em|minh|tui|la) (?:la|muon noi|noi nham)|y (?:toi|em|minh|tui|la))\b"
)
ABOUT = re.compile(r"\b(?:con|the|vay|what about|how about|and|thi sao|thi)\b")
WHETHER = re.compile(r"\b(?:khong|ko|hong|hok|k|dc|duoc|chua|can i|is|does|or)\b")
WHAT = re.compile(r"\b(?:gi|chi|nao|nhung|what(?! about)|which|list)\b")
NOUNS = {
    Intent.PAPERS: re.compile(r"\b(?:giay to|ho so|documents?|papers?)\b"),
    Intent.FEE: re.compile(r"\b(?:le phi|phi|fee|price)\b"),
    Intent.DURATION: re.compile(r"\b(?:thoi gian|thoi han|duration)\b"),
    Intent.DAY: re.compile(r"\b(?:lich|thu may|days?)\b"),
    Intent.PLACE: re.compile(r"\b(?:dia diem|dia chi|noi nop|noi lam|address|place)\b"),
}
"""Words that ask for a facet only after an answer, in few words: "còn giấy tờ?"."""
FEW = 4
SHORT = 8
"""Words up to which a message is taken to be about the last answer."""

COMMAND = re.compile(r"/(\w+)(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
"""A command as platforms know them, "/start@bot payload": its name, and what stands after it."""
PROCEDURE = re.compile(
    r"[A-Z]{2,4}\d?-\d{2}|[a-z0-9-]+-(?:\d{4}(?:-\d{2}){0,2}|undated)(?:-\d+)?(?:/\S+)+"
)
"""The id of a procedure as buttons say it, also of one that was published once and is no more."""
NUMBER = re.compile(
    r"(?:(?:chon|so|nut|bam|press|number) )*(\d{1,2})(?: (?:a|nhe|nha|di|please))*"
)
"""The number of a button; "thứ 4" is a weekday."""

STOP = (
    *("dừng", "dừng lại", "ngừng", "ngừng lại", "dừng nhắn", "dừng nhắn tin", "ngừng nhắn tin"),
    *("hủy nhận tin", "hủy tin", "hủy đăng ký nhận tin", "ngừng nhận tin", "dừng nhận tin"),
    *("đừng nhắn", "đừng nhắn nữa", "đừng nhắn tin nữa", "đừng gửi nữa", "đừng gửi tin nữa"),
    *("không nhận tin", "không nhận tin nữa", "không muốn nhận tin nữa", "đừng làm phiền"),
    *("stop", "stop it", "stop messaging me", "do not message me", "unsubscribe"),
)
RESUME = ("tiếp tục", "tiếp tục trả lời", "trả lời tiếp", "continue", "resume")
"""Said alone, these are commands."""

_CIVILITY = """
a ad ban bot da di em giup hay ho lam long luon minh ngay nha nhe o oi ok on please thoi toi vang
voi vui xin
"""
_CIVIL = frozenset(_CIVILITY.split())
"""Words that may stand around words said alone."""
_MANY = 12

_PLEASE = (
    r"(?:(?:hay|xin|vui long|lam on|toi|em|minh|muon|can|cho|giup|bot|ban|ad|oi|please|i want to"
    r"|i would like to|can you|could you) )*"
)
_END = r"(?: (?:a|di|nhe|nha|voi|luon|ngay|please))*"
_ME = "(?:toi|em|minh|tui|con|chau|anh|chi|bac|co|chu|ong|ba)"
_MINE = f"(?: cua| ve)? {_ME}"
_DATA = (
    r"(?:(?:cac|nhung|moi|tat ca|toan bo) )*(?:du lieu|thong tin|cau hoi|tin nhan|lich su|noi dung"
    r"|doan chat|cuoc tro chuyen|data)(?: (?:ca nhan|da hoi|da luu|da gui|chat))*"
)
_KEEPS = r"(?:luu|giu|ghi|thu thap)(?: (?:tru|lai|giu))*"
_YOU = "(?:(?:bot|ban|ad|he thong|may|trang nay|co|dang|da|co the) )*"
PRIVACY: Mapping[str, re.Pattern[str]] = {
    "dong y": re.compile("dong y xoa het du lieu cua toi|yes delete all my data"),
    "giu": re.compile(
        f"(?:khong|dung) xoa {_DATA}{_MINE}|giu lai {_DATA}{_MINE}|(?:keep|dont delete) my data"
    ),
    "xoa": re.compile(
        f"{_PLEASE}(?:xoa|huy)(?: (?:het|sach|bo|di))* {_DATA}{_MINE}{_END}"
        rf"|{_PLEASE}xoa(?: (?:het|sach))* (?:moi thu|nhung gi|tat ca)(?: (?:da|ban|bot|luu))*"
        f"{_MINE}{_END}"
        rf"|{_PLEASE}(?:delete|erase|remove|clear|forget)(?: (?:all|everything|of))*"
        r"(?: (?:my|about|me|personal|data|information|questions?|messages|history|chat))+"
        f"{_END}"
    ),
    "tai ve": re.compile(
        f"{_PLEASE}(?:tai|xuat)(?: (?:ve|xuong))? {_DATA}{_MINE}{_END}"
        f"|{_PLEASE}(?:download|export) my (?:data|questions){_END}"
    ),
    "cau hoi": re.compile(
        f"{_PLEASE}xem(?: lai)?(?: (?:cac|nhung))? cau hoi(?: (?:da hoi|da luu))?{_MINE}{_END}"
        f"|{_PLEASE}show(?: me)? my questions{_END}"
    ),
    "": re.compile(
        f"{_YOU}{_KEEPS}(?: (?:nhung|cac))?(?: (?:thong tin|du lieu))?(?: (?:gi|nao))"
        f"(?:{_MINE})?(?: (?:vay|the|khong|a))*"
        f"|{_YOU}biet (?:nhung )?gi ve {_ME}(?: (?:vay|the|a))*"
        f"|{_YOU}{_KEEPS} {_DATA}(?:{_MINE})? (?:khong|ko|k)(?: a)?"
        f"|{_PLEASE}(?:xem )?{_DATA}(?: cua) {_ME}{_END}"
        "|(?:quyen )?rieng tu|(?:chinh sach )?bao mat(?: thong tin)?|bao ve du lieu(?: ca nhan)?"
        "|what(?: data| information)? do you (?:keep|store|know|save|have|collect)(?: about me)?"
        "|(?:show )?my data|(?:my )?privacy(?: policy)?"
    ),
}
"""How citizens ask for each step of `/riengtu`; the keys are what may stand after the command."""
PRIVACY_SHORT: Mapping[str, re.Pattern[str]] = {
    "xoa": re.compile("xoa(?: (?:het|tat ca|di))*|delete(?: (?:all|everything))?"),
    "tai ve": re.compile("tai(?: (?:ve|xuong))?|download|export"),
    "cau hoi": re.compile(
        "(?:xem )?(?:lai )?(?:cac )?cau hoi(?: cua toi)?|(?:show )?(?:my )?questions"
    ),
}
"""The same in few words: after the command's name, or while its buttons wait."""
AGREED = re.compile(
    "(?:vang|da|u|uh|co|ok|oke|dong y|chac|chac chan|yes|sure|xoa|delete)"
    "(?: (?:a|nhe|di|em|toi|xoa|het|luon|chac|chan|delete|please|it|all))*"
)
"""A yes that may delete: "dung" is none, for without its marks it may be "dừng"."""


def argument(text: str) -> str:
    """Return what a message says beside the name of a command: all of it where it is none."""
    found = COMMAND.fullmatch(text.strip())
    return (found[2] or "") if found else text


def says_only(text: str, phrases: Iterable[str]) -> bool:
    """Tell whether a message is one of some phrases; a single word needs its marks.

    >>> says_only("Dừng lại nhé!", STOP), says_only("dung lai", STOP), says_only("đúng", STOP)
    (True, True, False)
    """
    words = re.findall(r"\w+", modern(text[:200]).lower())
    if len(words) > _MANY:
        return False
    while len(words) > 1 and folded_word(words[-1]) in _CIVIL:
        words.pop()
    while len(words) > 1 and folded_word(words[0]) in _CIVIL:
        words.pop(0)
    return any(_spelled_so(words, phrase.split()) for phrase in phrases)


def _spelled_so(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Compare words with their marks; where there are several, also those typed without."""
    return len(words) == len(phrase) and all(
        spelled(word) == spelled(right) or (len(phrase) > 1 and word == folded_word(right))
        for word, right in zip(words, phrase, strict=True)
    )


def bare(text: str) -> str:
    """Return a text folded and without signs, as all the patterns here expect it."""
    return " ".join(re.sub(r"[^\w.']+|\.(?!\w)", " ", fold(text)).replace("'", "").split())


def is_only(pattern: re.Pattern[str], said: str) -> re.Match[str] | None:
    """Match a whole message; a long one is no mere "yes", and would take long to refuse."""
    return pattern.fullmatch(said) if len(said.split()) <= 2 * SHORT else None
