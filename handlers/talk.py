"""The values that pass between the doors and the handlers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.plans.model import Fact, FactKind, Source, Weekday
from knowledge.plans.understanding import Intent, Match, Understanding
from locales import Translator


class Outcome(StrEnum):
    """How a question ended; the names are part of the command line's contract."""

    ANSWERED = "answered"
    ASKED_BACK = "asked_back"
    DECLINED = "declined"
    INFORMED = "informed"


class Warn(StrEnum):
    """What an answer warns of."""

    PLAN_UNCONFIRMED = "plan_unconfirmed"
    HOLIDAY_SHIFT = "holiday_shift"
    CONTRADICTION = "contradiction"
    CHANGED = "changed"
    UNDER_REVIEW = "under_review"
    OTHER_PLACE = "other_place"
    AFTER_CUTOFF = "after_cutoff"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a conversation is about; reception keeps it for half an hour, one row per citizen."""

    procedures: tuple[str, ...] = ()
    """Answered last: "thế phí?" asks about these."""
    options: tuple[str, ...] = ()
    """Offered last, in order: "2" chooses the second one."""
    intents: tuple[Intent, ...] = ()
    """What was asked of the options."""
    question: str = ""
    """The last question, for a place, a fact or a correction that is said after it."""
    earlier: tuple[str, ...] = ()
    """Answered before something else came up: "quay lại" takes these up again."""
    language: str = ""
    """Of the last answer: one who chose no language goes on in the one that he writes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One message of one citizen. `now` is UTC and aware; `locality` is his choice so far."""

    text: str
    now: datetime
    language: str = ""
    """The language the citizen chose; empty while he has not, then he is answered in his."""
    locality: str | None = None
    channel: str = "command"
    sender: str = ""
    """The citizen's id on the channel; empty for a question without a conversation."""
    message: str = ""
    """The message's id on the channel, for dropping repeats."""
    memory: Memory = Memory()


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered; pressing it says `says` for the citizen, on every door."""

    label: str
    says: str


@dataclass(frozen=True, slots=True)
class FactSheet:
    """The facts of the first procedure answered, for machines."""

    weekdays: tuple[Weekday, ...]
    next_dates: tuple[str, ...]
    cutoff: str | None
    facts: dict[FactKind, Fact]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said back. `body` is plain text; marks like [1] point into `sources`."""

    body: str
    outcome: Outcome
    intents: tuple[Intent, ...] = ()
    locality: str | None = None
    matches: tuple[Match, ...] = ()
    near: tuple[Match, ...] = ()
    facts: FactSheet | None = None
    sources: tuple[Source, ...] = ()
    source_lines: tuple[str, ...] = ()
    """One line for each source, said in the citizen's language."""
    warnings: tuple[Warn, ...] = ()
    buttons: Sequence[Button] = ()
    memory: Memory = Memory()
    """What reception keeps for the citizen's next message."""
    chosen_locality: str | None = None
    """A place the citizen chose with this message, kept with him."""
    chosen_language: str | None = None

    @property
    def text(self) -> str:
        """All that the citizen reads, the sources last."""
        return "\n\n".join(filter(None, (self.body, "\n".join(self.source_lines))))


@dataclass(frozen=True, slots=True)
class Turn:
    """One message with what was made of it and the voice to answer in."""

    ask: Ask
    meaning: Understanding
    say: Translator
