"""Whether what a matcher made of a question is right, as ../shared/queries/LABELS.md judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

ANSWERED, ASKED_BACK, DECLINED = OUTCOMES = ("answered", "asked_back", "declined")

Row = Mapping[str, str]


def verdict(row: Row, outcome: str, shown: Sequence[str]) -> str:
    """Return right, asked, missed or WRONG; `shown` are ids, the best one first."""
    expected = row["expected_ids"]
    ids = set() if expected == "NONE" else set(expected.removeprefix("AMBIG:").split(";"))
    kind = _kind(expected)
    allowed = {kind, *(_ALTERNATIVES[each] for each in row["alt_ok"].split(",") if each)}
    if outcome == ANSWERED:
        return _of_answer(row, allowed, ids, shown)
    if outcome == DECLINED:
        return "right" if outcome in allowed else "missed"
    if len(ids & set(shown)) < (min(2, len(ids)) if kind == ASKED_BACK else min(1, len(ids))):
        return "missed"
    return "right" if outcome in allowed else "asked"


_ALTERNATIVES = {"ANSWER": ANSWERED, "ASK": ASKED_BACK, "NONE": DECLINED}


def _kind(expected: str) -> str:
    if expected == "NONE":
        return DECLINED
    return ASKED_BACK if expected.startswith("AMBIG:") else ANSWERED


def _of_answer(row: Row, allowed: set[str], ids: set[str], shown: Sequence[str]) -> str:
    if not ids:
        return "right" if ANSWERED in allowed else "WRONG"
    if row["require"] == "all":
        return "right" if ids <= set(shown) else "asked" if ids & set(shown) else "WRONG"
    if not shown or shown[0] not in ids:
        return "WRONG"
    return "right" if ANSWERED in allowed else "missed"


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's best score, and the verdicts were it answered, asked back or declined."""

    score: float
    verdicts: tuple[str, str, str]


def in_its_favour(judged: Sequence[Judged], wrong_at_most: float) -> tuple[int, int]:
    """Return how many are right and WRONG with the two thresholds that make most right.

    From the upper one on it answers, from the lower one on it asks back with its best four. Both
    are chosen on the very questions that are counted, among those with few enough WRONG.
    """
    ordered = sorted(judged, key=lambda each: -each.score)
    scores = [each.score for each in ordered]
    cuts = [at for at in range(1, len(ordered)) if scores[at - 1] != scores[at]]
    cuts = [0, *cuts, len(ordered)]
    right, wrong = (
        [_counts(ordered, at, word) for at in range(len(OUTCOMES))] for word in ("right", "WRONG")
    )
    splits = ((upper, lower) for upper in cuts for lower in cuts if upper <= lower)
    counted = ((_split(right, *split), _split(wrong, *split)) for split in splits)
    return max((c for c in counted if c[1] <= wrong_at_most), key=lambda c: (c[0], -c[1]))


def _counts(ordered: Sequence[Judged], outcome: int, word: str) -> list[int]:
    """Return how often a verdict is given in the first 0, 1, 2 … questions."""
    return [0, *accumulate(each.verdicts[outcome] == word for each in ordered)]


def _split(counts: Sequence[Sequence[int]], upper: int, lower: int) -> int:
    answered, asked, declined = counts
    return answered[upper] + asked[lower] - asked[upper] + declined[-1] - declined[lower]
