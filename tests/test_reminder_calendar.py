"""All that is sent about reminders in 730 days, against a second reckoning without any library.

It looks at every subscriber and every day anew each time the service runs. The closed days stand
in days/closed.csv, typed from the law; Vietnam's clock is reckoned as UTC plus seven hours.
"""

import asyncio
import csv
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bot import reminding
from bot.channels.channel import Letter
from bot.composing import compose_all
from bot.desk import Desk
from knowledge.plans import editions
from knowledge.plans.days import DayChange, DayKind
from knowledge.plans.model import (
    Contents,
    Locality,
    Plan,
    Procedure,
    ServiceModel,
    ServiceRule,
    Source,
    Status,
    Weekday,
)
from knowledge.records import citizens, closures, outbox, subscriptions
from knowledge.records.outbox import Ended, State
from knowledge.records.subscriptions import Reminder
from knowledge.store import Store, Town, open_store

CLOSED = Path(__file__).parent / "days" / "closed.csv"
WORKED = {date(2026, 1, 10), date(2026, 8, 22)}
FIRST = date(2026, 1, 1)
SEED = 20261122
CHANNEL = "file"
VIETNAM = timedelta(hours=7)
A_DAY = timedelta(days=1)
NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SOURCE = Source("kế hoạch")

Said = tuple[str, int, str]
"""What kind of letter a citizen got, about which day or edition."""


@dataclass(frozen=True)
class Thing:
    """What an edition says of a procedure, in the test's own words."""

    place: str
    weekdays: tuple[str, ...]
    cutoff: time | None = None
    last: date | None = None


World = dict[str, Thing]


@dataclass(frozen=True)
class Change:
    """An official closes a day, or lets a Saturday stand in for a weekday."""

    day: date
    place: str | None
    stands_for: str | None = None


@dataclass
class Subscriber:
    """One citizen and his one subscription."""

    number: int
    about: str
    days_before: int
    hour: int
    since: datetime
    once: bool = False
    not_before: date | None = None
    until: datetime | None = None
    told: set[Said] = field(default_factory=set)
    over: bool = False

    def moment(self, day: date) -> datetime:
        there = datetime.combine(day - timedelta(days=self.days_before), time(self.hour))
        return (there - VIETNAM).replace(tzinfo=UTC)


def holidays() -> set[date]:
    with CLOSED.open(encoding="utf-8") as lines:
        spans = [(row["first"], row["last"]) for row in csv.DictReader(lines)]
    found = set()
    for first, last in spans:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            found.add(day)
            day += A_DAY
    return found


HOLIDAYS = holidays()


# The second reckoning.


