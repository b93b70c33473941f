"""From the concepts in a message to what is asked: needs, topics that are not ours, families."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.plans.concepts import Lexicon, Need, Rule, Topic, holds
from knowledge.plans.phrases import Hit
from knowledge.plans.understanding import Certainty, Subject
from knowledge.plans.words import Word

SURE, ASKING, FAMILY = 0.95, 0.6, 0.5
"""How well needs fit: by a sure rule, by a weak one, by the name of a group only."""
FOREIGNERS = frozenset(("nguoi_nuoc_ngoai",))
DOMESTIC = "trong_nuoc"
CONNECTORS = frozenset(("va", "roi", "voi", "luon", "vua", "kem", "cung", "and", "then", "them"))
DENIALS = {("khong", "phai"), ("chu", "khong"), ("khong", "dung"), ("khong", "xai")}
DENIED_IN_VAIN = {"cong", "nguoi", "xac", "viet", "nop", "di", "con"} | {
    *(
        "collaborator",
        "collaborators",
        "translator",
        "translators",
        "vietnamese",
        "issued",
        "list",
    ),
    *("registered", "one", "married", "yet", "sure", "able", "been", "vietnam", "same", "citizen"),
    *("ctv", "nuoc", "cung", "co"),
}
"""What "không phải" may stand before and still tell something ("không phải cộng tác viên")."""
ASIDE = {("chu", "khong"), ("chu", "chua"), ("chu", "dau"), ("chu", "chang"), ("chu", "hong")}
AUXILIARIES = frozenset(
    ("do", "does", "did", "can", "could", "will", "would", "should", "may", "must", "have", "has")
) | {"had", "or", "if", "why"}
RESUMING = frozenset(
    ("thi", "ma", "gio", "nen", "de", "o", "can", "nop", "xin", "but", "so", "and")
)

Found = Mapping[str, Sequence[Hit]]
Fired = tuple[Need, Rule]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was made of a message before the place is looked at."""

    certainty: Certainty
    ids: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    score: float = 0.0
    topic: Topic | None = None
    subject: Subject | None = None
    every: bool = False
    """All of `ids` are asked for, not one of them."""


def meaning(words: Sequence[Word], found: Found, lexicon: Lexicon) -> Meaning | None:
    """Return what the concepts mean, None where they mean nothing.

    A firm topic beats needs, needs beat weak topics, and a need and a topic together are asked
    back about.
    """
    topics = [topic for topic in lexicon.topics.values() if _fires(topic, found)]
    if firm := next((topic for topic in topics if topic.firm), None):
        return _of_topic(firm)
    return (
        _of_needs(words, found, lexicon, topics)
        or (_of_topic(topics[0]) if topics else None)
        or _asked_back(words, found, lexicon)
        or _of_family(found, lexicon)
    )


def speaks_against_names(found: Found, lexicon: Lexicon) -> bool:
    """Tell whether a message that is like a name is about something else all the same."""
    firm = (topic for topic in lexicon.topics.values() if topic.firm)
    return DOMESTIC in found or any(_fires(topic, found) for topic in firm)


