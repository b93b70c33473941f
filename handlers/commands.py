"""Commands: "/riengtu" and the like, typed on any channel or chosen from a platform's menu."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from handlers import language, locality, privacy, reminders, start, stop
from handlers.sayings import COMMAND
from handlers.talk import Ask, Outcome, Reply, Turn
from knowledge.plans.understanding import Intent, Subject
from knowledge.store import Town
from knowledge.vietnamese import fold
from locales import message


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a citizen may order by its name."""

    name: str
    """As platforms want it: a-z, without the slash."""
    description: str
    """A message id, for menus."""
    answer: Callable[[Turn, Town], Reply | None]
    """Hears as the turn's words only what stands after the name; may leave it to a handler."""
    also: str = ""
    """Another name."""
    asked: Callable[[Ask], str | None] | None = None
    """What would stand after the name, for words that mean the same without it; else None."""


def named(ask: Ask) -> tuple[Command, str] | None:
    """Return the command that a message is, and what stands after its name."""
    if found := COMMAND.fullmatch(ask.text.strip()):
        command = _NAMED.get(fold(found[1]))
        return (command, found[2] or "") if command else (_UNKNOWN, found[1])
    meant = ((command, command.asked(ask)) for command in COMMANDS if command.asked)
    return next(((command, words) for command, words in meant if words is not None), None)


def answer(turn: Turn, town: Town) -> Reply | None:
    """Do what a command orders."""
    if (found := named(turn.ask)) is None:
        return None
    command, words = found
    return command.answer(replace(turn, ask=replace(turn.ask, text=words)), town)


def _start(turn: Turn, town: Town) -> Reply | None:
    """Greet; where a link says more than that, `deep_link` opens it."""
    return None if turn.ask.text else start.greet(turn, town)


def _help(turn: Turn, _town: Town) -> Reply:
    """Say how to ask, and which commands there are."""
    say = turn.say
    commands = [f"/{command.name} – {say(command.description)}" for command in COMMANDS]
    return _informed(turn, "\n".join([say(start.SENTENCES[Subject.HELP]), "", *commands]))


def _unknown(turn: Turn, town: Town) -> Reply:
    sentence = turn.say("I do not know the command /{name}.", name=turn.ask.text[:32])
    return _informed(turn, f"{sentence}\n\n{_help(turn, town).body}")


def _informed(turn: Turn, body: str) -> Reply:
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=(Intent.OTHER,),
        locality=turn.ask.locality,
        memory=turn.ask.memory,
    )


COMMANDS = [
    Command("start", message("begin, and see what I can do"), _start),
    Command("help", message("how to ask, and all commands"), _help, also="trogiup"),
    Command("diaphuong", message("choose your place"), locality.choose),
    Command(
        "nhac",
        message("what I remind you of; change or stop it"),
        reminders.command,
        also="remind",
    ),
    Command("ngonngu", message("choose the language"), language.choose),
    Command(
        "riengtu",
        message("what is kept about you; delete it"),
        privacy.tell,
        also="privacy",
        asked=privacy.asked,
    ),
    Command(
        "dung",
        message("stop messages that you did not ask for"),
        stop.stop,
        also="stop",
        asked=stop.asked_to_stop,
    ),
    Command(
        "tieptuc",
        message("let me answer again"),
        stop.resume,
        also="continue",
        asked=stop.asked_to_resume,
    ),
]
"""All that there are, in the order of the menus."""

_NAMED = {name: each for each in COMMANDS for name in (each.name, each.also) if name}
_UNKNOWN = Command("", "", _unknown)
