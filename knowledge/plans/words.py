"""What a citizen typed as words to compare: abbreviations, keystrokes and slips repaired."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from knowledge.vietnamese import (
    fold,
    folded_word,
    is_syllable,
    key,
    modern,
    sound,
    spelled,
    telex,
    vni,
)

LONGEST = 1200
"""Characters that are read: the first and the last half of a longer message."""
MARKING = 0.4
"""Share of words with marks from which a citizen is taken to type marks."""
UNMARKED = 0.1
"""Share of words with marks below which he is taken to type none."""
REPAIRABLE = 3
"""Letters from which a word is looked for among the words of the field."""
LONGEST_WORD = 40
UNITS = {"t": "tuổi", "h": "giờ", "k": "nghìn", "tr": "triệu"}
ENGLISH = "en"
"""The spelling of a word of an English message that is never Vietnamese there."""
CHAT_LETTERS = (("w", "qu"), ("z", "d"), ("j", "gi"), ("f", "ph"))

_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[,.;:!?()+&\n\r…–—|\[\]{}]| - ")
_DIGITS = re.compile(r"\d+|\D+")
_REPEATED = re.compile(r"(.)\1+")

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Word:
    """One word read: its key for comparing, its spelling where marks were typed, its clause."""

    key: str
    spelling: str
    """With its tone's digit (see `spelled`); empty where it was typed without any mark."""
    text: str
    clause: int = 0
    plain: bool = False
    """Typed without marks by someone who types marks: then it has none."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """English words: not repaired; `never_vietnamese` stand for nothing else in English."""

    words: frozenset[str] = frozenset()
    never_vietnamese: frozenset[str] = frozenset()


class Vocabulary:
    """The words and pairs of the field: what a slip may have been meant to be."""

    def __init__(self, phrases: Iterable[tuple[str, ...]]) -> None:
        """Learn phrases, each as its words with their marks."""
        self.known: dict[str, str] = {}
        self.joined: dict[str, tuple[str, ...]] = {}
        self.pairs: dict[Pair, Pair | None] = {}
        """Pairs of keys with their spellings, None where several share the letters."""
        self._heard: dict[Pair, Pair | None] = {}
        self._after: dict[str, set[str]] = defaultdict(set)
        self._before: dict[str, set[str]] = defaultdict(set)
        self._shorter: dict[str, str] = {}
        for phrase in phrases:
            self._learn(phrase)
        for word in self.known:
            if len(word) > REPAIRABLE:
                for shorter in _shortened(word):
                    self._shorter.setdefault(shorter, word)

    def _learn(self, phrase: tuple[str, ...]) -> None:
        keys = tuple(map(key, phrase))
        for its_key, word in zip(keys, phrase, strict=True):
            self.known.setdefault(its_key, word)
        if len(keys) > 1:
            self.joined.setdefault("".join(keys), phrase)
        for pair, words in zip(pairwise(keys), pairwise(phrase), strict=True):
            self._learn_pair(pair, words)

    def _learn_pair(self, pair: Pair, words: Pair) -> None:
        first, second = pair
        spellings = spelled(words[0]), spelled(words[1])
        if self.pairs.setdefault(pair, spellings) != spellings:
            self.pairs[pair] = None
        self.joined.setdefault(first + second, words)
        self._after[first].add(second)
        self._before[second].add(first)
        if len(first) > 1 and len(second) >= REPAIRABLE:
            heard = sound(first), sound(second)
            if self._heard.setdefault(heard, pair) != pair:
                self._heard[heard] = None

    def meant(self, first: str, second: str) -> Pair | None:
        """Return the one pair that sounds like two keys, or is a letter away from them."""
        if heard := self._heard.get((sound(first), sound(second))):
            return heard
        if min(len(first), len(second)) < REPAIRABLE:
            return None
        found: list[Pair] = []
        if second not in self.known:
            found += [
                (first, right) for right in self._after.get(first, ()) if _near(right, second)
            ]
        if first not in self.known:
            found += [
                (left, second) for left in self._before.get(second, ()) if _near(left, first)
            ]
        return found[0] if len(found) == 1 else None

    def nearest(self, typed: str) -> str | None:
        """Return the word of the field that is one letter away from a key that is no syllable."""
        if len(typed) < REPAIRABLE:
            return None
        tries = [typed] if len(typed) == REPAIRABLE else [typed, *_shortened(typed)]
        for shorter in tries:
            if shorter in self.known and shorter != typed:
                return self.known[shorter]
            if longer := self._shorter.get(shorter):
                return self.known[longer]
        return None


class Normaliser:
    """Reads messages as words; abbreviations, idioms and protected words are data."""

    def __init__(
        self,
        expansions: Mapping[str, str],
        idioms: Mapping[str, str],
        vocabulary: Vocabulary,
        foreign: Foreign | None = None,
        common: frozenset[str] = frozenset(),
    ) -> None:
        """Take what the data files say; `common` words are never slips of other words."""
        foreign = foreign or Foreign()
        self._expansions = expansions
        self._folded = {
            fold(typed): meant
            for typed, meant in expansions.items()
            if not is_syllable(fold(typed))
        }
        self._idioms = {
            tuple(map(key, said.split())): (said, meant) for said, meant in idioms.items()
        }
        self._vocabulary = vocabulary
        self._foreign = foreign.words
        self._english_only = foreign.never_vietnamese
        self._common_spellings = frozenset(map(spelled, common))
        self._common = frozenset(map(key, common))

    def words(self, text: str) -> tuple[Word, ...]:
        """Return the words of a message, repaired; never raises, whatever the text."""
        plain = modern(shortened(text)).lower()
        raw = list(_split(plain))
        english = sum(word in self._foreign for word, _ in raw)
        if english * (3 if plain.isascii() else 2) > len(raw):
            return tuple(word for typed, clause in raw for word in self._english(typed, clause))
        share = sum(not word.isascii() for word, _ in raw) / (len(raw) or 1)
        read = [word for typed, clause in raw for word in self._read(typed, clause, share)]
        read = self._idiomatic(self._heard_right(read))
        return tuple(self._marked(read) if share < UNMARKED else read)

    def _english(self, typed: str, clause: int) -> Iterator[Word]:
        """Read a word of an English message: Vietnamese only where it is an abbreviation."""
        if typed in self._english_only:
            yield Word(key(typed), ENGLISH, typed, clause)
            return
        parts = [typed]
        if typed not in self._foreign and (len(typed) >= REPAIRABLE or not typed.isascii()):
            parts = self._expansions.get(typed, typed).split()
        for part in parts:
            yield _word(part, typed, clause)

    def _read(self, typed: str, clause: int, share: float) -> Iterator[Word]:
        parts = self._repaired(typed)
        plain = share > MARKING and parts == (typed,) and typed.isascii()
        for part in parts:
            yield _word(part, typed, clause, plain=plain)

    def _repaired(self, typed: str) -> tuple[str, ...]:
        if typed in self._expansions:
            return tuple(self._expansions[typed].split())
        folded = folded_word(typed)
        if typed.isdecimal() or is_syllable(folded):
            return (typed,)
        if folded in self._folded:
            return tuple(self._folded[folded].split())
        if typed in self._foreign or len(typed) > LONGEST_WORD:
            return (typed,)
        if any(char.isdecimal() for char in folded):
            return self._with_digits(typed)
        return self._in_a_row(folded) or self._respelled(typed, folded)

    def _with_digits(self, typed: str) -> tuple[str, ...]:
        """Read VNI keystrokes, "81t", "3h", "lp2"."""
        if not typed[0].isdecimal() and len(typed) >= REPAIRABLE and (decoded := vni(typed)):
            return (decoded,)
        first, *rest = _DIGITS.findall(typed)
        if len(rest) != 1:
            return (typed,)
        if first.isdecimal():
            return first, UNITS.get(rest[0], rest[0])
        return (*self._folded[first].split(), rest[0]) if first in self._folded else (typed,)

    def _in_a_row(self, folded: str) -> tuple[str, ...]:
        """Read several abbreviations written as one (ĐKGDBĐ)."""
        if any(char in "aeiouy" for char in folded):
            return ()
        for size in range(len(folded) - 2, 1, -1):
            if folded[:size] in self._folded:
                rest = folded[size:]
                behind = (
                    self._folded[rest].split() if rest in self._folded else self._in_a_row(rest)
                )
                if behind:
                    return (*self._folded[folded[:size]].split(), *behind)
        return ()

    def _respelled(self, typed: str, folded: str) -> tuple[str, ...]:
        """Read what is no syllable: Telex, words run together, long-drawn or chat letters."""
        if decoded := telex(typed):
            return (decoded,)
        if folded in self._vocabulary.joined:
            return self._vocabulary.joined[folded]
        once = _REPEATED.sub(r"\1", typed)
        if is_syllable(folded_word(once)):
            return (once,)
        chat = folded_word(once)
        for letter, meant in CHAT_LETTERS:
            chat = chat.replace(letter, meant)
        if is_syllable(chat):
            return (chat,)
        return (self._vocabulary.nearest(key(typed)) or typed,)

    def _heard_right(self, read: list[Word]) -> list[Word]:
        """Repair pairs that are one sound or letter away from a pair of the field (trứng thực)."""
        for at in range(len(read) - 1):
            first, second = read[at], read[at + 1]
            if first.clause != second.clause or self._is_pair(first, second):
                continue
            meant = self._vocabulary.meant(first.key, second.key)
            if meant and self._may_be(read, at, meant):
                for place, right in enumerate(meant, at):
                    if read[place].key != right:
                        read[place] = replace(read[place], key=right, spelling="", plain=False)
        return read

    def _is_pair(self, first: Word, second: Word) -> bool:
        """Tell whether two words are a pair of the field, by their marks too if both have any."""
        pair = first.key, second.key
        if pair not in self._vocabulary.pairs:
            return False
        marks = self._vocabulary.pairs[pair]
        typed = first.spelling, second.spelling
        return not (marks and all(typed) and typed[0] != marks[0] and typed[1] != marks[1])

    def _may_be(self, read: Sequence[Word], at: int, meant: Pair) -> bool:
        """Tell whether the words that would change are neither common nor part of other pairs."""
        first, second = read[at].key, read[at + 1].key
        pairs = self._vocabulary.pairs
        before = at > 0 and (read[at - 1].key, first) in pairs
        after = at + 2 < len(read) and (second, read[at + 2].key) in pairs
        return not (
            (first != meant[0] and (before or self._is_common(read[at])))
            or (second != meant[1] and (after or self._is_common(read[at + 1])))
        )

    def _is_common(self, word: Word) -> bool:
        if word.spelling:
            return word.spelling in self._common_spellings
        return word.key in self._common

    def _idiomatic(self, read: list[Word]) -> list[Word]:
        """Replace pairs that mean something else together ("mất bao lâu" loses nothing)."""
        for at in range(len(read) - 1):
            typed = read[at : at + 2]
            said, meant = self._idioms.get(tuple(word.key for word in typed), ("", ""))
            if said and all(map(_agrees, typed, map(spelled, said.split()))):
                for place, part in enumerate(meant.split()[:2], at):
                    read[place] = _word(part, read[place].text, read[place].clause)
        return read

    def _marked(self, read: list[Word]) -> list[Word]:
        """Give marks to what was typed without any, where a pair of the field leaves no doubt."""
        for at in range(len(read) - 1):
            first, second = read[at], read[at + 1]
            meant = self._vocabulary.pairs.get((first.key, second.key))
            if not meant or first.clause != second.clause:
                continue
            for place, spelling in enumerate(meant, at):
                if not read[place].spelling and read[place].key not in self._common:
                    read[place] = replace(read[place], spelling=spelling)
        return read


def shortened(text: str) -> str:
    """Return the first and the last part of a message that is too long to be read whole."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"


def _split(plain: str) -> Iterator[tuple[str, int]]:
    """Yield each word with the number of its clause."""
    clause, end = 0, 0
    for found in _WORD.finditer(plain):
        if _CLAUSE.search(plain, end, found.start()):
            clause += 1
        yield unicodedata.normalize("NFC", found.group()), clause
        end = found.end()


def _word(part: str, typed: str, clause: int, *, plain: bool = False) -> Word:
    return Word(key(part), "" if part.isascii() else spelled(part), typed, clause, plain)


def _agrees(word: Word, spelling: str) -> bool:
    """Tell whether a word's marks, if its writer types any, are these."""
    return (word.spelling or (word.key if word.plain else spelling)) == spelling


def _shortened(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _near(known: str, typed: str) -> bool:
    """Tell whether one letter changed, added, left out or swapped makes one of the other."""
    if len(known) < REPAIRABLE or known == typed or abs(len(known) - len(typed)) > 1:
        return False
    while known and typed and known[0] == typed[0]:
        known, typed = known[1:], typed[1:]
    while known and typed and known[-1] == typed[-1]:
        known, typed = known[:-1], typed[:-1]
    return max(len(known), len(typed)) <= 1 or known == typed[::-1]
