"""Write understanding/second_opinion.json from the labelled questions in questions/.

    python -m knowledge.catalogue.make_second_opinion

Run it after a change of questions or of understanding/*.toml. The model is linear, trained with
averaged passive-aggressive steps (Crammer et al. 2006) in a fixed order: the same data make the
same file.
"""

import csv
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.catalogue import contents
from knowledge.plans.concepts import lexicon
from knowledge.plans.opinion import DOMESTIC, NOTHING, SCALE, SILENT, Opinion
from knowledge.plans.search import Index

HERE = Path(__file__).parent
QUESTIONS = HERE / "questions"
TARGET = HERE / "understanding" / "second_opinion.json"
PASSES = 6
MARGIN = 1.0
STEP = 0.3
RARE = 3
"""Features of fewer questions are not learned."""
NEGLIGIBLE = 0.02

Row = Mapping[str, str]
_FOREIGN_ONLY = frozenset(("BK2-01", "BK2-02", "BK2-03", "BK2-05", "BK2-06", "BK2-07"))


@dataclass(frozen=True, slots=True)
class Example:
    """One question as the model sees it; any of `classes` is right."""

    features: tuple[str, ...]
    classes: frozenset[str]


def voices(folder: Path = QUESTIONS) -> dict[str, list[Row]]:
    """Return the labelled questions of each voice, by the files' names."""
    return {path.stem: rows(path) for path in sorted(folder.glob("*.csv"))}


def rows(path: Path) -> list[Row]:
    """Return the questions of one file; columns as in the files of questions/."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def examples(questions: Iterable[Row], index: Index) -> Iterator[Example]:
    """Yield what can be learned from: questions whose label says what the words mean."""
    for row in questions:
        if classes := _classes(row):
            yield Example(tuple(index.features(row["query"])), classes)


def _classes(row: Row) -> frozenset[str]:
    """Return the classes of a question; none where its place decided, not its words."""
    expected = row["expected_ids"]
    near = frozenset(filter(None, row["near_ids"].split(";")))
    if expected == "NONE":
        if not near:
            return frozenset((NOTHING,))
        return frozenset((DOMESTIC,)) if near & _FOREIGN_ONLY else frozenset()
    needs = sorted({_need(one) for one in expected.removeprefix("AMBIG:").split(";")} - {""})
    if expected.startswith("AMBIG:") and needs:
        return frozenset(("+".join(needs),))
    return frozenset(needs)


def _need(procedure: str) -> str:
    """Return the one need that a procedure meets, nothing where it meets several."""
    names = [n.name for n in lexicon().needs if procedure in n.procedures and not n.all]
    return names[0] if len(names) == 1 else ""


def trained(learned: Sequence[Example]) -> Opinion:
    """Return the model that examples make."""
    classes, averages = _averages(learned)
    number = {name: at for at, name in enumerate(classes)}
    weights = {
        feature: [
            (number[name], round(weight * SCALE))
            for name, weight in sorted(by_class.items())
            if abs(weight) >= NEGLIGIBLE
        ]
        for feature, by_class in sorted(averages.items())
    }
    return Opinion(classes, {feature: pairs for feature, pairs in weights.items() if pairs})


def _averages(learned: Sequence[Example]) -> tuple[list[str], dict[str, dict[str, float]]]:
    """Return the classes and, for each feature and class, its weight averaged over all steps."""
    said = Counter(feature for example in learned for feature in example.features)
    classes = sorted({name for example in learned for name in example.classes})
    known = [
        ([f for f in example.features if said[f] >= RARE], example.classes) for example in learned
    ]
    weights: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    moved: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    order = random.Random(1)  # noqa: S311 - a fixed order, not a secret
    step = 1
    for _ in range(PASSES):
        order.shuffle(known)
        for features, right in known:
            _learn(features, right, classes, weights, moved, step)
            step += 1
    averages = {
        feature: {name: weight - moved[feature][name] / step for name, weight in row.items()}
        for feature, row in weights.items()
    }
    return classes, averages


def _learn(  # noqa: PLR0913, PLR0917 - the six values of one training step
    features: Sequence[str],
    right: frozenset[str],
    classes: Sequence[str],
    weights: dict[str, dict[str, float]],
    moved: dict[str, dict[str, float]],
    step: int,
) -> None:
    """Move the weights as far as one example needs, at most by STEP."""
    sums = dict.fromkeys(classes, 0.0)
    for feature in features:
        for name, weight in weights[feature].items():
            sums[name] += weight
    best = max(sorted(right), key=sums.__getitem__)
    rival = max((name for name in classes if name not in right), key=sums.__getitem__)
    loudness = 1 / math.sqrt(len(features) or 1)
    loss = MARGIN - loudness * (sums[best] - sums[rival])
    if loss <= 0:
        return
    move = loudness * min(STEP, loss / 2)
    for feature in features:
        for name, by in ((best, move), (rival, -move)):
            weights[feature][name] += by
            moved[feature][name] += step * by


def written(model: Opinion) -> str:
    """Return a model as the text of its file, one line for each feature."""
    lines = (
        f"{json.dumps(feature, ensure_ascii=False)}: {json.dumps(sum(pairs, ()))}"
        for feature, pairs in model.weights.items()
    )
    classes = json.dumps(model.classes, ensure_ascii=False)
    body = ",\n".join(lines)
    return f'{{"classes": {classes},\n"weights": {{\n{body}\n}}}}\n'


def main() -> None:
    """Train on all voices and write the file."""
    index = Index(contents(), SILENT)
    learned = [one for voice in voices().values() for one in examples(voice, index)]
    TARGET.write_text(written(trained(learned)), encoding="utf-8")


if __name__ == "__main__":
    main()
