"""A citizen wants no more messages that he did not ask for, or the bot back after an official."""

from dataclasses import replace

from handlers import conversation
from handlers.sayings import RESUME, STOP, says_only
from handlers.talk import Ask, Outcome, Reply, Turn, Wish
from knowledge.plans.understanding import Intent
from knowledge.store import Town


def asked_to_stop(ask: Ask) -> str | None:
    """Return nothing to add where "dừng lại" or the like is all that a message says."""
    return "" if says_only(ask.text, STOP) else None


def asked_to_resume(ask: Ask) -> str | None:
    """Return nothing to add where "tiếp tục" or the like is all that a message says."""
    return "" if says_only(ask.text, RESUME) else None


def stop(turn: Turn, _town: Town) -> Reply:
    """Promise silence; questions are answered all the same."""
    return Reply(
        body=turn.say(
            "All right. I send you nothing any more of my own accord, no reminders either; when "
            "you ask, I answer. To receive messages again, type /start; /nhac shows your "
            "reminders."
        ),
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        memory=turn.ask.memory,
        wish=Wish.STOP,
    )


def resume(turn: Turn, town: Town) -> Reply:
    """Answer again, and first what is still to be chosen, if anything is."""
    waits = turn.ask.memory.options and not turn.ask.memory.procedures
    last = conversation.repeat(turn, town) if waits else None
    reply = last or Reply(
        body=turn.say("I am here again. What do you need to do?"),
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        memory=turn.ask.memory,
    )
    return replace(reply, wish=Wish.RESUME)
