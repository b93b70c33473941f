"""What one can be reminded of: a procedure, or all service days of a place; and when it comes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from handlers.reminder_sayings import MORNING
from handlers.sources import Footnotes
from handlers.standing import plans_behind, plans_of
from handlers.talk import Turn
from knowledge.plans.days import TIME_ZONE, Skipped, Upcoming, local_time, upcoming
from knowledge.plans.model import Plan, Procedure
from knowledge.plans.service_days import OFFICES_CLOSE, ServiceDays, service_days
from knowledge.records.planning import When
from knowledge.records.subscriptions import Reminder
from knowledge.store import Town
from locales import Translator

AHEAD = 10
"""Service days among which the first one is sought of which one can still be reminded."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A procedure, or all that a place serves; `title` is in the citizen's language."""

    about: str
    title: str
    days: ServiceDays
    procedure: Procedure | None
    plans: Sequence[Plan]

    @property
    def latest(self) -> int:
        """Return the hour from which a reminder on the day itself is of no use."""
        cutoffs = (rule.cutoff for rule in self.days.rules if rule.cutoff)
        return min(cutoffs, default=OFFICES_CLOSE).hour


@dataclass(frozen=True, slots=True)
class Appointment:
    """The next reminder: when it comes, for which day, and which days are closed until then."""

    at: datetime
    """In Vietnam's time."""
    day: date
    skipped: Sequence[Skipped]


def subject(about: str, town: Town, say: Translator) -> Subject | None:
    """Find out what a reminder is about; None for what the edition does not hold any more."""
    days = service_days(about, town.library)
    if days is None:
        return None
    place = town.library.localities[days.locality]
    where = say.pick(place.name, place.english)
    if (found := town.library.procedures.get(about)) is None:
        title = say("all service days of {place}", place=where)
        return Subject(about, title, days, None, plans_of(about, town))
    name = say.pick(found.short, found.english)
    title = say("{procedure} – {place}", procedure=name, place=where)
    return Subject(about, title, days, found, plans_behind([found], town))


def coming(subject: Subject, town: Town, now: datetime) -> Upcoming:
    """Return the next service days."""
    days = subject.days
    return upcoming(days.rules, town.calendar, now, days.locality, count=AHEAD)


def first(subject: Subject, reminder: Reminder, town: Town, now: datetime) -> Appointment | None:
    """Return the next reminder that can still come in time; None where there is none."""
    begins = now
    if reminder.paused_until and reminder.paused_until > local_time(now).date():
        begins = datetime.combine(reminder.paused_until, time(), TIME_ZONE)
    days = coming(subject, town, begins)
    when = When(reminder.days_before, reminder.hour)
    for day in days.dates:
        if when.before(day) > now:
            skipped = [each for each in days.skipped if each.day < day]
            return Appointment(when.before(day), day, skipped)
    return None


def in_time(subject: Subject, reminder: Reminder) -> Reminder:
    """Return a reminder for the morning where it would come after the desk has closed."""
    late = reminder.days_before == 0 and reminder.hour >= subject.latest
    return replace(reminder, hour=MORNING[1]) if late else reminder


def nearest(subject: Subject, turn: Turn, town: Town, notes: Footnotes) -> str:
    """Name the next service day, with its source."""
    day = coming(subject, town, turn.ask.now).dates[0]
    line = turn.say("{subject}: nearest {day}.", subject=subject.title, day=turn.say.day(day))
    return line + _marks(subject, town, day, notes)


def next_time(
    subject: Subject, reminder: Reminder, turn: Turn, town: Town, notes: Footnotes
) -> list[str]:
    """Say when the next reminder comes, for which day, and which days are off until then."""
    say, found = turn.say, first(subject, reminder, town, turn.ask.now)
    if found is None:
        return [say("No service day is coming any more.")]
    day, hour = say.short_day(found.at.date()), say.clock(found.at.time())
    line = (
        say("Next reminder: {service}, {hour}.", service=say.day(found.day), hour=hour)
        if found.at.date() == found.day
        else say(
            "Next reminder: {day}, {hour}, for {service}.",
            day=day,
            hour=hour,
            service=say.day(found.day),
        )
    )
    return [
        line + _marks(subject, town, found.day, notes),
        *(
            say("{day} is a day off: {reason}.", day=say.short_day(skip.day), reason=reason)
            + notes.mark(skip.closure.source)
            for skip in found.skipped
            if (reason := say.pick(skip.closure.reason, skip.closure.english))
        ),
    ]


def _marks(subject: Subject, town: Town, day: date, notes: Footnotes) -> str:
    return notes.mark(*(rule.source for rule in subject.days.rules_on(day, town.calendar)))
