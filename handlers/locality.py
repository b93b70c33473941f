"""A place is chosen, or has to be asked for."""

from handlers.talk import Button, Memory, Outcome, Reply, Turn
from knowledge.plans.understanding import Certainty
from knowledge.store import Town


def answer(turn: Turn, town: Town) -> Reply | None:
    """Keep the place that a message names and nothing else."""
    meaning = turn.meaning
    alone = meaning.certainty is Certainty.NONE and not (meaning.topic or meaning.elsewhere)
    if not (meaning.locality_named and meaning.locality and alone) or meaning.near:
        return None
    place = town.library.localities[meaning.locality]
    body = turn.say(
        "I have noted {place}. What do you need to do? For example: certify a copy, "
        "register a marriage.",
        place=turn.say.capital(turn.say.pick(place.name, place.english)),
    )
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=meaning.intents,
        locality=meaning.locality,
        chosen_locality=meaning.locality,
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
        Button(turn.say.capital(turn.say.pick(place.name, place.english)), place.name)
        for place in town.library.edition.contents.localities
    )
