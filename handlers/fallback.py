"""Nothing of ours: say so kindly, and what we do or where to go instead."""

from handlers.locality import place_buttons
from handlers.talk import Button, Memory, Outcome, Reply, Turn
from knowledge.plans.model import Procedure
from knowledge.store import Town


def answer(turn: Turn, town: Town) -> Reply:
    """Decline; what is related is offered and never asserted."""
    near = [town.library.procedures[match.id] for match in turn.meaning.near]
    lines = [_why(turn, town), *_offers(turn, town, near)]
    buttons = [Button(turn.say.pick(each.short, each.english), each.id) for each in near]
    return Reply(
        body="\n".join(filter(None, lines)),
        outcome=Outcome.DECLINED,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        near=turn.meaning.near,
        memory=_memory(turn),
        buttons=buttons or (() if turn.meaning.locality else place_buttons(turn, town)),
    )


def _memory(turn: Turn) -> Memory:
    """Wait for a yes to what is offered; what nobody understands changes no conversation."""
    meaning = turn.meaning
    if not (meaning.near or meaning.topic or meaning.elsewhere):
        return turn.ask.memory
    # A topic has a desk of its own: what is only like it must not be taken for it by a "yes".
    offered = () if meaning.topic else tuple(match.id for match in meaning.near)
    return Memory(options=offered, intents=meaning.intents, question=turn.ask.text)


def _why(turn: Turn, town: Town) -> str:
    say, meaning = turn.say, turn.meaning
    if meaning.elsewhere:
        return (
            say("I know no plan of {place} yet.", place=meaning.elsewhere)
            + " "
            + _known(turn, town)
        )
    if meaning.topic:
        topic = town.library.topics[meaning.topic]
        return say(
            "The plans I know do not hold this. General advice, not from a plan: {where}",
            where=say.pick(topic.vi, topic.en),
        )
    if meaning.near and meaning.locality:
        place = town.library.localities[meaning.locality]
        name = say.pick(place.name, place.english)
        return say("The plan of {place} does not list this procedure.", place=name)
    return say(
        "I did not understand which procedure you mean. Please name it in a few words, for "
        "example: “certify a copy”, “register a marriage with a foreigner”."
    )


def _known(turn: Turn, town: Town) -> str:
    places = [
        turn.say.pick(place.name, place.english)
        for place in town.library.edition.contents.localities
    ]
    return turn.say("I know: {places}.", places=turn.say.all_of(places))


def _offers(turn: Turn, town: Town, near: list[Procedure]) -> list[str]:
    say = turn.say
    lines = []
    for procedure in near:
        place = town.library.localities[procedure.locality]
        lines.append(
            say(
                "Done elsewhere: {procedure} ({place}).",
                procedure=say.pick(procedure.short, procedure.english),
                place=say.pick(place.name, place.english),
            )
        )
    places = {procedure.locality for procedure in near}
    if turn.meaning.topic or len(places) != 1 or turn.meaning.locality in places:
        return lines
    place = town.library.localities[places.pop()]
    return [*lines, say("Shall I show it for {place}?", place=say.pick(place.name, place.english))]
