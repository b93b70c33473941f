"""Pictures, voices and stickers: what came cannot be read, so we say kindly what to type."""

from handlers.talk import Media, Outcome, Reply, Turn
from knowledge.plans.understanding import Intent
from knowledge.store import Town
from locales import message

SENTENCES = {
    Media.PICTURE: message(
        "I cannot read pictures yet; please type in a few words what you need, for example: "
        "“which day are copies certified?”."
    ),
    Media.VOICE: message(
        "I cannot hear voice messages yet; please type in a few words what you need, for "
        "example: “which day are copies certified?”."
    ),
    Media.VIDEO: message(
        "I cannot watch videos yet; please type in a few words what you need, for example: "
        "“which day are copies certified?”."
    ),
    Media.FILE: message(
        "I cannot read files yet; please type in a few words which procedure it is about."
    ),
    Media.STICKER: message(
        "Hello! 👋 Whenever you need a procedure, just type it in a few words, for example: "
        "“which day are copies certified?”."
    ),
    Media.CONTACT: message(
        "Please do not send phone numbers of anybody here, I need none; just type which "
        "procedure you need."
    ),
    Media.OTHER: message(
        "I can read only words; please type in a few of them what you need, for example: “which "
        "day are copies certified?”."
    ),
}
"""What is said of each kind, as message ids."""


def answer(turn: Turn, _town: Town) -> Reply | None:
    """Answer what came without words; a caption is answered as any other message."""
    if turn.ask.media is None or turn.ask.text.strip():
        return None
    return Reply(
        body=turn.say(SENTENCES[turn.ask.media]),
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        locality=turn.ask.locality,
        memory=turn.ask.memory,
    )
