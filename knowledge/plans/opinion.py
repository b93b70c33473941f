"""A second opinion, learned from sample questions: what a whole message sounds like.

The concept rules see single words; this linear model weighs all of them. It knows classes: a need
(see `understanding/needs.toml`), several needs joined by "+" (a question that must be asked back),
NOTHING (no procedure) and DOMESTIC (an event without foreign element).
"""

import heapq
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise, zip_longest

from knowledge.plans.concepts import Lexicon
from knowledge.plans.meaning import Found, Meaning
from knowledge.plans.understanding import Certainty
from knowledge.plans.words import Word

NOTHING = "-"
DOMESTIC = "trong nước"
REASONS = 3
"""Texts that are told to have spoken for a class."""
SCALE = 1000
"""Weights are kept as whole thousandths."""

Weights = Mapping[str, Sequence[tuple[int, int]]]
"""Feature -> (number of the class, weight in thousandths)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message sounds like: classes, the likeliest first, each with its score."""

    ranked: tuple[tuple[str, float], ...]

    @property
    def best(self) -> str:
        """Return the likeliest class."""
        return self.ranked[0][0]

    @property
    def lead(self) -> float:
        """Return by how much the likeliest class leads the next one."""
        return self.ranked[0][1] - self.ranked[1][1]

    @property
    def leaning(self) -> float:
        """Return by how much the likeliest need leads what is no need."""
        scores = dict(self.ranked)
        needs = (score for name, score in self.ranked if name not in {NOTHING, DOMESTIC})
        return next(needs, 0.0) - scores.get(NOTHING, 0.0)

    @property
    def sureness(self) -> float:
        """Return the lead as a number from 0 to 1."""
        return min(1.0, max(0.0, self.lead))


