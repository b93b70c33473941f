"""How citizens refer back to the last answer: numbers, yes and no, corrections; all folded."""

import re

from knowledge.plans.understanding import Intent
from knowledge.vietnamese import fold

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


def bare(text: str) -> str:
    """Return a text folded and without signs, as all the patterns here expect it."""
    return " ".join(re.sub(r"[^\w.']+|\.(?!\w)", " ", fold(text)).replace("'", "").split())


def is_only(pattern: re.Pattern[str], said: str) -> re.Match[str] | None:
    """Match a whole message; a long one is no mere "yes", and would take long to refuse."""
    return pattern.fullmatch(said) if len(said.split()) <= 2 * SHORT else None
