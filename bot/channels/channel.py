"""A platform on which we can write to a citizen: what comes in from it, and what leaves by it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bot.inbox import Parcel
from handlers.talk import Ask, Attachment, Button
from knowledge.records.windows import Way

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message to be answered; `context` goes back to the channel with the answer, as JSON."""

    ask: Ask
    context: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reach:
    """A citizen opened or closed his door to us: unblocked, blocked, follows, left."""

    sender: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A chat goes on under another id: a Telegram group became a supergroup."""

    sender: str
    to: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An official has written to this citizen himself: the bot keeps silent for a while."""

    sender: str


Event = Arrival | Reach | Moved | TakenOver


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent to one citizen, the same for all channels."""

    to: str
    """The citizen's id on the channel: `Ask.sender` of the message that it answers."""
    body: str
    """Plain text; marks like [1] point into `sources`."""
    sources: Sequence[str] = ()
    """Lines such as "[1] Kế hoạch …"."""
    buttons: Sequence[Button] = ()
    attachments: Sequence[Attachment] = ()
    language: str = "vi"
    context: Json = field(default_factory=dict)
    """What the channel gave with the message that this answers; empty for unasked letters."""
    template_data: Mapping[str, str] = field(default_factory=dict)
    """What an approved template may say instead, by its parameters' names; empty if none can."""
    way: Way | None = None
    """How an unasked letter goes on a channel that has a window; the ledger says so."""


@dataclass(frozen=True, slots=True)
class Part:
    """One call to the platform: `method` and `fields` mean what the channel wants them to mean."""

    method: str
    fields: Json


class Outcome(StrEnum):
    """What the postman does with a part that a platform did not take."""

    RETRY = "retry"
    """Again after `retry_after` seconds, as often as it takes."""
    UNREACHABLE = "unreachable"
    """He blocked us or left: no letter reaches this citizen until he writes again."""
    CLOSED = "closed"
    """Not now: outside the window in which the platform lets us write to him."""
    REFUSED = "refused"
    """This letter never: it is set aside and logged."""
    STOPPED = "stopped"
    """Nothing leaves by this channel until its operator has mended it."""


class SendError(Exception):
    """A part that a platform did not take, and what follows from it."""

    def __init__(
        self,
        outcome: Outcome,
        reason: str,
        retry_after: float | None = None,
        *,
        unsure: bool = False,
    ) -> None:
        """Take the platform's own words as reason; they are logged, so no secret stands there.

        It is `unsure` where the part may have arrived after all.
        """
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.retry_after = retry_after
        self.unsure = unsure


class Migrated(SendError):  # noqa: N818 - no fault of anybody
    """The chat goes on under another id, to which the letter is to be sent."""

    def __init__(self, to: str) -> None:
        """Take the new id."""
        super().__init__(Outcome.RETRY, "the chat has moved", 0)
        self.to = to


class Shut(SendError):  # noqa: N818 - no fault of anybody
    """What the ledger thought open is not: for this citizen, or a way for all until a moment."""

    def __init__(self, reason: str, way: Way | None = None, until: datetime | None = None) -> None:
        """Take the way that is barred to all, and until when (aware)."""
        super().__init__(Outcome.CLOSED, reason)
        self.way = way
        self.until = until


@dataclass(frozen=True, slots=True)
class Pace:
    """What a platform allows to one account; the postman never sends faster."""

    per_second: float
    per_chat_seconds: float = 0
    """Seconds between two messages to one chat."""
    per_group_minute: int = 0
    """Messages a minute to one group; 0 where there is no such limit."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long after a citizen's last message a platform lets us write to him unasked."""

    free: timedelta
    paid: timedelta
    """Until then a message costs one of the month's allowance."""
    allowance: int = 0
    """Paid messages a month that the operator grants."""
    template: str = ""
    """An approved template that may be sent later still; empty if there is none."""


Keep = Callable[[Sequence[Parcel]], Awaitable[None]]
"""Stores parcels durably; returns when they are on disk."""


class Channel(Protocol):
    """A platform account: reads what came from it, and sends to its citizens."""

    name: str
    """Such as "telegram"; stands in the database and in the counters."""
    pace: Pace

    @property
    def window(self) -> Window | None:
        """None where we may write at any time to whoever began the conversation."""

    async def open(self) -> None:
        """Make the connections; called once before anything is sent. Contacts nobody yet."""

    async def close(self) -> None:
        """Give them back."""

    def read(self, parcel: Parcel) -> Event | None:
        """Say what an update means; None for one that needs nothing. Runs in a worker thread.

        Never raises for what a stranger could have sent: such an update is None.
        """

    def parts(self, letter: Letter) -> Sequence[Part]:
        """Cut a letter to the platform's limits, in the order of sending; at least one part."""

    def is_group(self, to: str) -> bool:
        """Say whether a chat has several members, for their own limits."""

    async def send(self, to: str, part: Part) -> None:
        """Send one part; raises SendError. What the channel can mend itself, it has mended."""

    async def busy(self, to: str) -> None:
        """Show that an answer is on its way, where the platform can; never raises."""

    async def listen(self, keep: Keep) -> None:
        """Register the webhook, or fetch updates until cancelled; only one process does this.

        Nothing is fetched anew before it is kept.
        """
