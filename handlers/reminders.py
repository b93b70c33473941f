"""A citizen speaks of reminders: we find out what he wants done with which."""

from collections.abc import Sequence
from dataclasses import replace

from handlers import conversation, procedure
from handlers.locality import ask_place
from handlers.reminder_agreement import say_to_him
from handlers.reminder_list import carry_out, nobody
from handlers.reminder_sayings import (
    Act,
    every_day,
    only_terms,
    pause_end,
    plain,
    press,
    pressed,
    speaks,
    spoken,
    terms,
    this_one,
)
from handlers.reminder_sayings import subject as named
from handlers.reminder_subjects import coming, subject
from handlers.sayings import PROCEDURE, bare
from handlers.talk import Button, Memory, Reply, Turn
from knowledge.plans.days import local_time
from knowledge.plans.understanding import Certainty, Intent, Match, Understanding
from knowledge.plans.understanding import Subject as About
from knowledge.records import subscriptions
from knowledge.store import Town


def answer(turn: Turn, town: Town) -> Reply | None:
    """Do what a citizen wants done with reminders; None where he speaks of something else."""
    if turn.meaning.subject is About.EMERGENCY:
        return None
    if found := pressed(turn.said):
        if not all(_may_be_subject(each, town) for each in found.abouts):
            return None
        return carry_out(turn, town, found.act, found.abouts, found.terms)
    said = plain(turn.said)
    if order := spoken(said):
        return _order(turn, town, *order)
    return _wish(turn, town) if _wants(turn, said) else None


def command(turn: Turn, town: Town) -> Reply:
    """List the reminders, or do with them what stands after the command."""
    turn = replace(turn, said=turn.ask.text)
    said = plain(turn.said)
    if said:
        order = spoken(said) or spoken(f"{said} nhac")
        reply = _order(turn, town, *order) if order else _wish(turn, town)
        return reply or _which(turn, town)
    return carry_out(turn, town, Act.LIST) or _which(turn, town)


def _may_be_subject(about: str, town: Town) -> bool:
    library = town.library
    known = about in library.procedures or about in library.localities
    return known or PROCEDURE.fullmatch(about) is not None


def _wants(turn: Turn, said: str) -> bool:
    """Tell whether a message asks to be reminded, by itself or after the last reply."""
    intents, memory = turn.meaning.intents, turn.ask.memory
    if Intent.FEEDBACK in intents:
        return False
    if Intent.REMINDER in intents:
        return True
    if only_terms(said) and terms(said, local_time(turn.ask.now).date()):
        return speaks(said) or Intent.REMINDER in memory.intents
    return _pending(memory) and _fills_in(turn.meaning, said)


def _pending(memory: Memory) -> bool:
    """Tell whether we asked of what to remind, and wait for it."""
    return (
        memory.intents == (Intent.REMINDER,)
        and bool(memory.question)
        and not (memory.procedures or memory.options)
    )


def _fills_in(meaning: Understanding, said: str) -> bool:
    asked = set(meaning.intents) - {Intent.OVERVIEW, Intent.DAY}
    return not asked and bool(meaning.matches or every_day(said))


def _subjects_in(memory: Memory) -> tuple[str, ...]:
    """Return what the last reply was about; nothing where its buttons are about several things."""
    presses = [pressed(each) for each in memory.choices]
    offered = {each.abouts for each in presses if each}
    if len(offered) > 1:
        return ()
    return next(iter(offered), memory.procedures)


def _order(turn: Turn, town: Town, act: Act, rest: str) -> Reply | None:
    """Do what is wanted with reminders that there are."""
    citizen, memory = turn.ask.citizen, turn.ask.memory
    if citizen is None:
        return nobody(turn)
    held = [each.about for each in subscriptions.of(town.session, citizen)]
    spoken_of = [each for each in _subjects_in(memory) if each in held]
    abouts: Sequence[str]
    if exact := [each for each in turn.said.split() if _may_be_subject(each, town)]:
        words, abouts = rest, [each for each in exact if each in held]
    elif words := named(rest):
        abouts = _called(turn, town, words, held)
    elif act is Act.CHANGE or this_one(rest):
        abouts = spoken_of or (held if len(held) == 1 else [])
    else:
        abouts = held
    today = local_time(turn.ask.now).date()
    said = terms(plain(turn.said), today)
    if act is Act.CHANGE and not held and _waits_for_option(memory):
        return _which_option(turn, town)
    if act is Act.PAUSE:
        said = replace(said, from_day=pause_end(plain(turn.said), today))
    if act is Act.PAUSE and not (abouts or words) and memory.procedures:
        # "Tháng sau nhắc lại", after an answer, of what he is not reminded of yet.
        act, abouts = Act.REMIND, memory.procedures
    return carry_out(turn, town, act, abouts, said)


