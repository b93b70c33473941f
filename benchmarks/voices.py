"""How well voices are understood that were not learned from: leave-one-author-out.

    python -m benchmarks.voices [--folds N] [--ways rules,nearest,...]

Compares the concept rules alone, the nearest sample questions, a naive Bayes and a linear model
alone, and the rules with one of them as second opinion. Prints a table of the voices and
JSON lines {"name", "value", "unit", "compared_to", "ratio"}. The voices of one author are left out
together;
../shared/queries/dev.csv is one more voice, never learned from.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from benchmarks.judging import ANSWERED, ASKED_BACK, DECLINED, Row, verdict
from knowledge import catalogue
from knowledge.catalogue.make_second_opinion import (
    Example,
    examples,
    rows,
    trained,
    voices,
)
from knowledge.plans.meaning import Found, Meaning
from knowledge.plans.opinion import SILENT, Heard, Limits, Opinion, procedures_of
from knowledge.plans.search import Index
from knowledge.plans.understanding import Certainty
from knowledge.plans.words import Word

SHARED = Path(__file__).parents[2] / "shared" / "queries" / "dev.csv"
AUTHORS = ("first", "second")
"""Authors of several voices; every other voice has its own."""
OUTCOMES = {
    Certainty.SURE: ANSWERED,
    Certainty.UNSURE: ASKED_BACK,
    Certainty.NONE: DECLINED,
}
LARGE = 100
"""Questions from which a voice counts as the worst one."""


class Counted(Opinion):
    """A second opinion without weights: it does not say why."""

    def __init__(self) -> None:
        """Have no classes of its own."""
        super().__init__((), {})

    def why(self, names: Collection[str], said: Mapping[str, str]) -> dict[str, tuple[str, ...]]:  # noqa: ARG002
        """Return no texts."""
        return dict.fromkeys(names, ())


class Nearest(Counted):
    """The sample questions most like a message, by the rarity of what both say."""

    def __init__(self, learned: Sequence[Example]) -> None:
        """Index the examples by their features."""
        super().__init__()
        self._classes = [" | ".join(sorted(example.classes)) for example in learned]
        postings: dict[str, list[int]] = defaultdict(list)
        for at, example in enumerate(learned):
            for feature in example.features:
                postings[feature].append(at)
        self._postings = postings
        self._rarity = {f: math.log(1 + len(learned) / len(at)) for f, at in postings.items()}
        self._sizes = [self._size(example.features) for example in learned]

    def _size(self, said: Iterable[str]) -> float:
        return math.sqrt(sum(self._rarity.get(f, 0.0) ** 2 for f in said)) or 1.0

    def heard(self, features: Iterable[str]) -> Heard:
        """Return the classes of the nearest questions by cosine."""
        said = list(features)
        sums: dict[int, float] = defaultdict(float)
        for feature in said:
            for at in self._postings.get(feature, ()):
                sums[at] += self._rarity[feature] ** 2
        size = self._size(said)
        best: dict[str, float] = {}
        for at, total in sums.items():
            near = total / (size * self._sizes[at])
            name = self._classes[at].split(" | ")[0]
            best[name] = max(best.get(name, 0.0), near)
        ranked = sorted(best.items(), key=lambda pair: -pair[1])
        return Heard((*ranked, ("-", 0.0), ("?", 0.0)))


class Bayes(Counted):
    """Naive Bayes over the same features, by their presence."""

    def __init__(self, learned: Sequence[Example], smooth: float = 2.0) -> None:
        """Count the features of each class."""
        super().__init__()
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._sizes: Counter[str] = Counter()
        self._said: Counter[str] = Counter()
        self._smooth = smooth
        for example in learned:
            self._said.update(example.features)
            for name in example.classes:
                self._sizes[name] += 1
                for feature in example.features:
                    self._counts[feature][name] += 1
        self._total = sum(self._sizes.values())

    def heard(self, features: Iterable[str]) -> Heard:
        """Return the classes by their mean log likelihood ratio."""
        known = [feature for feature in features if self._said[feature] > 1]
        sums = dict.fromkeys(self._sizes, 0.0)
        for feature in known:
            share, counts = self._said[feature] / self._total, self._counts[feature]
            for name, size in self._sizes.items():
                likely = (counts[name] + self._smooth * share) / (size + self._smooth)
                sums[name] += math.log(likely / share)
        loudness = 3 * math.sqrt(len(known) or 1)
        ranked = sorted(sums.items(), key=lambda pair: -pair[1])
        return Heard(tuple((name, total / loudness) for name, total in ranked))


class Alone(Index):
    """Understands by the second opinion only: rules, names and codes are not asked."""

    def _meaning(  # what an index asks, of which this one needs one part
        self,
        text: str,  # noqa: ARG002
        words: Sequence[Word],  # noqa: ARG002
        found: Found,  # noqa: ARG002
        heard: Heard,
        limits: Limits,  # noqa: ARG002
    ) -> Meaning:
        ids = procedures_of(heard.best, self._lexicon)
        if not ids:
            return Meaning(Certainty.NONE)
        certainty = Certainty.UNSURE if "+" in heard.best else Certainty.SURE
        return Meaning(certainty, ids, (), heard.sureness)


Teacher = Callable[[Sequence[Example]], Opinion]
WAYS: dict[str, tuple[type[Index], Teacher]] = {
    "rules": (Index, lambda _: SILENT),
    "nearest": (Alone, Nearest),
    "bayes": (Alone, Bayes),
    "linear": (Alone, trained),
    "rules + nearest": (Index, Nearest),
    "rules + bayes": (Index, Bayes),
    "rules + linear": (Index, trained),
}


def folds(names: Iterable[str], count: int) -> list[list[str]]:
    """Return voices to leave out together: those of one author, and others to fill `count`."""
    authored = {author: [n for n in names if n.startswith(f"{author}-")] for author in AUTHORS}
    own = [n for n in names if n.split("-")[0] not in AUTHORS and n != "dev"]
    parts = [own[at::count] for at in range(count)] if count else [[name] for name in own]
    return [part for part in (*parts, *authored.values(), ["dev"]) if part]


def everyone() -> dict[str, list[Row]]:
    """Return all voices, dev where it is there."""
    found = voices()
    return {**found, "dev": rows(SHARED)} if SHARED.is_file() else found


def measured(
    left_out: list[str], ways: Sequence[str]
) -> list[tuple[str, str, Counter[str], list[float]]]:
    """Return (way, voice, counts, milliseconds) of one fold."""
    plain = Index(catalogue.contents(), SILENT)
    known = everyone()
    learned = [
        one
        for name, asked in known.items()
        if name not in left_out and name != "dev"
        for one in examples(asked, plain)
    ]
    taught: dict[Teacher, Opinion] = {}
    result = []
    for way in ways:
        kind, teach = WAYS[way]
        if teach not in taught:
            taught[teach] = teach(learned)
        index = kind(catalogue.contents(), taught[teach])
        result += [(way, name, *judged(index, known[name])) for name in left_out]
    return result


def judged(index: Index, asked: Iterable[Row]) -> tuple[Counter[str], list[float]]:
    """Return how many questions ended how, intents of right answers too, and the times."""
    counts: Counter[str] = Counter()
    times = []
    for row in asked:
        start = time.thread_time()
        understood = index.understand(row["query"], row["locality_context"] or None)
        times.append(1000 * (time.thread_time() - start))
        shown = [match.id for match in understood.matches]
        counts[end := verdict(row, OUTCOMES[understood.certainty], shown)] += 1
        if end == "right" and understood.certainty is Certainty.SURE:
            wanted = {row["intent"], *row["intents_also"].split(";")}
            told = bool(wanted & {str(intent) for intent in understood.intents})
            counts["intent" if told else "other intent"] += 1
    return counts, times


def share(counts: Counter[str], name: str) -> float:
    """Return the percentage of questions that ended in one way."""
    ends = sum(counts[end] for end in ("right", "asked", "missed", "WRONG"))
    return 100 * counts[name] / (ends or 1)


def intent(counts: Counter[str]) -> float:
    """Return the percentage of right answers with a right intent."""
    return 100 * counts["intent"] / ((counts["intent"] + counts["other intent"]) or 1)


def main() -> None:
    """Measure every way on every voice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=8, help="0: leave out one voice at a time")
    parser.add_argument("--ways", default=",".join(WAYS))
    chosen = parser.parse_args()
    ways = chosen.ways.split(",")
    with Pool() as pool:
        parts = folds(everyone(), chosen.folds)
        found = [one for part in pool.imap(partial(measured, ways=ways), parts) for one in part]
    for way in ways:
        show(way, {name: (counts, times) for its, name, counts, times in found if its == way})


