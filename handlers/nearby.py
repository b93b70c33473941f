"""The citizen sends where he is: the communes near there, and whether we know a plan for them.

The point is used here and nowhere kept: no reply, memory or log holds it.
"""

from collections.abc import Iterable
from textwrap import shorten

from handlers.sources import Footnotes
from handlers.standing import plans_of, standing
from handlers.talk import Button, Outcome, Point, Reply, Turn, Warn
from knowledge.plans.model import Locality, State
from knowledge.plans.positions import Near, positions
from knowledge.plans.territory import territory
from knowledge.store import Town
from locales import message

SHOWN = 3
"""Communes that are named at most."""

LABEL = 40
"""Characters of a question on a button."""

ELSEWHERE = Button(message("Another place"), "/diaphuong")
"""Corrects a guess; pressing it asks for the place."""


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer a location; a place is chosen only where all that may be meant lies in it."""
    point = turn.ask.point
    if point is None:
        return None
    near = positions().near(point.latitude, point.longitude)
    if not near:
        return _nowhere(turn)
    codes = {each.unit.code for each in near}
    known = town.library.localities.values()
    if certain := [place for place in known if codes <= territory(place).whole]:
        return _chosen(turn, town, near, certain[0])
    if possible := [place for place in known if codes & territory(place).all]:
        return _ask_which(turn, near, possible)
    return _unknown(turn, town, near, point)


def _nowhere(turn: Turn) -> Reply:
    sentence = turn.say(
        "I know no commune near this place. Please type the name of your ward or commune."
    )
    return _reply(turn, [sentence], Outcome.DECLINED)


def _chosen(turn: Turn, town: Town, near: tuple[Near, ...], place: Locality) -> Reply:
    say, footnotes = turn.say, Footnotes(turn.say)
    noted = say(
        "That lies in {place}, whose plan I know, and I have noted it.",
        place=say.pick(place.name, place.english),
    )
    lines = [_about(turn, near), noted, *_desks(turn, town, place, footnotes)]
    lines += standing(plans_of(place.slug, town), town, turn, footnotes)
    unconfirmed = any(not plan.confirmed_on for plan in plans_of(place.slug, town))
    return Reply(
        body="\n".join([*lines, say("What do you need to do?")]),
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=place.slug,
        sources=footnotes.sources,
        source_lines=footnotes.lines,
        warnings=(Warn.PLAN_UNCONFIRMED,) if unconfirmed else (),
        buttons=(*_question(turn), _elsewhere(turn)),
        memory=turn.ask.memory,
        chosen_locality=place.slug,
    )


def _ask_which(turn: Turn, near: tuple[Near, ...], possible: list[Locality]) -> Reply:
    say = turn.say
    names = [say.pick(place.name, place.english) for place in possible]
    question = say(
        "Around there I know the plan of {places} only. Are you there, or in another place?",
        places=say.all_of(names),
    )
    buttons = [
        Button(say.capital(name), place.slug) for name, place in zip(names, possible, strict=True)
    ]
    return _reply(turn, [_about(turn, near), question], Outcome.INFORMED, buttons)


def _unknown(turn: Turn, town: Town, near: tuple[Near, ...], point: Point) -> Reply:
    say = turn.say
    lines = [_about(turn, near), say("I know no plan of this place yet.")]
    if found := _nearest(point, town.library.localities.values()):
        km, place = found
        lines.append(
            say(
                "The nearest place whose plan I know is {place}, about {km} km away in a straight "
                "line; that plan does not apply to where you are.",
                place=say.pick(place.name, place.english),
                km=say.decimal(km),
            )
        )
    return _reply(turn, lines, Outcome.DECLINED)


def _nearest(point: Point, places: Iterable[Locality]) -> tuple[float, Locality] | None:
    """Return the place that is nearest, with its kilometres; None where none can be located."""
    away = [(km, place) for place in places if (km := _away(point, place)) is not None]
    return min(away, key=lambda each: each[0], default=None)


def _away(point: Point, place: Locality) -> float | None:
    return positions().distance(point.latitude, point.longitude, territory(place).all)


def _about(turn: Turn, near: tuple[Near, ...]) -> str:
    """Name the communes near by, never as more than a guess."""
    units = [each.unit for each in near[:SHOWN]]
    provinces = dict.fromkeys(unit.province for unit in units)
    names = [
        unit.name if len(provinces) == 1 else f"{unit.name} ({unit.province})" for unit in units
    ]
    where = turn.say.all_of(names)
    if len(provinces) == 1:
        where = f"{where} ({units[0].province})"
    if len(near) == 1:
        return "📍 " + turn.say(
            "You are near the middle of {where}. I reckon by distance alone, so this may be "
            "wrong near a boundary.",
            where=where,
        )
    return "📍 " + turn.say(
        "You are near {where}. I reckon by distance alone and cannot tell which one it is.",
        where=where,
    )


def _desks(turn: Turn, town: Town, place: Locality, footnotes: Footnotes) -> list[str]:
    """Name the desks of the plan, with what is known of each and no more."""
    say, lines = turn.say, []
    for desk in town.library.places.values():
        if desk.locality != place.slug:
            continue
        lines.append(say("Desk in the plan: {desk}.", desk=say.pick(desk.name, desk.english)))
        facts = [
            fact for fact in (desk.address, desk.phone, desk.hours) if fact.state is State.KNOWN
        ]
        lines += [
            "  " + say.pick(fact.text, fact.english) + footnotes.mark(fact.source)
            for fact in facts
        ]
        if desk.address.state is not State.KNOWN:
            lines.append("  " + say("I do not know its address."))
    return lines


def _question(turn: Turn) -> tuple[Button, ...]:
    """Offer the question that waits for a place."""
    memory = turn.ask.memory
    waits = memory.question and not (memory.procedures or memory.options)
    return (Button(shorten(memory.question, LABEL), memory.question),) if waits else ()


def _elsewhere(turn: Turn) -> Button:
    return Button(turn.say(ELSEWHERE.label), ELSEWHERE.says)


def _reply(
    turn: Turn, lines: list[str], outcome: Outcome, buttons: Iterable[Button] = ()
) -> Reply:
    return Reply(
        body="\n".join(lines),
        outcome=outcome,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        buttons=(*buttons, _elsewhere(turn)),
        memory=turn.ask.memory,
    )
