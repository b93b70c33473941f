"""Reminders on their way: what is due is planned each minute, and written when its turn comes."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from bot.channels.channel import Letter
from bot.desk import Desk
from handlers import reminding
from handlers.reminding import Notice
from knowledge.plans import editions
from knowledge.plans.days import WORKWEEK, DayKind, local_time
from knowledge.plans.library import Library
from knowledge.plans.model import Weekday
from knowledge.plans.service_days import NO_DAYS, service_days
from knowledge.records import closures, planning
from knowledge.records.outbox import State
from knowledge.records.planning import KEPT, Call, Kind, Position, Progress, Wanted, When
from knowledge.records.tables import Outgoing
from knowledge.store import Town

OVERLAP = timedelta(minutes=15)
"""How long after an hour it is looked at again, for who subscribed before and was stored later.

Clocks of several machines may differ by less than that.
"""

MINUTE = 60.0

LOOK_BACK = timedelta(days=10)
"""How long before a day its reminder may have been due; nobody is reminded earlier."""

HOUR = timedelta(hours=1)

Changes = Collection[tuple[str, ...]]
"""As `planning.spelled` spells them."""

Moved = tuple[date, str]
"""A day that officials have changed, and the place's slug or nothing."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Agenda:
    """What is to be planned, and how far planning has come before and after."""

    calls: Sequence[Call]
    before: Progress | None
    after: Progress


async def run(desk: Desk) -> None:
    """Plan each minute until cancelled."""
    while True:
        try:
            await plan(desk)
        except Exception:  # noqa: BLE001 - whatever it was, the next minute tries again
            _log.exception("reminders are not planned, which is tried again in a minute")
        await asyncio.sleep(MINUTE)


async def plan(desk: Desk) -> None:
    """Put into the outbox what is due; any number of processes may, and may die at any moment."""
    agenda = await desk.look(_agenda)
    if agenda is None:
        return
    at = planning.BEGINNING if agenda.calls else None
    while at is not None:
        at = await desk.do(partial(_advance, agenda.calls, at), key=planning.TASK, patient=False)
    while not await desk.do(partial(_finish, agenda), key=planning.TASK, patient=False):
        pass


def compose(row: Outgoing, town: Town) -> Letter | State | datetime:
    """Write a planned letter as of now; a moment until which it waits, or how it ends instead."""
    says = reminding.write(row, town)
    if not isinstance(says, Notice):
        return says
    return Letter(
        to=row.sender,
        body=says.body,
        sources=says.source_lines,
        buttons=says.buttons,
        language=says.language,
        template_data=says.template_data,
    )


def _advance(calls: Sequence[Call], at: Position, town: Town) -> Position | None:
    return planning.advance(town.session, calls, at, town.now)


def _finish(agenda: _Agenda, town: Town) -> bool:
    """End what was to be said once, and note how far planning has come when all is ended."""
    if planning.end_once(town.session, _today(town), town.now):
        return False
    planning.keep(town.session, agenda.before, agenda.after)
    return True


def _agenda(town: Town) -> _Agenda | None:
    """Return what is to be planned, None where nothing could be: most minutes."""
    session, now, edition = town.session, town.now, town.library.edition.number
    changes = planning.spelled(closures.changes(session), _today(town))
    before = planning.progress(session)
    last = before or Progress(now - LOOK_BACK, edition)
    moved = _moved(last.changes, changes, _today(town))
    since = max(last.until, now - LOOK_BACK)
    if moved or edition != last.edition or now < last.until - OVERLAP:
        # What was not due may be by now: days have moved, or the clock was set back.
        since = now - LOOK_BACK
    fresh = _hours(since, now)
    calls = [
        *_changed(town, last.edition),
        *_due(town, planning.wanted(session, fresh), since),
        *_late_comers(town, min(since, now)),
        *_lost(town, moved, last.changes),
    ]
    if not calls and not fresh and since == last.until:
        return None
    return _Agenda(calls, before, Progress(now, edition, changes))


