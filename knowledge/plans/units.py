"""Administrative units by name: those of today and those of before 1 July 2025.

The tables stand in catalogue/units*.csv; catalogue/make_units.py writes them.
"""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files

from knowledge.vietnamese import is_syllable, key, spelled

LONGEST = 4000
"""Characters of a message that are read."""
MOST = 20
"""Units that are looked for in a message."""


class Level(StrEnum):
    """The levels of units; there have been no districts since 1 July 2025."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of today; of a province, `province` is its own name."""

    code: str
    name: str
    province: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One unit that a name may mean, and the units that it belongs to today.

    `district` and `province` are those of the unit's own time. A former commune has several
    units of today where it was split, a former district all of its communes'.
    """

    name: str
    level: Level
    district: str | None
    province: str
    today: tuple[Unit, ...]
    former: bool = True


@dataclass(frozen=True, slots=True)
class UnitMention:
    """A unit named in a message; `start` and `end` count characters of the message in NFC.

    `readings` are narrowed by the other units of the message. Not `sure` where nothing but the
    capital letters makes it a name of a place.
    """

    start: int
    end: int
    text: str
    readings: tuple[Reading, ...]
    sure: bool

    @property
    def today(self) -> tuple[Unit, ...]:
        """Return every unit of today that may be meant, each once."""
        return tuple(dict.fromkeys(unit for reading in self.readings for unit in reading.today))


COMMUNES = ("Xã", "Phường", "Thị trấn", "Đặc khu")
DISTRICTS = ("Quận", "Huyện", "Thị xã", "Thành phố")
LEVELS = {
    **dict.fromkeys(COMMUNES, frozenset({Level.COMMUNE})),
    **dict.fromkeys(DISTRICTS, frozenset({Level.DISTRICT})),
    "Thành phố": frozenset(Level) - {Level.COMMUNE},
    "Tỉnh": frozenset({Level.PROVINCE}),
}
CITIES = ("Thành phố", "Thị xã")

MARKERS = {
    **{kind: (kind,) for kind in LEVELS},
    "x": ("Xã",),
    "p": ("Phường",),
    "tt": ("Thị trấn",),
    "q": ("Quận",),
    "h": ("Huyện",),
    "tx": ("Thị xã",),
    "tp": ("Thành phố",),
    "ward": ("Phường",),
    "commune": ("Xã",),
    "district": ("Huyện", "Quận"),
    "town": ("Thị xã", "Thị trấn"),
    "city": ("Thành phố",),
    "province": ("Tỉnh", "Thành phố"),
}
"""The words before a name, or in English behind it, and the kinds of unit they mean."""

COMPOUNDS = ("việt nam", "tác xã")
SMALL_COMPOUNDS = (
    *("xã hội", "xã viên", "quản lý", "quân đội", "phương tiện"),
    *("chấp thuận", "hoạt động", "hàng hải"),
)
"""Words whose syllables are neither a kind of unit nor the beginning of a name; of the small ones
a capital letter inside makes two words: "xã Hội An"."""

ENGLISH = ("ward", "commune", "district", "town", "city", "province")

PLACE_FOLLOWS = ("ở", "tại", "thuộc", "in", "at")
NO_PLACE_FOLLOWS = (
    *("ong", "ba", "anh", "chi", "em", "con", "ten", "chau", "co", "chu", "bac", "thai", "ban"),
    *("me", "bo", "cha", "vo", "chong", "xa"),
)
"""What stands before the names of persons and cooperatives."""

NEVER_SMALL = (
    *("trung tam", "van phong", "gia dinh", "bien gioi", "dinh cu", "to tung", "phong thu"),
    *("hop nhat", "hop dong", "hop thanh", "cong chinh", "thanh cong", "tu do", "dong tam"),
)
"""Communes whose names are common words: never without capitals or a word like "xã"."""
SELDOM_SMALL = ("hoa binh", "thong nhat", "hue", "vinh")
"""Common words too, but places behind "ở" or "tại"."""
INSIDE_NAMES = ("", "-", "–", "'", "’")
SPELLED_MANY_WAYS = ("dak", "lak")

_WORD = re.compile(r"[^\W\d_]+|\d+")

_Row = tuple[str, str, Level, str | None, str, tuple[str, ...]]
"""What a unit is called, its name with its kind, its level, district, province, codes today."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name in the index; `spelling` is that of each of its words, without the kind."""

    kind: str
    spelling: tuple[str, ...]
    reading: Reading


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a message; `spelling` is empty where it was typed without marks."""

    key: str
    spelling: str
    start: int
    end: int
    capital: bool


@dataclass(frozen=True, slots=True)
class _Message:
    text: str
    words: tuple[_Word, ...]
    marked: bool
    """Someone who types marks types them on names too."""

    def gap(self, at: int) -> str:
        """Return what stands between a word and the one before it, without spaces."""
        return self.text[self.words[at - 1].end : self.words[at].start].strip()

    def joined(self, at: int) -> bool:
        """Tell whether nothing but spaces stands between a word and the one before it."""
        return 0 < at < len(self.words) and not self.gap(at)

    def before(self, at: int) -> str:
        """Return the key of the word before, if nothing separates it."""
        return self.words[at - 1].key if self.joined(at) else ""

    def in_compound(self, at: int) -> bool:
        """Tell whether a word and the one before it are one word of the language."""
        if not self.joined(at):
            return False
        compound = _COMPOUNDS.get((self.words[at - 1].key, self.words[at].key))
        if compound is None or (self.words[at].capital and compound in SMALL_COMPOUNDS):
            return False
        return _typed_as(self.words[at - 1 : at + 1], map(_spelled, compound.split()))


class Gazetteer:
    """All units by name; take the shared one from `gazetteer()`, for it reads 0.7 MB."""

    def __init__(self) -> None:
        """Read the tables."""
        self._units: dict[str, Unit] = {}
        self._rows: defaultdict[str, list[_Row]] = defaultdict(list)
        self._entries: dict[str, tuple[_Entry, ...]] = {}
        self._longest: dict[str, int] = {}
        self._read_provinces()
        self._read_communes()
        self._read_former()

    def unit(self, code: str) -> Unit:
        """Return a unit of today by its national code; KeyError for none."""
        return self._units[code]

    def find(self, text: str) -> tuple[UnitMention, ...]:
        """Return the units named in a message, in its order; never raises.

        A name counts behind a word such as "phường", "ở" or "tại", as the whole message, and
        anywhere where it is a province or city; any other needs its capital letters.
        """
        message = _message(text)
        mentions: list[UnitMention] = []
        at = 0
        while at < len(message.words) and len(mentions) < MOST:
            if found := self._mention(message, at):
                mention, at = found
                mentions.append(mention)
            else:
                at += 1
        return tuple(_narrowed(mention, mentions) for mention in mentions)

    def _mention(self, message: _Message, at: int) -> tuple[UnitMention, int] | None:
        """Return the mention that begins at a word, and the word after it."""
        for first, kinds in _beginnings(message, at):
            for last, entries in self._names(message, first):
                behind = () if kinds else _kinds_behind(message, last)
                meant, sure = _meant(entries, message, first, last, kinds or behind)
                if meant:
                    after = last + bool(behind)
                    start, end = message.words[at].start, message.words[after - 1].end
                    readings = tuple(dict.fromkeys(entry.reading for entry in meant))
                    return UnitMention(start, end, message.text[start:end], readings, sure), after
        return None

    def _names(self, message: _Message, first: int) -> Iterator[tuple[int, list[_Entry]]]:
        """Yield the names that begin at a word, the longest first, with the word after each."""
        words = message.words[first : first + self._longest.get(message.words[first].key, 0)]
        apart = (at for at in range(1, len(words)) if message.gap(first + at) not in INSIDE_NAMES)
        words = words[: next(apart, len(words))]
        for length in range(len(words), 0, -1):
            typed = words[:length]
            entries = self._named(" ".join(word.key for word in typed))
            spelled_so = [entry for entry in entries if _agrees(entry, typed)]
            if spelled_so:
                yield first + length, spelled_so

    def _named(self, keys: str) -> tuple[_Entry, ...]:
        """Return what a name may mean, made up when it is first looked for."""
        if keys not in self._rows:
            return ()
        if keys not in self._entries:
            self._entries[keys] = tuple(self._entry(row) for row in self._rows[keys])
        return self._entries[keys]

    def _entry(self, row: _Row) -> _Entry:
        called, full, level, district, province, codes = row
        today = tuple(self._units[code] for code in codes)
        former = district is not None or level is Level.DISTRICT or full != today[0].name
        reading = Reading(full, level, district, province, today, former)
        return _Entry(_split(full)[0], tuple(map(_spelled, _words(called))), reading)

    def _read_provinces(self) -> None:
        for name, today, code, aliases in _table("units_provinces.csv"):
            self._units[code] = Unit(code, today, today)
            names = [_split(name)[1], *filter(None, aliases.split("|"))]
            for called in {*names, *("".join(_keys(name)) for name in names)}:
                self._add((called, name, Level.PROVINCE, None, name, (code,)))

    def _read_communes(self) -> None:
        for code, name, of in _table("units.csv"):
            province = self._units[of].name
            self._units[code] = Unit(code, name, province)
            self._add((_split(name)[1], name, Level.COMMUNE, None, province, (code,)))

    def _read_former(self) -> None:
        communes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for name, district, province, today in _table("units_former.csv"):
            codes = tuple(today.split())
            communes[district, province].update(codes)
            if name:
                self._add((_split(name)[1], name, Level.COMMUNE, district, province, codes))
        for (name, province), found in communes.items():
            codes = tuple(sorted(found))
            self._add((_split(name)[1], name, Level.DISTRICT, None, province, codes))

    def _add(self, row: _Row) -> None:
        """Enter a unit by what it is called; "R'Moan" also as one word."""
        keys = _keys(row[0])
        self._rows[" ".join(keys)].append(row)
        self._longest[keys[0]] = max(len(keys), self._longest.get(keys[0], 0))
        if "'" in row[0]:
            self._add((row[0].replace("'", ""), *row[1:]))


@cache
def gazetteer() -> Gazetteer:
    """Return the one gazetteer, read when it is first asked for."""
    return Gazetteer()


def _table(name: str) -> Iterator[list[str]]:
    text = files("knowledge").joinpath(f"catalogue/{name}").read_text("utf-8")
    rows = csv.reader(text.splitlines())
    next(rows)
    return rows


def _split(full: str) -> tuple[str, str]:
    """Split "Phường Đức Xuân" into its kind and its name."""
    words = full.split(" ")
    size = 1 if words[0] in LEVELS else 2
    return " ".join(words[:size]), " ".join(words[size:])


def _words(name: str) -> list[str]:
    return _WORD.findall(name.lower())


def _keys(name: str) -> list[str]:
    return [_key(word) for word in _words(name)]


@cache
def _key(word: str) -> str:
    return word.lstrip("0") if word.isdecimal() else key(word)


_spelled = cache(spelled)
_COMPOUNDS = {tuple(_keys(name)): name for name in (*COMPOUNDS, *SMALL_COMPOUNDS)}

_MARKERS = {
    tuple(_key(word) for word in marker.split()): (
        tuple(_spelled(word) for word in marker.lower().split()),
        kinds,
    )
    for marker, kinds in MARKERS.items()
}


def _message(text: str) -> _Message:
    text = unicodedata.normalize("NFC", text[:LONGEST])
    shouted = text.isupper()
    words = tuple(
        _Word(
            key=_key(word := found.group().lower()),
            spelling="" if word.isascii() else _spelled(word),
            start=found.start(),
            end=found.end(),
            capital=not shouted and found.group()[0].isupper(),
        )
        for found in _WORD.finditer(text)
    )
    return _Message(text, words, any(word.spelling for word in words))


def _beginnings(message: _Message, at: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield where a name may begin: behind a marker with the marker's kinds, then right here."""
    for size in (2, 1):
        typed = message.words[at : at + size]
        spelling, kinds = _MARKERS.get(tuple(word.key for word in typed), ((), ()))
        if kinds and at + size < len(message.words) and _marks(message, at, size, spelling):
            yield at + size, kinds
    if not message.in_compound(at):
        yield at, ()


