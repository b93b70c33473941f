"""What a reminder says when its turn comes, of what is true then; or why it is not sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from handlers import procedure, schedule
from handlers.reminder_sayings import Act, press
from handlers.sources import Footnotes
from handlers.standing import plans_behind, plans_of, standing
from handlers.talk import LONGEST_SAYS, Ask, Button, Reply, Turn
from knowledge.plans.days import local_time
from knowledge.plans.model import Plan, Weekday
from knowledge.plans.service_days import ServiceDays, service_days
from knowledge.plans.understanding import Certainty, Intent, Match, Subject, Understanding
from knowledge.records import citizens, planning
from knowledge.records.outbox import State
from knowledge.records.planning import Kind, When
from knowledge.records.tables import Citizen, Outgoing, Subscription
from knowledge.records.windows import EVENING, MORNING, next_morning
from knowledge.store import Town
from locales import Translator, translator

LATE = timedelta(hours=1)
"""How long after its moment a reminder says that it comes late."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that a citizen has asked for beforehand."""

    body: str
    language: str
    source_lines: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    template_data: Mapping[str, str] = field(default_factory=dict)
    """What a template approved for reminders may say instead."""


@dataclass(frozen=True, slots=True)
class _Matter:
    """What a reminder is about, and whom it is for."""

    about: str
    days: ServiceDays
    day: date
    turn: Turn
    town: Town

    @property
    def say(self) -> Translator:
        return self.turn.say

    @property
    def plans(self) -> list[Plan]:
        found = self.town.library.procedures.get(self.about)
        return plans_behind([found], self.town) if found else plans_of(self.about, self.town)


def write(row: Outgoing, town: Town) -> Notice | State | datetime:
    """Write a letter that was planned; else say how it ends, or until when it waits.

    Nothing is sent at night, nor to somebody who meanwhile wants nothing.
    """
    kind, number, mark = row.reason.split(":", 2)
    _meet(row.channel, town)
    citizen = citizens.with_id(town.session, row.citizen) if row.citizen else None
    if citizen is None or citizen.stopped_at is not None:
        return State.CANCELLED
    turn = _turn(citizen, town)
    subscription = town.session.get(Subscription, int(number))
    if subscription is not None and subscription.citizen != citizen.id:
        subscription = None
    if kind == Kind.CHANGED:
        return _of_change(row, subscription, turn, town)
    if subscription is None:
        return State.CANCELLED
    return _of_day(Kind(kind), subscription, date.fromisoformat(mark), turn, town)


def _meet(channel: str, town: Town) -> None:
    """Load at once all whose letters are claimed; the session knows them while they are held."""
    key = (__name__, channel)
    if key not in town.session.info:
        town.session.info[key] = planning.claimed(town.session, channel)


def _turn(citizen: Citizen, town: Town) -> Turn:
    """Begin a turn in which nothing was said."""
    say = translator(citizen.language or "")
    ask = Ask("", town.now, say.language)
    return Turn(ask, Understanding(Certainty.NONE), say)


def _of_day(
    kind: Kind, subscription: Subscription, day: date, turn: Turn, town: Town
) -> Notice | State | datetime:
    """Write about a day: that it comes, or that it is none."""
    days = service_days(subscription.about, town.library)
    first = subscription.paused_until
    if days is None or (first is not None and day < first):
        return State.CANCELLED
    if days.served(day, town.calendar) != (kind is Kind.REMINDER):
        # It was planned as something else too, see the planner; that is sent.
        return State.CANCELLED
    moment = When(subscription.days_before, subscription.hour).before(day)
    leaves = max(moment, _by_day(town.now))
    if leaves >= days.ends(day, town.calendar):
        return State.EXPIRED
    if leaves > town.now:
        return leaves
    matter = _Matter(subscription.about, days, day, turn, town)
    return _once(matter, kind, late=town.now - moment > LATE)


def _once(matter: _Matter, kind: Kind, *, late: bool) -> Notice:
    """Write what many get at the same moment once in each transaction."""
    kept: dict[object, Notice] = matter.town.session.info.setdefault(__name__, {})
    key = (kind, matter.about, matter.day, matter.say.language, late)
    if key not in kept:
        kept[key] = _off(matter) if kind is Kind.OFF else _reminder(matter, late=late)
    return kept[key]


def _by_day(now: datetime) -> datetime:
    """Return the moment from which it is not night any more."""
    by_day = MORNING <= local_time(now).time() < EVENING
    return now if by_day else next_morning(now)


def _reminder(matter: _Matter, *, late: bool) -> Notice:
    say, reply = matter.say, _told(matter)
    lines = [
        _announced(matter),
        *([say("This reminder comes late, I am sorry.")] if late else ()),
        "",
        reply.body,
        "",
        _how_to_stop(say),
    ]
    return Notice(
        body="\n".join(lines),
        language=say.language,
        source_lines=reply.source_lines,
        buttons=_buttons(matter),
        template_data=_template_data(matter),
    )


def _announced(matter: _Matter) -> str:
    say, day = matter.say, matter.say.day(matter.day)
    cutoff = matter.days.cutoff(matter.day, matter.town.calendar)
    until = say(", until {hour}", hour=say.clock(cutoff)) if cutoff else ""
    match (matter.day - local_time(matter.town.now).date()).days:
        case 0:
            return say("🔔 Today, {day}, is a service day{until}:", day=day, until=until)
        case 1:
            return say("🔔 Tomorrow, {day}, is a service day{until}:", day=day, until=until)
        case number:
            return say(
                "🔔 In {number} days, on {day}, is a service day{until}:",
                number=number,
                day=day,
                until=until,
            )


