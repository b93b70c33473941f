"""What was read from officials' documents: it waits for review, and is kept once published."""

import hashlib
import mimetypes
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from knowledge.concurrency import insert_once, take_turn
from knowledge.records.tables import Document, Draft


def keep(
    session: Session, draft: dict[str, Any], name: str, content: bytes, now: datetime
) -> Draft:
    """Keep a file and what `import --json` says of it; the same bytes again change nothing.

    Returns the draft that waits, which for a file brought twice is the first one.
    """
    take_turn(session, "draft")
    if standing := find(session, content):
        return standing
    sha256 = _sha256(content)
    file = _document(draft, name, content)
    insert_once(session, Document, {"sha256": sha256, "received_at": now, **file})
    kept = Draft(sha256=sha256, kept_at=now, draft=draft)
    session.add(kept)
    session.flush()
    return kept


def find(session: Session, content: bytes) -> Draft | None:
    """Return the draft of the same bytes that waits, if one does."""
    return next((each for each in _of(session, content) if each.edition is None), None)


def last_published(session: Session, content: bytes) -> Draft | None:
    """Return the draft of the same bytes that was published last, if one was."""
    return next((each for each in _of(session, content) if each.edition is not None), None)


def _of(session: Session, content: bytes) -> Sequence[Draft]:
    same = select(Draft).where(Draft.sha256 == _sha256(content))
    return session.exec(same.order_by(col(Draft.id).desc())).all()


def place(session: Session, draft: Draft, locality: str) -> None:
    """Note which place a draft is for, where its document does not say it."""
    head = {**draft.draft["document"], "locality": locality}
    draft.draft = {**draft.draft, "document": head}
    session.add(draft)
    session.flush()


def waiting(session: Session) -> Sequence[Draft]:
    """Return all drafts that are not published, oldest first."""
    unpublished = select(Draft).where(col(Draft.edition).is_(None))
    return session.exec(unpublished.order_by(col(Draft.id))).all()


def get(session: Session, id_: int) -> Draft | None:
    """Return one draft, None where it was discarded or never was."""
    return session.get(Draft, id_)


def document(session: Session, draft: Draft) -> Document:
    """Return the file from which a draft was read."""
    return session.exec(select(Document).where(Document.sha256 == draft.sha256)).one()


def mark_published(session: Session, draft: Draft, edition: int, by: str, now: datetime) -> None:
    """Note the edition that a draft became part of; it waits no longer."""
    draft.edition, draft.published_by, draft.published_at = edition, by, now
    session.add(draft)
    session.flush()


def discard(session: Session, id_: int) -> None:
    """Drop a draft; its file stays, and importing the file again makes a new draft."""
    session.exec(delete(Draft).where(col(Draft.id) == id_))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _document(draft: dict[str, Any], name: str, content: bytes) -> dict[str, Any]:
    said = draft.get("document", {})
    return {
        "name": name,
        "size": len(content),
        "media": mimetypes.guess_type(name)[0],
        "title": said.get("title"),
        "number": said.get("number"),
        "content": content,
    }
