"""The no-writing, no-appointment and online days: what a plan promises a whole place."""

from handlers.locality import ask_place
from handlers.sources import Footnotes
from handlers.standing import plans_of, standing
from handlers.talk import Outcome, Reply, Turn, Warn
from knowledge.plans.model import Plan
from knowledge.plans.understanding import Subject
from knowledge.store import Town


def answer(turn: Turn, town: Town) -> Reply | None:
    """Explain the scheme of the place."""
    if turn.meaning.subject is not Subject.SCHEME:
        return None
    if turn.meaning.locality is None:
        return ask_place(turn, town)
    locality = town.library.localities[turn.meaning.locality]
    footnotes = Footnotes(turn.say)
    plans = plans_of(locality.slug, town)
    lines = [turn.say.capital(turn.say.pick(locality.name, locality.english)) + ":"]
    for plan in plans:
        lines += _promises(plan, turn, footnotes)
    lines += standing(plans, town, turn, footnotes)
    return Reply(
        body="\n".join(lines),
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=locality.slug,
        sources=footnotes.sources,
        source_lines=footnotes.lines,
        warnings=(Warn.PLAN_UNCONFIRMED,),
    )


def _promises(plan: Plan, turn: Turn, footnotes: Footnotes) -> list[str]:
    say = turn.say
    return [
        f"• {say.pick(each.text, each.english)}{footnotes.mark(each.rule.source)}"
        for each in plan.schemes
    ] + [
        f"⚠ {say.pick(note.text, note.english)}{footnotes.mark(note.source)}"
        for note in plan.notes
    ]
