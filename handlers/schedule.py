"""What is served on a day, and whether the desk works on it."""

from dataclasses import replace
from datetime import date, timedelta

from handlers.locality import ask_place
from handlers.reminder_sayings import offer
from handlers.sources import Footnotes
from handlers.standing import plans_of, standing
from handlers.talk import Outcome, Reply, Turn, Warn
from knowledge.plans.days import local_time, served_on
from knowledge.plans.model import Procedure, ServiceModel, Source, Status, Weekday
from knowledge.plans.understanding import Subject
from knowledge.store import Town

WEEKS_AHEAD = 4
"""How many weeks a closed weekday is followed for; no holiday is longer."""


def answer(turn: Turn, town: Town) -> Reply | None:
    """Answer "thứ Ba làm được gì?" and "hôm nay có làm việc không?"."""
    if turn.meaning.subject not in (Subject.SCHEDULE, Subject.HOURS):
        return None
    if turn.meaning.locality is None:
        return ask_place(turn, town)
    if turn.meaning.subject is Subject.HOURS:
        return _hours(turn, town, turn.meaning.locality)
    return _schedule(turn, town, turn.meaning.locality)


def _today(turn: Turn) -> date:
    return local_time(turn.ask.now).date()


def _days_asked(turn: Turn, town: Town, locality: str) -> tuple[date, ...]:
    """Return the coming days that the message names; the next seven when it names none."""
    today = _today(turn)
    if turn.meaning.day_offset is not None:
        return (today + timedelta(days=turn.meaning.day_offset),)
    week = [today + timedelta(days=ahead) for ahead in range(7)]
    named = [day for day in week if Weekday.of(day) in turn.meaning.weekdays]
    open_days = (_until_open(turn, day, town, locality) for day in named)
    return tuple(sorted(day for days in open_days for day in days)) or tuple(week)


def _until_open(turn: Turn, day: date, town: Town, locality: str) -> list[date]:
    """Return a day and, where it is closed or over, the same weekday up to an open one."""
    days = [day]
    while len(days) <= WEEKS_AHEAD and (
        town.calendar.closed(days[-1], locality) or _is_over(turn, days[-1], town, locality)
    ):
        days.append(days[-1] + timedelta(weeks=1))
    return days


def _is_over(turn: Turn, day: date, town: Town, locality: str) -> bool:
    """Tell whether the cut-off hour of all that is served on a day has passed."""
    now = local_time(turn.ask.now)
    hours = [
        rule.cutoff
        for procedure in town.library.procedures_in(locality)
        for rule in procedure.rules
        if served_on([rule], town.calendar, day, locality)
    ]
    return day == now.date() and bool(hours) and all(h and now.time() >= h for h in hours)


def _schedule(turn: Turn, town: Town, locality: str) -> Reply:
    footnotes = Footnotes(turn.say)
    served = [
        procedure
        for procedure in town.library.procedures_in(locality)
        if procedure.status is Status.SERVED
    ]
    if not any(procedure.rules for procedure in served):
        return _no_days(turn, town, locality)
    place = town.library.localities[locality]
    lines = [
        turn.say(
            "{place}, by day:", place=turn.say.capital(turn.say.pick(place.name, place.english))
        )
    ]
    days = _days_asked(turn, town, locality)
    for day in days:
        lines += _day(turn, town, day, served, footnotes)
    lines += ["", *standing(plans_of(locality, town), town, turn, footnotes)]
    closed = any(town.calendar.closed(day, locality) for day in days)
    return Reply(
        body="\n".join(lines),
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=locality,
        sources=footnotes.sources,
        source_lines=footnotes.lines,
        warnings=(Warn.PLAN_UNCONFIRMED, *((Warn.HOLIDAY_SHIFT,) if closed else ())),
        buttons=offer(turn, locality),
    )


