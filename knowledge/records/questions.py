"""Every question with its outcome, without anything that tells who asked beyond 90 days."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, update

from knowledge.privacy import mask
from knowledge.records.tables import Question

NAMED_FOR = timedelta(days=90)
"""How long a question stays connected to its citizen."""

LONGEST = 2_000
"""Characters of a question that are kept."""


def record(session: Session, question: Question) -> Question:
    """Keep a question with its text masked and cut; give it its id."""
    question.text = mask(_printable(question.text))[:LONGEST]
    session.add(question)
    session.flush()
    return question


def anonymise(session: Session, before: datetime) -> int:
    """Part the questions asked before a moment from their citizens and return how many."""
    old = (col(Question.asked_at) < before, col(Question.citizen).is_not(None))
    return session.exec(update(Question).where(*old).values(citizen=None)).rowcount


def _printable(text: str) -> str:
    """Drop what no database takes: half surrogates, and the zero character on PostgreSQL."""
    return text.replace("\0", "").encode(errors="ignore").decode()
