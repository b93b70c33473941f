"""The tables of what people told us and what officials entered; all moments are UTC."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from knowledge.columns import UtcDateTime, json, moment


class Citizen(SQLModel, table=True):
    """One person on one channel, with what he chose there."""

    __tablename__ = "citizen"
    __table_args__ = (UniqueConstraint("channel", "sender"),)
    id: int | None = Field(default=None, primary_key=True)
    channel: str
    sender: str
    language: str | None = None
    locality: str | None = None
    first_seen: datetime = moment()
    last_seen: datetime = moment()
    reachable: bool = True
    noticed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When he was told what is kept about him."""
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when nothing may be sent to him that he did not ask for."""
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Until when the bot keeps silent, since an official writes to him."""


class Outgoing(SQLModel, table=True):
    """A letter on its way to a citizen; a delivered reply's row is deleted.

    `reason` says why it is sent, such as "reply:…": one letter for each reason and citizen.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # The citizen first: what is his is found by it too.
        UniqueConstraint("citizen", "reason"),
        Index("ix_outbox_due", "channel", "state", "broadcast", "priority", "not_before", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    reason: str
    citizen: int | None = Field(default=None, foreign_key="citizen.id", ondelete="CASCADE")
    broadcast: int | None = None
    """Unchecked by the database: PostgreSQL would take a third longer to plan a million."""
    channel: str
    sender: str
    priority: int
    state: str
    not_before: datetime = moment()
    letter: dict[str, Any] = json()
    parts_sent: int = 0
    """How many of its parts the platform has taken; those are not sent again."""
    attempts: int = 0
    ambiguous: bool = False
    """A process died while it was being sent: it may have arrived, and was sent again."""


class Subscription(SQLModel, table=True):
    """What a citizen wants to be reminded of, and when.

    `about` is a procedure's id, or a locality's slug for all service days of the place.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("citizen", "about"),
        Index("ix_subscription_due", "about", "days_before", "hour", "id"),
        # A number used again would inherit what was sent under it.
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    citizen: int = Field(foreign_key="citizen.id", ondelete="CASCADE")
    about: str
    days_before: int
    hour: int
    """Of the day in Vietnam, 7 to 20."""
    once: bool = False
    paused_until: date | None = None
    """The first service day that he wants to hear of again."""
    created_at: datetime = moment()


class Official(SQLModel, table=True):
    """Somebody who works for a government and may do what his role says, in one place or all."""

    __tablename__ = "official"
    login: str = Field(primary_key=True)
    role: str
    locality: str | None = None
    password: str | None = None
    """An argon2 hash; without one he cannot sign in yet."""
    created_at: datetime = moment()
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Broadcast(SQLModel, table=True):
    """An announcement, from its draft to its end; `file` is a document's digest."""

    __tablename__ = "broadcast"
    id: int | None = Field(default=None, primary_key=True)
    text: str
    english: str = ""
    file: str | None = Field(default=None, foreign_key="document.sha256")
    audience: dict[str, Any] = json()
    send_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Not before; at once if there is none."""
    urgent: bool = False
    state: str
    digest: str
    """Of text, file, audience and time: what is approved is exactly this."""
    approved: str | None = None
    """The digest that was approved."""
    drafted_by: str
    submitted_by: str | None = None
    approved_by: str | None = None
    because: str | None = None
    """Why it was rejected."""
    corrects: int | None = Field(default=None, foreign_key="broadcast.id")
    created_at: datetime = moment()
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    planned_to: int = 0
    """The last citizen's row that is planned; planning goes on from there."""
    planned: bool = False


class BroadcastAct(SQLModel, table=True):
    """Who did what with a broadcast, and when; never changed."""

    __tablename__ = "broadcast_act"
    id: int | None = Field(default=None, primary_key=True)
    broadcast: int = Field(foreign_key="broadcast.id", index=True)
    at: datetime = moment()
    by: str
    act: str
    digest: str
    note: str = ""


class Tally(SQLModel, table=True):
    """How many letters of a broadcast are in a state; kept with each change, read at once."""

    __tablename__ = "tally"
    broadcast: int = Field(primary_key=True, foreign_key="broadcast.id")
    channel: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    number: int


class Allowance(SQLModel, table=True):
    """How many paid messages of a month a channel has used; months are those of Vietnam."""

    __tablename__ = "allowance"
    channel: str = Field(primary_key=True)
    month: str = Field(primary_key=True)
    """Such as 2026-11."""
    used: int


class Credential(SQLModel, table=True):
    """The access to a platform account whose tokens change: the newest pair, and no other."""

    __tablename__ = "credential"
    channel: str = Field(primary_key=True)
    access: str
    refresh: str
    expires_at: datetime = moment()
    obtained_at: datetime = moment()


class ChannelState(SQLModel, table=True):
    """What a channel has learned about its platform, and why it stopped, if it did."""

    __tablename__ = "channel"
    name: str = Field(primary_key=True)
    learned: dict[str, Any] = json()
    stopped_because: str | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Dialogue(SQLModel, table=True):
    """What we asked a citizen and wait for."""

    __tablename__ = "dialogue"
    citizen: int = Field(primary_key=True, foreign_key="citizen.id", ondelete="CASCADE")
    state: dict[str, Any] = json()
    expires_at: datetime = moment(index=True)


class Question(SQLModel, table=True):
    """One question and how it ended; `text` is masked, `latency_ms` is our own time."""

    __tablename__ = "question"
    id: int | None = Field(default=None, primary_key=True)
    asked_at: datetime = moment(index=True)
    channel: str
    citizen: int | None = Field(
        default=None, foreign_key="citizen.id", ondelete="CASCADE", index=True
    )
    locality: str | None = None
    text: str
    outcome: str
    certainty: str | None = None
    intents: list[str] = json()
    matched: list[str] = json()
    scores: list[float] = json()
    edition: int = Field(foreign_key="edition.number")
    latency_ms: float | None = None


class SeenMessage(SQLModel, table=True):
    """A message that was received; only a fingerprint of its id is kept."""

    __tablename__ = "seen_message"
    fingerprint: str = Field(primary_key=True)
    received_at: datetime = moment(index=True)


class Closure(SQLModel, table=True):
    """A day on which a place is closed or works out of turn, as an official entered it."""

    __tablename__ = "closure"
    id: int | None = Field(default=None, primary_key=True)
    day: date = Field(index=True)
    kind: str
    locality: str | None = None
    as_weekday: str | None = None
    reason: str
    english: str
    source: dict[str, Any] = json()
    entered_by: str
    entered_at: datetime = moment()


class Document(SQLModel, table=True):
    """A file that an official brought, byte for byte; `size` is in bytes, `media` a MIME type."""

    __tablename__ = "document"
    sha256: str = Field(primary_key=True)
    name: str
    size: int
    media: str | None
    title: str | None = None
    number: str | None = None
    received_at: datetime = moment()
    content: bytes


class Draft(SQLModel, table=True):
    """What was read from a document, as `import --json` gives it; no number is given twice.

    It waits for review until it has an `edition`.
    """

    __tablename__ = "draft"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(foreign_key="document.sha256", index=True)
    kept_at: datetime = moment()
    draft: dict[str, Any] = json()
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_by: str | None = None
    edition: int | None = Field(default=None, foreign_key="edition.number")
