"""A reviewed draft becomes part of the contents of the next edition."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time
from typing import TypeVar

from knowledge.plans.appendix import Draft, Entry, Head
from knowledge.plans.diff import Difference, Pair
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

_FACTS = {
    "place": FactKind.PLACE,
    "agency": FactKind.AGENCY,
    "partner": FactKind.PARTNER,
    "fee": FactKind.FEE,
    "papers": FactKind.PAPERS,
    "duration": FactKind.DURATION,
    "code": FactKind.CODE,
}
_ASKED = (FactKind.AGENCY, FactKind.FEE, FactKind.PAPERS, FactKind.DURATION)
"""Facts that citizens ask for: where a new row has none, the plan is silent on it."""

_MODELS = {
    "khong viet": ServiceModel.NO_WRITING_NO_APPOINTMENT,
    "khong giay hen": ServiceModel.NO_APPOINTMENT_SLIP,
    "truc tuyen": ServiceModel.ONLINE_DAY,
}


QUARTERS = 4

_T = TypeVar("_T")
_Row = TypeVar("_Row", Task, Target)


def adopt(contents: Contents, draft: Draft, difference: Difference) -> Contents:
    """Return contents that say what the draft says; `difference` must be of these two.

    Fields that are uncertain become unchecked facts and rows without a sure day get no day: what
    nobody confirmed is never told. Raises Refusal for a document of no known place.
    """
    head = draft.document
    if not head.locality or not head.issuer:
        raise Refusal(
            "The document does not say which place it is for, so it cannot be published."
        )
    plan = _plan(head, contents)
    adopted = {
        pair.procedure.id: pair.entry for pair in (*difference.changed, *_moved(difference, plan))
    }
    gone = {procedure.id for procedure in difference.removed}
    kept = tuple(
        _renewed(each, adopted[each.id], plan, draft) if each.id in adopted else each
        for each in contents.procedures
        if each.id not in gone
    )
    return replace(
        contents,
        plans=_with(contents.plans, plan),
        localities=_with(contents.localities, _locality(head, contents)),
        procedures=kept + tuple(_new(entry, plan, draft) for entry in difference.added),
        tasks=_others(contents.tasks, plan) + tuple(_tasks(draft, plan)),
        targets=_others(contents.targets, plan) + tuple(_targets(draft, plan)),
    )


def _moved(difference: Difference, plan: Plan) -> Iterable[Pair]:
    """Return the rows that a newer plan repeats: it is now their source."""
    return (pair for pair in difference.same if pair.procedure.plan != plan.slug)


def _plan(head: Head, contents: Contents) -> Plan:
    """Return the published plan that the document is, or a new one."""
    for plan in contents.plans:
        if (plan.locality, plan.number, plan.date) == (head.locality, head.number, head.date):
            return plan
    slug = f"{head.locality}-{head.date or 'undated'}"
    return Plan(slug, str(head.locality), head.title, "", head.number, head.date, head.issuer)


def _locality(head: Head, contents: Contents) -> Locality:
    for locality in contents.localities:
        if locality.slug == head.locality:
            return locality
    name = head.issuer.removeprefix("Ủy ban nhân dân ").removeprefix("UBND ")
    return Locality(str(head.locality), name, "", "")


def _with(known: tuple[_T, ...], one: _T) -> tuple[_T, ...]:
    return known if one in known else (*known, one)


def _others(known: tuple[_Row, ...], plan: Plan) -> tuple[_Row, ...]:
    return tuple(row for row in known if row.plan != plan.slug)


def _source(entry: Entry, plan: Plan) -> Source:
    return replace(plan.source, appendix=entry.appendix, row=entry.row)


def _new(entry: Entry, plan: Plan, draft: Draft) -> Procedure:
    facts = dict.fromkeys(_ASKED, Fact(State.SILENT, source=_source(entry, plan)))
    return Procedure(
        id=_id(entry, plan),
        plan=plan.slug,
        locality=plan.locality,
        name=entry.name,
        english="",
        status=entry.status,
        rules=_rules(entry, plan, draft),
        facts=facts | dict(_facts(entry, plan)),
    )


def _id(entry: Entry, plan: Plan) -> str:
    parts = (plan.slug, fold(entry.appendix or "").removeprefix("phu luc "), entry.row)
    return "/".join(part.strip().replace(" ", "-") for part in parts if part)


def _renewed(old: Procedure, entry: Entry, plan: Plan, draft: Draft) -> Procedure:
    """Say what the draft says and keep what it does not speak of."""
    status = old.status if entry.status is Status.SERVED else entry.status
    return replace(
        old,
        plan=plan.slug,
        name=entry.name,
        status=status,
        rules=_rules(entry, plan, draft) or old.rules,
        facts={**old.facts, **dict(_facts(entry, plan))},
    )


def _rules(entry: Entry, plan: Plan, draft: Draft) -> tuple[ServiceRule, ...]:
    if not entry.weekdays or "weekdays" in entry.uncertain:
        return ()
    sure = {name for name in ("cutoff", "starts") if name not in entry.uncertain}
    return (
        ServiceRule(
            model=_model(entry, draft),
            weekdays=entry.weekdays,
            source=_source(entry, plan),
            cutoff=time.fromisoformat(entry.cutoff) if entry.cutoff and "cutoff" in sure else None,
            starts=_day(entry.starts) if "starts" in sure else None,
        ),
    )


def _model(entry: Entry, draft: Draft) -> ServiceModel:
    """Return the promise that the document's title names; one that names several names none."""
    title = fold(f"{draft.document.title} {entry.appendix or ''}")
    named = [model for words, model in _MODELS.items() if words in title]
    return named[0] if len(named) == 1 else ServiceModel.SERVICE_DAY


def _facts(entry: Entry, plan: Plan) -> Iterable[tuple[FactKind, Fact]]:
    for name, kind in _FACTS.items():
        text = getattr(entry, name)
        if name in entry.uncertain:
            yield kind, UNCHECKED
        elif text:
            yield kind, Fact(State.KNOWN, text, source=_source(entry, plan))


def _day(text: str | None) -> date | None:
    """Read a whole date; one exact to the month only names no day."""
    return date.fromisoformat(text) if text and len(text) == len("2026-11-24") else None


def _tasks(draft: Draft, plan: Plan) -> Iterable[Task]:
    for entry in draft.entries:
        if entry.kind == "task":
            yield Task(
                plan=plan.slug,
                group=entry.group or "",
                row=entry.row,
                name=entry.name,
                lead=entry.agency,
                partner=entry.partner,
                deadline=entry.deadline,
                due=_day(entry.due),
                product=entry.product,
                source=_source(entry, plan),
            )


def _targets(draft: Draft, plan: Plan) -> Iterable[Target]:
    for entry in draft.entries:
        if entry.kind == "target" and entry.goal is not None and len(entry.quarters) == QUARTERS:
            first, second, third, fourth = entry.quarters
            yield Target(
                plan=plan.slug,
                row=entry.row,
                name=entry.name,
                lead=entry.agency,
                partner=entry.partner,
                year=int((plan.date or "0")[:4]),
                goal=entry.goal,
                quarters=(first, second, third, fourth),
                source=_source(entry, plan),
            )
