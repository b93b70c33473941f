"""The values of the knowledge base: what the published plans say, and where each thing is said.

All of it is immutable. Texts stand in Vietnamese as the source gives their substance; `english` is
our translation and empty where there is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

Day = date
"""A calendar day, for values that have a field `date`."""


class Weekday(StrEnum):
    """A day of the week, in the order of `date.weekday()`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        """Return the weekday of a calendar day."""
        return list(cls)[day.weekday()]


class State(StrEnum):
    """How much is known of a fact; never filled from elsewhere in silence."""

    KNOWN = "known"
    SILENT = "silent"
    """The source was read and does not say; for a fee that does not mean free."""
    UNCHECKED = "unchecked"


class FactKind(StrEnum):
    """The facts a procedure may have."""

    PLACE = "place"
    AGENCY = "agency"
    PARTNER = "partner"
    FEE = "fee"
    PAPERS = "papers"
    DURATION = "duration"
    ONLINE = "online"
    CODE = "code"
    LEGAL_BASIS = "legal_basis"


class ServiceModel(StrEnum):
    """The ways of serving that the plans promise."""

    NO_APPOINTMENT_SLIP = "no_appointment_slip"
    """Ngày không giấy hẹn: the result the same day, no slip."""
    NO_WRITING_NO_APPOINTMENT = "no_writing_no_appointment"
    """Ngày không viết, không hẹn: the clerk writes, the result the same day."""
    ONLINE_DAY = "online_day"
    """Ngày dịch vụ công trực tuyến: the day on which online files are received."""
    ASSISTED_ONLINE = "assisted_online"
    """Help with filing online, on every working day."""
    SERVICE_DAY = "service_day"
    """A day that a plan names without one of the promises above."""
    ROSTERED_ONLINE = "rostered_online"
    """Fully online procedures, by a roster posted at the desk and not in the plan."""


class Status(StrEnum):
    """What a plan does with a procedure."""

    SERVED = "served"
    UNDER_REVIEW = "under_review"
    """Listed for review or abolition only: no service is promised."""
    INTERNAL = "internal"
    """Between state bodies: no citizen files it."""


class NoteKind(StrEnum):
    """Why a line is shown beside an answer."""

    CONTRADICTION = "contradiction"
    CHANGED = "changed"
    """The law, the name or the office has changed since the plan."""
    CAUTION = "caution"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a thing is said; `date` is as exact as the document: 2023-07-24, 2023-09 or 2026."""

    document: str
    number: str | None = None
    date: str | None = None
    appendix: str | None = None
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing said of a procedure; a known one has a source, a silent one what is silent."""

    state: State
    text: str = ""
    english: str = ""
    source: Source | None = None

    def __post_init__(self) -> None:
        """Refuse a known fact without words or source."""
        if self.state is State.KNOWN and not (self.text and self.source):
            raise ValueError(f"a known fact needs words and a source: {self!r}")


UNCHECKED = Fact(State.UNCHECKED)

LONG_NAME = 64
"""Characters from which a legal name is too long for the head of an answer on a phone."""


@dataclass(frozen=True, slots=True)
class Note:
    """One short line that an answer shows: a contradiction, a change since, or a caution."""

    kind: NoteKind
    text: str
    english: str
    source: Source


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """On which weekdays something is served; hours are wall-clock time in Asia/Ho_Chi_Minh.

    `starts` and `ends` are inclusive. No weekdays means: the source names none (a posted roster).
    """

    model: ServiceModel
    weekdays: tuple[Weekday, ...]
    source: Source
    cutoff: time | None = None
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a plan promises for a whole place, beside its lists of procedures."""

    rule: ServiceRule
    text: str
    english: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """One administrative procedure as one plan lists it."""

    id: str
    plan: str
    locality: str
    name: str
    english: str
    status: Status
    rules: tuple[ServiceRule, ...] = ()
    facts: Mapping[FactKind, Fact] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    places: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """What citizens call it; the first one is shown for a long legal name."""
    samples: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """Return the first alias where the legal name is long, with a capital letter."""
        if len(self.name) <= LONG_NAME or not self.aliases:
            return self.name
        return self.aliases[0][:1].upper() + self.aliases[0][1:]

    def fact(self, kind: FactKind) -> Fact:
        """Return the fact of a kind, `UNCHECKED` where nobody has looked."""
        return self.facts.get(kind, UNCHECKED)


@dataclass(frozen=True, slots=True)
class Place:
    """A desk or office where people are served."""

    slug: str
    locality: str
    name: str
    english: str
    address: Fact = UNCHECKED
    phone: Fact = UNCHECKED
    hours: Fact = UNCHECKED


@dataclass(frozen=True, slots=True)
class Succession:
    """One former unit and the unit that it belongs to today; `code` is today's national code."""

    former: str
    today: str
    province: str
    code: str
    source: Source


@dataclass(frozen=True, slots=True)
class Locality:
    """A place whose plans we know; `ended` is the last day it existed under its name."""

    slug: str
    name: str
    english: str
    province: str
    aliases: tuple[str, ...] = ()
    ended: date | None = None
    lineage: tuple[Succession, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """One published plan; unless `confirmed_on` is set, answers say that it may be out of date."""

    slug: str
    locality: str
    title: str
    english: str
    number: str | None
    date: str | None
    issuer: str
    effective_from: Day | None = None
    effective_to: Day | None = None
    confirmed_on: Day | None = None
    confirmed_by: str | None = None
    schemes: tuple[Scheme, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def source(self) -> Source:
        """Return the plan as a source, without appendix and row."""
        return Source(f"Kế hoạch của {self.issuer}", self.number, self.date)


@dataclass(frozen=True, slots=True)
class Task:
    """A task that a plan gives to officials; `due` is None where the deadline is not one day."""

    plan: str
    group: str
    row: str
    name: str
    lead: str | None
    partner: str | None
    deadline: str | None
    due: date | None
    product: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Target:
    """A yearly target with its quarters, in percent."""

    plan: str
    row: str
    name: str
    lead: str | None
    partner: str | None
    year: int
    goal: int
    quarters: tuple[int, int, int, int]
    source: Source


@dataclass(frozen=True, slots=True)
class Contents:
    """All that one edition says."""

    plans: tuple[Plan, ...] = ()
    localities: tuple[Locality, ...] = ()
    places: tuple[Place, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    tasks: tuple[Task, ...] = ()
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """One published state of the knowledge base; `published_at` is UTC."""

    number: int
    published_at: datetime
    published_by: str
    reason: str
    contents: Contents
