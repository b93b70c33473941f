"""What a new draft changes in what is published."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

from rapidfuzz.fuzz import token_set_ratio

from knowledge.plans.appendix import Draft, Entry
from knowledge.plans.model import (
    Contents,
    FactKind,
    Plan,
    Procedure,
    Source,
    State,
    Target,
    Task,
)
from knowledge.vietnamese import fold

FACTS = {
    "place": FactKind.PLACE,
    "agency": FactKind.AGENCY,
    "partner": FactKind.PARTNER,
    "fee": FactKind.FEE,
    "papers": FactKind.PAPERS,
    "duration": FactKind.DURATION,
    "code": FactKind.CODE,
}
"""The fields of a row that become facts of a procedure."""

_WORDED = frozenset(("name", "fee", "papers", "duration", "deadline", "product"))
"""Fields that the catalogue words for citizens: a plan read anew may not word them back."""
_OFFICES = frozenset(("agency", "partner"))
_AKIN = 75
_MOST = 0.5

T = TypeVar("T", bound=Procedure | Task | Target)


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one row; empty texts where there was or will be nothing.

    `wording` marks what the same plan is read to say in other words: it is kept as published.
    """

    field: str
    old: str
    new: str
    wording: bool = False


@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    """A row of the draft with the published one that it is about."""

    entry: Entry
    published: T
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What a draft does to rows of one kind; `absent` are published ones that it does not hold.

    Only rows of the appendices that the draft holds can be absent; `reworded` differ in wording.
    """

    added: tuple[Entry, ...] = ()
    changed: tuple[Pair[T], ...] = ()
    reworded: tuple[Pair[T], ...] = ()
    same: tuple[Pair[T], ...] = ()
    absent: tuple[T, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All that a draft does; `plan` is the published plan that it is, None for a new one."""

    plan: Plan | None
    procedures: Part[Procedure]
    tasks: Part[Task]
    targets: Part[Target]


def compare(draft: Draft, contents: Contents) -> Difference:
    """Return what a draft adds, changes and leaves of its locality's procedures and plan's work.

    Procedures go on from plan to plan; tasks and targets are those of one plan.
    """
    plan = published_plan(draft, contents)
    rows: dict[str, list[Entry]] = defaultdict(list)
    for entry in draft.entries:
        rows[entry.kind].append(entry)
    slug = plan.slug if plan else None
    here = [p for p in contents.procedures if p.locality == draft.document.locality]
    return Difference(
        plan,
        _part(rows["procedure"], here, slug, _procedure_changes),
        _part(rows["task"], [t for t in contents.tasks if t.plan == slug], slug, _task_changes),
        _part(
            rows["target"], [t for t in contents.targets if t.plan == slug], slug, _target_changes
        ),
    )


def published_plan(draft: Draft, contents: Contents) -> Plan | None:
    """Return the published plan that a document is: by number and date, else by its rows.

    A document without both is an excerpt of a plan that lists most of its rows on the same days.
    """
    head = draft.document
    here = [plan for plan in contents.plans if plan.locality == head.locality]
    if head.number or head.date:
        return next((p for p in here if (p.number, p.date) == (head.number, head.date)), None)
    return next((plan for plan in here if _is_excerpt(draft, plan, contents)), None)


def _is_excerpt(draft: Draft, plan: Plan, contents: Contents) -> bool:
    work: tuple[Task | Target, ...] = (*contents.tasks, *contents.targets)
    known = {_key(row.name): set[str]() for row in work if row.plan == plan.slug}
    known |= {_key(p.name): _days(p) for p in contents.procedures if p.plan == plan.slug}
    listed = [entry for entry in draft.entries if _key(entry.name) in known]
    moved = any(
        entry.weekdays and set(entry.weekdays) != known[_key(entry.name)]
        for entry in listed
        if "weekdays" not in entry.uncertain
    )
    return bool(listed) and len(listed) >= len(draft.entries) * _MOST and not moved