def _called(turn: Turn, town: Town, words: str, held: Sequence[str]) -> list[str]:
    """Return the reminders that some words name, as a procedure or as a place."""
    meaning = town.library.understand(words, turn.ask.locality)
    likely = meaning.matches if meaning.certainty is Certainty.SURE else ()
    ids = {each.id for each in likely or (*meaning.matches, *meaning.considered)}
    procedures = town.library.procedures
    texts = {
        about: bare(f"{found.name} {found.short} {found.english}")
        for about in held
        if (found := procedures.get(about))
    }
    chosen = [each for each in held if each in ids or f" {words} " in f" {texts.get(each, '')} "]
    if chosen or not meaning.locality_named:
        return chosen
    place = meaning.locality
    there = [each for each in held if each == place]
    return there or [e for e in held if e in procedures and procedures[e].locality == place]


def _wish(turn: Turn, town: Town) -> Reply | None:
    """Find out of what somebody wants to be reminded; ask him where that is unclear."""
    meaning, said = turn.meaning, plain(turn.said)
    words, known = _words(turn, said), _subjects_in(turn.ask.memory)
    if only_terms(said) and _waits_for_option(turn.ask.memory):
        return _which_option(turn, town)
    if only_terms(said) and (known or turn.ask.citizen):
        return _when(turn, town, known or _only_one(turn, town), words)
    if meaning.certainty is Certainty.SURE:
        return _when(turn, town, tuple(match.id for match in meaning.matches), words)
    if meaning.certainty is Certainty.UNSURE:
        return _ask_back(turn, town)
    return _unnamed(turn, town, words, known)


def _ask_back(turn: Turn, town: Town) -> Reply:
    """Ask which procedure is meant, and keep the wish and all that was said of it."""
    memory, meaning = turn.ask.memory, turn.meaning
    others = (each for each in meaning.intents if each is not Intent.OVERVIEW)
    intents = tuple(dict.fromkeys((*others, Intent.REMINDER)))
    before = f"{memory.question}, " if _pending(memory) else ""
    ask = replace(turn.ask, text=before + turn.ask.text)
    return procedure.ask_back(
        replace(turn, ask=ask, meaning=replace(meaning, intents=intents)), town
    )


def _unnamed(turn: Turn, town: Town, words: str, known: tuple[str, ...]) -> Reply | None:
    """Take a place's days, or what was spoken of last; what is not ours is for others to say."""
    meaning = turn.meaning
    if meaning.topic or meaning.elsewhere or meaning.near:
        return None
    if not (every_day(words) or meaning.subject in conversation.OPEN):
        return _when(turn, town, known, words)
    if turn.ask.citizen is None:
        return None
    place = meaning.locality
    return _when(turn, town, (place,), words) if place else ask_place(turn, town)


def _words(turn: Turn, said: str) -> str:
    """Return the words that say when: his own, or those of the question that is answered now."""
    if speaks(said) or only_terms(said):
        return said
    before = turn.ask.memory.question if _pending(turn.ask.memory) else ""
    return plain(f"{before}, {turn.ask.text}")


def _only_one(turn: Turn, town: Town) -> tuple[str, ...]:
    held = subscriptions.of(town.session, turn.ask.citizen) if turn.ask.citizen else ()
    return (held[0].about,) if len(held) == 1 else ()


def _when(turn: Turn, town: Town, abouts: tuple[str, ...], words: str) -> Reply | None:
    if not abouts:
        return None if turn.ask.citizen is None else _which(turn, town)
    said = terms(words, local_time(turn.ask.now).date())
    return carry_out(turn, town, Act.REMIND, abouts, said)


def _which(turn: Turn, town: Town) -> Reply:
    """Ask of what to remind; what was said about the time is kept."""
    say, place = turn.say, turn.meaning.locality
    lines = [say("Of which procedure shall I remind you? For example: “certify a copy”.")]
    buttons: tuple[Button, ...] = ()
    found = subject(place, town, say) if place else None
    if found and coming(found, town, turn.ask.now).dates:
        lines.append(say("Or of {subject}?", subject=found.title))
        buttons = (Button(say("All service days"), press((found.about,))),)
    return replace(
        say_to_him(turn, lines),
        buttons=buttons,
        memory=Memory(intents=(Intent.REMINDER,), question=turn.said),
    )


def _which_option(turn: Turn, town: Town) -> Reply:
    """Ask once more which option is meant, and keep what was said about the time meanwhile."""
    memory = turn.ask.memory
    meaning = Understanding(
        Certainty.UNSURE,
        tuple(Match(each, 1.0, ("conversation",)) for each in memory.options),
        intents=memory.intents,
        locality=turn.ask.locality,
    )
    ask = replace(turn.ask, text=f"{memory.question}, {turn.said}")
    return procedure.ask_back(replace(turn, ask=ask, meaning=meaning), town)


def _waits_for_option(memory: Memory) -> bool:
    """Tell whether it is asked which procedure somebody wants to be reminded of."""
    return bool(memory.options) and not memory.procedures and Intent.REMINDER in memory.intents
