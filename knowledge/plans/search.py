"""Which procedure a message asks for, and how sure that is."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from knowledge.plans import intents
from knowledge.plans.concepts import lexicon
from knowledge.plans.locate import Located, Locator
from knowledge.plans.meaning import Meaning, meaning, speaks_against_names, without_denied
from knowledge.plans.model import Contents, FactKind, Procedure, Status
from knowledge.plans.numbers import counted
from knowledge.plans.phrases import Hit
from knowledge.plans.titles import Likeness, Spellings, Titles
from knowledge.plans.understanding import Certainty, Intent, Match, Understanding
from knowledge.plans.words import Normaliser, Vocabulary, Word
from knowledge.vietnamese import fold

OPTIONS = 4
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
_TO = {"để", "de", "đễ"}
_NO_NEEDS = ("mua_dat", "mua_dat_ro", "giao_dich")
"""Concepts that, like topics, do not count where a purpose is told ("để tách thửa")."""


class Index:
    """The understanding of one edition: built once, then asked by any number of threads."""

    def __init__(self, contents: Contents) -> None:
        """Learn the names, codes and places of an edition; nothing is read later."""
        self._lexicon = lexicon()
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
            (p.id, self._normaliser.words(said))
            for p in asked
            for said in (p.name, *p.aliases, *p.samples)
        )
        self._spellings = Spellings((p.id, p.name) for p in asked if p.id in self._served)
        self._codes = _codes(asked)
        self._curated = {one for need in self._lexicon.needs for one in need.procedures}
        self._locator = Locator(contents.localities, self._lexicon.places)
        topics = self._lexicon.topics
        self._not_as_purpose = {*topics, *(f"topic {name}" for name in topics), *_NO_NEEDS}

    def words(self, text: str) -> tuple[Word, ...]:
        """Return the words of a message as they are compared."""
        return self._normaliser.words(text)

    def understand(self, text: str, locality: str | None = None) -> Understanding:
        """Return what a message means; `locality` is the citizen's choice so far."""
        words = self._normaliser.words(text)
        kept = without_denied(words)
        found = self._concepts(kept)
        located = self._locator.find(text, locality)
        here = located.slug or (None if located.elsewhere else locality)
        understood = self._placed(self._meaning(text, kept, found), here, located)
        return Understanding(
            certainty=understood.certainty,
            matches=understood.matches,
            near=understood.near,
            intents=_asked(intents.intents(found, self._lexicon), understood.certainty),
            locality=here,
            locality_named=located.slug is not None,
            elsewhere=located.elsewhere,
            weekdays=intents.weekdays(words),
            day_offset=intents.day_offset(words),
            subject=understood.subject,
            topic=understood.topic,
        )

    def _concepts(self, words: Sequence[Word]) -> dict[str, list[Hit]]:
        found: dict[str, list[Hit]] = defaultdict(list)
        purpose = _purposes(words)
        for hit in self._lexicon.phrasebook.find(words):
            if hit.start not in purpose or hit.concept not in self._not_as_purpose:
                found[hit.concept].append(hit)
        for concept, start, end in counted(words):
            found[concept].append(Hit(concept, start, end))
        return dict(found)

    def _meaning(self, text: str, words: Sequence[Word], found: dict[str, list[Hit]]) -> Meaning:
        """Decide, the surest evidence first: codes, complaints and cries, names, concepts."""
        if coded := [one for code in _CODE.findall(text) for one in self._codes.get(code, ())]:
            return Meaning(Certainty.SURE, tuple(coded), tuple(_CODE.findall(text)), 1.0)
        if strong := intents.subject(found, self._lexicon, strong=True):
            return Meaning(Certainty.NONE, subject=strong)
        likenesses = self._titles.like(words)
        weak = intents.subject(found, self._lexicon, strong=False)
        return (
            self._named(text, likenesses, found)
            or meaning(words, found, self._lexicon)
            or self._like(likenesses)
            or Meaning(Certainty.NONE, subject=weak)
        )

    def _named(
        self, text: str, likenesses: Sequence[Likeness], found: dict[str, list[Hit]]
    ) -> Meaning | None:
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