def _part(
    rows: Sequence[Entry],
    published: Sequence[T],
    plan: str | None,
    changes: Callable[[Entry, T], Iterable[Change]],
) -> Part[T]:
    found = _match(rows, published, plan)
    pairs = []
    for number, entry in enumerate(rows):
        if number in found:
            other = published[found[number]]
            said = changes(entry, other)
            pairs.append(Pair(entry, other, tuple(_worded(said, same=other.plan == plan))))
    taken = set(found.values())
    covered = {_key(entry.appendix) for entry in rows}
    return Part(
        added=tuple(entry for number, entry in enumerate(rows) if number not in found),
        changed=tuple(p for p in pairs if any(not change.wording for change in p.changes)),
        reworded=tuple(p for p in pairs if p.changes and all(c.wording for c in p.changes)),
        same=tuple(p for p in pairs if not p.changes),
        absent=tuple(
            row
            for number, row in enumerate(published)
            if number not in taken and _key(source_of(row).appendix) in covered
        ),
    )


def _worded(changes: Iterable[Change], *, same: bool) -> Iterator[Change]:
    """Mark wording where it is the `same` plan, which cannot unsay what was read of it before."""
    for change in changes:
        if not same:
            yield change
        elif change.new:
            wording = change.field in _WORDED and bool(change.old)
            yield Change(change.field, change.old, change.new, wording)


@dataclass(frozen=True, slots=True)
class _Signs:
    """By what a row is known again, all folded."""

    place: tuple[str, str]
    name: str
    lead: str
    codes: tuple[str, ...]


_STEPS: tuple[Callable[[_Signs], Iterable[Hashable]], ...] = (
    lambda signs: [(signs.place, signs.name, signs.lead)],
    lambda signs: [(signs.place, code) for code in signs.codes],
    lambda signs: [(signs.place, signs.name)],
    lambda signs: signs.codes,
    lambda signs: [(signs.name, signs.lead)],
    lambda signs: [signs.name],
)
"""Ways to know a row again, the surest first."""


def _match(rows: Sequence[Entry], published: Sequence[T], plan: str | None) -> dict[int, int]:
    """Match rows with published ones, each only once; both by their numbers in the sequences."""
    wanted = dict(enumerate(map(_signs_of_entry, rows)))
    left = dict(enumerate(map(_signs_of_row, published)))
    found: dict[int, int] = {}
    for step in _STEPS:
        known: dict[Hashable, list[int]] = defaultdict(list)
        for number, signs in left.items():
            for key in step(signs):
                known[key].append(number)
        for number, signs in list(wanted.items()):
            free = (i for key in step(signs) for i in known[key] if i in left)
            if (other := next(free, None)) is not None:
                found[number] = other
                del wanted[number], left[other]
    own = {number: signs for number, signs in left.items() if published[number].plan == plan}
    return found | dict(_renamed(wanted, own))