def _day(
    turn: Turn, town: Town, day: date, served: list[Procedure], footnotes: Footnotes
) -> list[str]:
    say, locality = turn.say, served[0].locality
    if closure := town.calendar.closed(day, locality):
        reason = say.pick(closure.reason, closure.english)
        sentence = say("{day} is a day off: {reason}.", day=say.day(day), reason=reason)
        return ["", sentence + footnotes.mark(closure.source)]
    groups: dict[ServiceModel, list[Procedure]] = {}
    for procedure in served:
        if served_on(procedure.rules, town.calendar, day, locality):
            groups.setdefault(procedure.rules[0].model, []).append(procedure)
    if not groups:
        # A week's list names only the days that have something.
        asked = turn.meaning.weekdays or turn.meaning.day_offset is not None
        nothing = say("{day}: the plan lists nothing for this day.", day=say.day(day))
        return ["", nothing] if asked else []
    lines = ["", say.day(day) + ":"]
    if _is_over(turn, day, town, locality):
        lines.append(say("Today's hour has passed."))
    for model, procedures in groups.items():
        lines += [_model(turn, model), *_names(turn, procedures, footnotes)]
    return lines


def _model(turn: Turn, model: ServiceModel) -> str:
    say = turn.say
    names = {
        ServiceModel.NO_APPOINTMENT_SLIP: say("“No slip” day, the result the same day:"),
        ServiceModel.NO_WRITING_NO_APPOINTMENT: say("“No writing, no appointment” day:"),
        ServiceModel.ONLINE_DAY: say("Online-service day, online files are received:"),
        ServiceModel.SERVICE_DAY: say("Files are received:"),
        ServiceModel.ASSISTED_ONLINE: say("Help with filing online:"),
        ServiceModel.ROSTERED_ONLINE: say("Fully online, by the roster posted at the desk:"),
    }
    return names[model]


def _names(turn: Turn, procedures: list[Procedure], footnotes: Footnotes) -> list[str]:
    return [
        f"• {turn.say.pick(each.short, each.english)}{_until(turn, each)}"
        f"{footnotes.mark(_appendix(each))}"
        for each in procedures
    ]


def _until(turn: Turn, procedure: Procedure) -> str:
    cutoff = procedure.rules[0].cutoff
    return turn.say(", until {hour}", hour=turn.say.clock(cutoff)) if cutoff else ""


def _appendix(procedure: Procedure) -> Source:
    """Cite the appendix as a whole: a list of thirty rows needs no thirty footnotes."""
    return replace(procedure.rules[0].source, row=None)


def _no_days(turn: Turn, town: Town, locality: str) -> Reply:
    footnotes = Footnotes(turn.say)
    plans = plans_of(locality, town)
    place = town.library.localities[locality]
    name = turn.say.pick(place.name, place.english)
    body = turn.say("The plan of {place} names no service day. Please ask the desk.", place=name)
    marks = footnotes.mark(*(plan.source for plan in plans))
    return Reply(
        body=body + marks,
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=locality,
        sources=footnotes.sources,
        source_lines=footnotes.lines,
    )


def _hours(turn: Turn, town: Town, locality: str) -> Reply:
    say = turn.say
    footnotes = Footnotes(say)
    day = _today(turn) + timedelta(days=turn.meaning.day_offset or 0)
    closure = town.calendar.closed(day, locality)
    if closure:
        reason = say.pick(closure.reason, closure.english)
        first = say("{day} is a day off: {reason}.", day=say.day(day), reason=reason)
        first += footnotes.mark(closure.source)
    elif town.calendar.working(day, locality):
        first = say("{day} is a working day by the general calendar.", day=say.day(day))
    else:
        first = say("{day} is a weekend.", day=say.day(day))
    plans = plans_of(locality, town)
    second = say("The plan does not say the opening hours; please call the desk.")
    second += footnotes.mark(*(plan.source for plan in plans))
    return Reply(
        body=f"{first}\n{second}",
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=locality,
        sources=footnotes.sources,
        source_lines=footnotes.lines,
        warnings=(Warn.HOLIDAY_SHIFT,) if closure else (),
    )
