"""Ways of saying things as data: patterns of words, found in a message.

A pattern is words with spaces between: `a|b` is either word, `a_b|c` either the two words or the
one, `word?` may be missing, `*` is up to three words of the same clause, `@name` is any entry of a
named list (entries may be several words).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from knowledge.plans.words import ENGLISH, Word
from knowledge.vietnamese import key, spelled

GAP = 3
Homographs = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Item:
    """One place of a pattern: which word keys may stand there, and which spellings may not."""

    keys: frozenset[str]
    refused: frozenset[str] = frozenset()
    optional: bool = False
    gap: bool = False
    english: frozenset[str] = frozenset()
    """Those of `keys` that are written without marks: an English word is one of these only."""
    only: frozenset[str] = frozenset()
    """Where it is the whole pattern: the spellings that may stand there, if any was typed."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled way of saying a concept."""

    concept: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a concept was found: positions of words, the end exclusive."""

    concept: str
    start: int
    end: int


def expanded(pattern: str, lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a pattern with every `@name` replaced by each entry of that list."""
    parts = [
        _listed(part, lists) if "@" in part or "_" in part else [part] for part in pattern.split()
    ]
    for chosen in product(*parts):
        yield " ".join(chosen)


def _listed(part: str, lists: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the entries that a part names, the single words as one set."""
    entries: list[str] = []
    for choice in part.split("|"):
        entries.extend(lists[choice[1:]] if choice.startswith("@") else [choice.replace("_", " ")])
    single = "|".join(entry for entry in entries if " " not in entry)
    return [*([single] if single else []), *(entry for entry in entries if " " in entry)]


class Phrasebook:
    """All patterns, looked up by the rarest word of each."""

    def __init__(self, ways: Iterable[tuple[str, str]], homographs: Homographs) -> None:
        """Compile (concept, pattern) pairs; homographs: spelling -> spellings it is not."""

        @cache
        def compiled(part: str) -> Item:
            return _item(part, homographs)

        patterns = [_compiled(concept, way, compiled) for concept, way in ways]
        frequency: dict[str, int] = defaultdict(int)
        for pattern in patterns:
            for item in pattern.items:
                for word in item.keys:
                    frequency[word] += 1
        self._by_word: dict[str, list[tuple[Pattern, frozenset[str]]]] = defaultdict(list)
        """For each word that is the rarest of patterns: these, each with the next rarest."""
        for pattern in patterns:
            fixed = [item.keys for item in pattern.items if not (item.gap or item.optional)]
            fixed.sort(key=lambda keys: sum(frequency[word] for word in keys))
            for word in fixed[0]:
                self._by_word[word].append((pattern, fixed[min(1, len(fixed) - 1)]))

    def find(self, words: Sequence[Word]) -> list[Hit]:
        """Return every concept found, each place once."""
        places: dict[str, list[int]] = defaultdict(list)
        for at, word in enumerate(words):
            places[word.key].append(at)
        hits: dict[Hit, None] = {}
        seen: set[int] = set()
        said = frozenset(places)
        for word_key in places:
            for pattern, also in self._by_word.get(word_key, ()):
                if not also.isdisjoint(said) and id(pattern) not in seen:
                    seen.add(id(pattern))
                    for hit in _found(pattern, words, places):
                        hits[hit] = None
        return list(hits)


def _compiled(concept: str, way: str, items: Callable[[str], Item]) -> Pattern:
    compiled = tuple(map(items, way.split()))
    if len(compiled) == 1:
        accepted = frozenset(heard(spelled(word)) for word in way.split("|"))
        compiled = (replace(compiled[0], only=accepted),)
    return Pattern(concept, compiled)


def heard(spelling: str) -> str:
    """Return a spelling with hỏi for ngã, which many write for each other."""
    return spelling.replace("4", "3")


def _item(part: str, homographs: Homographs) -> Item:
    if part == "*":
        return Item(frozenset(), gap=True)
    words = part.removesuffix("?").split("|")
    accepted = {spelled(word) for word in words}
    refused = {other for word in accepted for other in homographs.get(word, ())} - accepted
    plain = frozenset(key(word) for word in words if word.isascii())
    return Item(frozenset(map(key, words)), frozenset(refused), part.endswith("?"), english=plain)


def _found(
    pattern: Pattern, words: Sequence[Word], places: Mapping[str, list[int]]
) -> Iterator[Hit]:
    first = pattern.items[0]
    for word_key in first.keys:
        for start in places.get(word_key, ()):
            end = _matched(pattern.items, 0, words, start)
            if end is not None:
                yield Hit(pattern.concept, start, end)
    if first.optional:
        yield from _found(Pattern(pattern.concept, pattern.items[1:]), words, places)


def _matched(items: tuple[Item, ...], at: int, words: Sequence[Word], place: int) -> int | None:
    """Return where the items from `at` on end when they begin at a place, None if they do not."""
    if at == len(items):
        return place
    item = items[at]
    if item.gap:
        clause = words[place - 1].clause
        for skipped in range(GAP + 1):
            if skipped and (
                place + skipped > len(words) or words[place + skipped - 1].clause != clause
            ):
                return None
            if (end := _matched(items, at + 1, words, place + skipped)) is not None:
                return end
        return None
    if place < len(words) and _fits(item, words[place]):
        end = _matched(items, at + 1, words, place + 1)
        if end is not None:
            return end
    return _matched(items, at + 1, words, place) if item.optional else None


def _fits(item: Item, word: Word) -> bool:
    if word.key not in item.keys:
        return False
    if word.spelling == ENGLISH:
        return word.key in item.english
    if word.spelling in item.refused:
        return False
    if not item.only or not (word.spelling or word.plain):
        return True
    return heard(word.spelling or word.key) in item.only