class Reckoning:
    """Remembers nothing but what everybody was told."""

    def __init__(self, world: World) -> None:
        """Begin with the first edition."""
        self.world = world
        self.compared, self.edition = world, 1
        self.changes: list[Change] = []
        self.gone: list[Change] = []
        self.notices: list[tuple[Subscriber, str, tuple[str, ...] | None]] = []

    def thing(self, about: str, world: World) -> list[Thing] | None:
        if about in world:
            return [world[about]]
        there = [each for each in world.values() if each.place == about]
        return there or None

    def named(self, day: date, about: str) -> bool:
        return any(
            (NAMES[day.weekday()] in each.weekdays or self.stands_in(day, each))
            and (each.last is None or day <= each.last)
            for each in self.thing(about, self.world) or ()
        )

    def stands_in(self, day: date, thing: Thing) -> bool:
        return any(
            change.day == day
            and change.place in (None, thing.place)
            and change.stands_for in thing.weekdays
            for change in self.changes
        )

    def closed(self, day: date, place: str) -> bool:
        entered = [c for c in self.changes if c.day == day and c.place in (None, place)]
        if entered:
            return any(change.stands_for is None for change in entered)
        return day in HOLIDAYS and day not in WORKED

    def end(self, day: date, about: str) -> datetime:
        hours = [
            each.cutoff
            for each in self.thing(about, self.world) or ()
            if NAMES[day.weekday()] in each.weekdays or self.stands_in(day, each)
            if each.last is None or day <= each.last
        ]
        known = [each for each in hours if each]
        hour = max(known) if known and len(known) == len(hours) else time(17)
        return (datetime.combine(day, hour) - VIETNAM).replace(tzinfo=UTC)

    def weekdays(self, about: str, world: World, today: date) -> tuple[str, ...] | None:
        things = self.thing(about, world)
        if things is None:
            return None
        found = {w for t in things if t.last is None or today <= t.last for w in t.weekdays}
        return tuple(each for each in NAMES if each in found)

    def run(self, now: datetime, people: Sequence[Subscriber]) -> Iterator[Said]:
        """Yield what is said at a moment at which the service runs."""
        there = now.replace(tzinfo=None) + VIETNAM
        active = [each for each in people if self.active(each, now)]
        self.compare(active, there.date())
        if not time(7) <= there.time() < time(21):
            return
        yield from self.tell_changes(now)
        for each in active:
            for ahead in range(7):
                if said := self.of_day(each, there.date() + timedelta(days=ahead), now):
                    each.told.add(said)
                    yield said

    def active(self, who: Subscriber, now: datetime) -> bool:
        if who.once:
            told = [date.fromisoformat(mark) for kind, _, mark in who.told if kind == "reminder"]
            today = (now.replace(tzinfo=None) + VIETNAM).date()
            who.over = who.over or any(day < today for day in told)
        return who.since <= now and not who.over and (who.until is None or now < who.until)

    def compare(self, active: Sequence[Subscriber], today: date) -> None:
        if self.world is self.compared:
            return
        for each in active:
            was = self.weekdays(each.about, self.compared, today)
            now = self.weekdays(each.about, self.world, today)
            if was is not None and was != now:
                self.notices.append((each, str(self.edition), now))
                each.over = each.over or now is None
        self.compared = self.world

    def tell_changes(self, now: datetime) -> Iterator[Said]:
        notices, self.notices = self.notices, []
        for who, edition, days in notices:
            if days is None or self.active(who, now):
                yield ("changed", who.number, edition)

    def of_day(self, who: Subscriber, day: date, now: datetime) -> Said | None:
        if not who.since < who.moment(day) <= now < self.end(day, who.about):
            return None
        if who.not_before and day < who.not_before:
            return None
        mark = day.isoformat()
        reminder, off = ("reminder", who.number, mark), ("off", who.number, mark)
        others = {mark for kind, _, mark in who.told if kind == "reminder"} - {mark}
        if who.once and others:
            return None
        things = self.thing(who.about, self.world)
        if things is None:
            return None
        if not self.named(day, who.about):
            lost = any(c.day == day and c.place in (None, things[0].place) for c in self.gone)
            return off if lost and reminder in who.told and off not in who.told else None
        said = off if self.closed(day, things[0].place) else reminder
        return said if said not in who.told else None


# The service.


class Service:
    """Planner, outbox and composers on a database, with a clock that is set by hand."""

    def __init__(self, store: Store) -> None:
        """Take the store open."""
        self.store = store
        self.now = datetime(2025, 12, 31, tzinfo=UTC)
        self.desk = Desk(store, lambda: self.now)
        self.letters: list[tuple[Said, datetime, Letter]] = []

    async def run(self) -> list[Said]:
        await reminding.plan(self.desk)
        letters = await self.desk.do(self._send)
        self.letters += letters
        return [each for each, _, _ in letters]

    def _send(self, town: Town) -> list[tuple[Said, datetime, Letter]]:
        rows = outbox.claim(town.session, CHANNEL, town.now, 0, 1_000)
        sent, ended = [], []
        for row, says in compose_all(rows, town):
            kind, _, mark = row.reason.split(":", 2)
            state = says if isinstance(says, State) else State.SENT
            ended.append(Ended(row.id, state, CHANNEL))
            if isinstance(says, Letter):
                sent.append(((kind, int(row.sender), mark), town.now, says))
        outbox.end(town.session, ended, town.now)
        outbox.sweep(town.session, town.now - timedelta(days=7))
        return sent

    def publish(self, world: World) -> None:
        with self.store.town(self.now) as town:
            editions.publish(town.session, contents(world), by="an", reason="", now=self.now)

    def enter(self, change: Change) -> int:
        with self.store.town(self.now) as town:
            return closures.add(town.session, entry(change), "an", self.now).id

    def take_back(self, entered: int) -> None:
        with self.store.town(self.now) as town:
            closures.remove(town.session, entered)

    def subscribe(self, who: Subscriber) -> None:
        with self.store.town(self.now) as town:
            citizen = citizens.meet(town.session, CHANNEL, str(who.number), self.now).id
            wanted = Reminder(
                who.about, who.days_before, who.hour, once=who.once, paused_until=who.not_before
            )
            subscriptions.put(town.session, citizen, wanted, self.now)

    def unsubscribe(self, who: Subscriber) -> None:
        with self.store.town(self.now) as town:
            citizen = citizens.meet(town.session, CHANNEL, str(who.number), self.now).id
            subscriptions.end(town.session, citizen, [who.about])


