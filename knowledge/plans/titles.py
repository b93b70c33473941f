"""Procedures by the words of their names, for what has no curated concepts.

Names, aliases and sample questions are compared by their syllables and pairs of syllables, the
rare ones weighing more, on an inverted index.
"""

import heapq
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import fuzz, process

from knowledge.plans.words import Word
from knowledge.vietnamese import fold, key

CANDIDATES = 24
SPELLED = 88.0
"""Likeness in percent, letter by letter, from which a name counts as spelled with slips."""
APART = 7.0
"""Percent by which the best spelling must lead."""
SHORTEST, LONGEST = 9, 300
"""Letters of a message that is compared letter by letter."""
SHORTEST_BEGINNING = 12
"""Letters of a message that is taken for the beginning of a name."""
COMMON = 0.08
"""Share of the names above which a syllable alone brings up no candidates."""
_FILLER = """
tôi em mình cho hỏi xin muốn cần thì là ạ à ơi vậy thế nào sao làm ở đâu thứ mấy ngày hôm
phí bao nhiêu lâu tốn có được và với của các những một thủ tục về gì giấy tờ hồ sơ khi trong
tại theo bằng từ để ai ra đến nộp mang theo lệ cán bộ ad cơ quan nhất này
"""
FILLER = frozenset(map(key, _FILLER.split()))
"""Words that a message may say beyond a name without speaking against it."""


PAIRS = 1 << 32
"""Pairs of neighbours have numbers from here on."""
MOST = 20_000
"""Places that are looked at for one message."""


@dataclass(frozen=True, slots=True)
class _Told:
    """The text of a feature in a message, and whether it speaks for or against names at all."""

    text: str
    tells: bool


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a name a message is, each from 0 to 1, and the words both have."""

    id: str
    coverage: float
    """How much of the name the message says."""
    precision: float
    """How much of the message is the name's."""
    why: tuple[str, ...]

    @property
    def score(self) -> float:
        """Return the harmonic mean of both."""
        both = self.coverage + self.precision
        return 2 * self.coverage * self.precision / both if both else 0.0


class Titles:
    """An inverted index over (procedure, name) pairs; a procedure may have several names.

    Syllables have numbers, and a pair of neighbours has the number of both; each name is kept as
    an array of them, so that a hundred thousand names fit and are learned in seconds.
    """

    def __init__(self, names: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Weigh every syllable and pair by its rarity; names are given as their words' keys."""
        self._numbers: dict[str, int] = {}
        self._owners: list[str] = []
        self._names: list[array[int]] = []
        self._places: dict[int, array[int]] = {}
        for owner, keys in names:
            self._learn(owner, keys)
        self._total = len(self._names) + 1
        rarity = {feature: self._rarity(feature) for feature in self._places}
        self._sizes = array("f", (sum(map(rarity.__getitem__, name)) for name in self._names))

    def _learn(self, owner: str, keys: Iterable[str]) -> None:
        numbers = self._numbers
        said = [numbers.setdefault(word, len(numbers)) for word in keys]
        pairs = {_pair(first, second) for first, second in pairwise(said)}
        at, places = len(self._names), self._places
        name = array("Q", {*said, *pairs})
        for feature in name:
            if feature in places:
                places[feature].append(at)
            else:
                places[feature] = array("I", (at,))
        self._owners.append(owner)
        self._names.append(name)

    def _rarity(self, feature: int) -> float:
        """Return a feature's weight; a pair counts half, what no name has counts most."""
        places = self._places.get(feature, ())
        weight = math.log(1 + self._total / (len(places) or 1))
        return weight if feature < PAIRS else weight / 2

    def _weight(self, features: Iterable[int]) -> float:
        return sum(map(self._rarity, features))

    def like(self, words: Sequence[Word], at_most: int = 5) -> list[Likeness]:
        """Return the names most like a message, best first, one for each procedure."""
        asked = self._asked(words)
        if not asked or not self._names:
            return []
        sums = self._sums(asked)
        telling = {feature for feature, told in asked.items() if told.tells}
        size = self._weight(telling)
        best: dict[str, Likeness] = {}
        for at in heapq.nlargest(
            CANDIDATES, sums, key=lambda i: sums[i] / (self._sizes[i] + size)
        ):
            owner = self._owners[at]
            shared = asked.keys() & set(self._names[at])
            weight = self._weight(shared)
            all_asked = size + self._weight(shared - telling)
            said = tuple(asked[f].text for f in shared if f < PAIRS)
            likeness = Likeness(owner, weight / self._sizes[at], weight / (all_asked or 1), said)
            if owner not in best or likeness.score > best[owner].score:
                best[owner] = likeness
        return heapq.nlargest(at_most, best.values(), key=lambda found: found.score)

    def _asked(self, words: Sequence[Word]) -> dict[int, _Told]:
        """Return a message's syllables and pairs; unknown ones get numbers of their own."""
        new: dict[str, int] = {}
        numbers = [
            self._numbers.get(word.key, -1 - new.setdefault(word.key, len(new))) for word in words
        ]
        asked = {
            number: _Told(word.text, word.key not in FILLER)
            for word, number in zip(words, numbers, strict=True)
        }
        for (first, one), (second, other) in pairwise(zip(words, numbers, strict=True)):
            pair = _pair(one, other)
            if min(one, other) >= 0 and pair in self._places:
                tells = not {first.key, second.key} <= FILLER
                asked[pair] = _Told(f"{first.text} {second.text}", tells)
        return asked

    def _sums(self, asked: Iterable[int]) -> dict[int, float]:
        """Add up the weights of the names that share rare features, the rarest first."""
        limit = max(50, int(len(self._names) * COMMON))
        known = [places for feature in asked if (places := self._places.get(feature))]
        sums: dict[int, float] = defaultdict(float)
        looked = 0
        for places in sorted(known, key=len):
            looked += len(places)
            if len(places) > limit or (sums and looked > MOST):
                break
            weight = math.log(1 + self._total / len(places))
            for at in places:
                sums[at] += weight
        return sums


def _pair(first: int, second: int) -> int:
    """Return the number of a pair of neighbours."""
    return PAIRS * (first + 1) + second


class Spellings:
    """Names letter by letter: what was typed with slips, or not to its end."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """Take (procedure, name) pairs."""
        folded = [(owner, _letters(name)) for owner, name in names]
        self._owners = [owner for owner, _ in folded]
        self._names = [name for _, name in folded]

    def like(self, text: str) -> list[Likeness]:
        """Return the names that a short message spells nearly, best first; ties are kept."""
        typed = _letters(text)
        if not SHORTEST <= len(typed) <= LONGEST:
            return []
        found = process.extract(
            typed, self._names, scorer=fuzz.ratio, score_cutoff=SPELLED, limit=CANDIDATES
        )
        slips = [one for one in found if one[0] == typed or not one[0].startswith(typed)]
        best = max((score for _, score, _ in slips), default=0.0)
        close = [(at, score) for _, score, at in slips if best - score < APART]
        return [
            Likeness(self._owners[at], score / 100, score / 100, (text,)) for at, score in close
        ]

    def beginning(self, text: str) -> list[Likeness]:
        """Return the names that begin with a message that is at least half of them."""
        typed = _letters(text)
        if len(typed) < SHORTEST_BEGINNING:
            return []
        return [
            Likeness(owner, len(typed) / len(name), len(typed) / len(name), (text,))
            for owner, name in zip(self._owners, self._names, strict=True)
            if name.startswith(typed) and len(typed) * 2 > len(name)
        ]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))
