"""Numbers that citizens say: school grades and ages, in figures or in words."""

from collections.abc import Iterator, Sequence

from knowledge.plans.words import Word

_UNITS = {
    "khong": 0, "mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "lam": 5, "sau": 6,
    "bai": 7, "bay": 7, "tam": 8, "chin": 9, "muoi": 10,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10,
}  # fmt: skip
_TEN = 10
_LONGEST = 4
"""Digits of the longest number read, a year."""
_OLD = range(75, 115)
_OLD_BORN = range(1911, 1952)
_ELDERS = frozenset(
    ("ong", "ba", "cu", "me", "bo", "ma", "noi", "ngoai", "cha", "tia", "bu", "gia")
)
_GRADES = ((range(1, 6), "lop_1_5"), (range(6, 10), "lop_6_9"), (range(10, 13), "lop_khac"))
_OTHER_UNITS = frozenset(
    ("trieu", "nghin", "ngan", "met", "cay", "kg", "ki", "dong", "m2", "km", "phan", "bao")
)


def number(words: Sequence[Word], at: int) -> tuple[int, int] | None:
    """Read a number from 0 to 9999 at a place; return it with the place after it."""
    if at >= len(words):
        return None
    word = words[at].key
    if word.isdecimal() and len(word) <= _LONGEST:
        return int(word), at + 1
    if word not in _UNITS:
        return None
    value, end = _UNITS[word], at + 1
    if end < len(words) and words[end].key in {"muoi", "chuc"} and value < _TEN:
        return _with_ones(words, value * _TEN, end + 1)
    if value > 1 and _says_ones(words, end):
        value *= _TEN
    return _with_ones(words, value, end) if value >= _TEN else (value, end)


def _says_ones(words: Sequence[Word], at: int) -> bool:
    """Tell whether a word is a form that only stands after tens ("tám mốt")."""
    return at < len(words) and words[at].spelling in {"môt1", "lăm", "tư"}


def _with_ones(words: Sequence[Word], tens: int, at: int) -> tuple[int, int]:
    if at < len(words) and 0 < _UNITS.get(words[at].key, _TEN) < _TEN:
        return tens + _UNITS[words[at].key], at + 1
    return tens, at


def counted(words: Sequence[Word]) -> Iterator[tuple[str, int, int]]:
    """Yield the concepts that numbers speak of, each with its place: grades and great ages."""
    for at, word in enumerate(words):
        if word.key in {"lop", "grade", "class"}:
            yield from _grades(words, at)
        elif word.key in {"tuoi", "years", "year"}:
            yield from _ages(words, at)
        elif word.key in _ELDERS:
            yield from _elders(words, at)
        elif _within(word, _OLD_BORN):
            yield "tuoi_gia", at, at + 1


def _grades(words: Sequence[Word], at: int) -> Iterator[tuple[str, int, int]]:
    """Read "lớp 3", "lớp 3 và 8", "lớp một"."""
    place = at + 1
    while (read := number(words, place)) is not None:
        value, end = read
        yield from ((concept, at, end) for grades, concept in _GRADES if value in grades)
        if end >= len(words) or words[end].key not in {"va", "voi", "and", "roi"}:
            return
        place = end + 1


def _ages(words: Sequence[Word], at: int) -> Iterator[tuple[str, int, int]]:
    for start in range(max(0, at - 3), at):
        read = number(words, start)
        if read and read[1] == at:
            if read[0] in _OLD:
                yield "tuoi_gia", start, at + 1
            return


def _elders(words: Sequence[Word], at: int) -> Iterator[tuple[str, int, int]]:
    """Read "mẹ tôi năm nay 83", where no unit follows."""
    for start in range(at + 1, min(at + 5, len(words))):
        if words[start].key.isdecimal():
            other = start + 1 < len(words) and words[start + 1].key in _OTHER_UNITS
            if _within(words[start], _OLD) and not other:
                yield "tuoi_gia", at, start + 1
            return


def _within(word: Word, numbers: range) -> bool:
    return word.key.isdecimal() and len(word.key) <= _LONGEST and int(word.key) in numbers
