"""What officials edit under catalogue/understanding, read once: words, concepts, needs, topics."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise, product
from typing import Any

from knowledge.plans.phrases import Phrasebook, expanded
from knowledge.plans.words import Foreign
from knowledge.vietnamese import key, spelled

Term = tuple[tuple[str, bool], ...]
"""Alternatives, each a concept and whether it must be present."""
Rule = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """What a citizen may want: the procedures that meet it and the rules that recognise it."""

    name: str
    procedures: tuple[str, ...]
    sure: tuple[Rule, ...]
    ask: tuple[Rule, ...]
    never: frozenset[str]
    all: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """A matter that is not ours; `vi` and `en` say where to go instead."""

    name: str
    vi: str
    en: str
    when: tuple[Rule, ...]
    never: frozenset[str]
    near: tuple[str, ...]
    firm: bool
    """Beats every procedure."""
    weak: bool
    """Yields to every procedure."""


@dataclass(frozen=True, slots=True)
class Family:
    """A word that only names a group: what to ask back."""

    when: tuple[Rule, ...]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All of the data, compiled."""

    phrasebook: Phrasebook
    expansions: Mapping[str, str]
    idioms: Mapping[str, str]
    foreign: Foreign
    common: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]
    """The ways of saying of the field, as words, for repairing what was typed."""
    needs: tuple[Need, ...]
    topics: Mapping[str, Topic]
    families: tuple[Family, ...]
    confusable: frozenset[frozenset[str]]
    facts: frozenset[str]
    """Concepts that count wherever a story tells them: they tell twins apart."""
    subjects: tuple[str, ...]
    intents: tuple[str, ...]
    places: Mapping[str, Any]


@cache
def lexicon() -> Lexicon:
    """Return the compiled data files; the same object for every caller."""
    words, lists = _read("words"), _read("lists")
    concepts, topics = _read("concepts"), _read("topics")
    families, subjects, intents = _read("families"), _read("subjects"), _read("intents")
    ways = [
        (name, way)
        for name, said in _said(concepts, topics, subjects, intents)
        for phrase in said
        for way in expanded(phrase, lists)
    ]
    return Lexicon(
        phrasebook=Phrasebook(ways, _homographs(ways, words["common"]["words"])),
        expansions={**words["abbreviations"], **words["chat"], **words["regional"]},
        idioms=words["idioms"],
        foreign=Foreign(
            frozenset(words["foreign"]["words"]),
            frozenset(words["foreign"]["never_vietnamese"].split()),
        ),
        common=frozenset(words["common"]["words"].split()),
        phrases=tuple(dict.fromkeys(_plain(ways))),
        needs=tuple(_need(name, entry) for name, entry in _read("needs").items()),
        topics={name: _topic(name, entry) for name, entry in topics.items()},
        families=tuple(
            Family(_rules(entry["when"]), tuple(entry["options"])) for entry in families["family"]
        ),
        confusable=frozenset(map(frozenset, families["confusable"]["pairs"])),
        facts=frozenset(families["facts"]["concepts"]),
        subjects=tuple(subjects),
        intents=tuple(intents),
        places=_read("places"),
    )


def topics() -> Mapping[str, Topic]:
    """Return the competing topics by their keys, each with where to go instead."""
    return lexicon().topics


def holds(rule: Rule, present: Mapping[str, object]) -> bool:
    """Return whether a rule's every term holds of the concepts present."""
    for term in rule:
        for name, wanted in term:
            if (name in present) == wanted:
                break
        else:
            return False
    return True


def _read(name: str) -> dict[str, Any]:
    path = files("knowledge") / "catalogue" / "understanding" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _said(
    concepts: Mapping[str, list[str]],
    topics: Mapping[str, Any],
    subjects: Mapping[str, Any],
    intents: Mapping[str, list[str]],
) -> Iterator[tuple[str, Sequence[str]]]:
    yield from concepts.items()
    for name, entry in topics.items():
        yield f"topic {name}", entry["phrases"]
        yield name, entry["phrases"]
    for name, entry in subjects.items():
        yield f"strong {name}", entry["strong"]
        yield f"weak {name}", entry["weak"]
    for name, said in intents.items():
        yield f"intent {name}", said


def _plain(ways: Sequence[tuple[str, str]]) -> Iterator[tuple[str, ...]]:
    """Yield runs of plain words, for the normaliser to repair into."""
    for concept, way in ways:
        if concept.startswith(("intent", "weak", "strong")):
            continue
        for run in way.split("*"):
            words = [part.removesuffix("?").split("|") for part in run.split()]
            yield tuple(choices[0] for choices in words)
            if len(words) == 1:
                yield from ((word,) for word in words[0])
            for one, next_one in pairwise(words):
                yield from product(one, next_one)


def _homographs(ways: Sequence[tuple[str, str]], common: str) -> dict[str, frozenset[str]]:
    """Return, for each word of the data, the spellings that are other words with its letters."""
    spellings: dict[str, set[str]] = {}
    said = {
        word for _, way in ways for part in way.split() for word in part.rstrip("?").split("|")
    }
    for word in (*said, *common.split(), *" ".join(_read("homographs")["groups"]).split()):
        spellings.setdefault(key(word), set()).add(spelled(word))
    return {
        member: frozenset(members - {member})
        for members in spellings.values()
        for member in members
    }


def _need(name: str, entry: Mapping[str, Any]) -> Need:
    return Need(
        name,
        tuple(entry["procedures"]),
        _rules(entry.get("sure", ())),
        _rules(entry.get("ask", ())),
        _names(entry.get("never", "")),
        entry.get("all", False),
    )


def _topic(name: str, entry: Mapping[str, Any]) -> Topic:
    return Topic(
        name,
        entry["vi"],
        entry["en"],
        _rules(entry.get("when", [f"topic {name}"])),
        _names(entry.get("never", "")),
        tuple(entry.get("near", ())),
        entry.get("firm", False),
        entry.get("weak", False),
    )


def _names(joined: str) -> frozenset[str]:
    return frozenset(filter(None, joined.split("|")))


def _rules(rules: Sequence[str]) -> tuple[Rule, ...]:
    return tuple(tuple(_term(term) for term in rule.split(",")) for rule in rules)


def _term(term: str) -> Term:
    names = (name.strip() for name in term.split("|"))
    return tuple((name.removeprefix("!"), not name.startswith("!")) for name in names)
