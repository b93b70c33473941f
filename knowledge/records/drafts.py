"""What was read from officials' documents and waits for review."""

import hashlib
import mimetypes
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from knowledge.concurrency import insert_once
from knowledge.records.tables import Document, Draft


def keep(
    session: Session, draft: dict[str, Any], name: str, content: bytes, now: datetime
) -> Draft:
    """Keep a file and what `import --json` says of it; the same bytes again change nothing.

    Returns the draft that stands, which for a file brought twice is the first one.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    file = _document(draft, name, content)
    insert_once(session, Document, {"sha256": sha256, "received_at": now, **file})
    insert_once(session, Draft, {"sha256": sha256, "kept_at": now, "draft": draft})
    return session.exec(select(Draft).where(Draft.sha256 == sha256)).one()


def waiting(session: Session) -> Sequence[Draft]:
    """Return all drafts, oldest first."""
    return session.exec(select(Draft).order_by(col(Draft.id))).all()


def get(session: Session, id_: int) -> Draft | None:
    """Return one draft, None where it was discarded or never was."""
    return session.get(Draft, id_)


def document(session: Session, draft: Draft) -> Document:
    """Return the file from which a draft was read."""
    return session.exec(select(Document).where(Document.sha256 == draft.sha256)).one()


def discard(session: Session, id_: int) -> None:
    """Drop a draft; its file stays, and importing the file again makes a new draft."""
    session.exec(delete(Draft).where(col(Draft.id) == id_))


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