def _told(matter: _Matter) -> Reply:
    """Say day, place and papers as if the citizen had asked for them now."""
    today = local_time(matter.town.now).date()
    if matter.about in matter.town.library.procedures:
        asked = (Intent.DAY, Intent.PLACE, Intent.PAPERS)
        match = Match(matter.about, 1.0)
        meaning = Understanding(Certainty.SURE, (match,), intents=asked)
        return procedure.tell(replace(matter.turn, meaning=meaning), matter.town)
    meaning = Understanding(
        Certainty.NONE,
        intents=(Intent.DAY,),
        locality=matter.about,
        day_offset=(matter.day - today).days,
        subject=Subject.SCHEDULE,
    )
    reply = schedule.answer(replace(matter.turn, meaning=meaning), matter.town)
    assert reply is not None  # noqa: S101 - it answers about every place that is known
    return reply


def _off(matter: _Matter) -> Notice:
    """Say that a day is none, why as far as that is known, and which one is next."""
    say, notes = matter.say, Footnotes(matter.say)
    day = say.day(matter.day)
    if closure := matter.town.calendar.closed(matter.day, matter.days.locality):
        reason = say.pick(closure.reason, closure.english)
        why = say("{day} is a day off: {reason}.", day=day, reason=reason)
        why += notes.mark(closure.source)
    else:
        why = say("{day} is not a service day any more.", day=day)
    following = _following(matter, matter.day + timedelta(days=1), notes)
    return _notice(matter, [f"🔔 {_title(matter)}", why, following], notes)


def _following(matter: _Matter, first: date, notes: Footnotes) -> str:
    say, calendar = matter.say, matter.town.calendar
    found = matter.days.next(first, calendar)
    if found is None:
        sources = [rule.source for rule in matter.days.rules]
        return say("The plan names no later day.") + notes.mark(*sources)
    sources = [rule.source for rule in matter.days.rules_on(found, calendar)]
    return say("The next day is {day}.", day=say.day(found)) + notes.mark(*sources)


def _of_change(
    row: Outgoing, subscription: Subscription | None, turn: Turn, town: Town
) -> Notice | State | datetime:
    """Write that an edition serves something on other days, or no more."""
    if (leaves := _by_day(town.now)) > town.now:
        return leaves
    if "was" not in row.letter:
        return _gone(row.letter, turn.say)
    if subscription is None:
        return State.CANCELLED
    days = service_days(subscription.about, town.library)
    today = local_time(town.now).date()
    if days is None or [*days.weekdays(today)] == row.letter["was"]:
        return State.CANCELLED
    return _change(_Matter(subscription.about, days, today, turn, town), row.letter["was"])


def _change(matter: _Matter, was: list[str]) -> Notice:
    say, notes = matter.say, Footnotes(matter.say)
    old, new = _weekdays(was, say), _weekdays(matter.days.weekdays(matter.day), say)
    sources = [rule.source for rule in matter.days.rules]
    lines = [f"🔔 {_title(matter)}"]
    if not new:
        lines.append(say("The plan names no day for this any more; it was {old}.", old=old))
    elif not old:
        lines.append(say("The plan now names a day for this: {new}.", new=new))
    else:
        lines.append(say("The day has changed from {old} to {new}.", old=old, new=new))
    lines[-1] += notes.mark(*sources)
    if new:
        lines.append(_following(matter, matter.day, notes))
    return _notice(matter, lines, notes)


def _gone(names: Mapping[str, str], say: Translator) -> Notice:
    place = say.pick(names["place"], names["place_english"])
    title = say.capital(place)
    if "name" in names:
        name = say.pick(names["name"], names["english"])
        title = say("{procedure} – {place}", procedure=name, place=place)
    sentence = say(
        "What is published now does not list this any more. I do not remind you of it from now on."
    )
    return Notice(f"🔔 {title}\n{sentence}", say.language)


def _notice(matter: _Matter, lines: list[str], notes: Footnotes) -> Notice:
    """Add how far the plan may be trusted and how to stop."""
    say = matter.say
    trust = standing(matter.plans, matter.town, matter.turn, notes)
    body = "\n".join([*lines, "", *trust, "", _how_to_stop(say)])
    return Notice(body, say.language, notes.lines, _buttons(matter))


def _title(matter: _Matter) -> str:
    say, library = matter.say, matter.town.library
    locality = library.localities[matter.days.locality]
    place = say.pick(locality.name, locality.english)
    if (found := library.procedures.get(matter.about)) is None:
        return say.capital(place)
    return say(
        "{procedure} – {place}", procedure=say.pick(found.short, found.english), place=place
    )


def _template_data(matter: _Matter) -> Mapping[str, str]:
    """Return what an approved template, which is Vietnamese, fills in."""
    say, library = translator("vi"), matter.town.library
    found = library.procedures.get(matter.about)
    return {
        "procedure": found.short if found else say("service day"),
        "place": library.localities[matter.days.locality].name,
        "day": say.day(matter.day),
    }


def _weekdays(named: Iterable[str], say: Translator) -> str:
    order = list(Weekday)
    return say.all_of(say.weekday(order.index(Weekday(each))) for each in named)


def _how_to_stop(say: Translator) -> str:
    return say("No more reminders: “dừng nhắc”. No messages at all: /dung")


def _buttons(matter: _Matter) -> tuple[Button, ...]:
    say = matter.say
    full = Button(say("All about it"), matter.about)
    stop = Button(say("Stop reminding"), press((matter.about,), Act.END))
    known = matter.about in matter.town.library.procedures
    offered = (full, stop) if known else (stop,)
    return tuple(each for each in offered if len(each.says.encode()) <= LONGEST_SAYS)