def _marks(message: _Message, at: int, size: int, spelling: Sequence[str]) -> bool:
    """Tell whether the words are a marker as typed, and not part of a word like hợp tác xã."""
    words = message.words[at : at + size]
    if not _typed_as(words, spelling):
        return False
    gap = message.gap(at + size)
    if gap.strip(".:") or (words[0].key in {"h", "x"} and "." not in gap):
        return False
    meant = words[-1].spelling and words[-1].key != "xa"
    return not message.in_compound(at) and (bool(meant) or not message.in_compound(at + size))


def _typed_as(words: Sequence[_Word], spelling: Iterable[str]) -> bool:
    """Tell whether words of these keys have these marks or none."""
    return all(word.spelling in {"", right} for word, right in zip(words, spelling, strict=True))


def _agrees(entry: _Entry, typed: Sequence[_Word]) -> bool:
    """Tell whether each word is typed with the name's own marks or with none."""
    return all(
        word.spelling in {"", right} or word.key in SPELLED_MANY_WAYS
        for word, right in zip(typed, entry.spelling, strict=True)
    )


def _meant(
    entries: list[_Entry], message: _Message, first: int, last: int, kinds: tuple[str, ...]
) -> tuple[list[_Entry], bool]:
    """Return the entries that the words may mean where they stand, and whether that is sure."""
    typed = message.words[first:last]
    name = " ".join(word.key for word in typed)
    capital = all(word.capital for word in typed)
    if kinds:
        kept = _of_kinds(entries, kinds)
        return [entry for entry in kept if len(typed) > 1 or _single(entry, typed, message)], True
    if name.isdecimal():
        return [], False
    trusted = entries if capital else [e for e in entries if _trusted(e, typed, message)]
    alone = len(typed) == len(message.words) or _place_follows(message, first)
    if alone and (capital or name not in NEVER_SMALL):
        return trusted, True
    if any(map(_well_known, trusted)) and (capital or name not in SELDOM_SMALL):
        return trusted, True
    return (entries, False) if capital and _stands_apart(message, first, last) else ([], False)


