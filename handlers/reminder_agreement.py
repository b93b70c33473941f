"""What is agreed with a citizen: when he is reminded of what, or why he cannot be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from handlers import conversation, procedure
from handlers.card import FACETS, card
from handlers.reminder_sayings import (
    EVENING,
    MORNING,
    Act,
    Terms,
    allowed,
    named_day,
    plain,
    press,
    pressed,
)
from handlers.reminder_subjects import Subject, coming, in_time, nearest, next_time, subject
from handlers.sources import Footnotes
from handlers.standing import standing
from handlers.talk import Button, Memory, Outcome, Reply, Turn, Warn
from knowledge.plans.days import local_time
from knowledge.plans.understanding import Intent, Match
from knowledge.records import citizens
from knowledge.records.subscriptions import Reminder
from knowledge.store import Town
from locales import Translator, message

MOST = 20
"""Subjects of which one citizen may be reminded."""
EVENING_BEGINS = 17
WEB = "web"
"""The channel on which nobody can be written to."""
ZALO = "zalo"
"""The channel on which one can be written to only for some days after his own last message."""

START = (message("Receive messages again"), "/start")


@dataclass(frozen=True, slots=True)
class Case:
    """What a citizen said, and the reminders that he has, by their subjects."""

    turn: Turn
    town: Town
    held: Mapping[str, Reminder]

    @property
    def today(self) -> date:
        """The day in Vietnam."""
        return local_time(self.turn.ask.now).date()

    def subject(self, about: str) -> Subject | None:
        """Find out what a reminder is about, in the citizen's language."""
        return subject(about, self.town, self.turn.say)

    def is_paused(self, about: str) -> bool:
        """Tell whether a reminder that he has is silent today."""
        until = self.held[about].paused_until
        return until is not None and until > self.today

    def title(self, about: str) -> str:
        """Name a subject; what no plan holds any more has only its id left."""
        found = self.subject(about)
        return found.title if found else about


def remind(case: Case, abouts: tuple[str, ...], said: Terms) -> Reply | None:
    """Agree on reminders, laid over those that he has; say why where there can be none."""
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
        return say_to_him(
            turn, [turn.say("I can remind you of {count} things at most.", count=MOST)]
        )
    day = _named_day(turn, case.today)
    wanted = [_agreed(case, each, said, day) for each in able]
    remarks = [*_not_served(case, able, day), *_moved(case, wanted[0], said)]
    return _told(case, able, wanted, remarks)


def _named_day(turn: Turn, today: date) -> date | None:
    if pressed(turn.said):
        return None
    meaning = turn.meaning
    return named_day(plain(turn.said), meaning.weekdays, meaning.day_offset, today)


def _agreed(case: Case, subject: Subject, said: Terms, day: date | None) -> Reminder:
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


def _not_served(case: Case, able: Sequence[Subject], day: date | None) -> list[str]:
    """Say that the day which somebody names is none on which he could go."""
    calendar = case.town.calendar
    if day is None or any(each.days.served(day, calendar) for each in able):
        return []
    return [case.turn.say("{day} is no service day.", day=case.turn.say.day(day))]


def _moved(case: Case, wanted: Reminder, said: Terms) -> list[str]:
    """Say plainly that the hour is another one than was said."""
    if said.hour is None or said.hour == wanted.hour:
        return []
    say = case.turn.say
    if allowed(said.hour) == said.hour:
        return [say("By then the desk takes no more files that day: I remind you in the morning.")]
    return [say("I write only between 7:00 and 20:00: so at {hour}.", hour=_clock(wanted, say))]


