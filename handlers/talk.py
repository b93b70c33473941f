"""The values that pass between the doors and the handlers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from knowledge.plans.model import Fact, FactKind, Source, Weekday
from knowledge.plans.understanding import Intent, Match, Understanding
from knowledge.records.questions import NAMED_FOR
from knowledge.records.subscriptions import Reminder
from locales import Translator


class Outcome(StrEnum):
    """How a question ended; the names are part of the command line's contract."""

    ANSWERED = "answered"
    ASKED_BACK = "asked_back"
    DECLINED = "declined"
    INFORMED = "informed"


class Media(StrEnum):
    """What a citizen sent that cannot be read; a caption, if any, is the message's text."""

    PICTURE = "picture"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    STICKER = "sticker"
    CONTACT = "contact"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a citizen says that he is, in degrees (WGS 84)."""

    latitude: float
    longitude: float


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
    choices: tuple[str, ...] = ()
    """What the last reply's other buttons say: their numbers begin after those of the options."""
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
    citizen: int | None = None
    """The citizen's row, for a handler that shows what we keep about him."""
    media: Media | None = None
    """What came instead of words, or along with them."""
    point: Point | None = None
    named_days: int = NAMED_FOR.days
    """Days after which the operator has questions parted from their citizens."""


LONGEST_SAYS = 60
"""Bytes of what a button says; Telegram takes 64."""


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered; pressing it says `says` for the citizen, on every door."""

    label: str
    says: str
    """Understood also long after and out of context: buttons stay in the chat for ever."""
    number: int = 0
    """Typing this number is as good as pressing; 0 for one that has none."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A small file that is sent along; `media_type` is a MIME type."""

    name: str
    media_type: str
    content: bytes


class Wish(StrEnum):
    """What a citizen decides about us, beside being answered; reception carries it out."""

    FORGET = "forget"
    """Delete all that is kept about him, this message too."""
    STOP = "stop"
    """Send nothing that he did not ask for."""
    START = "start"
    """He began the conversation on purpose: what he asks for may be sent to him again."""
    RESUME = "resume"
    """Let the bot answer again after an official has written to him."""


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
    wish: Wish | None = None
    reminders: tuple[Reminder, ...] = ()
    """Wanted from now on, each in place of what he has on the same subject."""
    no_more: tuple[str, ...] = ()
    """Subjects of which he wants to be reminded no more."""
    attachments: tuple[Attachment, ...] = ()
    personal: bool = False
    """Tells what is kept about this citizen: such a reply is never given to another one."""

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
    said: str = ""
    """What the citizen himself said; the ask's words may be those of his last question."""
