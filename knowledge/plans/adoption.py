"""A reviewed draft becomes part of the contents of the next edition."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from itertools import chain, count
from typing import TypeVar

from knowledge.plans.appendix import Draft, Entry, Head
from knowledge.plans.diff import FACTS, Difference, Pair, Part, T
from knowledge.plans.model import (
    UNCHECKED,
    Contents,
    Fact,
    FactKind,
    Locality,
    Plan,
    Procedure,
    ServiceModel,
    ServiceRule,
    Source,
    State,
    Status,
    Target,
    Task,
)
from knowledge.refusal import Refusal
from knowledge.vietnamese import fold

_ASKED = (FactKind.AGENCY, FactKind.FEE, FactKind.PAPERS, FactKind.DURATION)
"""Facts that citizens ask for: where a new row has none, the plan is silent on it."""

_MODELS = {
    "khong viet": ServiceModel.NO_WRITING_NO_APPOINTMENT,
    "khong giay hen": ServiceModel.NO_APPOINTMENT_SLIP,
    "truc tuyen": ServiceModel.ONLINE_DAY,
}
_YEAR = re.compile(r"năm (\d{4})")
_FIELDS = {kind: name for name, kind in FACTS.items()}
_COLUMNS = {"agency": "lead"}
"""Fields that tasks and targets call otherwise."""
_WHEN = frozenset(("weekdays", "cutoff", "starts"))

QUARTERS = 4

_Any = TypeVar("_Any")


@dataclass(frozen=True, slots=True)
class Choice:
    """What an official may choose beyond adding and changing rows."""

    drop_removed: bool = False
    """Published rows that the draft's appendices do not hold go."""
    take_wording: bool = False
    """Names, fees, papers and times of the same plan take the words that were read."""


KEEP = Choice()
"""Rows that the draft does not hold stay, and so does the wording."""


def adopt(
    contents: Contents, draft: Draft, difference: Difference, choice: Choice = KEEP
) -> Contents:
    """Return contents that say what the draft says; `difference` must be of these two.

    Fields that are uncertain become unchecked facts and rows without a sure day get no day: what
    nobody confirmed is never told. Raises Refusal for a document of no known place.
    """
    locality = _locality(draft.document, contents)
    plan = difference.plan or _new_plan(draft.document, locality, contents)
    wished = _Adopting(draft, plan, choice)
    return replace(
        contents,
        plans=_with(contents.plans, plan),
        localities=_with(contents.localities, locality),
        procedures=_unique(
            wished.rows(contents.procedures, difference.procedures, _new, _renewed)
        ),
        tasks=wished.rows(contents.tasks, difference.tasks, _task, _task_renewed),
        targets=wished.rows(contents.targets, difference.targets, _target, _target_renewed),
    )


@dataclass(frozen=True, slots=True)
class _Adopting:
    """One draft on its way into the contents."""

    draft: Draft
    plan: Plan
    choice: Choice

    def rows(
        self,
        published: tuple[T, ...],
        part: Part[T],
        new: Callable[["_Adopting", Entry], T | None],
        renewed: Callable[["_Adopting", Pair[T]], T],
    ) -> tuple[T, ...]:
        """Return the published rows, renewed where the draft says so, and the new ones."""
        pairs: tuple[Pair[T], ...] = (*part.changed, *part.reworded, *part.same)
        touched: dict[int, Pair[T]] = {
            id(pair.published): pair for pair in pairs if self._touches(pair)
        }
        gone = set(map(id, part.absent)) if self.choice.drop_removed else set()
        kept = tuple(
            renewed(self, touched[id(row)]) if id(row) in touched else row
            for row in published
            if id(row) not in gone
        )
        made = (new(self, entry) for entry in part.added)
        return kept + tuple(row for row in made if row is not None)

    def _touches(self, pair: Pair[T]) -> bool:
        """Tell whether a row changes: a newer plan that repeats it is now its source."""
        return pair.published.plan != self.plan.slug or bool(self.fields(pair))

    def fields(self, pair: Pair[T]) -> set[str]:
        """Return the fields of a row that are to say what the draft says."""
        taken = self.choice.take_wording
        return {change.field for change in pair.changes if taken or not change.wording}

    def source(self, entry: Entry) -> Source:
        """Return where an entry stands."""
        return replace(self.plan.source, appendix=entry.appendix, row=entry.row)