def _place_follows(message: _Message, first: int) -> bool:
    if not message.joined(first):
        return False
    word = message.words[first - 1]
    cues = [cue for cue in PLACE_FOLLOWS if _key(cue) == word.key]
    return any(_typed_as([word], [_spelled(cue)]) for cue in cues)


def _kinds_behind(message: _Message, last: int) -> tuple[str, ...]:
    """Return the kinds of an English word behind a name: "Duc Xuan ward"."""
    if not message.joined(last) or message.words[last].key not in ENGLISH:
        return ()
    return MARKERS[message.words[last].key]


def _of_kinds(entries: list[_Entry], kinds: tuple[str, ...]) -> list[_Entry]:
    """Keep the kinds; where there are none, their level: a "xã" may have become a "phường"."""
    levels = set().union(*(LEVELS[kind] for kind in kinds))
    kept = [entry for entry in entries if entry.kind in kinds]
    return kept or [entry for entry in entries if entry.reading.level in levels]


def _single(entry: _Entry, typed: Sequence[_Word], message: _Message) -> bool:
    """Tell whether one word behind a marker is a name: "xa qua" may be "xa quá"."""
    word = typed[0]
    return (
        word.capital
        or word.key.isdecimal()
        or _well_known(entry)
        or (_trusted(entry, typed, message))
    )