def contents(world: World) -> Contents:
    """Write an edition: each procedure by a plan of its own."""
    places = sorted({each.place for each in world.values()})
    return Contents(
        localities=tuple(Locality(slug, slug, slug, "tỉnh") for slug in places),
        plans=tuple(
            Plan(id_, each.place, id_, id_, None, "2026", "UBND", effective_to=each.last)
            for id_, each in world.items()
        ),
        procedures=tuple(
            Procedure(id_, id_, each.place, id_, id_, Status.SERVED, rules(each))
            for id_, each in world.items()
        ),
    )


def rules(thing: Thing) -> tuple[ServiceRule, ...]:
    days = tuple(Weekday(each) for each in thing.weekdays)
    rule = ServiceRule(ServiceModel.SERVICE_DAY, days, SOURCE, cutoff=thing.cutoff)
    return (rule,) if days else ()


def entry(change: Change) -> DayChange:
    kind = DayKind.WORKING if change.stands_for else DayKind.CLOSED
    weekday = Weekday(change.stands_for) if change.stands_for else None
    return DayChange(change.day, kind, change.place, "mất điện", "no power", SOURCE, weekday)


# What happens in these days.


WORLD = {
    "A-01": Thing("day", ("tue", "thu")),
    "A-02": Thing("day", ("wed",), cutoff=time(15)),
    "A-03": Thing("day", ("fri",), last=date(2027, 3, 31)),
    "B-01": Thing("kia", ("mon",), cutoff=time(11, 30)),
    "B-02": Thing("kia", ("thu",)),
}


def worlds() -> list[World]:
    """Return the editions that follow: days move, come, go, and a procedure disappears."""
    first = WORLD | {"A-01": replace(WORLD["A-01"], weekdays=("thu",))}
    second = first | {"B-01": replace(WORLD["B-01"], weekdays=("wed", "fri"))}
    third = {id_: each for id_, each in second.items() if id_ != "A-02"}
    fourth = third | {"B-02": replace(WORLD["B-02"], weekdays=())}
    fifth = fourth | {"B-02": replace(WORLD["B-02"], weekdays=("tue",), cutoff=time(16))}
    return [first, second, third, fourth, fifth, fifth | {"A-02": WORLD["A-02"]}]


def at(day: date, chance: random.Random) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(seconds=chance.randrange(86_400))


Happening = tuple[datetime, str, object]