def without_denied(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Drop what a citizen says he does not mean ("không phải đăng ký lại, …")."""
    dropped: set[int] = set()
    for at in range(len(words) - 2):
        clause = words[at].clause
        rest = {word.key for word in words[at + 2 : at + 7]}
        if (words[at].key, words[at + 1].key) not in DENIALS or rest & DENIED_IN_VAIN:
            continue
        if words[0].clause != clause or words[-1].clause != clause:
            dropped |= {place for place in range(at, len(words)) if words[place].clause == clause}
    dropped |= set(_set_aside(words))
    return tuple(word for place, word in enumerate(words) if place not in dropped)


def within(found: Found, start: int, end: int, facts: Collection[str]) -> dict[str, list[Hit]]:
    """Return the hits of a part, counted from its start, and the facts from anywhere."""
    inside: dict[str, list[Hit]] = {}
    for concept, hits in found.items():
        kept = [hit for hit in hits if start <= hit.start and hit.end <= end]
        if kept or concept in facts:
            inside[concept] = [
                Hit(concept, max(0, hit.start - start), max(0, hit.end - start))
                for hit in kept or hits
            ]
    return inside


def _set_aside(words: Sequence[Word]) -> Iterator[int]:
    """Yield the places of what is only named to be set aside ("trạm chứ không phải điểm")."""
    for at in range(1, len(words) - 1):
        pair = words[at].key, words[at + 1].key
        if pair in ASIDE:
            start = at + 2
        elif words[at].key == "not" and words[at - 1].key not in AUXILIARIES:
            start = at + 1
        else:
            continue
        near = range(start, min(start + 4, len(words)))
        rest = [place for place in near if words[place].clause == words[at].clause]
        ends = (n for n, place in enumerate(rest) if words[place].key in RESUMING)
        rest = rest[: next(ends, len(rest))]
        if not {words[place].key for place in rest} & DENIED_IN_VAIN:
            yield from (at, *rest)


def _of_needs(
    words: Sequence[Word], found: Found, lexicon: Lexicon, topics: Sequence[Topic]
) -> Meaning | None:
    fired = _fired(found, lexicon.needs)
    together = [pair for pair in fired if pair[0].all]
    fired = together or fired + _in_parts(words, found, lexicon, fired)
    if not fired:
        return None
    ids = _procedures(fired)
    doubted = not together and confused(ids, lexicon)
    doubted = doubted or any(not topic.weak for topic in topics)
    certainty = Certainty.UNSURE if doubted else Certainty.SURE
    every = len(fired) > 1 or bool(together)
    return Meaning(certainty, ids, _why(fired, found, words), SURE, every=every)


def _asked_back(words: Sequence[Word], found: Found, lexicon: Lexicon) -> Meaning | None:
    """Return what weak rules make of a message, with its family's options."""
    asks = [
        (need, rule)
        for need in lexicon.needs
        if (rule := first(need.ask, found)) and not need.never & found.keys()
    ]
    if not asks:
        return None
    family = _of_family(found, lexicon)
    ids = dict.fromkeys((*_procedures(asks), *(family.ids if family else ())))
    return Meaning(Certainty.UNSURE, tuple(ids), _why(asks, found, words), ASKING)


def _of_topic(topic: Topic) -> Meaning:
    return Meaning(Certainty.NONE, topic.near, topic=topic)


def _of_family(found: Found, lexicon: Lexicon) -> Meaning | None:
    for family in lexicon.families:
        if rule := first(family.when, found):
            why = tuple(name for term in rule for name, wanted in term if wanted)
            return Meaning(Certainty.UNSURE, family.options, why, FAMILY)
    return None


def confused(ids: Sequence[str], lexicon: Lexicon) -> bool:
    """Tell whether two of the procedures are a pair that is easily confused."""
    return any(frozenset((one, other)) in lexicon.confusable for one in ids for other in ids)


def first(rules: Iterable[Rule], found: Found) -> Rule | None:
    """Return the first rule that holds of the concepts found."""
    for rule in rules:
        if holds(rule, found):
            return rule
    return None


def _fires(topic: Topic, found: Found) -> bool:
    return first(topic.when, found) is not None and not topic.never & found.keys()


def _fired(found: Found, needs: Iterable[Need]) -> list[Fired]:
    return [
        (need, rule)
        for need in needs
        if (rule := first(need.sure, found)) and not need.never & found.keys()
    ]


def _in_parts(
    words: Sequence[Word], found: Found, lexicon: Lexicon, already: Sequence[Fired]
) -> list[Fired]:
    """Return the further needs that one part of a message asks for by itself."""
    cuts = [at for at, word in enumerate(words) if word.key in CONNECTORS]
    if not cuts or not already:
        return []
    names = {need.name for need, _ in already}
    ids = _procedures(already)
    more: dict[str, Fired] = {}
    for start, end in pairwise((0, *cuts, len(words))):
        for need, rule in _fired(within(found, start, end, FOREIGNERS), lexicon.needs):
            if need.name not in names and not need.all:
                more.setdefault(need.name, (need, rule))
    return [pair for pair in more.values() if not confused((*ids, *pair[0].procedures), lexicon)]


def _procedures(fired: Iterable[Fired]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for need, _ in fired for one in need.procedures))


def _why(fired: Iterable[Fired], found: Found, words: Sequence[Word]) -> tuple[str, ...]:
    """Return the words that made the rules hold."""
    spans = [
        found[name][0]
        for _, rule in fired
        for term in rule
        for name, wanted in term
        if wanted and name in found
    ]
    said = (" ".join(_typed(words[hit.start : hit.end])) for hit in spans)
    return tuple(dict.fromkeys(filter(None, said)))


def _typed(words: Sequence[Word]) -> Iterable[str]:
    """Return the words as typed, an abbreviation of several words once."""
    return dict.fromkeys(word.text for word in words)
