"""The names of all procedures, typed as people type: with slips, bare, shuffled, cut short."""

import random
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from knowledge.catalogue import contents
from knowledge.plans.concepts import lexicon
from knowledge.plans.model import Status
from knowledge.plans.search import Index
from knowledge.plans.understanding import Certainty
from knowledge.vietnamese import fold

DATA = tomllib.loads((Path(__file__).parent / "names" / "slips.toml").read_text("utf-8"))
PROCEDURES = [each for each in contents().procedures if each.status is not Status.INTERNAL]
ATTEMPTS = 105
"""Random cases for each name; repeated ones are asked once."""
CASES = 10_000
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
VOWELS = "aeiouy"
Change = Callable[[str, random.Random], str]


def neighbours() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in DATA["keyboard"]:
        for left, right in pairwise(row):
            found[left] = found.get(left, "") + right
            found[right] = found.get(right, "") + left
    for upper, lower in pairwise(DATA["keyboard"]):
        for above, below in zip(upper, lower, strict=False):
            found[above] += below
            found[below] += above
    return found


NEIGHBOURS = neighbours()
CLAUSE = re.compile(rf"\s*[,;()]\s*|\s+(?=(?:{'|'.join(DATA['clauses'])})\b)")


def letters(name: str) -> list[int]:
    return [at for at, letter in enumerate(name) if letter.isalpha()]


def neighbour_key(name: str, chance: random.Random) -> str:
    at = chance.choice(letters(name))
    key = chance.choice(NEIGHBOURS[fold(name[at])])
    return name[:at] + key + name[at + 1 :]


def dropped(name: str, chance: random.Random) -> str:
    at = chance.choice(letters(name))
    return name[:at] + name[at + 1 :]


def doubled(name: str, chance: random.Random) -> str:
    at = chance.choice(letters(name))
    return name[: at + 1] + name[at].lower() + name[at + 1 :]


def swapped(name: str, chance: random.Random) -> str:
    pairs = [
        at
        for at, (one, other) in enumerate(pairwise(name))
        if one.isalpha() and other.isalpha() and one.lower() != other.lower()
    ]
    at = chance.choice(pairs)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def wrong_tone(name: str, chance: random.Random) -> str:
    at = chance.choice([at for at in letters(name) if fold(name[at]) in VOWELS])
    parts = unicodedata.normalize("NFD", name[at])
    tone = next((mark for mark in TONES[1:] if mark in parts), "")
    other = chance.choice([mark for mark in TONES if mark != tone])
    bare = parts.replace(tone, "") if tone else parts
    return name[:at] + unicodedata.normalize("NFC", bare + other) + name[at + 1 :]


SLIPS: list[Change] = [neighbour_key, dropped, doubled, swapped, wrong_tone]


def one_slip(name: str, chance: random.Random) -> str:
    return chance.choice(SLIPS)(name, chance)


def two_slips(name: str, chance: random.Random) -> str:
    return one_slip(one_slip(name, chance), chance)


def bare(name: str, chance: random.Random) -> str:
    del chance
    return fold(name)


def shuffled(name: str, chance: random.Random) -> str:
    clauses = [clause for clause in CLAUSE.split(name) if clause]
    return chance.choice((", ", " ")).join(chance.sample(clauses, len(clauses)))


def cut(name: str, chance: random.Random) -> str:
    del chance
    return name[: round(0.6 * len(name))].strip()


BOUNDS: dict[Change, float] = {
    one_slip: 0.98,
    two_slips: 0.95,
    bare: 0.99,
    shuffled: 0.97,
    cut: 0.95,
}
"""Share of the cases that must be right or asked back about."""


@dataclass(frozen=True, slots=True)
class Case:
    typed: str
    meant: str
    locality: str


def cases(change: Change) -> Iterator[Case]:
    chance = random.Random(change.__name__)  # noqa: S311 - slips, no secret
    for procedure in PROCEDURES:
        name = unicodedata.normalize("NFC", procedure.name)
        typed = dict.fromkeys(change(name, chance) for _ in range(ATTEMPTS))
        yield from (Case(each, procedure.id, procedure.locality) for each in typed)


def verdict(index: Index, case: Case) -> str:
    understood = index.understand(case.typed, case.locality)
    shown = [match.id for match in understood.matches]
    if understood.certainty is Certainty.NONE:
        return "missed"
    if understood.certainty is Certainty.UNSURE:
        return "asked" if case.meant in shown else "missed"
    others = set(shown) - {case.meant}
    if not others:
        return "right"
    declared = all(frozenset((other, case.meant)) in lexicon().confusable for other in others)
    return f"{'confused with' if declared else 'WRONG'} {', '.join(sorted(others))}"


@pytest.fixture(scope="module")
def index() -> Index:
    return Index(contents())


@pytest.mark.parametrize("change", BOUNDS, ids=lambda change: change.__name__)
def test_names_with_slips_are_right_or_asked_and_never_wrong(index: Index, change: Change) -> None:
    judged = [(verdict(index, case), case) for case in cases(change)]
    failed = [(word, case) for word, case in judged if word not in ("right", "asked")]
    lines = [f"{word}: {case.meant} {case.typed}" for word, case in sorted(failed, key=str)]
    counts = Counter(word.split()[0] for word, _ in judged)
    summary = "\n".join((str(dict(counts)), *lines))
    assert counts["WRONG"] == 0, summary
    assert counts["right"] + counts["asked"] >= BOUNDS[change] * counts.total(), summary


def test_there_are_enough_cases_for_every_name() -> None:
    assert len(PROCEDURES) == 47
    every = [case for change in BOUNDS for case in cases(change)]
    assert len(set(every)) >= CASES


def test_slips_change_the_name_and_tones_stay_on_their_letter() -> None:
    chance = random.Random(1)  # noqa: S311 - slips, no secret
    assert all(slip("Trích lục", chance) != "Trích lục" for slip in SLIPS for _ in range(50))
    assert fold(wrong_tone("Trích lục", chance)) == fold("Trích lục")
    assert "mua hoá đơn lẻ".count(" ") == shuffled("mua hoá đơn lẻ", chance).count(" ")
