"""What follows from each of Zalo's error codes: one decision for each."""

from enum import StrEnum

from bot.channels.channel import Outcome


class Decision(StrEnum):
    """What is done about a message that Zalo did not take."""

    RETRY = "retry"
    SLOW_DOWN = "slow down"
    """Too many requests in this minute."""
    PLAIN = "plain"
    """Without its buttons; a file as the sentence that it cannot be sent."""
    SPLIT = "split"
    UPLOAD = "upload"
    """The attachment is forgotten by Zalo after seven days: give it again."""
    RENEW = "renew"
    """The access token is no longer valid."""
    USE_V2 = "v2"
    USE_V3 = "v3"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    """He has not written to us for so long that we may not write to him."""
    QUOTA = "quota"
    """Used up or unpaid: what nobody asked for is not sent."""
    NIGHT = "night"
    TOMORROW = "tomorrow"
    """This citizen's templates of the day are used."""
    BARRED = "barred"
    """The template or the account that pays for it, until a person has mended it."""
    REFUSE = "refuse"
    STOP = "stop"
    """The account, the app or their settings must be mended by a person."""


_CODES: dict[Decision, tuple[int, ...]] = {
    Decision.RETRY: (-200,),
    Decision.SLOW_DOWN: (-32,),
    Decision.PLAIN: (-201, -233),
    Decision.SPLIT: (-210,),
    Decision.UPLOAD: (-100,),
    Decision.RENEW: (-216, -220, -124),
    Decision.USE_V2: (-235,),
    Decision.USE_V3: (-240,),
    Decision.UNREACHABLE: (
        *(-213, -214, -217, -218, -227, -244),
        *(-108, -114, -118, -119, -139, -141),
    ),
    Decision.CLOSED: (-230, -231, -232),
    Decision.QUOTA: (-211, -320, -321, -115, -144, -147),
    Decision.NIGHT: (-234, -133),
    Decision.REFUSE: (-248, -249, -109, -112, -126, -127, -131),
    Decision.STOP: (
        *(-204, -205, -209, -212, -219, -221, -223, -224, -242),
        *(-135, -138, -14002, -14003),
    ),
}

DECISIONS: dict[int, Decision] = {
    code: decision for decision, codes in _CODES.items() for code in codes
}
"""By code; a code of four digits that is not listed counts as its first three (-1121 as -112)."""

OUTCOMES: dict[Decision, Outcome] = {
    Decision.RETRY: Outcome.RETRY,
    Decision.SLOW_DOWN: Outcome.RETRY,
    Decision.PLAIN: Outcome.REFUSED,
    Decision.SPLIT: Outcome.REFUSED,
    Decision.UPLOAD: Outcome.RETRY,
    Decision.RENEW: Outcome.STOPPED,
    Decision.USE_V2: Outcome.STOPPED,
    Decision.USE_V3: Outcome.STOPPED,
    Decision.UNREACHABLE: Outcome.UNREACHABLE,
    Decision.CLOSED: Outcome.CLOSED,
    Decision.QUOTA: Outcome.CLOSED,
    Decision.NIGHT: Outcome.RETRY,
    Decision.TOMORROW: Outcome.RETRY,
    Decision.BARRED: Outcome.CLOSED,
    Decision.REFUSE: Outcome.REFUSED,
    Decision.STOP: Outcome.STOPPED,
}
"""What the postman is told when the decision could not mend it."""

_OF_TEMPLATES: dict[int, Decision] = {
    **dict.fromkeys((-115, -320, -321, -109, -126, -127, -131, -135, -138), Decision.BARRED),
    **dict.fromkeys((-233, -235, -240, -248, -249), Decision.BARRED),
    **dict.fromkeys((-112, -210, -1471), Decision.CLOSED),
    -1472: Decision.TOMORROW,
}
"""What is decided otherwise about a template: a reply is sent all the same, and a letter told."""

_FAMILIES = range(-1999, -999)


def decide(code: int) -> Decision:
    """Return what follows from an error code; one that nobody has told us of is tried again."""
    return DECISIONS.get(code) or DECISIONS.get(_family(code), Decision.RETRY)


def of_template(code: int) -> Decision:
    """Return what follows for a template, whose troubles are not those of other messages."""
    return _OF_TEMPLATES.get(code) or _OF_TEMPLATES.get(_family(code)) or decide(code)


def _family(code: int) -> int:
    return -(-code // 10) if code in _FAMILIES else code
