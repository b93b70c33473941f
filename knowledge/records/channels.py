"""What channels learned about their platforms, and which of them stopped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from knowledge.records.tables import ChannelState


def learned(session: Session, channel: str) -> Mapping[str, Any]:
    """Return what a channel has learned, empty at first."""
    state = session.get(ChannelState, channel)
    return state.learned if state else {}


def learn(session: Session, channel: str, **values: object) -> None:
    """Keep values that JSON can hold, beside those that were learned before."""
    state = _state(session, channel)
    state.learned = {**state.learned, **values}


def stopped(session: Session, channel: str) -> str | None:
    """Return why a channel sends nothing, None while it does."""
    state = session.get(ChannelState, channel)
    return state.stopped_because if state else None


def stop(session: Session, channel: str, because: str, now: datetime) -> None:
    """Send nothing on a channel until `resume`."""
    state = _state(session, channel)
    state.stopped_because, state.stopped_at = because, now


def resume(session: Session, channel: str) -> None:
    """Send again; what waited goes out."""
    state = _state(session, channel)
    state.stopped_because = state.stopped_at = None


def _state(session: Session, channel: str) -> ChannelState:
    state = session.get(ChannelState, channel)
    if state is None:
        state = ChannelState(name=channel, learned={})
        session.add(state)
    return state
