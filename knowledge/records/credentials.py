"""The changing tokens of platform accounts: the newest pair is stored before it is used."""

from sqlmodel import Session

from knowledge.concurrency import take_turn
from knowledge.records.tables import Credential


def get(session: Session, channel: str) -> Credential | None:
    """Return the newest pair, None where none was obtained yet."""
    return session.get(Credential, channel)


def take(session: Session, channel: str) -> Credential | None:
    """Return the newest pair, and let nobody else refresh it until this transaction ends."""
    take_turn(session, f"credential {channel}")
    return session.get(Credential, channel, populate_existing=True)


def put(session: Session, pair: Credential) -> None:
    """Keep a new pair in place of the channel's last one."""
    session.merge(pair)
