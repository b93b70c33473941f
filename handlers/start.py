"""Greetings, thanks, help, calm in the face of rudeness, and the hotline in danger."""

import re

from handlers.locality import place_buttons
from handlers.talk import Memory, Outcome, Reply, Turn, Wish
from knowledge.plans.understanding import Intent, Subject
from knowledge.store import Town
from knowledge.vietnamese import fold
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
}
"""What is said about each subject that needs no knowledge of a place, as message ids."""

DESPAIR = re.compile(
    r"khong muon song|muon chet|(?:chan|het muon) song|chet cho xong|tu (?:tu|van)|nhay cau"
    r"|thuoc sau|kill myself|suicide|want to die"
)
CHILD = re.compile(
    r"\b(?:con|chau|be|tre|hoc sinh|child|kid|son|daughter)\b.{0,25}"
    r"(?:bi (?:danh|nhot|hanh|xam)|beaten|abused)"
)
FIRE = re.compile(
    r"\bchay (?:nha|lon|roi|o|to)|(?:dang|co|bi) chay\b(?! mau)|hoa hoan|duoi nuoc|\bfire\b"
)
VIOLENCE = re.compile(r"danh|giet|bat coc|nhot|cuop|chem|beat|hit|kidnap|threat")
INJURY = re.compile(
    r"cap cuu|cuu thuong|tai nan|chay mau|bat tinh|dot quy|ngat|ambulance|bleeding|accident"
)
CALLS = (
    (
        DESPAIR,
        message(
            "You are not alone. Please go to somebody near you now, or call 115; children and "
            "young people can also call 111 at any hour."
        ),
    ),
    (CHILD, message("A child in danger: call 111, child protection, or 113, police, now.")),
    (FIRE, message("Call 114, fire and rescue, now.")),
    (VIOLENCE, message("Call 113, the police, now.")),
    (INJURY, message("Call 115, the ambulance, now.")),
)
"""Cries for help, folded, and the number for each, as message ids; the first that fits is said."""

WITH_PLACES = (Subject.GREETING, Subject.HELP)


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer what is no question about a procedure."""
    subject = turn.meaning.subject
    if subject not in SENTENCES:
        return None
    call = _call(turn) if subject is Subject.EMERGENCY else ""
    return Reply(
        body="\n".join(filter(None, (call, turn.say(SENTENCES[subject])))),
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        near=turn.meaning.near,
        buttons=place_buttons(turn, town) if subject in WITH_PLACES else (),
        memory=turn.ask.memory,
    )


def greet(turn: Turn, town: Town) -> Reply:
    """Begin anew, so that a place chosen next asks nothing over again."""
    return Reply(
        body=turn.say(SENTENCES[Subject.GREETING]),
        outcome=Outcome.INFORMED,
        intents=(Intent.GREETING,),
        locality=turn.ask.locality,
        buttons=place_buttons(turn, town),
        memory=Memory(language=turn.say.language),
        wish=Wish.START,
    )


def _call(turn: Turn) -> str:
    """Say which number a cry for help needs first; nothing where the words do not tell."""
    said = fold(turn.ask.text)
    return next((turn.say(call) for words, call in CALLS if words.search(said)), "")
