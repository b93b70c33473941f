"""Which place a message names: one of the plans' places, or another."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.plans.model import Locality
from knowledge.plans.units import Level, UnitMention, gazetteer
from knowledge.plans.words import shortened
from knowledge.vietnamese import fold, folded_word, spelled

_CUES = re.compile(r"(?:^|\W)(?:o|tai|ben|duoi|tren|tx|tinh|ve|in|at|huyen|xa|tp)\W{1,3}$")
_TWO_SENTENCES = re.compile(r"(?<![Tt][pPxXtT])(?<!\b[pPqQhHxX])[.!?]\s")
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Located:
    """The last place named: a locality's slug, or the name of a place that no plan covers."""

    slug: str | None = None
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    slug: str | None
    name: str


class Locator:
    """Finds places: by the names of localities, of their units then and now, of any other unit."""

    def __init__(self, localities: Sequence[Locality], places: Mapping[str, Any]) -> None:
        """Compile the names; `places` is catalogue/understanding/places.toml."""
        self._called: dict[str, list[tuple[str, str]]] = {}
        self._codes: dict[str, str] = {}
        self._provinces: dict[str, set[str]] = {}
        for locality in localities:
            self._learn(locality, places["aliases"].get(locality.slug, ()))
        longest_first = sorted(self._called, key=len, reverse=True)
        names = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._names = re.compile(rf"(?<!\w)(?:{names})(?!\w)")
        self._no_places = tuple(map(fold, places["no_places"]["said"]))
        before = "|".join(fold(word) for word in places["not_here"]["before"])
        self._not_here = re.compile(rf"(?:^|(?<!bang)\W)(?:{before})\W{{1,2}}$")

    def _learn(self, locality: Locality, more: Sequence[str]) -> None:
        slug = locality.slug
        for name in (locality.name, locality.english, *locality.aliases, *more):
            self._called.setdefault(_flat(name), []).append((name, slug))
        self._provinces[slug] = {locality.province}
        for succession in locality.lineage:
            self._codes[succession.code] = slug
            self._provinces[slug].add(succession.province)

    def find(self, text: str, given: str | None) -> Located:
        """Return the place that a message names last; `given` is the place chosen before."""
        plain = unicodedata.normalize("NFC", shortened(text))
        flat = _flat(plain)
        named = list(self._named(plain, flat))
        taken = [(mention.start, mention.end) for mention in named]
        for unit in gazetteer().find(plain):
            if not any(unit.start < end and start < unit.end for start, end in taken):
                named.extend(self._unit(unit, flat, given))
        if not named:
            return Located()
        last = max(named, key=lambda mention: mention.start)
        return Located(last.slug, None if last.slug else last.name)

    def _named(self, plain: str, flat: str) -> Iterator[_Mention]:
        for found in self._names.finditer(flat):
            typed = plain[found.start() : found.end()]
            for name, slug in self._called[found.group()]:
                if _spelled_so(typed, name) and (
                    len(found.group()) > _SHORT or _cued(flat, found.start(), found.end())
                ):
                    yield _Mention(found.start(), found.end(), slug, typed)
                    break

    def _unit(self, unit: UnitMention, flat: str, given: str | None) -> Iterator[_Mention]:
        within = unit.start and flat[unit.start - 1].isalnum()
        if not unit.sure or within or _TWO_SENTENCES.search(unit.text):
            return
        if _flat(unit.text).lower().endswith(self._no_places) and unit.text.islower():
            return
        slugs = {self._codes[today.code] for today in unit.today if today.code in self._codes}
        local = any(reading.level is not Level.PROVINCE for reading in unit.readings)
        if slugs and local:
            slug = given if given in slugs else min(slugs)
            yield _Mention(unit.start, unit.end, slug, unit.text)
            return
        provinces = {reading.name.casefold() for reading in unit.readings}
        around = {name.casefold() for name in self._provinces.get(given or "", ())}
        if not provinces & around and not self._not_here.search(flat, 0, unit.start):
            yield _Mention(unit.start, unit.end, None, unit.text)


def _flat(text: str) -> str:
    """Fold character by character, so that places in the text stay where they are."""
    return "".join((folded_word(char) or " ")[0] for char in unicodedata.normalize("NFC", text))


def _spelled_so(typed: str, name: str) -> bool:
    """Return whether the marks that were typed are the name's own, or none."""
    words = zip(typed.lower().split(), name.lower().split(), strict=False)
    return all(word.isascii() or spelled(word) == spelled(right) for word, right in words)


def _cued(flat: str, start: int, end: int) -> bool:
    """Return whether a short name stands where a place stands: after "ở", or at either end."""
    return bool(_CUES.search(flat, 0, start)) or not flat[end:].strip(" ?.!,") or start == 0
