"""One edition with its lookups and its search index, shared by all transactions of a process."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from threading import Lock

from knowledge.plans.concepts import Topic, topics
from knowledge.plans.model import Edition, Locality, Place, Plan, Procedure
from knowledge.plans.search import Index
from knowledge.plans.understanding import Understanding

RECENT = 4_096
"""Messages whose meaning is remembered; what was asked once is asked again."""


class Library:
    """The values of one edition; safe to share between threads, for nothing in it changes."""

    def __init__(self, edition: Edition) -> None:
        """Arrange the lookups; the search index waits for the first question."""
        contents = edition.contents
        self.edition = edition
        self.procedures: Mapping[str, Procedure] = {each.id: each for each in contents.procedures}
        self.localities: Mapping[str, Locality] = {each.slug: each for each in contents.localities}
        self.plans: Mapping[str, Plan] = {each.slug: each for each in contents.plans}
        self.places: Mapping[str, Place] = {each.slug: each for each in contents.places}
        self.topics: Mapping[str, Topic] = topics()
        self._by_locality = _by_locality(contents.procedures)
        self._index: Index | None = None
        self._lock = Lock()
        # A message is understood when it is heard, when it is answered and when it is repeated.
        self._understood = lru_cache(RECENT)(self._understand)

    def procedures_in(self, locality: str) -> tuple[Procedure, ...]:
        """Return the procedures of a locality in the order of its plans."""
        return self._by_locality.get(locality, ())

    @property
    def index(self) -> Index:
        """The search index, built by the first thread that asks while the others wait."""
        with self._lock:
            if self._index is None:
                self._index = Index(self.edition.contents)
            return self._index

    def understand(self, text: str, locality: str | None = None) -> Understanding:
        """Say what a message means; `locality` is the citizen's choice so far."""
        return self._understood(text, locality)

    def _understand(self, text: str, locality: str | None) -> Understanding:
        return self.index.understand(text, locality)


def _by_locality(procedures: tuple[Procedure, ...]) -> Mapping[str, tuple[Procedure, ...]]:
    found: defaultdict[str, list[Procedure]] = defaultdict(list)
    for procedure in procedures:
        found[procedure.locality].append(procedure)
    return {locality: tuple(each) for locality, each in found.items()}
