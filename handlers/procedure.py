"""A procedure is asked about: answer it, or ask back which one is meant."""

from handlers.card import Card, card, facets
from handlers.reminder_sayings import offer
from handlers.sources import Footnotes
from handlers.standing import plans_behind, standing
from handlers.talk import Button, Memory, Outcome, Reply, Turn, Warn
from knowledge.plans.model import Procedure, Status
from knowledge.plans.understanding import Certainty, Intent
from knowledge.store import Town
from locales import message

FOLLOW_UPS = {
    Intent.DAY: message("Which day?"),
    Intent.PAPERS: message("What to bring?"),
    Intent.FEE: message("Fee?"),
    Intent.DURATION: message("How long?"),
    Intent.PLACE: message("Where?"),
}
"""The facets offered as buttons after an answer, with their labels as message ids."""


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer when sure, ask back when unsure; None when no procedure is meant."""
    if turn.meaning.certainty is Certainty.SURE:
        return tell(turn, town)
    if turn.meaning.certainty is Certainty.UNSURE:
        return ask_back(turn, town)
    return None


def tell(turn: Turn, town: Town) -> Reply:
    """Answer about the procedures that the message means, all of them."""
    footnotes = Footnotes(turn.say)
    procedures = [town.library.procedures[match.id] for match in turn.meaning.matches]
    cards = [card(procedure, town, turn, footnotes) for procedure in procedures]
    paragraphs = ["\n".join(each.lines) for each in cards]
    plans = plans_behind(procedures, town)
    paragraphs.append("\n".join(standing(plans, town, turn, footnotes)))
    warnings = dict.fromkeys(warn for each in cards for warn in each.warnings)
    if turn.ask.locality and procedures[0].locality != turn.ask.locality:
        warnings[Warn.OTHER_PLACE] = None
    return Reply(
        body="\n\n".join(filter(None, paragraphs)),
        outcome=Outcome.ANSWERED,
        intents=turn.meaning.intents,
        locality=procedures[0].locality,
        matches=turn.meaning.matches,
        near=turn.meaning.near,
        facts=cards[0].sheet,
        sources=footnotes.sources,
        source_lines=footnotes.lines,
        warnings=tuple(warnings),
        buttons=(*_follow_ups(turn, procedures), *_reminder(turn, procedures, cards)),
        memory=Memory(
            procedures=tuple(procedure.id for procedure in procedures), question=turn.ask.text
        ),
    )


def _follow_ups(turn: Turn, procedures: list[Procedure]) -> tuple[Button, ...]:
    if procedures[0].status is not Status.SERVED or Intent.OVERVIEW in turn.meaning.intents:
        return ()
    said = facets(turn.meaning.intents)
    ids = " ".join(procedure.id for procedure in procedures)
    return tuple(
        Button(turn.say(label), f"{ids} {intent}")
        for intent, label in FOLLOW_UPS.items()
        if intent not in said
    )


def _reminder(turn: Turn, procedures: list[Procedure], cards: list[Card]) -> tuple[Button, ...]:
    """Offer to remind of what has a coming day."""
    coming = zip(procedures, cards, strict=True)
    ids = tuple(procedure.id for procedure, each in coming if each.sheet.next_dates)
    return offer(turn, *ids) if ids else ()


def ask_back(turn: Turn, town: Town) -> Reply:
    """Offer the procedures that the message may mean, numbered."""
    options = [town.library.procedures[match.id] for match in turn.meaning.matches]
    several_places = len({option.locality for option in options}) > 1
    labels = [_label(option, turn, town, with_place=several_places) for option in options]
    lines = [f"{number}. {label}" for number, label in enumerate(labels, start=1)]
    question = (
        turn.say("Which one do you mean? Please choose one:")
        if len(options) > 1
        else turn.say("Do you mean this?")
    )
    return Reply(
        body="\n".join([question, *lines]),
        outcome=Outcome.ASKED_BACK,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        matches=turn.meaning.matches,
        near=turn.meaning.near,
        buttons=tuple(
            Button(line, option.id) for line, option in zip(lines, options, strict=True)
        ),
        memory=Memory(
            options=tuple(option.id for option in options),
            intents=turn.meaning.intents,
            question=turn.ask.text,
        ),
    )


def _label(procedure: Procedure, turn: Turn, town: Town, *, with_place: bool) -> str:
    name = turn.say.pick(procedure.short, procedure.english)
    if not with_place:
        return name
    locality = town.library.localities[procedure.locality]
    return f"{name} ({turn.say.pick(locality.name, locality.english)})"
