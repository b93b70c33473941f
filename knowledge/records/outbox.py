"""Letters on their way to citizens: the one door out."""

from enum import IntEnum, StrEnum


class State(StrEnum):
    """Where a letter is."""

    WAITING = "waiting"
    SENDING = "sending"
    """Claimed by the one postman of its channel; after a crash nobody knows whether it left."""
    FAILED = "failed"
    """The platform refused it for good."""
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    """Outside the window in which the platform lets us write."""


class Priority(IntEnum):
    """What goes first; replies overtake everything."""

    REPLY = 0
    URGENT = 1
    REMINDER = 2
    BROADCAST = 3
