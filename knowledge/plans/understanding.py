"""What a message means: the values that `understand` returns to the handlers."""

from dataclasses import dataclass
from enum import StrEnum

from knowledge.plans.model import Weekday


class Intent(StrEnum):
    """What a citizen wants to know or do; the names are part of the command line's contract."""

    DAY = "day"
    PLACE = "place"
    PAPERS = "papers"
    FEE = "fee"
    DURATION = "duration"
    ONLINE = "online"
    AGENCY = "agency"
    OVERVIEW = "overview"
    REMINDER = "reminder"
    FEEDBACK = "feedback"
    GREETING = "greeting"
    OTHER = "other"


class Subject(StrEnum):
    """What a message is about, when it is about no procedure."""

    SCHEDULE = "schedule"
    """What is served on a day: "thứ Ba ở Bắc Kạn làm được gì?"."""
    SCHEME = "scheme"
    """The no-writing or no-appointment day itself, or the cut-off hour in general."""
    HOURS = "hours"
    """Opening hours; whether the desk works today."""
    HELP = "help"
    GREETING = "greeting"
    THANKS = "thanks"
    FEEDBACK = "feedback"
    RUDENESS = "rudeness"
    EMERGENCY = "emergency"
    CONTACT = "contact"
    FORMS = "forms"
    LANGUAGE = "language"


class Certainty(StrEnum):
    """How a message was understood."""

    SURE = "sure"
    """`matches` are what is asked for, all of them."""
    UNSURE = "unsure"
    """`matches` are what to ask back about, at most four."""
    NONE = "none"
    """No procedure: see `subject`, `topic` and `near`."""


@dataclass(frozen=True, slots=True)
class Match:
    """One procedure with how well it fits (0 to 1) and the words that speak for it."""

    id: str
    score: float
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understanding:
    """All that was made of one message."""

    certainty: Certainty
    matches: tuple[Match, ...] = ()
    near: tuple[Match, ...] = ()
    """Related, never asserted: known in another place, or the foreign variant only."""
    intents: tuple[Intent, ...] = (Intent.OVERVIEW,)
    locality: str | None = None
    """The place named in the message, else the one given with it."""
    locality_named: bool = False
    elsewhere: str | None = None
    """A place named in the message that no plan covers, as it is called today."""
    weekdays: tuple[Weekday, ...] = ()
    """Weekdays named in the message."""
    day_offset: int | None = None
    """hôm nay 0, mai 1, ngày kia 2."""
    subject: Subject | None = None
    considered: tuple[Match, ...] = ()
    """What else was thought of, best first, each with what spoke for it; for officials."""
    topic: str | None = None
    """The key of a competing topic in `catalogue/topics.toml`: not ours, and where to go."""
