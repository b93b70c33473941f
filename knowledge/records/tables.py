"""The tables of what people told us and what officials entered; all moments are UTC."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
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