def show(way: str, by_voice: dict[str, tuple[Counter[str], list[float]]]) -> None:
    """Print a way's table and its figures."""
    print(f"# {way}", file=sys.stderr)
    for name, (counts, _) in sorted(
        by_voice.items(), key=lambda voice: share(voice[1][0], "right")
    ):
        ends = "  ".join(
            f"{end} {share(counts, end):5.1f}" for end in ("right", "asked", "missed", "WRONG")
        )
        print(f"{name:22} {ends}  intent {intent(counts):5.1f}", file=sys.stderr)
    total = sum((counts for counts, _ in by_voice.values()), Counter())
    times = sorted(one for _, its in by_voice.values() for one in its)
    large = [counts for counts, its in by_voice.values() if len(its) > LARGE]
    for name, value, unit in (
        ("right", share(total, "right"), "%"),
        ("asked", share(total, "asked"), "%"),
        ("WRONG", share(total, "WRONG"), "%"),
        ("intent", intent(total), "%"),
        ("right, worst voice", min(share(counts, "right") for counts in large), "%"),
        ("WRONG, worst voice", max(share(counts, "WRONG") for counts in large), "%"),
        ("median", statistics.median(times), "ms"),
        ("p99", times[int(len(times) * 0.99)], "ms"),
    ):
        figure = {"name": f"{way}: {name}", "value": round(value, 2), "unit": unit}
        print(
            json.dumps({**figure, "compared_to": None, "ratio": None}, ensure_ascii=False),
            flush=True,
        )


if __name__ == "__main__":
    main()