def _renamed(wanted: dict[int, _Signs], left: dict[int, _Signs]) -> Iterator[tuple[int, int]]:
    """Match what stands at the same place of the same plan under a name much like it."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, signs in left.items():
        places[signs.place].append(number)
    for number, signs in wanted.items():
        rated = [(token_set_ratio(signs.name, left[i].name), -i) for i in places[signs.place]]
        rating, other = max(rated, default=(0, 0))
        if rating >= _AKIN:
            places[signs.place].remove(-other)
            yield number, -other


def _signs_of_entry(entry: Entry) -> _Signs:
    return _Signs(
        (_key(entry.appendix), _key(entry.row)),
        _key(entry.name),
        _office(entry.agency or ""),
        (entry.code,) if entry.code else (),
    )


def _signs_of_row(row: Procedure | Task | Target) -> _Signs:
    source = source_of(row)
    codes, lead = "", ""
    if isinstance(row, Procedure):
        codes = row.fact(FactKind.CODE).text
    else:
        lead = row.lead or ""
    return _Signs(
        (_key(source.appendix), _key(source.row)),
        _key(row.name),
        _office(lead),
        tuple(filter(None, codes.split(";"))),
    )


def source_of(row: Procedure | Task | Target) -> Source:
    """Return where a published row stands; of a procedure, what any of its own sources names."""
    if not isinstance(row, Procedure):
        return row.source
    sources = [rule.source for rule in row.rules]
    sources += [fact.source for fact in row.facts.values() if fact.source]
    return next((source for source in sources if source.row), Source(""))


def _key(text: str | None) -> str:
    """Return a text for comparing: folded, signs and spaces as one space."""
    return re.sub(r"[^a-z0-9%]+", " ", fold(text or "")).strip()


_SPELLED = {"tp": "thanh pho", "tx": "thi xa", "tb": "thuong binh"} | dict.fromkeys(
    ("va", "cua", "cac"), ""
)


def _office(text: str) -> str:
    """Return an office for comparing: abbreviations spelled, remarks in brackets dropped."""
    bare = _key(re.sub(r"\([^)]*\)", " ", text))
    words = " ".join(_SPELLED.get(word, word) for word in bare.split()).split()
    return " ".join(word for word, _ in groupby(words))


def _procedure_changes(entry: Entry, procedure: Procedure) -> Iterator[Change]:
    """Return the fields that the draft states, or leaves uncertain, and that differ."""
    yield from _field(entry, "name", procedure.name, entry.name)
    yield from _rule_changes(entry, procedure)
    for name, kind in FACTS.items():
        fact = procedure.fact(kind)
        old = fact.text if fact.state is State.KNOWN else ""
        yield from _field(entry, name, old, getattr(entry, name))


def _field(entry: Entry, name: str, old: str | None, new: str | None) -> Iterator[Change]:
    """Return the change of a field; to nothing where the draft's reading is uncertain."""
    sure = name not in entry.uncertain
    alike = _office if name in _OFFICES else _key
    if new and sure and alike(new) != alike(old or ""):
        yield Change(name, old or "", new)
    elif old and not sure and name != "name":
        yield Change(name, old, "")


def _rule_changes(entry: Entry, procedure: Procedure) -> Iterator[Change]:
    old = _days(procedure)
    sure = "weekdays" not in entry.uncertain
    if set(entry.weekdays) != old and (entry.weekdays or entry.time):
        yield Change("weekdays", _listed(old), _listed(entry.weekdays) if sure else "")
    hours = {f"{rule.cutoff:%H:%M}" for rule in procedure.rules if rule.cutoff}
    if entry.cutoff and "cutoff" not in entry.uncertain and hours != {entry.cutoff}:
        yield Change("cutoff", _listed(hours), entry.cutoff)
    starts = {rule.starts.isoformat() for rule in procedure.rules if rule.starts}
    if entry.starts and "starts" not in entry.uncertain and starts != {entry.starts}:
        yield Change("starts", _listed(starts), entry.starts)


def _days(procedure: Procedure) -> set[str]:
    return {str(day) for rule in procedure.rules for day in rule.weekdays}


def _listed(items: Iterable[str]) -> str:
    return ", ".join(sorted(items))


def _task_changes(entry: Entry, task: Task) -> Iterator[Change]:
    yield from _field(entry, "name", task.name, entry.name)
    yield from _field(entry, "agency", task.lead, entry.agency)
    yield from _field(entry, "partner", task.partner, entry.partner)
    yield from _field(entry, "deadline", task.deadline, entry.deadline)
    yield from _field(entry, "due", task.due.isoformat() if task.due else None, entry.due)
    yield from _field(entry, "product", task.product, entry.product)


def _target_changes(entry: Entry, target: Target) -> Iterator[Change]:
    yield from _field(entry, "name", target.name, entry.name)
    yield from _field(entry, "agency", target.lead, entry.agency)
    yield from _field(entry, "partner", target.partner, entry.partner)
    goal = str(entry.goal) if entry.goal is not None else None
    yield from _field(entry, "goal", str(target.goal), goal)
    quarters = ", ".join(map(str, entry.quarters))
    yield from _field(entry, "quarters", ", ".join(map(str, target.quarters)), quarters)
