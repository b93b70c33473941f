"""What is said of one procedure: a line for each thing asked, each with its footnote."""

from collections.abc import Callable
from dataclasses import dataclass

from handlers.sources import Footnotes
from handlers.talk import FactSheet, Turn, Warn
from knowledge.plans.days import Upcoming, upcoming
from knowledge.plans.model import (
    Fact,
    FactKind,
    Note,
    NoteKind,
    Plan,
    Procedure,
    ServiceModel,
    ServiceRule,
    Source,
    State,
    Status,
    Weekday,
)
from knowledge.plans.understanding import Intent
from knowledge.store import Town
from locales import Translator

SHOWN_DATES = 3


@dataclass(frozen=True, slots=True)
class Card:
    """The lines about one procedure, and what machines read of it."""

    lines: tuple[str, ...]
    sheet: FactSheet
    warnings: tuple[Warn, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A procedure with all that its lines are made from."""

    procedure: Procedure
    plan: Plan
    town: Town
    coming: Upcoming
    turn: Turn
    notes: Footnotes

    @property
    def say(self) -> Translator:
        """Return the voice of the answer."""
        return self.turn.say


def card(procedure: Procedure, town: Town, turn: Turn, footnotes: Footnotes) -> Card:
    """Compose what was asked about a procedure; the whole card when nothing particular was."""
    plan = town.library.plans[procedure.plan]
    coming = upcoming(
        procedure.rules,
        town.calendar,
        turn.ask.now,
        procedure.locality,
        count=SHOWN_DATES,
        valid_until=plan.effective_to,
    )
    subject = Subject(procedure, plan, town, coming, turn, footnotes)
    lines = _title(subject)
    shown = facets(turn.meaning.intents)
    for facet in shown:
        lines += FACETS[facet](subject)
    lines += _notes(subject, shown)
    return Card(tuple(lines), _sheet(subject), _warnings(subject))


def facets(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    """Return the facets to speak of, in the order of the whole card."""
    asked = tuple(intent for intent in intents if intent in FACETS)
    if not asked and Intent.REMINDER not in intents:
        return tuple(FACETS)
    # A reminder is about a day, and a day is of no use without the place.
    wanted = {*asked, *((Intent.DAY,) if Intent.REMINDER in intents else ())}
    wanted |= {Intent.PLACE} if Intent.DAY in wanted else set()
    return tuple(facet for facet in FACETS if facet in wanted)


def _title(subject: Subject) -> list[str]:
    """Head an answer with what citizens call the procedure, the legal name below."""
    procedure, say = subject.procedure, subject.say
    locality = subject.town.library.localities[procedure.locality]
    short = say.pick(procedure.short, procedure.english)
    title = say(
        "{procedure} – {place}", procedure=short, place=say.pick(locality.name, locality.english)
    )
    return [title] if short == procedure.name else [title, f"§ {procedure.name}"]


def _day(subject: Subject) -> list[str]:
    status = subject.procedure.status
    if status is not Status.SERVED:
        return [_not_served(subject, status)]
    if not subject.procedure.rules:
        return [
            subject.say("📅 Day: the plan names none. Please ask the desk.")
            + subject.notes.mark(_row(subject))
        ]
    rules = [_rule(subject, rule) for rule in subject.procedure.rules]
    return [*rules, *_asked_days(subject), *_dates(subject), *_promise(subject)]


def _not_served(subject: Subject, status: Status) -> str:
    say = subject.say
    sentence = (
        say("📅 Day: none. This is internal work between offices; citizens do not file it.")
        if status is Status.INTERNAL
        else say("📅 Day: none given. The plan only puts this procedure under review.")
    )
    return sentence + subject.notes.mark(_row(subject))


def _rule(subject: Subject, rule: ServiceRule) -> str:
    say = subject.say
    if not rule.weekdays:
        sentence = say("📅 Day: by a roster posted at the desk.")
    else:
        names = say.all_of(say.weekday(_number(day)) for day in rule.weekdays)
        sentence = say("📅 Day: {weekdays}, every week", weekdays=names)
    if rule.cutoff:
        sentence += say(", until {hour}", hour=say.clock(rule.cutoff))
    return sentence + subject.notes.mark(rule.source)


def _asked_days(subject: Subject) -> list[str]:
    """Say yes or no to each weekday that the message names."""
    say, rules = subject.say, subject.procedure.rules
    marks = subject.notes.mark(*(rule.source for rule in rules))
    served = _served_days(subject.procedure)
    return [
        say("{weekday}: yes.", weekday=say.weekday(_number(day))) + marks
        if day in served
        else say("{weekday}: no.", weekday=say.weekday(_number(day))) + marks
        for day in subject.turn.meaning.weekdays
    ]


def _served_days(procedure: Procedure) -> tuple[Weekday, ...]:
    days = {day for rule in procedure.rules for day in rule.weekdays}
    return tuple(day for day in Weekday if day in days)


def _number(day: Weekday) -> int:
    return list(Weekday).index(day)


def _dates(subject: Subject) -> list[str]:
    say, coming = subject.say, subject.coming
    lines = [
        say("{day} is a day off: {reason}.", day=say.short_day(skip.day), reason=reason)
        + subject.notes.mark(skip.closure.source)
        for skip in coming.skipped
        if (reason := say.pick(skip.closure.reason, skip.closure.english))
    ]
    if coming.after_cutoff:
        lines.append(say("Today's hour has passed."))
    if coming.dates:
        today = say(" (today)") if coming.today else ""
        days = "; ".join(say.short_day(day) for day in coming.dates[1:])
        nearest = say("Nearest: {day}{today}", day=say.day(coming.dates[0]), today=today)
        lines.append("→ " + nearest + (say(", then {days}", days=days) if days else ""))
    elif _served_days(subject.procedure):
        lines.append(say("The plan's time has ended; it names no day any more."))
    return lines


def _promise(subject: Subject) -> list[str]:
    say = subject.say
    promises = {
        ServiceModel.NO_APPOINTMENT_SLIP: say("“No slip” day: the result comes the same day."),
        ServiceModel.NO_WRITING_NO_APPOINTMENT: say(
            "“No writing, no appointment” day: the clerk writes the form for you."
        ),
        ServiceModel.ONLINE_DAY: say(
            "This is the day when online files are received, not the day of the result."
        ),
    }
    return [
        promises[rule.model] + subject.notes.mark(rule.source)
        for rule in subject.procedure.rules
        if rule.model in promises
    ]


def _place(subject: Subject) -> list[str]:
    say = subject.say
    lines = [_fact(subject, FactKind.PLACE, "📍 " + say("Place"))]
    for slug in subject.procedure.places:
        place = subject.town.library.places[slug]
        known = [
            say.pick(fact.text, fact.english) + subject.notes.mark(fact.source)
            for fact in (place.address, place.phone, place.hours)
            if fact.state is State.KNOWN
        ]
        lines += ["  " + line for line in known]
    return lines


def _agency(subject: Subject) -> list[str]:
    lines = [_fact(subject, FactKind.AGENCY, "🏛 " + subject.say("Office in charge"))]
    asked = Intent.AGENCY in subject.turn.meaning.intents
    if asked and subject.procedure.fact(FactKind.PARTNER).state is State.KNOWN:
        lines.append(_fact(subject, FactKind.PARTNER, "   " + subject.say("Together with")))
    return lines


def _online(subject: Subject) -> list[str]:
    # The whole card is long already: silence about filing online is said when it is asked about.
    asked = Intent.ONLINE in subject.turn.meaning.intents
    if not asked and subject.procedure.fact(FactKind.ONLINE).state is not State.KNOWN:
        return []
    return [_fact(subject, FactKind.ONLINE, "🌐 " + subject.say("Online"))]


def _line(kind: FactKind, label: Callable[[Translator], str]) -> Callable[[Subject], list[str]]:
    return lambda subject: [_fact(subject, kind, label(subject.say))]


FACETS: dict[Intent, Callable[[Subject], list[str]]] = {
    Intent.DAY: _day,
    Intent.PLACE: _place,
    Intent.AGENCY: _agency,
    Intent.PAPERS: _line(FactKind.PAPERS, lambda say: "📄 " + say("Bring")),
    Intent.FEE: _line(FactKind.FEE, lambda say: "💰 " + say("Fee")),
    Intent.DURATION: _line(FactKind.DURATION, lambda say: "⏱ " + say("Time needed")),
    Intent.ONLINE: _online,
}
"""The lines in the order of the whole card."""


def _fact(subject: Subject, kind: FactKind, label: str) -> str:
    fact = subject.procedure.fact(kind)
    return f"{label}: {_said(fact, kind, subject.say)}{subject.notes.mark(fact.source)}"


def _said(fact: Fact, kind: FactKind, say: Translator) -> str:
    if fact.state is State.KNOWN:
        return say.pick(fact.text, fact.english)
    if fact.state is State.SILENT and kind is FactKind.FEE:
        return say("the source does not say; that does not mean it is free.")
    if fact.state is State.SILENT:
        return say("the source does not say. Please ask the desk.")
    return say("we have not been able to check this. Please ask the desk.")


def _notes(subject: Subject, shown: tuple[Intent, ...]) -> list[str]:
    return [
        f"⚠ {subject.say.pick(note.text, note.english)}{subject.notes.mark(note.source)}"
        for note in subject.procedure.notes
        if _matters(note, subject, shown)
    ]


def _matters(note: Note, subject: Subject, shown: tuple[Intent, ...]) -> bool:
    """Tell whether a note speaks about what was asked; changes and cautions always do."""
    if note.kind is not NoteKind.CONTRADICTION:
        return True
    # Plans contradict themselves about days, portals and laws about fees and times.
    of_the_plan = note.source.document == subject.plan.source.document
    about = {Intent.DAY, Intent.DURATION} if of_the_plan else {Intent.FEE, Intent.DURATION}
    return bool(about & set(shown))


def _row(subject: Subject) -> Source | None:
    procedure = subject.procedure
    if procedure.rules:
        return procedure.rules[0].source
    return procedure.fact(FactKind.AGENCY).source


def _sheet(subject: Subject) -> FactSheet:
    cutoffs = [rule.cutoff for rule in subject.procedure.rules if rule.cutoff]
    cutoff = min(cutoffs, default=None)
    return FactSheet(
        weekdays=_served_days(subject.procedure),
        next_dates=tuple(day.isoformat() for day in subject.coming.dates),
        cutoff=cutoff.strftime("%H:%M") if cutoff else None,
        facts={kind: subject.procedure.fact(kind) for kind in FactKind},
    )


def _warnings(subject: Subject) -> tuple[Warn, ...]:
    kinds = {note.kind for note in subject.procedure.notes}
    warnings = {
        Warn.PLAN_UNCONFIRMED: subject.plan.confirmed_on is None,
        Warn.HOLIDAY_SHIFT: bool(subject.coming.skipped),
        Warn.AFTER_CUTOFF: subject.coming.after_cutoff,
        Warn.CONTRADICTION: NoteKind.CONTRADICTION in kinds,
        Warn.CHANGED: NoteKind.CHANGED in kinds,
        Warn.UNDER_REVIEW: subject.procedure.status is Status.UNDER_REVIEW,
    }
    return tuple(warn for warn, holds in warnings.items() if holds)
