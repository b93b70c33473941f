"""A citizen wants to be reminded of service days; he changes, pauses and stops it in few words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from handlers import conversation, procedure
from handlers.card import FACETS, card
from handlers.locality import ask_place
from handlers.reminder_sayings import (
    EVENING,
    MORNING,
    Act,
    Terms,
    allowed,
    every_day,
    named_day,
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
from handlers.reminder_subjects import Subject, coming, in_time, nearest, next_time, subject
from handlers.sayings import PROCEDURE, bare
from handlers.sources import Footnotes
from handlers.standing import standing
from handlers.talk import Button, Memory, Outcome, Reply, Turn, Warn
from knowledge.plans.days import local_time
from knowledge.plans.understanding import Certainty, Intent, Match, Understanding
from knowledge.plans.understanding import Subject as About
from knowledge.records import citizens, subscriptions
from knowledge.records.subscriptions import Reminder
from knowledge.store import Town
from locales import Translator, message

MOST = 20
"""Subjects of which one citizen may be reminded."""
SHOWN = 4
"""Subjects for which a reply has buttons of their own."""
EVENING_BEGINS = 17
WEB = "web"
"""The channel on which nobody can be written to."""
ZALO = "zalo"
"""The channel on which one can be written to only for some days after his own last message."""

STOP_ALL = (message("Stop all"), message("stop all reminders"))
START = (message("Receive messages again"), "/start")


@dataclass(frozen=True, slots=True)
class _Case:
    """What a citizen said, what he has, and what was spoken of last."""

    turn: Turn
    town: Town
    held: Mapping[str, Reminder]

    @property
    def today(self) -> date:
        return local_time(self.turn.ask.now).date()

    def subject(self, about: str) -> Subject | None:
        return subject(about, self.town, self.turn.say)

    def is_paused(self, about: str) -> bool:
        until = self.held[about].paused_until
        return until is not None and until > self.today

    def title(self, about: str) -> str:
        """Name a subject; what no plan holds any more has only its id left."""
        found = self.subject(about)
        return found.title if found else about


def answer(turn: Turn, town: Town) -> Reply | None:
    """Do what a citizen wants done with reminders; None where he speaks of something else."""
    if turn.meaning.subject is About.EMERGENCY:
        return None
    if found := pressed(turn.said):
        if not all(_may_be_subject(each, town) for each in found.abouts):
            return None
        return _act(turn, town, found.act, found.abouts, found.terms)
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
    return _act(turn, town, Act.LIST) or _which(turn, town)


def still(say: Translator, town: Town, citizen: int) -> str:
    """Return the line for one who comes back after a long time: what he gets, how to stop it."""
    held = subscriptions.of(town.session, citizen)
    if not held:
        return say("You still receive announcements here. If you want none any more, type /dung.")
    titles = [found.title for each in held if (found := subject(each.about, town, say))]
    return say(
        "I still remind you of: {subjects}. To see or stop it, type /nhac; to stop all messages, "
        "type /dung.",
        subjects="; ".join(titles[:SHOWN]) + ("…" if len(titles) > SHOWN else ""),
    )


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


def _act(
    turn: Turn, town: Town, act: Act, abouts: Sequence[str] = (), said: Terms | None = None
) -> Reply | None:
    citizen = turn.ask.citizen
    if citizen is None:
        return None if act is Act.REMIND else _nobody(turn)
    rows = subscriptions.of(town.session, citizen)
    case = _Case(turn, town, {each.about: subscriptions.reminder(each) for each in rows})
    return _ACTS[act](case, tuple(abouts), said or Terms())


def _order(turn: Turn, town: Town, act: Act, rest: str) -> Reply | None:
    """Do what is wanted with reminders that there are."""
    citizen, memory = turn.ask.citizen, turn.ask.memory
    if citizen is None:
        return _nobody(turn)
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
    return _act(turn, town, act, abouts, said)


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
    return _act(turn, town, Act.REMIND, abouts, said)


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
        _reply(turn, lines),
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


def _remind(case: _Case, abouts: tuple[str, ...], said: Terms) -> Reply | None:
    turn, town = case.turn, case.town
    known = [found for each in abouts if (found := case.subject(each))]
    if not known:
        # The button of a procedure that no plan holds any more.
        ask = replace(turn.ask, text=abouts[0])
        return conversation.answer(replace(turn, ask=ask), town)
    able = [each for each in known if coming(each, town, turn.ask.now).dates]
    if not able:
        return _cannot(case, known)
    if turn.ask.channel == WEB:
        return _silent(case, able)
    if len({*case.held, *(each.about for each in able)}) > MOST:
        return _reply(turn, [turn.say("I can remind you of {count} things at most.", count=MOST)])
    day = _named_day(turn, case.today)
    wanted = [_agreed(case, each, said, day) for each in able]
    remarks = [*_not_served(case, able, day), *_moved(case, wanted[0], said)]
    return _told(case, able, wanted, remarks)


def _named_day(turn: Turn, today: date) -> date | None:
    if pressed(turn.said):
        return None
    meaning = turn.meaning
    return named_day(plain(turn.said), meaning.weekdays, meaning.day_offset, today)


def _agreed(case: _Case, subject: Subject, said: Terms, day: date | None) -> Reminder:
    """Lay what is said over what he has, within the hours allowed."""
    before = case.held.get(subject.about, Reminder(subject.about))
    wanted = replace(
        before,
        days_before=before.days_before if said.days_before is None else said.days_before,
        hour=before.hour if said.hour is None else allowed(said.hour),
        once=before.once if said.once is None else said.once,
        paused_until=said.from_day,
    )
    if day and day >= case.today and subject.days.served(day, case.town.calendar):
        wanted = replace(wanted, once=True, paused_until=day)
    return in_time(subject, wanted)


def _not_served(case: _Case, able: Sequence[Subject], day: date | None) -> list[str]:
    """Say that the day which somebody names is none on which he could go."""
    calendar = case.town.calendar
    if day is None or any(each.days.served(day, calendar) for each in able):
        return []
    return [case.turn.say("{day} is no service day.", day=case.turn.say.day(day))]


def _moved(case: _Case, wanted: Reminder, said: Terms) -> list[str]:
    """Say plainly that the hour is another one than was said."""
    if said.hour is None or said.hour == wanted.hour:
        return []
    say = case.turn.say
    if allowed(said.hour) == said.hour:
        return [say("By then the desk takes no more files that day: I remind you in the morning.")]
    return [say("I write only between 7:00 and 20:00: so at {hour}.", hour=_clock(wanted, say))]


def _told(
    case: _Case, able: Sequence[Subject], wanted: Sequence[Reminder], remarks: Sequence[str]
) -> Reply:
    """Confirm reminders, each with the first time; answer what else was asked."""
    turn, town = case.turn, case.town
    notes = Footnotes(turn.say)
    lines: list[str] = []
    for each, reminder in zip(able, wanted, strict=True):
        lines.append(_summary(each.title, reminder, turn.say))
        lines += next_time(each, reminder, turn, town, notes)
    lines += [*remarks, *_advice(case)]
    procedures = [each.procedure for each in able if each.procedure]
    asked = _also_asked(turn)
    for found in procedures if asked.meaning.intents else ():
        lines += ["", *card(found, town, asked, notes).lines]
    lines += ["", *_plans(case, able, notes)]
    return replace(
        _reply(turn, lines, notes),
        intents=(*asked.meaning.intents, Intent.REMINDER),
        locality=able[0].days.locality,
        matches=tuple(_match(turn, each.id) for each in procedures),
        facts=card(procedures[0], town, turn, Footnotes(turn.say)).sheet if procedures else None,
        warnings=_warnings(able),
        buttons=(*_settings(turn, wanted), *_start_again(case)),
        memory=_about(turn, tuple(each.id for each in procedures)),
        reminders=tuple(wanted),
    )


def _plans(case: _Case, subjects: Sequence[Subject], notes: Footnotes) -> list[str]:
    """Say how far the plans behind some subjects may be trusted."""
    plans = dict.fromkeys(plan for each in subjects for plan in each.plans)
    return standing(list(plans), case.town, case.turn, notes)


def _trust(case: _Case, abouts: Sequence[str], notes: Footnotes) -> list[str]:
    known = [found for each in abouts if (found := case.subject(each))]
    return ["", *_plans(case, known, notes)]


def _also_asked(turn: Turn) -> Turn:
    """Return the turn with the facets that were asked for along with the reminder."""
    intents = () if pressed(turn.said) else turn.meaning.intents
    facets = tuple(each for each in intents if each in FACETS)
    return replace(turn, meaning=replace(turn.meaning, intents=facets))


def _match(turn: Turn, id_: str) -> Match:
    found = (each for each in turn.meaning.matches if each.id == id_)
    return next(found, Match(id_, 1.0, ("conversation",)))


def _warnings(subjects: Sequence[Subject]) -> tuple[Warn, ...]:
    confirmed = all(plan.confirmed_on for each in subjects for plan in each.plans)
    return () if confirmed else (Warn.PLAN_UNCONFIRMED,)


def _about(turn: Turn, procedures: tuple[str, ...]) -> Memory:
    """Remember what was spoken of, so that a fact of it may be asked for next."""
    before = turn.ask.memory
    return Memory(
        procedures=procedures,
        options=before.options if set(procedures) <= set(before.options) else (),
        intents=(Intent.REMINDER,),
        question=turn.ask.text if procedures and not pressed(turn.said) else "",
    )


def _settings(turn: Turn, wanted: Sequence[Reminder]) -> list[Button]:
    """Offer the other usual time, the other number of times, and the end."""
    say, abouts = turn.say, tuple(each.about for each in wanted)
    first_ = wanted[0]
    evening = (first_.days_before, first_.hour) != MORNING
    return [
        _at(say, abouts, MORNING if evening else EVENING),
        Button(say("Every time"), press(abouts, "always"))
        if first_.once
        else Button(say("Only once"), press(abouts, "once")),
        Button(say("Stop reminding"), press(abouts, Act.END)),
    ]


def _at(say: Translator, abouts: tuple[str, ...], when: tuple[int, int]) -> Button:
    label = say("That morning, 7:00") if when == MORNING else say("The evening before, 19:00")
    return Button(label, press(abouts, f"{when[0]} {when[1]}"))


def _advice(case: _Case) -> list[str]:
    """Say how to stop, and what a reminder needs to arrive."""
    turn, say = case.turn, case.turn.say
    lines = [say("To change, pause or stop it: /nhac, or say “stop reminding me”.")]
    if turn.ask.channel == ZALO:
        lines.append(
            say(
                "Zalo lets me write to you only within 7 days after your last message: answer a "
                "reminder with any word, and the next one reaches you too."
            )
        )
    if _has_stopped(case):
        lines.append(
            say("You have stopped all messages. Type /start, so that reminders reach you.")
        )
    return lines


def _has_stopped(case: _Case) -> bool:
    citizen = citizens.with_id(case.town.session, case.turn.ask.citizen or 0)
    return citizen is not None and citizen.stopped_at is not None


def _start_again(case: _Case) -> list[Button]:
    label, says = START
    return [Button(case.turn.say(label), says)] if _has_stopped(case) else []


def _cannot(case: _Case, known: Sequence[Subject]) -> Reply:
    """Say why there is nothing to remind of, as the answer about the day does."""
    turn, town, say = case.turn, case.town, case.turn.say
    sentence = say("I cannot remind you of this, for no service day is coming.")
    ids = tuple(each.about for each in known if each.procedure)
    if not ids:
        return _reply(turn, [f"{known[0].title}: {sentence}"])
    told = procedure.tell(conversation.about(turn, ids, (Intent.REMINDER,)), town)
    return replace(
        told, body=f"{sentence}\n\n{told.body}", outcome=Outcome.INFORMED, personal=True
    )


def _silent(case: _Case, able: Sequence[Subject]) -> Reply:
    """Promise nothing where nobody can be written to, and name the day all the same."""
    turn, town = case.turn, case.town
    notes = Footnotes(turn.say)
    lines = [_no_way(turn.say)]
    lines += [nearest(each, turn, town, notes) for each in able]
    lines += ["", *_plans(case, able, notes)]
    procedures = tuple(each.about for each in able if each.procedure)
    return replace(
        _reply(turn, lines, notes),
        locality=able[0].days.locality,
        matches=tuple(_match(turn, each) for each in procedures),
        warnings=_warnings(able),
        memory=_about(turn, procedures),
    )


def _no_way(say: Translator) -> str:
    return say(
        "This page cannot write to you, so no reminder would reach you here. Ask me on Telegram "
        "or Zalo, and I remind you there."
    )


def _list(case: _Case, _abouts: tuple[str, ...], _said: Terms) -> Reply:
    """Tell all that a citizen is reminded of, with buttons to pause and to end each."""
    turn, say = case.turn, case.turn.say
    if not case.held:
        return _nothing(case)
    notes = Footnotes(say)
    lines = [say("I remind you of:")]
    for about, reminder in case.held.items():
        lines += _entry(case, about, reminder, notes)
    lines += ["", *_advice(case), *_trust(case, tuple(case.held), notes)]
    return replace(_reply(turn, lines, notes), buttons=(*_controls(case), *_start_again(case)))


def _entry(case: _Case, about: str, reminder: Reminder, notes: Footnotes) -> list[str]:
    turn, say = case.turn, case.turn.say
    found = case.subject(about)
    if found is None:
        return ["• " + say("{subject}: no plan that I know holds it now.", subject=about)]
    line = f"• {found.title}: {_timing(reminder, say)}."
    if reminder.paused_until and case.is_paused(about):
        line += " " + say("Paused until {day}.", day=say.short_day(reminder.paused_until))
    return [line, *("  " + each for each in next_time(found, reminder, turn, case.town, notes))]


def _controls(case: _Case) -> list[Button]:
    say = case.turn.say
    buttons = []
    for about in case.held:
        title = case.title(about)
        pause = (
            Button(say("Go on: {subject}", subject=title), press((about,), Act.RESUME))
            if case.is_paused(about)
            else Button(say("Pause a month: {subject}", subject=title), press((about,), Act.PAUSE))
        )
        end = Button(say("Stop: {subject}", subject=title), press((about,), Act.END))
        buttons += [end, pause]
    everything = [Button(say(STOP_ALL[0]), say(STOP_ALL[1]))] if len(case.held) > 1 else []
    return everything + buttons


def _end(case: _Case, abouts: tuple[str, ...], _said: Terms) -> Reply:
    ended = tuple(each for each in abouts if each in case.held)
    if not ended:
        return _not_held(case)
    say = case.turn.say
    lines = [say("I remind you no more of:"), *(f"• {case.title(each)}" for each in ended)]
    left = len(case.held) - len(ended)
    if left:
        lines.append(say("Reminders left: {count}. Type /nhac to see them.", count=left))
    again = [each for each in ended if case.subject(each)][:SHOWN]
    return replace(
        _reply(case.turn, lines),
        buttons=tuple(
            Button(
                say("Remind again: {subject}", subject=case.title(each)), _as_before(case, each)
            )
            for each in again
        ),
        no_more=ended,
    )


def _as_before(case: _Case, about: str) -> str:
    reminder = case.held[about]
    return press((about,), f"{reminder.days_before} {reminder.hour}")


def _pause(case: _Case, abouts: tuple[str, ...], said: Terms) -> Reply:
    until = said.from_day or pause_end("", case.today)
    paused = [replace(case.held[each], paused_until=until) for each in abouts if each in case.held]
    if not paused:
        return _not_held(case)
    say = case.turn.say
    head = say("I pause until {day}:", day=say.day(until))
    return _changed(case, head, paused, Act.RESUME)


def _resume(case: _Case, abouts: tuple[str, ...], _said: Terms) -> Reply:
    resumed = [
        replace(case.held[each], paused_until=None)
        for each in abouts
        if each in case.held and case.is_paused(each)
    ]
    if not resumed:
        # "Nhắc lại" may mean: say it again.
        again = conversation.repeat(case.turn, case.town)
        return replace(again, personal=True) if again else _list(case, (), Terms())
    return _changed(case, case.turn.say("I remind you again:"), resumed, Act.END)


def _changed(case: _Case, head: str, reminders: Sequence[Reminder], offered: Act) -> Reply:
    """Say what reminders are like from now on, and offer one thing for all of them."""
    turn, say = case.turn, case.turn.say
    notes = Footnotes(say)
    lines = [head]
    for each in reminders:
        found = case.subject(each.about)
        times = next_time(found, each, turn, case.town, notes) if found else []
        lines += [f"• {case.title(each.about)}", *("  " + line for line in times)]
    lines += _trust(case, tuple(each.about for each in reminders), notes)
    label = say("Go on reminding") if offered is Act.RESUME else say("Stop reminding")
    abouts = tuple(each.about for each in reminders)
    return replace(
        _reply(turn, lines, notes),
        buttons=(Button(label, press(abouts, offered)),),
        reminders=tuple(reminders),
    )


def _change(case: _Case, abouts: tuple[str, ...], said: Terms) -> Reply | None:
    """Change when or how often; ask which reminder, or to what, where that is unclear."""
    say = case.turn.say
    if not case.held:
        return _nothing(case)
    if not abouts:
        buttons = tuple(
            Button(case.title(each), press((each,), _written(said))) for each in case.held
        )
        reply = _reply(case.turn, [say("Which reminder shall I change?")])
        return replace(reply, buttons=buttons)
    if said.hour is None and said.once is None:
        reply = _reply(case.turn, [say("When shall I remind you?")])
        buttons = (_at(say, abouts, EVENING), _at(say, abouts, MORNING))
        return replace(reply, buttons=buttons, memory=_about(case.turn, ()))
    return _remind(case, abouts, said)


def _written(said: Terms) -> str:
    if said.hour is not None:
        return f"{said.days_before or 0} {allowed(said.hour)}"
    return "" if said.once is None else "once" if said.once else "always"


_ACTS: Mapping[Act, Callable[[_Case, tuple[str, ...], Terms], Reply | None]] = {
    Act.REMIND: _remind,
    Act.LIST: _list,
    Act.END: _end,
    Act.PAUSE: _pause,
    Act.RESUME: _resume,
    Act.CHANGE: _change,
}


def _nothing(case: _Case) -> Reply:
    say = case.turn.say
    if case.turn.ask.channel == WEB:
        return _reply(case.turn, [_no_way(say)])
    line = say(
        "I remind you of nothing so far. Ask about a procedure and press “🔔 Remind me”, or "
        "write: “remind me the day before, to certify a copy”."
    )
    return _reply(case.turn, [line])


def _not_held(case: _Case) -> Reply:
    if not case.held:
        return _nothing(case)
    listed = _list(case, (), Terms())
    sentence = case.turn.say("Of that I do not remind you.")
    return replace(listed, body=f"{sentence}\n\n{listed.body}")


def _nobody(turn: Turn) -> Reply:
    return _reply(turn, [turn.say("I remind only on a chat such as Telegram or Zalo.")])


def _summary(title: str, reminder: Reminder, say: Translator) -> str:
    return say("🔔 I remind you: {subject}, {when}.", subject=title, when=_timing(reminder, say))


def _timing(reminder: Reminder, say: Translator) -> str:
    hour = _clock(reminder, say)
    match reminder.days_before:
        case 0:
            when = say("at {hour} on the day itself", hour=hour)
        case 1 if reminder.hour >= EVENING_BEGINS:
            when = say("at {hour} on the evening before", hour=hour)
        case 1:
            when = say("at {hour} on the day before", hour=hour)
        case days:
            when = say("at {hour}, {days} days before", hour=hour, days=days)
    return when + (say(", only once") if reminder.once else say(", every time"))


def _clock(reminder: Reminder, say: Translator) -> str:
    return say.clock(time(reminder.hour))


def _reply(turn: Turn, lines: Sequence[str], notes: Footnotes | None = None) -> Reply:
    """Say something that no other citizen may be told."""
    return Reply(
        body="\n".join(lines).strip(),
        outcome=Outcome.INFORMED,
        intents=(Intent.REMINDER,),
        locality=turn.ask.locality,
        sources=notes.sources if notes else (),
        source_lines=notes.lines if notes else (),
        memory=replace(turn.ask.memory, options=()),
        personal=True,
    )