def _moved(known: Changes, changes: Changes, today: date) -> set[Moved]:
    """Return the coming days that officials have changed since, each with its place or none."""
    differ = {(date.fromisoformat(day), place) for day, place, *_ in {*known} ^ {*changes}}
    return {each for each in differ if each[0] >= today}


def _lost(town: Town, moved: Collection[Moved], known: Changes) -> Iterator[Call]:
    """Yield days that were worked out of turn and are no more, to who was reminded of them."""
    worked = {(day, place) for day, place, kind, _ in known if kind == DayKind.WORKING}
    lost = [
        (day, place)
        for day, place in sorted(moved)
        if Weekday.of(day) not in WORKWEEK or (day.isoformat(), place) in worked
    ]
    for about in planning.abouts(town.session) if lost else ():
        days = service_days(about, town.library) or NO_DAYS
        for day, place in lost:
            if place in ("", days.locality) and not days.named(day, town.calendar):
                yield Call(Kind.OFF, about, day.isoformat(), reminded=True)


def _hours(since: datetime, until: datetime) -> set[int]:
    """Return the hours in Vietnam that have struck after a moment and until another."""
    struck = local_time(until).replace(minute=0, second=0, microsecond=0)
    hours: set[int] = set()
    while struck > since and len(hours) < 24:  # noqa: PLR2004 - hours
        hours.add(struck.hour)
        struck -= HOUR
    return hours


def _due(
    town: Town, wanted: Sequence[Wanted], since: datetime, subscribed: datetime | None = None
) -> Iterator[Call]:
    """Yield what is due since a moment for subjects at a time: the day, or that it is none."""
    for each in wanted:
        days = service_days(each.about, town.library) or NO_DAYS
        for day in _days(each.when, since, town.now):
            if days.named(day, town.calendar):
                kind = Kind.REMINDER if days.served(day, town.calendar) else Kind.OFF
                # Of older ones nobody knows whether they were sent.
                if kind is Kind.OFF or each.when.before(day) > town.now - KEPT:
                    yield Call(kind, each.about, day.isoformat(), each.when, subscribed)


def _late_comers(town: Town, until: datetime) -> Iterator[Call]:
    """Yield what is due of the last hour once more, to who has subscribed shortly before it."""
    since = town.now - OVERLAP
    wanted = planning.wanted(town.session, _hours(since, until), since - OVERLAP)
    return _due(town, wanted, since, since - OVERLAP)


def _days(when: When, since: datetime, until: datetime) -> Iterator[date]:
    """Yield the days, from today on, of which one is reminded after a moment and until another."""
    sent, last = local_time(since).date(), local_time(until).date()
    while sent <= last:
        day = sent + timedelta(days=when.days_before)
        if day >= last and since < when.before(day) <= until:
            yield day
        sent += timedelta(days=1)


def _changed(town: Town, compared: int) -> Iterator[Call]:
    """Yield what the newest edition serves on other days than the one compared last."""
    if compared == town.library.edition.number:
        return
    before = Library(editions.load(town.session, compared))
    for about in planning.abouts(town.session):
        if call := _change(about, before, town):
            yield call


def _change(about: str, before: Library, town: Town) -> Call | None:
    number, today = str(town.library.edition.number), _today(town)
    was, now = service_days(about, before), service_days(about, town.library)
    if was is None:
        return None
    if now is None:
        return Call(Kind.CHANGED, about, number, letter=_names(about, before), last=True)
    weekdays = was.weekdays(today)
    if weekdays == now.weekdays(today):
        return None
    return Call(Kind.CHANGED, about, number, letter={"was": weekdays})


def _names(about: str, library: Library) -> Mapping[str, str]:
    """Return what is gone by its names, for nobody will know them when the letter is written."""
    procedure = library.procedures.get(about)
    place = library.localities[procedure.locality if procedure else about]
    names = {"place": place.name, "place_english": place.english}
    return names | ({"name": procedure.short, "english": procedure.english} if procedure else {})


def _today(town: Town) -> date:
    return local_time(town.now).date()