def _told(
    case: Case, able: Sequence[Subject], wanted: Sequence[Reminder], remarks: Sequence[str]
) -> Reply:
    """Confirm reminders, each with the first time; answer what else was asked."""
    turn, town = case.turn, case.town
    notes = Footnotes(turn.say)
    lines: list[str] = []
    for each, reminder in zip(able, wanted, strict=True):
        lines.append(_summary(each.title, reminder, turn.say))
        lines += next_time(each, reminder, turn, town, notes)
    lines += [*remarks, *advice(case)]
    procedures = [each.procedure for each in able if each.procedure]
    asked = _also_asked(turn)
    for found in procedures if asked.meaning.intents else ():
        lines += ["", *card(found, town, asked, notes).lines]
    lines += ["", *_plans(case, able, notes)]
    return replace(
        say_to_him(turn, lines, notes),
        intents=(*asked.meaning.intents, Intent.REMINDER),
        locality=able[0].days.locality,
        matches=tuple(_match(turn, each.id) for each in procedures),
        facts=card(procedures[0], town, turn, Footnotes(turn.say)).sheet if procedures else None,
        warnings=_warnings(able),
        buttons=(*_settings(turn, wanted), *start_again(case)),
        memory=remembered(turn, tuple(each.id for each in procedures)),
        reminders=tuple(wanted),
    )


def _plans(case: Case, subjects: Sequence[Subject], notes: Footnotes) -> list[str]:
    """Say how far the plans behind some subjects may be trusted."""
    plans = dict.fromkeys(plan for each in subjects for plan in each.plans)
    return standing(list(plans), case.town, case.turn, notes)


def trust(case: Case, abouts: Sequence[str], notes: Footnotes) -> list[str]:
    """Say how far the plans behind some reminders may be trusted."""
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


def remembered(turn: Turn, procedures: tuple[str, ...]) -> Memory:
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
        at(say, abouts, MORNING if evening else EVENING),
        Button(say("Every time"), press(abouts, "always"))
        if first_.once
        else Button(say("Only once"), press(abouts, "once")),
        Button(say("Stop reminding"), press(abouts, Act.END)),
    ]


def at(say: Translator, abouts: tuple[str, ...], when: tuple[int, int]) -> Button:
    """Offer one of the two usual times, `EVENING` or `MORNING`."""
    label = say("That morning, 7:00") if when == MORNING else say("The evening before, 19:00")
    return Button(label, press(abouts, f"{when[0]} {when[1]}"))


def advice(case: Case) -> list[str]:
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


def _has_stopped(case: Case) -> bool:
    citizen = citizens.with_id(case.town.session, case.turn.ask.citizen or 0)
    return citizen is not None and citizen.stopped_at is not None


def start_again(case: Case) -> list[Button]:
    """Offer to take back a stop of all messages, where there was one."""
    label, says = START
    return [Button(case.turn.say(label), says)] if _has_stopped(case) else []


def _cannot(case: Case, known: Sequence[Subject]) -> Reply:
    """Say why there is nothing to remind of, as the answer about the day does."""
    turn, town, say = case.turn, case.town, case.turn.say
    sentence = say("I cannot remind you of this, for no service day is coming.")
    ids = tuple(each.about for each in known if each.procedure)
    if not ids:
        return say_to_him(turn, [f"{known[0].title}: {sentence}"])
    told = procedure.tell(conversation.about(turn, ids, (Intent.REMINDER,)), town)
    return replace(
        told, body=f"{sentence}\n\n{told.body}", outcome=Outcome.INFORMED, personal=True
    )


def _silent(case: Case, able: Sequence[Subject]) -> Reply:
    """Promise nothing where nobody can be written to, and name the day all the same."""
    turn, town = case.turn, case.town
    notes = Footnotes(turn.say)
    lines = [no_way(turn.say)]
    lines += [nearest(each, turn, town, notes) for each in able]
    lines += ["", *_plans(case, able, notes)]
    procedures = tuple(each.about for each in able if each.procedure)
    return replace(
        say_to_him(turn, lines, notes),
        locality=able[0].days.locality,
        matches=tuple(_match(turn, each) for each in procedures),
        warnings=_warnings(able),
        memory=remembered(turn, procedures),
    )


def no_way(say: Translator) -> str:
    """Return why nobody is reminded on the web page, and where he would be."""
    return say(
        "This page cannot write to you, so no reminder would reach you here. Ask me on Telegram "
        "or Zalo, and I remind you there."
    )


def _summary(title: str, reminder: Reminder, say: Translator) -> str:
    return say("🔔 I remind you: {subject}, {when}.", subject=title, when=timing(reminder, say))


def timing(reminder: Reminder, say: Translator) -> str:
    """Say when and how often a reminder comes."""
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


def say_to_him(turn: Turn, lines: Sequence[str], notes: Footnotes | None = None) -> Reply:
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
