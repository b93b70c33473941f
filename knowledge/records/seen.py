"""Which messages were received: platforms deliver some of them twice."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete

from knowledge.concurrency import insert_all
from knowledge.records.tables import SeenMessage

KEPT_FOR = timedelta(days=7)


def fingerprint(channel: str, message: str) -> str:
    """Return what stands for a message by its id on the channel, and does not tell it."""
    return hashlib.sha256(f"{channel}\n{message}".encode()).hexdigest()


def first_times(
    session: Session, messages: Sequence[tuple[str, str]], now: datetime
) -> set[tuple[str, str]]:
    """Note messages by channel and id, and return those that were not noted before.

    Only a fingerprint stays, so that it may outlive the citizen who asked to be forgotten.
    """
    by_fingerprint = {fingerprint(*each): each for each in messages}
    rows = [{"fingerprint": each, "received_at": now} for each in by_fingerprint]
    new = insert_all(session, SeenMessage, rows, col(SeenMessage.fingerprint))
    return {by_fingerprint[found] for (found,) in new}


def sweep(session: Session, now: datetime) -> int:
    """Delete the notes older than a week and return how many there were."""
    old = col(SeenMessage.received_at) < now - KEPT_FOR
    return session.exec(delete(SeenMessage).where(old)).rowcount