def _trusted(entry: _Entry, typed: Sequence[_Word], message: _Message) -> bool:
    """Tell whether words in small letters are this name and not others without their marks."""
    exact = all(
        (word.spelling or word.key) == right
        for word, right in zip(typed, entry.spelling, strict=True)
    )
    if len(typed) > 1 or entry.reading.level is Level.PROVINCE:
        return exact or not message.marked
    return exact and (message.marked or not is_syllable(typed[0].key))


def _well_known(entry: _Entry) -> bool:
    return entry.reading.level is Level.PROVINCE or (
        entry.reading.level is Level.DISTRICT and entry.kind in CITIES
    )


def _stands_apart(message: _Message, first: int, last: int) -> bool:
    """Tell a place's name from a part of a longer name, a heading or a person's name."""
    before = message.words[first - 1] if message.joined(first) else None
    after = message.words[last] if message.joined(last) else None
    return (
        last - first > 1
        and not (before and (before.capital or before.key in NO_PLACE_FOLLOWS))
        and not (after and after.capital)
    )


def _narrowed(mention: UnitMention, mentions: Sequence[UnitMention]) -> UnitMention:
    """Keep the readings that lie within the other units of the message, if any do."""
    others = [r for other in mentions if other is not mention for r in other.readings]
    lying = [(_within(reading, others), reading) for reading in mention.readings]
    best = max(fit for fit, _ in lying)
    return replace(mention, readings=tuple(reading for fit, reading in lying if fit == best))


def _within(reading: Reading, others: Sequence[Reading]) -> int:
    """Count the levels at which one of the others holds this unit, its own time's twice."""
    own = {reading.district, reading.province} - {reading.name}
    now = {unit.province for unit in reading.today} - {reading.name}
    held = {other.name for other in others if other.level is not Level.COMMUNE}
    today = {o.today[0].province for o in others if o.level is Level.PROVINCE}
    return 2 * len(own & held) + len(now & today)