def unchecked(difference: Difference) -> tuple[Entry, ...]:
    """Return the rows of procedures whose uncertain fields would be published as unchecked."""
    part, plan = difference.procedures, difference.plan
    pairs = (*part.changed, *part.reworded, *part.same)
    newer = [pair.entry for pair in pairs if plan is None or pair.published.plan != plan.slug]
    return tuple(entry for entry in (*part.added, *newer) if entry.uncertain)


def _locality(head: Head, contents: Contents) -> Locality:
    for locality in contents.localities:
        if locality.slug == head.locality:
            return locality
    if not head.locality or not head.issuer:
        raise Refusal(
            "The document does not say which place it is for, so it cannot be published. "
            "Name the place with --locality."
        )
    name = head.issuer.removeprefix("Ủy ban nhân dân ").removeprefix("UBND ")
    return Locality(head.locality, name, "", "")


def _new_plan(head: Head, locality: Locality, contents: Contents) -> Plan:
    issuer = head.issuer or locality.name
    title = head.title or f"Kế hoạch của {issuer}"
    taken = {plan.slug for plan in contents.plans}
    slug = _free(f"{locality.slug}-{head.date or 'undated'}", taken)
    return Plan(slug, locality.slug, title, "", head.number, head.date, issuer)


def _free(name: str, taken: set[str]) -> str:
    """Return a name, with the first number after it under which it is free."""
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain((name,), numbered) if each not in taken)


def _with(known: tuple[_Any, ...], one: _Any) -> tuple[_Any, ...]:
    return known if one in known else (*known, one)


def _unique(procedures: tuple[Procedure, ...]) -> tuple[Procedure, ...]:
    """Give ids of their own to rows that share a number in their appendix."""
    taken: set[str] = set()
    made = []
    for procedure in procedures:
        made.append(replace(procedure, id=_free(procedure.id, taken)))
        taken.add(made[-1].id)
    return tuple(made)


def _new(wished: _Adopting, entry: Entry) -> Procedure | None:
    if not entry.name:
        return None
    plan = wished.plan
    facts = dict.fromkeys(_ASKED, Fact(State.SILENT, source=wished.source(entry)))
    return Procedure(
        id=_id(entry, plan),
        plan=plan.slug,
        locality=plan.locality,
        name=entry.name,
        english="",
        status=entry.status,
        rules=_rules(wished, entry),
        facts=facts | dict(_facts(wished, entry)),
    )


def _id(entry: Entry, plan: Plan) -> str:
    parts = (plan.slug, fold(entry.appendix or "").removeprefix("phu luc "), entry.row)
    return "/".join(part.strip().replace(" ", "-") for part in parts if part)


def _renewed(wished: _Adopting, pair: Pair[Procedure]) -> Procedure:
    """Say what the draft says and keep what it does not speak of."""
    old, entry, fields = pair.published, pair.entry, wished.fields(pair)
    name = entry.name if "name" in fields else old.name
    if old.plan == wished.plan.slug:
        facts = {kind: fact for kind, fact in _facts(wished, entry) if _FIELDS[kind] in fields}
        rules = _corrected(wished, pair) if fields & _WHEN else old.rules
        return replace(old, name=name, rules=rules, facts={**old.facts, **facts})
    # A day that was read for certain, none where it reads otherwise, else what was known before.
    rules = _rules(wished, entry) or (() if "weekdays" in fields else old.rules)
    facts = dict(_facts(wished, entry))
    for kind, fact in facts.items():
        if fact.state is State.KNOWN and _FIELDS[kind] not in fields:
            facts[kind] = replace(old.fact(kind), source=fact.source)
    status = old.status if entry.status is Status.SERVED else entry.status
    return replace(
        old,
        plan=wished.plan.slug,
        name=name,
        status=status,
        rules=rules,
        facts={**old.facts, **facts},
    )


