"""Which procedure a message asks for, and how sure that is."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from knowledge.plans import intents
from knowledge.plans.concepts import lexicon
from knowledge.plans.locate import Located, Locator
from knowledge.plans.meaning import (
    Found,
    Meaning,
    meaning,
    speaks_against_names,
    within,
    without_denied,
)
from knowledge.plans.model import Contents, FactKind, Procedure, Status
from knowledge.plans.numbers import counted
from knowledge.plans.opinion import (
    LIMITS,
    LIMITS_OF_STORIES,
    Heard,
    Limits,
    Opinion,
    features,
    procedures_of,
    second_opinion,
    weighed,
)
from knowledge.plans.phrases import Hit
from knowledge.plans.titles import Likeness, Spellings, Titles
from knowledge.plans.understanding import Certainty, Intent, Match, Subject, Understanding
from knowledge.plans.words import Normaliser, Vocabulary, Word
from knowledge.vietnamese import fold, key

OPTIONS = 4
STORY, WINDOW = 60, 45
"""Words of a message of which only a part asks, and of that part."""
NEEDY = 0.25
"""How much more like a need than like nothing the part of a story sounds that asks."""
CONSIDERED, FAINT = 4, 0.3
"""Classes that are told to have been thought of: how many, and from which score."""
SAID = 0.9
"""Likeness from which a name counts as said."""
WORD_FOR_WORD = 0.999
TIED = 0.04
LIKE = 0.62
"""Likeness from which a name without curated concepts is asked back about."""
COVERED = 0.7
"""How much of the name and of the message must agree for a name without curated concepts."""
_CODE = re.compile(r"(?<!\d)\d\.\d{6}(?!\d)")
_SYLLABLE = re.compile(r"[^\W_]+")
_HEARD_FIRST = (Subject.EMERGENCY, Subject.FEEDBACK, Subject.RUDENESS)
"""What a message is about whatever procedure it names too."""
_TO = {"để", "de", "đễ"}
_NO_NEEDS = ("mua_dat", "mua_dat_ro", "giao_dich")
"""Concepts that, like topics, do not count where a purpose is told ("để tách thửa")."""


class Index:
    """The understanding of one edition: built once, then asked by any number of threads."""

    def __init__(self, contents: Contents, opinion: Opinion | None = None) -> None:
        """Learn the names, codes and places of an edition; nothing is read later.

        `opinion` is another second opinion than the catalogue's own.
        """
        self._lexicon = lexicon()
        self._opinion = opinion or second_opinion()
        asked = [p for p in contents.procedures if p.status is not Status.INTERNAL]
        places = {locality.slug for locality in contents.localities}
        self._procedures = {procedure.id: procedure for procedure in asked}
        self._served = {p.id for p in asked if p.locality in places}
        names = (_words(p.name) for p in asked if p.id in self._served)
        self._normaliser = Normaliser(
            self._lexicon.expansions,
            self._lexicon.idioms,
            Vocabulary((*self._lexicon.phrases, *names)),
            self._lexicon.foreign,
            self._lexicon.common,
        )
        self._titles = Titles(
            (p.id, self._keys(said, served=p.id in self._served))
            for p in asked
            for said in (p.name, *p.aliases, *p.samples)
        )
        self._spellings = Spellings((p.id, p.name) for p in asked if p.id in self._served)
        self._codes = _codes(asked)
        self._curated = {one for need in self._lexicon.needs for one in need.procedures}
        self._locator = Locator(contents.localities, self._lexicon.places)
        topics = self._lexicon.topics
        self._not_as_purpose = {*topics, *(f"topic {name}" for name in topics), *_NO_NEEDS}

    def _keys(self, name: str, *, served: bool) -> list[str]:
        """Return the words of a name: read as messages are, or plainly where there are many."""
        if served:
            return [word.key for word in self._normaliser.words(name)]
        return [key(word) for word in _words(name)]

    def words(self, text: str) -> tuple[Word, ...]:
        """Return the words of a message as they are compared."""
        return self._normaliser.words(text)

    def features(self, text: str) -> dict[str, str]:
        """Return what the second opinion learns of a message: of a story its last part."""
        kept = without_denied(self._normaliser.words(text))
        found = self._concepts(kept)
        if len(kept) > STORY:
            at = len(kept) - WINDOW
            kept, found = kept[at:], within(found, at, len(kept), self._lexicon.facts)
        return features(kept, found)

    def understand(self, text: str, locality: str | None = None) -> Understanding:
        """Return what a message means; `locality` is the citizen's choice so far."""
        words = self._normaliser.words(text)
        kept = without_denied(words)
        found = self._concepts(kept)
        facets = intents.intents(found, self._lexicon)
        located = self._locator.find(text, locality)
        if story := len(kept) > STORY:
            start, kept, found = self._gist(kept, found)
            facets = intents.intents(found, self._lexicon, otherwise=facets)
            located = self._asked_where(text, start / len(words), locality, located)
        here = located.slug or (None if located.elsewhere else locality)
        said = features(kept, found)
        heard = self._opinion.heard(said)
        limits = LIMITS_OF_STORIES if story else LIMITS
        meant = self._meaning(text, kept, found, heard, limits)
        understood = self._placed(meant, here, located)
        return replace(
            understood,
            intents=_asked(facets, understood.certainty),
            locality=here,
            locality_named=located.slug is not None,
            elsewhere=located.elsewhere,
            weekdays=intents.weekdays(words),
            day_offset=intents.day_offset(words),
            considered=self._considered(understood, heard, said, here),
        )

    def _considered(
        self, understood: Understanding, heard: Heard, said: Mapping[str, str], here: str | None
    ) -> tuple[Match, ...]:
        """Return what else a message sounds like, here or anywhere, with the words for it."""
        shown = {match.id for match in understood.matches}
        scores = {
            name: min(1.0, score)
            for name, score in heard.ranked[:CONSIDERED]
            if score >= FAINT and "+" not in name
        }
        why = self._opinion.why(scores, said)
        return tuple(
            Match(one, round(score, 3), why[name])
            for name, score in scores.items()
            for one in procedures_of(name, self._lexicon)
            if one in self._procedures and one not in shown
            if here in {None, self._procedures[one].locality}
        )

    def _asked_where(
        self, text: str, start: float, given: str | None, anywhere: Located
    ) -> Located:
        """Return the place of the part of a story that asks, else where a plan's place was told.

        A hospital in another province, told on the way, is not where someone asks.
        """
        located = self._locator.find(text[int(len(text) * start) :], given)
        if located.slug or located.elsewhere or given:
            return located
        return anywhere if anywhere.slug else located

    def _concepts(self, words: Sequence[Word]) -> dict[str, list[Hit]]:
        found: dict[str, list[Hit]] = defaultdict(list)
        purpose = _purposes(words)
        for hit in self._lexicon.phrasebook.find(words):
            if hit.start not in purpose or hit.concept not in self._not_as_purpose:
                found[hit.concept].append(hit)
        for concept, start, end in counted(words):
            found[concept].append(Hit(concept, start, end))
        return dict(found)

    def _gist(
        self, words: tuple[Word, ...], found: Found
    ) -> tuple[int, tuple[Word, ...], dict[str, list[Hit]]]:
        """Return the part of a story that asks, with its place and the facts of all of it.

        That is the last window that sounds like a need, else the one that does most.
        """
        starts = [*range(0, len(words) - WINDOW, WINDOW // 3), len(words) - WINDOW]
        parts = [
            (at, words[at : at + WINDOW], within(found, at, at + WINDOW, self._lexicon.facts))
            for at in reversed(starts)
        ]
        leanings = [self._opinion.heard(features(*part[1:])).leaning for part in parts]
        best = max(leanings)
        return parts[next(n for n, much in enumerate(leanings) if much >= min(best, NEEDY))]

    def _meaning(
        self, text: str, words: Sequence[Word], found: Found, heard: Heard, limits: Limits
    ) -> Meaning:
        """Decide, the surest evidence first: codes, cries, names; then two opinions."""
        likenesses = self._titles.like(words)
        if settled := self._settled(text, likenesses, found):
            return settled
        first = self._first(words, likenesses, found)
        return weighed(first, heard, self._lexicon, limits)

    def _settled(self, text: str, likenesses: Sequence[Likeness], found: Found) -> Meaning | None:
        """Return what needs no opinion: codes, cries and complaints, names."""
        if coded := [one for code in _CODE.findall(text) for one in self._codes.get(code, ())]:
            return Meaning(Certainty.SURE, tuple(coded), tuple(_CODE.findall(text)), 1.0)
        strong = intents.subject(found, self._lexicon, strong=True)
        if strong in _HEARD_FIRST:
            return Meaning(Certainty.NONE, subject=strong)
        return None if strong else self._named(text, likenesses, found)

    def _first(
        self, words: Sequence[Word], likenesses: Sequence[Likeness], found: Found
    ) -> Meaning:
        """Return what the rules make of a message: concepts, then likeness to names."""
        if strong := intents.subject(found, self._lexicon, strong=True):
            return Meaning(Certainty.NONE, subject=strong)
        return (
            meaning(words, found, self._lexicon)
            or self._like(likenesses)
            or Meaning(Certainty.NONE, subject=intents.subject(found, self._lexicon, strong=False))
        )

    def _named(self, text: str, likenesses: Sequence[Likeness], found: Found) -> Meaning | None:
        """Return the procedure that was named, word for word, nearly so, or with slips."""
        exact = bool(likenesses) and likenesses[0].score >= WORD_FOR_WORD
        if not exact and speaks_against_names(found, self._lexicon):
            return None
        return self._said(text, likenesses) or self._spelled(text)

    def _said(self, text: str, likenesses: Sequence[Likeness]) -> Meaning | None:
        """Return the procedure whose name was said, nearly word for word."""
        if not likenesses or likenesses[0].score < SAID:
            return None
        best = likenesses[0]
        exact = best.score >= WORD_FOR_WORD
        least = WORD_FOR_WORD if exact else best.score - TIED
        tied = [one for one in likenesses if one.score >= least]
        tied = [one for one in tied if one.id in self._served] or tied
        ids = dict.fromkeys(one.id for one in tied)
        if exact:
            ids |= dict.fromkeys(self._elsewhere(tied[0].id))
        else:
            ids |= dict.fromkeys(one.id for one in self._spellings.like(text))
        doubted = not exact and not self._one_need(tuple(ids))
        certainty = Certainty.UNSURE if doubted else Certainty.SURE
        return Meaning(certainty, tuple(ids), best.why, best.score)

    def _elsewhere(self, procedure: str) -> tuple[str, ...]:
        """Return the procedures that meet the same need in other places."""
        needs = [n for n in self._lexicon.needs if procedure in n.procedures and not n.all]
        return needs[0].procedures if len(needs) == 1 else ()

    def _spelled(self, text: str) -> Meaning | None:
        """Return the procedures whose names were typed with slips, or not to their end."""
        close = self._spellings.like(text) or self._spellings.beginning(text)
        if not close:
            return None
        ids = tuple(one.id for one in close)
        sure = close[0].score >= COVERED and self._one_need(ids)
        certainty = Certainty.SURE if sure else Certainty.UNSURE
        return Meaning(certainty, ids, (text,), close[0].score)

    def _one_need(self, ids: Sequence[str]) -> bool:
        """Tell whether the procedures have one name, or meet one need in different places."""
        if len({fold(self._procedures[one].name) for one in ids}) == 1:
            return True
        needs = (need for need in self._lexicon.needs if not need.all)
        return any(set(ids) <= set(need.procedures) for need in needs)

    def _like(self, likenesses: Sequence[Likeness]) -> Meaning | None:
        """Return procedures without curated concepts whose names are much like the message."""
        fresh = [one for one in likenesses if one.id not in self._curated and one.score >= LIKE]
        if not fresh:
            return None
        best = fresh[0]
        close = [one for one in fresh if best.score - one.score < 2 * TIED]
        sure = len(close) == 1 and min(best.coverage, best.precision) > COVERED
        certainty = Certainty.SURE if sure else Certainty.UNSURE
        return Meaning(certainty, tuple(one.id for one in close), best.why, best.score)

    def _placed(self, meant: Meaning, here: str | None, located: Located) -> Understanding:
        """Keep what is served here; what is served elsewhere is near, never asserted."""
        known = [one for one in meant.ids if one in self._procedures]
        matches = tuple(Match(one, meant.score, meant.why) for one in known)
        if meant.certainty is Certainty.NONE:
            topic = meant.topic.name if meant.topic else None
            return Understanding(Certainty.NONE, near=matches, subject=meant.subject, topic=topic)
        served = tuple(match for match in matches if match.id in self._served)
        if located.elsewhere:
            return Understanding(Certainty.NONE, near=served[:OPTIONS])
        if here is None:
            return self._anywhere(meant, served, matches)
        local = tuple(m for m in served if self._procedures[m.id].locality == here)
        others = tuple(m for m in matches if m not in local)
        if not local:
            return Understanding(Certainty.NONE, near=others[:OPTIONS])
        if meant.certainty is Certainty.SURE:
            return Understanding(Certainty.SURE, local, others[:OPTIONS] if meant.every else ())
        return Understanding(Certainty.UNSURE, local[:OPTIONS])

    def _anywhere(
        self, meant: Meaning, served: tuple[Match, ...], matches: tuple[Match, ...]
    ) -> Understanding:
        """Without a place: sure only where one place serves what is asked."""
        if not served:
            return Understanding(Certainty.NONE, near=matches[:OPTIONS])
        places = {self._procedures[match.id].locality for match in served}
        if meant.certainty is Certainty.SURE and (len(places) == 1 or meant.every):
            return Understanding(Certainty.SURE, served)
        return Understanding(Certainty.UNSURE, served[:OPTIONS])


def _asked(facets: tuple[Intent, ...], certainty: Certainty) -> tuple[Intent, ...]:
    """Return the facets without a greeting that only came before a question."""
    greets = facets == (Intent.GREETING,) and certainty is not Certainty.NONE
    return (Intent.OVERVIEW,) if greets else facets


def _words(name: str) -> tuple[str, ...]:
    return tuple(_SYLLABLE.findall(name.lower()))


def _codes(procedures: Iterable[Procedure]) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = defaultdict(list)
    for procedure in procedures:
        for code in _CODE.findall(procedure.fact(FactKind.CODE).text):
            codes[code].append(procedure.id)
    return dict(codes)


def _purposes(words: Sequence[Word]) -> frozenset[int]:
    """Return the places of words that say what for ("để vay vốn"), which is not what is asked."""
    inside: set[int] = set()
    for at, word in enumerate(words[:-1]):
        if word.text in _TO and words[at + 1].key != "lai":
            inside.update(
                place for place in range(at + 1, len(words)) if words[place].clause == word.clause
            )
    return frozenset(inside)