class Opinion:
    """A trained model; asked by any number of threads."""

    def __init__(self, classes: Sequence[str], weights: Weights) -> None:
        """Take what `make_second_opinion` wrote."""
        self.classes = tuple(classes)
        self.weights = weights

    def heard(self, features: Iterable[str]) -> Heard:
        """Return what features sound like; a long message says it no louder than a short one."""
        sums = [0] * len(self.classes)
        known = [self.weights[feature] for feature in features if feature in self.weights]
        for row in known:
            for at, weight in row:
                sums[at] += weight
        loudness = SCALE * math.sqrt(len(known) or 1)
        ranked = sorted(zip(sums, self.classes, strict=True), key=lambda pair: -pair[0])
        return Heard(tuple((name, weight / loudness) for weight, name in ranked))

    def why(self, names: Collection[str], said: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Return the texts that spoke most for classes; `said` maps features to their texts."""
        wanted = {self.classes.index(name): name for name in names}
        spoke: dict[str, dict[str, int]] = {name: {} for name in names}
        for feature, text in said.items():
            for at, weight in self.weights.get(feature, ()):
                if at in wanted and weight > 0:
                    spoke[wanted[at]][text] = weight
        return {
            name: tuple(heapq.nlargest(REASONS, texts, key=texts.__getitem__))
            for name, texts in spoke.items()
        }


SILENT = Opinion((), {})
"""Has no opinion: the concept rules alone decide."""


def features(words: Sequence[Word], found: Found) -> dict[str, str]:
    """Return what a model weighs, each with its text: syllables, neighbours and concepts."""
    said = {word.key: word.text for word in words}
    for first, second in pairwise(words):
        said[f"{first.key} {second.key}"] = f"{first.text} {second.text}"
    for concept in sorted(found):
        if not concept.startswith("intent "):
            hit = found[concept][0]
            said[f"={concept}"] = " ".join(word.text for word in words[hit.start : hit.end])
    return said


@cache
def second_opinion() -> Opinion:
    """Return the model of the catalogue's questions; it is silent before it was first made."""
    path = files("knowledge") / "catalogue" / "understanding" / "second_opinion.json"
    if not path.is_file():
        return SILENT
    data = json.loads(path.read_text(encoding="utf-8"))
    weights = {
        feature: tuple(zip(pairs[::2], pairs[1::2], strict=True))
        for feature, pairs in data["weights"].items()
    }
    return Opinion(data["classes"], weights)


@dataclass(frozen=True, slots=True)
class Limits:
    """Leads from which the second opinion changes the first; chosen by cross-validation."""

    doubt: float = 0.35
    """The rules are sure of one need, it sounds like another: ask."""
    twins: float = 0.4
    """The rules are sure of one of several needs that it sounds like: ask."""
    nothing: float = 0.35
    """The rules are sure, it sounds like nothing of ours: ask."""
    choose: float = 0.25
    """The rules would ask back, it sounds like one of the options: answer."""
    insist: float = 0.35
    """The rules would ask back, it sounds like none of the options: answer."""
    dismiss: float = 0.35
    """The rules would ask back, it sounds like nothing of ours: decline."""
    speak: float = 0.7
    """The rules found nothing, it sounds like a need: answer."""
    offer: float = 0.1
    """The rules would ask back, it sounds like other options: offer those first."""


LIMITS = Limits()
LIMITS_OF_STORIES = Limits(
    doubt=0.0, twins=0.1, nothing=0.1, choose=0.2, insist=0.25, dismiss=0.3, speak=0.25, offer=0.1
)
"""A story has words of many needs: both opinions must agree."""


def weighed(first: Meaning, heard: Heard, lexicon: Lexicon, limits: Limits = LIMITS) -> Meaning:
    """Return the first opinion, changed where the second one is sure enough of something else."""
    if not heard.ranked:
        return first
    sounds = procedures_of(heard.best, lexicon)
    if first.certainty is Certainty.SURE:
        return _doubted(first, heard, sounds, limits)
    if first.certainty is Certainty.UNSURE:
        return _chosen(first, heard, sounds, limits)
    return _offered(first, heard, sounds, limits)


def _doubted(first: Meaning, heard: Heard, sounds: tuple[str, ...], limits: Limits) -> Meaning:
    agrees = bool(set(sounds) & set(first.ids))
    if not sounds:
        limit = limits.nothing
    elif "+" in heard.best and agrees:
        limit = limits.twins
    elif agrees:
        return replace(first, ids=sounds) if first.every and limits.doubt <= 0 else first
    else:
        limit = limits.doubt
    return _asking(first, (*sounds, *first.ids)) if heard.lead >= limit else first


def _chosen(first: Meaning, heard: Heard, sounds: tuple[str, ...], limits: Limits) -> Meaning:
    if not sounds:
        if heard.lead < limits.dismiss:
            return first
        return replace(first, certainty=Certainty.NONE)
    if "+" in heard.best:
        return _asking(first, (*sounds, *first.ids)) if heard.lead >= limits.offer else first
    limit = limits.choose if set(sounds) & set(first.ids) else limits.insist
    if heard.lead >= limit:
        return replace(first, certainty=Certainty.SURE, ids=sounds, score=heard.sureness)
    return _asking(first, (*sounds, *first.ids)) if heard.lead >= limits.offer else first


def _offered(first: Meaning, heard: Heard, sounds: tuple[str, ...], limits: Limits) -> Meaning:
    firm = first.topic is not None and first.topic.firm
    if firm or not sounds or heard.lead < limits.speak:
        return first
    certainty = Certainty.UNSURE if "+" in heard.best else Certainty.SURE
    return Meaning(certainty, sounds, (), heard.sureness)


def _asking(first: Meaning, ids: Iterable[str]) -> Meaning:
    """Return a question with these options, each once."""
    return Meaning(Certainty.UNSURE, tuple(dict.fromkeys(ids)), first.why, first.score)


def procedures_of(name: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the procedures of a class; of several needs in turn, first the first of each."""
    wanted = name.split("+")
    of_each = [need.procedures for need in lexicon.needs if need.name in wanted and not need.all]
    in_turn = (one for turn in zip_longest(*of_each) for one in turn if one)
    return tuple(dict.fromkeys(in_turn))
