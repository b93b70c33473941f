"""How far a plan may be trusted today, and what its place is called now: said once an answer."""

from collections.abc import Iterable

from handlers.sources import Footnotes
from knowledge.plans.model import Locality, Plan, Procedure
from knowledge.store import Town
from locales import Translator


def plans_behind(procedures: Iterable[Procedure], town: Town) -> list[Plan]:
    """Return the plans of procedures, each once, in order."""
    return [town.library.plans[slug] for slug in dict.fromkeys(each.plan for each in procedures)]


def plans_of(locality: str, town: Town) -> list[Plan]:
    """Return the plans of a place."""
    return [plan for plan in town.library.edition.contents.plans if plan.locality == locality]


def standing(plans: list[Plan], town: Town, say: Translator, footnotes: Footnotes) -> list[str]:
    """Say for each plan whether it is confirmed, and where its place went."""
    lines = []
    for plan in plans:
        lines.append(_confirmation(plan, say) + footnotes.mark_document(plan.source))
        lines += _today(town.library.localities[plan.locality], say, footnotes)
    return lines


def _confirmation(plan: Plan, say: Translator) -> str:
    if plan.confirmed_on:
        return "✔ " + say(
            "Confirmed as still applied on {day} by {who}.",
            day=say.day(plan.confirmed_on),
            who=plan.confirmed_by or plan.issuer,
        )
    year = (plan.date or "")[:4]
    return "⚠ " + say("By the plan of {year}; not confirmed as still applied.", year=year)


def _today(locality: Locality, say: Translator, footnotes: Footnotes) -> list[str]:
    if not locality.lineage:
        return []
    sentence = say(
        "{place} is now: {units} ({province}). Please call before you go.",
        place=say.capital(say.pick(locality.name, locality.english)),
        units="; ".join(dict.fromkeys(step.today for step in locality.lineage)),
        province=", ".join(dict.fromkeys(step.province for step in locality.lineage)),
    )
    return ["⚠ " + sentence + footnotes.mark(locality.lineage[0].source)]