def _rules(wished: _Adopting, entry: Entry) -> tuple[ServiceRule, ...]:
    if not entry.weekdays or "weekdays" in entry.uncertain:
        return ()
    return (
        ServiceRule(
            model=_model(entry, wished.draft),
            weekdays=entry.weekdays,
            source=wished.source(entry),
            cutoff=_hour(_sure(entry, "cutoff")),
            starts=_day(_sure(entry, "starts")),
        ),
    )


def _corrected(wished: _Adopting, pair: Pair[Procedure]) -> tuple[ServiceRule, ...]:
    """Return the same plan's rule with the fields that were read otherwise."""
    read = _rules(wished, pair.entry)
    if len(pair.published.rules) != 1 or not read:
        return read or pair.published.rules
    fields = wished.fields(pair) & _WHEN
    said = {name: getattr(read[0], name) for name in fields}
    return (replace(pair.published.rules[0], **said),)


def _model(entry: Entry, draft: Draft) -> ServiceModel:
    """Return the promise that the document's title names; one that names several names none."""
    title = fold(f"{draft.document.title} {entry.appendix or ''}")
    named = [model for words, model in _MODELS.items() if words in title]
    return named[0] if len(named) == 1 else ServiceModel.SERVICE_DAY


def _facts(wished: _Adopting, entry: Entry) -> Iterator[tuple[FactKind, Fact]]:
    for name, kind in FACTS.items():
        text = getattr(entry, name)
        if name in entry.uncertain:
            yield kind, UNCHECKED
        elif text:
            yield kind, Fact(State.KNOWN, text, source=wished.source(entry))


def _sure(entry: Entry, field: str) -> str | None:
    text: str | None = getattr(entry, field)
    return None if field in entry.uncertain else text


def _hour(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _day(text: str | None) -> date | None:
    """Read a whole date; one exact to the month only names no day."""
    return date.fromisoformat(text) if text and len(text) == len("2026-11-24") else None


def _task(wished: _Adopting, entry: Entry) -> Task:
    return Task(
        plan=wished.plan.slug,
        group=entry.group or "",
        row=entry.row,
        name=entry.name,
        lead=_sure(entry, "agency"),
        partner=_sure(entry, "partner"),
        deadline=entry.deadline,
        due=None if "deadline" in entry.uncertain else _day(entry.due),
        product=_sure(entry, "product"),
        source=wished.source(entry),
    )


def _task_renewed(wished: _Adopting, pair: Pair[Task]) -> Task:
    read = _task(wished, pair.entry)
    said = {_COLUMNS.get(name, name) for name in wished.fields(pair)}
    return replace(pair.published, **{name: getattr(read, name) for name in said})


def _target(wished: _Adopting, entry: Entry) -> Target | None:
    """Return a target, None where not all of its percents could be read."""
    if entry.goal is None or len(entry.quarters) != QUARTERS:
        return None
    first, second, third, fourth = entry.quarters
    return Target(
        plan=wished.plan.slug,
        row=entry.row,
        name=entry.name,
        lead=_sure(entry, "agency"),
        partner=_sure(entry, "partner"),
        year=_year(wished.plan),
        goal=entry.goal,
        quarters=(first, second, third, fourth),
        source=wished.source(entry),
    )


def _target_renewed(wished: _Adopting, pair: Pair[Target]) -> Target:
    read = _target(wished, pair.entry)
    if read is None:
        return pair.published
    said = {_COLUMNS.get(name, name) for name in wished.fields(pair)}
    return replace(pair.published, **{name: getattr(read, name) for name in said})


def _year(plan: Plan) -> int:
    """Return the year of a plan's targets, 0 where neither its date nor its title names one."""
    named = _YEAR.search(plan.title)
    return int(named[1] if named else (plan.date or "0")[:4])
