"""Greetings, thanks, help, calm in the face of rudeness, and the hotline in danger."""

from handlers.locality import place_buttons
from handlers.talk import Outcome, Reply, Turn
from knowledge.plans.understanding import Subject
from knowledge.store import Town
from locales import message

SENTENCES = {
    Subject.GREETING: message(
        "Hello! I tell you on which day and where a procedure is done, what to bring and what it "
        "costs, from the plans that local governments published. What do you need to do?"
    ),
    Subject.HELP: message(
        "Tell me in your own words what you need, for example: “which day are copies certified "
        "in Bắc Kạn, what do I bring, what is the fee?”. I answer only what the published plans "
        "say, and name the source."
    ),
    Subject.THANKS: message("You are welcome. Write to me whenever you need a procedure."),
    Subject.RUDENESS: message(
        "I am sorry that I could not help you. Tell me which procedure you need, or ask the desk "
        "directly."
    ),
    Subject.EMERGENCY: message(
        "If somebody is in danger, please call now: 113 police, 114 fire and rescue, "
        "115 ambulance, 111 child protection."
    ),
    Subject.CONTACT: message(
        "The plans name no phone number of an official. Please call the desk or ask at the "
        "reception of the commune's public service centre."
    ),
    Subject.FORMS: message(
        "Tell me for which procedure you need the form. Forms stand with each procedure on the "
        "National Public Service Portal, dichvucong.gov.vn."
    ),
    Subject.FEEDBACK: message(
        "I am sorry for the trouble. I cannot pass on complaints yet. Please send it to the "
        "section “Phản ánh kiến nghị” of the National Public Service Portal, dichvucong.gov.vn, "
        "or tell the head of the desk."
    ),
    Subject.LANGUAGE: message("I speak Vietnamese and English."),
}
"""What is said about each subject that needs no knowledge of a place, as message ids."""

WITH_PLACES = (Subject.GREETING, Subject.HELP)


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer what is no question about a procedure."""
    subject = turn.meaning.subject
    if subject not in SENTENCES:
        return None
    return Reply(
        body=turn.say(SENTENCES[subject]),
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        near=turn.meaning.near,
        buttons=place_buttons(turn, town) if subject in WITH_PLACES else (),
        memory=turn.ask.memory,
    )
