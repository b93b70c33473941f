"""On which days that is served of which a citizen may be reminded: one procedure, or a place's."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from knowledge.plans.days import (
    TIME_ZONE,
    Calendar,
    closing_on,
    named_on,
    served_on,
    upcoming,
)
from knowledge.plans.library import Library
from knowledge.plans.model import Plan, Procedure, ServiceRule, Status, Weekday

OFFICES_CLOSE = time(17)
"""When it is too late for a day whose plan names no cut-off hour: a reminder then helps nobody."""


@dataclass(frozen=True, slots=True)
class ServiceDays:
    """The days that rules name in a locality; where a plan ends, its rules end."""

    locality: str
    rules: tuple[ServiceRule, ...]

    def named(self, day: date, calendar: Calendar) -> bool:
        """Tell whether a day would be a service day, were it not closed."""
        return named_on(self.rules, calendar, day, self.locality)

    def served(self, day: date, calendar: Calendar) -> bool:
        """Tell whether a day is a service day."""
        return served_on(self.rules, calendar, day, self.locality)

    def rules_on(self, day: date, calendar: Calendar) -> tuple[ServiceRule, ...]:
        """Return the rules that name a day."""
        return tuple(r for r in self.rules if named_on([r], calendar, day, self.locality))

    def next(self, day: date, calendar: Calendar) -> date | None:
        """Return the first service day from a day on, None within the horizon."""
        midnight = datetime.combine(day, time(), TIME_ZONE)
        return next(iter(upcoming(self.rules, calendar, midnight, self.locality).dates), None)

    def cutoff(self, day: date, calendar: Calendar) -> time | None:
        """Return the hour until which all of a day's files are received, None if none is given."""
        return closing_on(self.rules, calendar, day, self.locality)

    def ends(self, day: date, calendar: Calendar) -> datetime:
        """Return the moment from which it is too late for a day."""
        return datetime.combine(day, self.cutoff(day, calendar) or OFFICES_CLOSE, TIME_ZONE)

    def weekdays(self, today: date) -> tuple[Weekday, ...]:
        """Return the weekdays that the rules which are not over name."""
        named = {
            day for rule in self.rules if today <= (rule.ends or today) for day in rule.weekdays
        }
        return tuple(day for day in Weekday if day in named)


NO_DAYS = ServiceDays("", ())
"""Of what nobody knows."""


def service_days(about: str, library: Library) -> ServiceDays | None:
    """Return the days of a procedure by its id, or of a locality by its slug; None if unknown."""
    if (procedure := library.procedures.get(about)) is not None:
        return ServiceDays(procedure.locality, _rules(procedure, library.plans[procedure.plan]))
    if about not in library.localities:
        return None
    # The rows of a list differ in nothing but their number.
    rules = dict.fromkeys(
        replace(rule, source=replace(rule.source, row=None))
        for procedure in library.procedures_in(about)
        for rule in _rules(procedure, library.plans[procedure.plan])
    )
    return ServiceDays(about, tuple(rules))


def _rules(procedure: Procedure, plan: Plan) -> tuple[ServiceRule, ...]:
    if procedure.status is not Status.SERVED:
        return ()
    last = plan.effective_to
    if last is None:
        return procedure.rules
    return tuple(replace(r, ends=min(r.ends or last, last)) for r in procedure.rules)
