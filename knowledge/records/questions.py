"""Every question with its outcome, without anything that tells who asked beyond 90 days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, func, select, update

from knowledge.privacy import mask
from knowledge.records.tables import Question

NAMED_FOR = timedelta(days=90)
"""How long a question stays connected to its citizen."""

LONGEST = 2_000
"""Characters of a question that are kept."""


def record(session: Session, asked: Sequence[Mapping[str, Any]]) -> None:
    """Keep questions, each by its columns, with their texts masked and cut."""
    rows = [{**each, "text": mask(_printable(each["text"]))[:LONGEST]} for each in asked]
    if rows:
        session.connection().execute(insert(Question), rows)


def of(session: Session, citizen: int, limit: int | None = None) -> Sequence[Question]:
    """Return what a citizen asked and is still named with, the newest first."""
    his = select(Question).where(Question.citizen == citizen)
    newest = (col(Question.asked_at).desc(), col(Question.id).desc())
    return session.exec(his.order_by(*newest).limit(limit)).all()


def counted(session: Session, citizen: int) -> tuple[int, datetime | None]:
    """Return how many questions a citizen is still named with, and when he asked the first."""
    both = select(func.count(), func.min(Question.asked_at)).where(Question.citizen == citizen)
    return session.exec(both).one()


def anonymise(session: Session, before: datetime) -> int:
    """Part the questions asked before a moment from their citizens and return how many."""
    old = (col(Question.asked_at) < before, col(Question.citizen).is_not(None))
    return session.exec(update(Question).where(*old).values(citizen=None)).rowcount


def _printable(text: str) -> str:
    """Drop what no database takes: half surrogates, and the zero character on PostgreSQL."""
    return text.replace("\0", "").encode(errors="ignore").decode()
