"""A place is chosen, or has to be asked for."""

from dataclasses import replace

from handlers.talk import Button, Memory, Outcome, Reply, Turn
from knowledge.plans.model import Locality
from knowledge.plans.understanding import Certainty, Intent
from knowledge.store import Town


def answer(turn: Turn, town: Town) -> Reply | None:
    """Keep the place that a message names and nothing else."""
    meaning = turn.meaning
    alone = meaning.certainty is Certainty.NONE and not (meaning.topic or meaning.elsewhere)
    if not (meaning.locality_named and meaning.locality and alone) or meaning.near:
        return None
    place = town.library.localities[meaning.locality]
    return _noted(turn, place)


def choose(turn: Turn, town: Town) -> Reply:
    """Keep the place that stands after the command, or offer all of them."""
    localities = town.library.localities
    meaning = town.library.understand(turn.ask.text, turn.ask.locality)
    if meaning.locality_named and meaning.locality:
        return _noted(replace(turn, meaning=meaning), localities[meaning.locality])
    lines = [turn.say("Which place do you ask about?")]
    if chosen := localities.get(turn.ask.locality or ""):
        name = turn.say.pick(chosen.name, chosen.english)
        lines.insert(0, turn.say("Chosen so far: {place}.", place=turn.say.capital(name)))
    return Reply(
        body="\n".join(lines),
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        locality=turn.ask.locality,
        buttons=place_buttons(turn, town),
        memory=replace(turn.ask.memory, options=()),
    )


def _noted(turn: Turn, place: Locality) -> Reply:
    body = turn.say(
        "I have noted {place}. What do you need to do? For example: certify a copy, "
        "register a marriage.",
        place=turn.say.capital(turn.say.pick(place.name, place.english)),
    )
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=place.slug,
        chosen_locality=place.slug,
        memory=turn.ask.memory,
    )


def ask_place(turn: Turn, town: Town) -> Reply:
    """Ask once where the citizen is, and keep his question until he says so."""
    return Reply(
        body=turn.say("Which place do you ask about?"),
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        buttons=place_buttons(turn, town),
        memory=Memory(question=turn.ask.text),
    )


def place_buttons(turn: Turn, town: Town) -> tuple[Button, ...]:
    """Return a button for each place whose plans we know."""
    return tuple(
        Button(turn.say.capital(turn.say.pick(place.name, place.english)), place.slug)
        for place in town.library.edition.contents.localities
    )
