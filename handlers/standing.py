"""How far a plan may be trusted today, and what its place is called now: said once an answer."""

from collections.abc import Iterable
from enum import Enum

from handlers.sources import Footnotes
from handlers.talk import Turn
from knowledge.plans.model import Locality, Plan, Procedure, Succession
from knowledge.store import Town
from knowledge.vietnamese import fold
from locales import Translator, message


def plans_behind(procedures: Iterable[Procedure], town: Town) -> list[Plan]:
    """Return the plans of procedures, each once, in order."""
    return [town.library.plans[slug] for slug in dict.fromkeys(each.plan for each in procedures)]


def plans_of(locality: str, town: Town) -> list[Plan]:
    """Return the plans of a place."""
    return [plan for plan in town.library.edition.contents.plans if plan.locality == locality]


def standing(plans: list[Plan], town: Town, turn: Turn, footnotes: Footnotes) -> list[str]:
    """Say for each plan that was cited whether it is confirmed, and where its place went."""
    lines = []
    for plan in plans:
        # An answer that cites nothing yet says at least by which plan nothing is known.
        if footnotes.cites(plan.source) or not footnotes.sources:
            lines.append(_confirmation(plan, turn.say) + footnotes.mark_document(plan.source))
            lines += _today(town.library.localities[plan.locality], turn, footnotes)
    return lines


def _confirmation(plan: Plan, say: Translator) -> str:
    if plan.confirmed_on:
        return "✔ " + say(
            "Confirmed as still applied on {day} by {who}.",
            day=say.day(plan.confirmed_on),
            who=plan.confirmed_by or plan.issuer,
        )
    if plan.date is None:
        return "⚠ " + say("By a plan without a date; not confirmed as still applied.")
    return "⚠ " + say("By the plan of {year}; not confirmed as still applied.", year=plan.date[:4])


def _today(locality: Locality, turn: Turn, footnotes: Footnotes) -> list[str]:
    """Say what a place is called today: the citizen's own old ward where he named it."""
    if not locality.lineage:
        return []
    said = f" {fold(turn.ask.text)} "
    named = [step for step in locality.lineage if f" {_bare(step.former)} " in said]
    steps = named or list(locality.lineage)
    sentence = turn.say(
        _SENTENCES[_kind(locality, named)],
        place=turn.say.capital(turn.say.pick(locality.name, locality.english)),
        former=steps[0].former,
        units=turn.say.all_of(dict.fromkeys(step.today for step in steps)),
        province=", ".join(dict.fromkeys(step.province for step in steps)),
    )
    return ["⚠ " + sentence + footnotes.mark(steps[0].source)]


class _Kind(Enum):
    WARD = "ward"
    PROVINCE = "province"
    ONE = "one"
    SEVERAL = "several"


_SENTENCES = {
    _Kind.WARD: message(
        "{former} now belongs to {units} ({province}). Please ask its Public Administrative "
        "Service Centre before you go."
    ),
    _Kind.PROVINCE: message(
        "{place} now belongs to {province}. Please ask the Public Administrative Service Centre "
        "of your commune before you go."
    ),
    _Kind.ONE: message(
        "{place} is now {units} ({province}). Please ask its Public Administrative Service "
        "Centre before you go."
    ),
    _Kind.SEVERAL: message(
        "{place} is now divided into {units} ({province}). Please ask the Public Administrative "
        "Service Centre there before you go. Tell me your former ward or commune, and I name "
        "yours."
    ),
}


def _kind(locality: Locality, named: list[Succession]) -> _Kind:
    if named:
        return _Kind.WARD
    if locality.name.startswith("tỉnh "):
        # The plan covers the whole province, of which only some units are known to it.
        return _Kind.PROVINCE
    return _Kind.ONE if len({step.today for step in locality.lineage}) == 1 else _Kind.SEVERAL


def _bare(unit: str) -> str:
    """Return a unit's name folded, without its kind: "phường Sông Cầu" is "song cau"."""
    return fold(unit).removeprefix("phuong ").removeprefix("xa ").removeprefix("thi tran ")
