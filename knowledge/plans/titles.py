"""Procedures by the words of their names, for what has no curated concepts.

Names, aliases and sample questions are compared by their syllables and pairs of syllables, the
rare ones weighing more, on an inverted index.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    """An inverted index over (procedure, name) pairs; a procedure may have several names."""

    def __init__(self, names: Iterable[tuple[str, Sequence[Word]]]) -> None:
        """Weigh every syllable and pair by its rarity."""
        self._names = [(owner, _features(words)) for owner, words in names]
        self._postings: dict[str, list[int]] = defaultdict(list)
        for at, (_, features) in enumerate(self._names):
            for feature in features:
                self._postings[feature].append(at)
        total = len(self._names) + 1
        self._weights = {
            feature: math.log(1 + total / len(places))
            for feature, places in self._postings.items()
        }
        self._unknown = math.log(1 + total)
        self._sizes = [self._weight(features) for _, features in self._names]

    def _weight(self, features: Iterable[str]) -> float:
        return sum(
            self._weights.get(feature, self._unknown) * (0.5 if " " in feature else 1.0)
            for feature in features
        )

    def like(self, words: Sequence[Word], at_most: int = 5) -> list[Likeness]:
        """Return the names most like a message, best first, one for each procedure."""
        asked = _features(words)
        if not asked or not self._names:
            return []
        sums = self._sums(asked)
        telling = {feature for feature in asked if self._tells(feature)}
        size = self._weight(telling)
        best: dict[str, Likeness] = {}
        for at in heapq.nlargest(
            CANDIDATES, sums, key=lambda i: sums[i] / (self._sizes[i] + size)
        ):
            owner, features = self._names[at]
            shared = asked.keys() & features.keys()
            weight = self._weight(shared)
            all_asked = size + self._weight(shared - telling)
            said = tuple(asked[f] for f in shared if " " not in f)
            likeness = Likeness(owner, weight / self._sizes[at], weight / (all_asked or 1), said)
            if owner not in best or likeness.score > best[owner].score:
                best[owner] = likeness
        return heapq.nlargest(at_most, best.values(), key=lambda found: found.score)

    def _tells(self, feature: str) -> bool:
        """Tell whether a syllable or pair speaks for or against names at all."""
        if set(feature.split()) <= FILLER:
            return False
        return " " not in feature or feature in self._weights

    def _sums(self, asked: Mapping[str, str]) -> dict[int, float]:
        limit = max(50, int(len(self._names) * COMMON))
        sums: dict[int, float] = defaultdict(float)
        for feature in asked:
            places = self._postings.get(feature, ())
            if 0 < len(places) <= limit:
                weight = self._weights[feature]
                for at in places:
                    sums[at] += weight
        return sums


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


def _features(words: Sequence[Word]) -> dict[str, str]:
    """Return syllables and pairs of neighbours, each with the text that says it."""
    found = {word.key: word.text for word in words}
    for first, second in pairwise(words):
        found.setdefault(f"{first.key} {second.key}", f"{first.text} {second.text}")
    return found
