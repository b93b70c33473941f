"""What a citizen wants to know, which weekday is meant, and subjects that are no procedure."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from knowledge.plans.concepts import Lexicon
from knowledge.plans.model import Weekday
from knowledge.plans.phrases import Hit
from knowledge.plans.understanding import Intent, Subject
from knowledge.plans.words import Word

Found = Mapping[str, Sequence[Hit]]

_NUMBERED = (
    (Weekday.MON, ("hai", "2")),
    (Weekday.TUE, ("ba", "3")),
    (Weekday.WED, ("tu", "4")),
    (Weekday.THU, ("nam", "5")),
    (Weekday.FRI, ("sau", "6")),
    (Weekday.SAT, ("bay", "7")),
)
_DAYS = {said: day for day, numbers in _NUMBERED for said in numbers}
_ENGLISH = dict(
    zip(
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        Weekday,
        strict=True,
    )
)
_TODAY = frozenset((("hom", "nay"), ("bua", "nay"), ("ngay", "nay")))
_TOMORROW = frozenset(
    (
        *(("ngay", "mai"), ("hom", "mai"), ("sang", "mai"), ("chieu", "mai"), ("bua", "mai")),
        *(("mai", "co"), ("mai", "toi"), ("mai", "em"), ("mai", "di"), ("mai", "len")),
    )
)
_NEXT = frozenset((("ngay", "kia"), ("ngay", "mot"), ("bua", "mot"), ("hom", "kia")))
_OFFSETS = {pair: days for days, said in enumerate((_TODAY, _TOMORROW, _NEXT)) for pair in said}
_SINGLE_OFFSETS = {"hnay": 0, "today": 0, "tomorrow": 1}
_END = Word("", "", "")


def intents(
    found: Found, lexicon: Lexicon, otherwise: tuple[Intent, ...] = (Intent.OVERVIEW,)
) -> tuple[Intent, ...]:
    """Return the facets asked for, the first said first."""
    first = {
        Intent(name): hits[0].start
        for name in lexicon.intents
        if (hits := sorted(found.get(f"intent {name}", ()), key=lambda hit: hit.start))
    }
    asked = sorted(first, key=lambda intent: first[intent])
    if len(asked) > 1 and Intent.GREETING in asked:
        asked.remove(Intent.GREETING)
    return tuple(asked) or otherwise


def subject(found: Found, lexicon: Lexicon, *, strong: bool) -> Subject | None:
    """Return what a message is about when it is about no procedure."""
    kinds = ("strong",) if strong else ("strong", "weak")
    for name in lexicon.subjects:
        if any(f"{kind} {name}" in found for kind in kinds):
            return Subject(name)
    return None


def weekdays(words: Sequence[Word]) -> tuple[Weekday, ...]:
    """Return the weekdays named, in the message's order."""
    named: dict[Weekday, None] = {}
    for word, following in pairwise((*words, _END)):
        if word.key == "thu" and following.key in _DAYS:
            named[_DAYS[following.key]] = None
        elif (word.key, following.key) == ("chu", "nhat"):
            named[Weekday.SUN] = None
        elif word.text.removesuffix("s") in _ENGLISH:
            named[_ENGLISH[word.text.removesuffix("s")]] = None
    return tuple(named)


def day_offset(words: Sequence[Word]) -> int | None:
    """Return how many days from today a day named is: hôm nay 0, mai 1, ngày kia 2."""
    for word, following in pairwise((*words, _END)):
        if (word.key, following.key) in _OFFSETS:
            return _OFFSETS[word.key, following.key]
        if word.text in _SINGLE_OFFSETS:
            return _SINGLE_OFFSETS[word.text]
    return None
