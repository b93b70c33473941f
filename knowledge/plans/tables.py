"""The tables of the editions: written once when published, never changed (triggers refuse it).

Every row belongs to one edition and stands at its `position` in the order of the contents. A
column has the name of the value's field; rows point to each other by slug or id within an edition.
"""

import datetime as dt

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from knowledge.columns import json, moment


def _points(column: str, target: str) -> ForeignKeyConstraint:
    """Point from a column to another row of the same edition."""
    table = target.partition(".")[0]
    return ForeignKeyConstraint(["edition", column], [f"{table}.edition", target])


def _in_edition(*others: ForeignKeyConstraint | UniqueConstraint) -> tuple[object, ...]:
    """Belong to an edition, whose own row comes last in the transaction and seals the contents."""
    edition = ForeignKeyConstraint(
        ["edition"], ["edition.number"], deferrable=True, initially="DEFERRED"
    )
    return (edition, *others)


class EditionRow(SQLModel, table=True):
    """One published state; `digest` is the SHA-256 of its contents."""

    __tablename__ = "edition"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    published_at: dt.datetime = moment()
    published_by: str
    reason: str
    digest: str


class Content(SQLModel):
    """What every row of an edition has: the edition's number and the place in its table."""

    edition: int = Field(primary_key=True)
    position: int = Field(primary_key=True)


class SourceRow(Content, table=True):
    """Where things are said, each place once per edition."""

    __tablename__ = "source"
    __table_args__ = _in_edition()
    document: str
    number: str | None
    date: str | None
    appendix: str | None
    row: str | None


class LocalityRow(Content, table=True):
    """A place whose plans we know."""

    __tablename__ = "locality"
    __table_args__ = _in_edition(UniqueConstraint("edition", "slug"))
    slug: str
    name: str
    english: str
    province: str
    aliases: list[str] = json()
    ended: dt.date | None


class SuccessionRow(Content, table=True):
    """A locality's lineage: one former unit and today's."""

    __tablename__ = "succession"
    __table_args__ = _in_edition(
        _points("locality", "locality.slug"), _points("source", "source.position")
    )
    locality: str
    former: str
    today: str
    province: str
    code: str
    source: int


class PlanRow(Content, table=True):
    """One published plan."""

    __tablename__ = "plan"
    __table_args__ = _in_edition(
        UniqueConstraint("edition", "slug"), _points("locality", "locality.slug")
    )
    slug: str
    locality: str
    title: str
    english: str
    number: str | None
    date: str | None
    issuer: str
    effective_from: dt.date | None
    effective_to: dt.date | None
    confirmed_on: dt.date | None
    confirmed_by: str | None


class PlaceRow(Content, table=True):
    """A desk or office; its address, phone and hours are facts."""

    __tablename__ = "place"
    __table_args__ = _in_edition(
        UniqueConstraint("edition", "slug"), _points("locality", "locality.slug")
    )
    slug: str
    locality: str
    name: str
    english: str


class ProcedureRow(Content, table=True):
    """One procedure as one plan lists it."""

    __tablename__ = "procedure"
    __table_args__ = _in_edition(
        UniqueConstraint("edition", "id"),
        _points("plan", "plan.slug"),
        _points("locality", "locality.slug"),
    )
    id: str
    plan: str
    locality: str
    name: str
    english: str
    status: str
    places: list[str] = json()
    aliases: list[str] = json()
    samples: list[str] = json()


class ServiceRuleRow(Content, table=True):
    """When something is served: of a procedure, or of a whole plan (then it is a scheme)."""

    __tablename__ = "service_rule"
    __table_args__ = _in_edition(
        _points("procedure", "procedure.id"), _points("source", "source.position")
    )
    procedure: str | None
    model: str
    weekdays: list[str] = json()
    cutoff: dt.time | None
    starts: dt.date | None
    ends: dt.date | None
    source: int


class SchemeRow(Content, table=True):
    """What a plan promises for a whole place; `rule` is the position of its service rule."""

    __tablename__ = "scheme"
    __table_args__ = _in_edition(
        _points("plan", "plan.slug"), _points("rule", "service_rule.position")
    )
    plan: str
    rule: int
    text: str
    english: str


class FactRow(Content, table=True):
    """One thing said of a procedure, or of a place (kinds address, phone, hours)."""

    __tablename__ = "fact"
    __table_args__ = _in_edition(
        _points("procedure", "procedure.id"),
        _points("place", "place.slug"),
        _points("source", "source.position"),
    )
    procedure: str | None
    place: str | None
    kind: str
    state: str
    text: str
    english: str
    source: int | None


class NoteRow(Content, table=True):
    """One short line beside the answers of a procedure, or of all procedures of a plan."""

    __tablename__ = "note"
    __table_args__ = _in_edition(
        _points("procedure", "procedure.id"),
        _points("plan", "plan.slug"),
        _points("source", "source.position"),
    )
    procedure: str | None
    plan: str | None
    kind: str
    text: str
    english: str
    source: int


class TaskRow(Content, table=True):
    """A task that a plan gives to officials."""

    __tablename__ = "task"
    __table_args__ = _in_edition(
        _points("plan", "plan.slug"), _points("source", "source.position")
    )
    plan: str
    group: str
    row: str
    name: str
    lead: str | None
    partner: str | None
    deadline: str | None
    due: dt.date | None
    product: str | None
    source: int


class TargetRow(Content, table=True):
    """A yearly target with its four quarters, in percent."""

    __tablename__ = "target"
    __table_args__ = _in_edition(
        _points("plan", "plan.slug"), _points("source", "source.position")
    )
    plan: str
    row: str
    name: str
    lead: str | None
    partner: str | None
    year: int
    goal: int
    quarters: list[int] = json()
    source: int


CONTENTS: list[type[Content]] = [
    SourceRow,
    LocalityRow,
    SuccessionRow,
    PlanRow,
    PlaceRow,
    ProcedureRow,
    ServiceRuleRow,
    SchemeRow,
    FactRow,
    NoteRow,
    TaskRow,
    TargetRow,
]
"""The tables of an edition's contents, each after those it points to."""
