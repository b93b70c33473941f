"""Which messages were received: platforms deliver some of them twice."""

import hashlib
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete

from knowledge.concurrency import insert_once
from knowledge.records.tables import SeenMessage

KEPT_FOR = timedelta(days=7)


def first_time(session: Session, channel: str, message: str, now: datetime) -> bool:
    """Note a message by its id on the channel; False where it was noted before.

    Only a fingerprint stays, so that it may outlive the citizen who asked to be forgotten.
    """
    fingerprint = hashlib.sha256(f"{channel}\n{message}".encode()).hexdigest()
    noted = {"fingerprint": fingerprint, "received_at": now}
    return insert_once(session, SeenMessage, noted)


def sweep(session: Session, now: datetime) -> int:
    """Delete the notes older than a week and return how many there were."""
    old = col(SeenMessage.received_at) < now - KEPT_FOR
    return session.exec(delete(SeenMessage).where(old)).rowcount