def happenings(chance: random.Random, days: int) -> list[Happening]:
    """Return runs of the service, and what officials and citizens do, in their order."""
    found: list[Happening] = []
    for ahead in range(days):
        day = FIRST + timedelta(days=ahead)
        # At 07:00, 12:00 and 19:00 in Vietnam; now and then it is down.
        for hour, often in ((0, 0.9), (5, 0.1), (12, 0.9)):
            if chance.random() < often:
                seconds = timedelta(hours=hour, seconds=chance.randrange(60))
                found.append((datetime.combine(day, time(), UTC) + seconds, "run", None))
        if chance.random() < 0.1:
            found.append((at(day, chance), "run", None))
    last = FIRST + timedelta(days=days)
    for index, world in enumerate(worlds()):
        day = FIRST + timedelta(days=(index + 1) * days // 8)
        found.append((at(day, chance), "publish", world))
    found += [(at(s.since.date(), chance), "subscribe", s) for s in subscribers(chance, days)]
    for change, day in closings(chance, days):
        moment = at(day, chance)
        found.append((moment, "enter", change))
        if change.stands_for and chance.random() < 0.5:
            found.append((moment + timedelta(hours=chance.randrange(96)), "take back", change))
    found += [
        (moment + timedelta(seconds=chance.randrange(60)), "run", None)
        for moment, what, _ in found
        if what in ("publish", "enter", "take back") and chance.random() < 0.7
    ]
    return sorted((each for each in found if each[0].date() < last), key=lambda each: each[0])


def closings(chance: random.Random, days: int) -> Iterator[tuple[Change, date]]:
    """Yield changes with the day on which they are entered; each day changes once for a place."""
    seen: set[date] = set()
    for _ in range(days // 5):
        entered = FIRST + timedelta(days=chance.randrange(days))
        day = entered + timedelta(days=chance.choice((0, 0, 1, 1, 2, 3, 5, 9, 20)))
        if day in seen:
            continue
        seen.add(day)
        place = chance.choice((None, "day", "kia"))
        weekend = day.weekday() > 4
        yield Change(day, place, chance.choice(NAMES[:5]) if weekend else None), entered


def subscribers(chance: random.Random, days: int) -> Iterator[Subscriber]:
    times = [(1, 19), (0, 7), (2, 12), (6, 19), (6, 7), (3, 7)]
    abouts = [*WORLD, "day", "kia"]
    for number in range(15):
        since = datetime.combine(FIRST + timedelta(days=chance.randrange(days // 2)), time(), UTC)
        paused = since.date() + timedelta(days=30) if number % 5 == 0 else None
        until = since + timedelta(days=chance.randrange(30, days)) if number % 4 == 0 else None
        days_before, hour = times[number % len(times)]
        yield Subscriber(
            number, abouts[number % len(abouts)], days_before, hour, since,
            once=number % 6 == 5, not_before=paused, until=until,
        )  # fmt: skip


async def both(store: Store, story: Collection[Happening]) -> Counter[str]:
    """Live through a story twice, and compare after every run; return what was sent by kind."""
    service, reckoning = Service(store), Reckoning(WORLD)
    service.publish(WORLD)
    reckoning.edition = edition(store)
    people: list[Subscriber] = []
    entered: dict[Change, int] = {}
    sent = Counter[str]()
    for moment, what, value in story:
        service.now = moment
        for each in people:
            if each.until and each.until <= moment and not each.over:
                service.unsubscribe(each)
                each.over = True
        match what, value:
            case "publish", dict():
                service.publish(value)
                reckoning.world, reckoning.edition = value, edition(store)
            case "enter", Change():
                entered[value] = service.enter(value)
                reckoning.changes.append(value)
            case "take back", Change():
                service.take_back(entered[value])
                reckoning.changes.remove(value)
                reckoning.gone.append(value)
            case "subscribe", Subscriber():
                people.append(replace(value, since=moment))
                service.subscribe(people[-1])
            case _:
                said = await service.run()
                assert sorted(said) == sorted(reckoning.run(moment, people)), moment
                sent.update(kind for kind, _, _ in said)
    service.desk.close()
    assert all(promises(*each) for each in service.letters)
    return sent


def edition(store: Store) -> int:
    with store.town(datetime.now(UTC), reading=True) as town:
        return town.library.edition.number


def promises(said: Said, _moment: datetime, letter: Letter) -> bool:
    """Tell whether a letter speaks of its day, and promises it only if it is a reminder of it."""
    kind, _, mark = said
    if kind == "changed":
        return "Ngày làm đổi" in letter.body or "Kế hoạch" in letter.body
    day = date.fromisoformat(mark)
    promised = "là ngày làm" in letter.body.splitlines()[0]
    return f"{day:%d/%m/%Y}" in letter.body and promised == (kind == "reminder")


def test_two_years_of_reminders_are_sent_as_a_second_reckoning_says(tmp_path: Path) -> None:
    story = happenings(random.Random(SEED), 730)  # noqa: S311 - no secret
    with open_store(f"sqlite:///{tmp_path / 'motcua.sqlite3'}", Contents) as store:
        sent = asyncio.run(both(store, story))
    assert sent["reminder"] > 700
    assert sent["off"] > 50
    assert sent["changed"] > 10


def test_on_both_kinds_of_database_they_are_sent_alike(store: Store) -> None:
    story = happenings(random.Random(SEED + 1), 60)  # noqa: S311 - no secret
    sent = asyncio.run(both(store, story))
    assert min(sent["reminder"], sent["off"], sent["changed"]) > 5
