"""What a new draft changes in what is published."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.plans.appendix import Draft, Entry
from knowledge.plans.model import Contents, FactKind, Procedure, State
from knowledge.vietnamese import fold

_FACTS = {
    "agency": FactKind.AGENCY,
    "partner": FactKind.PARTNER,
    "fee": FactKind.FEE,
    "papers": FactKind.PAPERS,
    "duration": FactKind.DURATION,
    "code": FactKind.CODE,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one procedure; empty texts where there was or will be nothing."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of the draft with the published procedure that it is about."""

    entry: Entry
    procedure: Procedure
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All that a draft does; `removed` are published rows of appendices that the draft holds."""

    added: tuple[Entry, ...]
    changed: tuple[Pair, ...]
    removed: tuple[Procedure, ...]
    same: tuple[Pair, ...]


def compare(draft: Draft, contents: Contents) -> Difference:
    """Return what a draft adds, changes, removes and leaves of its locality's procedures."""
    here = [p for p in contents.procedures if p.locality == draft.document.locality]
    rows = [entry for entry in draft.entries if entry.kind == "procedure"]
    matched = _match(rows, here)
    pairs = [Pair(e, p, tuple(_changes(e, p))) for e in rows if (p := matched.get(id(e)))]
    taken = {pair.procedure.id for pair in pairs}
    covered = {_key(entry.appendix) for entry in rows}
    return Difference(
        added=tuple(entry for entry in rows if id(entry) not in matched),
        changed=tuple(pair for pair in pairs if pair.changes),
        removed=tuple(p for p in here if p.id not in taken and _key(_place(p)[0]) in covered),
        same=tuple(pair for pair in pairs if not pair.changes),
    )


def _match(rows: Sequence[Entry], published: Sequence[Procedure]) -> dict[int, Procedure]:
    """Match rows by place with name or code, then by code, by name, by place; each only once."""
    left = list(published)
    found: dict[int, Procedure] = {}
    for same in (_same_row, _same_code, _same_name, _same_place):
        for entry in rows:
            if id(entry) in found:
                continue
            procedure = next((p for p in left if same(entry, p)), None)
            if procedure:
                found[id(entry)] = procedure
                left.remove(procedure)
    return found


def _same_row(entry: Entry, procedure: Procedure) -> bool:
    return _same_place(entry, procedure) and (
        _same_name(entry, procedure) or _same_code(entry, procedure)
    )


def _same_place(entry: Entry, procedure: Procedure) -> bool:
    appendix, row = _place(procedure)
    return _key(appendix) == _key(entry.appendix) and _key(row) == _key(entry.row)


def _same_code(entry: Entry, procedure: Procedure) -> bool:
    return bool(entry.code) and entry.code in procedure.fact(FactKind.CODE).text.split(";")


def _same_name(entry: Entry, procedure: Procedure) -> bool:
    return _key(entry.name) == _key(procedure.name)


def _place(procedure: Procedure) -> tuple[str | None, str | None]:
    """Return the appendix and row that any of a procedure's own sources names."""
    sources = [rule.source for rule in procedure.rules]
    sources += [fact.source for fact in procedure.facts.values() if fact.source]
    own = next((source for source in sources if source.row), None)
    return (own.appendix, own.row) if own else (None, None)


def _key(text: str | None) -> str:
    """Return a text for comparing: folded, signs and spaces as one space."""
    return re.sub(r"[^a-z0-9%]+", " ", fold(text or "")).strip()


_SPELLED = {"tp": "thanh pho", "tx": "thi xa", "tb": "thuong binh"} | dict.fromkeys(
    ("va", "cua", "cac"), ""
)


def _office(text: str) -> str:
    """Return an office for comparing: abbreviations spelled, remarks in brackets dropped."""
    bare = _key(re.sub(r"\([^)]*\)", " ", text))
    return " ".join(" ".join(_SPELLED.get(word, word) for word in bare.split()).split())


def _changes(entry: Entry, procedure: Procedure) -> Iterable[Change]:
    """Return the fields that the draft states and that are published otherwise."""
    if _key(entry.name) != _key(procedure.name):
        yield Change("name", procedure.name, entry.name)
    yield from _rule_changes(entry, procedure)
    for name, kind in _FACTS.items():
        new = getattr(entry, name)
        fact = procedure.fact(kind)
        old = fact.text if fact.state is State.KNOWN else ""
        alike = _office if kind in {FactKind.AGENCY, FactKind.PARTNER} else _key
        if new and alike(new) != alike(old):
            yield Change(name, old, new)


def _rule_changes(entry: Entry, procedure: Procedure) -> Iterable[Change]:
    old = {day for rule in procedure.rules for day in rule.weekdays}
    if entry.weekdays and set(entry.weekdays) != old:
        yield Change("weekdays", ", ".join(sorted(old)), ", ".join(sorted(entry.weekdays)))
    hours = {f"{rule.cutoff:%H:%M}" for rule in procedure.rules if rule.cutoff}
    if entry.cutoff and hours != {entry.cutoff}:
        yield Change("cutoff", ", ".join(sorted(hours)), entry.cutoff)
    starts = {rule.starts.isoformat() for rule in procedure.rules if rule.starts}
    if entry.starts and "starts" not in entry.uncertain and starts != {entry.starts}:
        yield Change("starts", ", ".join(sorted(starts)), entry.starts)
