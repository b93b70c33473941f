"""Editions: the published states of the knowledge base, one after the other, none ever changed."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, col, select

from knowledge.concurrency import take_turn
from knowledge.plans.model import Contents, Edition
from knowledge.plans.rows import Rows, to_contents, to_rows
from knowledge.plans.tables import CONTENTS, EditionRow
from knowledge.refusal import Refusal


def newest(session: Session) -> EditionRow | None:
    """Return number, moment, author, reason and digest of what is published now."""
    return session.exec(
        select(EditionRow).order_by(col(EditionRow.number).desc()).limit(1)
    ).first()


def history(session: Session) -> Sequence[EditionRow]:
    """Return all editions without their contents, newest first."""
    return session.exec(select(EditionRow).order_by(col(EditionRow.number).desc())).all()


def publish(session: Session, contents: Contents, *, by: str, reason: str, now: datetime) -> int:
    """Publish contents as the next edition and return its number.

    Where the newest edition says the same already, nothing changes and its number is returned.
    Raises sqlalchemy's IntegrityError for contents that do not hold together: an id twice, a
    procedure of a plan or a locality that is not there.
    """
    take_turn(session, "publish")
    rows = to_rows(contents)
    digest_ = _digest(rows)
    current = newest(session)
    if current and current.digest == digest_:
        return current.number
    number = current.number + 1 if current else 1
    _write(session, number, rows)
    session.add(
        EditionRow(number=number, published_at=now, published_by=by, reason=reason, digest=digest_)
    )
    session.flush()
    return number


def load(session: Session, number: int) -> Edition:
    """Return an edition with its contents; Refusal where there is none of this number."""
    header = session.get(EditionRow, number)
    if header is None:
        raise Refusal("There is no edition {number}.", number=number)
    return Edition(
        number=header.number,
        published_at=header.published_at,
        published_by=header.published_by,
        reason=header.reason,
        contents=to_contents(_read(session, number)),
    )


def restore(session: Session, number: int, *, by: str, reason: str, now: datetime) -> int:
    """Publish the contents of an older edition again and return the new edition's number."""
    older = load(session, number)
    return publish(session, older.contents, by=by, reason=reason, now=now)


def digest(contents: Contents) -> str:
    """Return what tells two contents apart: the SHA-256 of all their rows."""
    return _digest(to_rows(contents))


def _digest(rows: Rows) -> str:
    said = {table.__name__: each for table, each in rows.items()}
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def _write(session: Session, number: int, rows: Rows) -> None:
    for table in CONTENTS:
        if rows[table]:
            written = [{"edition": number, **row} for row in rows[table]]
            session.connection().execute(insert(table), written)


def _read(session: Session, number: int) -> Rows:
    rows: Rows = {}
    for table in CONTENTS:
        # On the connection, not the session: plain rows, a tenth of the time of objects.
        found = select(table).where(table.edition == number).order_by(col(table.position))
        rows[table] = [row._asdict() for row in session.connection().execute(found)]
    return rows
