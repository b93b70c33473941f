"""The people who write to us: one row for each person on each channel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import Boolean, ScalarResult, bindparam, case, tuple_, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, select

from knowledge.concurrency import insert_all
from knowledge.records.tables import Citizen

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody was last seen who has not written yet."""


@dataclass(slots=True)
class Visitor:
    """A citizen who has just written: what reception needs of his row, and may change."""

    id: int
    language: str | None = None
    locality: str | None = None
    noticed_at: datetime | None = None
    stopped_at: datetime | None = None
    paused_until: datetime | None = None
    last_seen: datetime = NEVER
    """Before what he has just written."""
    heard_at: datetime | None = None
    """When he wrote that, if it may have waited long since."""
    is_new: bool = False


NOT_KEPT = ("heard_at", "is_new")
"""What a visitor's row does not have."""

_FIND = (
    select_columns(
        col(Citizen.channel),
        col(Citizen.sender),
        *(getattr(Citizen, each.name) for each in fields(Visitor) if each.name not in NOT_KEPT),
    )
    .where(
        tuple_(col(Citizen.channel), col(Citizen.sender)).in_(
            bindparam("addresses", expanding=True)
        )
    )
    .order_by(col(Citizen.id))
    .with_for_update(key_share=True)
)
_SAVE = (
    update(Citizen)
    .where(col(Citizen.id) == bindparam("row"))
    .values(
        reachable=True,
        last_seen=case(
            (
                bindparam("is_new", type_=Boolean) | (col(Citizen.last_seen) < bindparam("seen")),
                bindparam("seen"),
            ),
            else_=col(Citizen.last_seen),
        ),
        **{
            each: bindparam(each)
            for each in ("language", "locality", "noticed_at", "stopped_at", "paused_until")
        },
    )
)


def find(session: Session, channel: str, sender: str) -> Citizen | None:
    """Return the citizen with this id on a channel, None for one who never wrote."""
    return _whoever(session, channel, sender).one_or_none()


def meet(session: Session, channel: str, sender: str, now: datetime) -> Citizen:
    """Find or create the citizen who has just written: seen now, hence reachable."""
    save(session, meet_all(session, [(channel, sender)], now).values(), now)
    citizen = find(session, channel, sender)
    assert citizen is not None  # noqa: S101 - he was met
    session.refresh(citizen)
    return citizen


def meet_all(
    session: Session, addresses: Iterable[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], Visitor]:
    """Find or create all who have just written, by channel and sender; others wait for them.

    What happens to them is stored by `save`.
    """
    wanted = sorted(set(addresses))
    met = _known(session, wanted)
    fresh = {"first_seen": now, "last_seen": now, "reachable": True}
    new = [
        {"channel": channel, "sender": sender, **fresh}
        for channel, sender in wanted
        if (channel, sender) not in met
    ]
    columns = (col(Citizen.channel), col(Citizen.sender), col(Citizen.id))
    for channel, sender, id_ in insert_all(session, Citizen, new, *columns):
        met[channel, sender] = Visitor(id_, is_new=True)
    if len(met) < len(wanted):
        # Another process has met them at the same moment.
        met |= _known(session, [each for each in wanted if each not in met])
    return met


def save(session: Session, visitors: Iterable[Visitor], now: datetime) -> None:
    """Store what has happened to citizens who have just written."""
    rows = [
        {
            "row": each.id,
            "seen": each.heard_at or now,
            "is_new": each.is_new,
            "language": each.language,
            "locality": each.locality,
            "noticed_at": each.noticed_at,
            "stopped_at": each.stopped_at,
            "paused_until": each.paused_until,
        }
        for each in visitors
    ]
    if rows:
        session.connection().execute(_SAVE, rows)


def pause(session: Session, address: tuple[str, str], until: datetime, now: datetime) -> None:
    """Let the bot keep silent, since an official has written: that is no word of the citizen's.

    Who is not known yet by channel and sender has never written.
    """
    who = meet_all(session, [address], now)[address]
    values = {"paused_until": until} | ({"last_seen": NEVER} if who.is_new else {})
    session.exec(update(Citizen).where(col(Citizen.id) == who.id).values(values))


def move(session: Session, channel: str, sender: str, to: str) -> None:
    """Follow a chat to its new id; who is known under that already stays as he is."""
    citizen = find(session, channel, sender)
    if citizen is not None and find(session, channel, to) is None:
        citizen.sender = to
        session.flush()


def with_id(session: Session, id_: int) -> Citizen | None:
    """Return the citizen of a row, None where he was forgotten."""
    return session.get(Citizen, id_)


def unreachable(session: Session, citizen: Citizen) -> None:
    """Note that the channel refuses to deliver, until the citizen writes again."""
    citizen.reachable = False
    session.add(citizen)


def forget(session: Session, id_: int) -> None:
    """Delete a citizen with all that hangs on him: every table that points to him cascades."""
    session.flush()
    session.exec(delete(Citizen).where(col(Citizen.id) == id_))
    session.expunge_all()


def _known(
    session: Session, addresses: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], Visitor]:
    """Load citizens and lock their rows, in an order that cannot deadlock."""
    found = session.connection().execute(_FIND, {"addresses": addresses})
    return {(channel, sender): Visitor(*rest) for channel, sender, *rest in found}


def _whoever(session: Session, channel: str, sender: str) -> ScalarResult[Citizen]:
    who = select(Citizen).where(Citizen.channel == channel, Citizen.sender == sender)
    return session.exec(who)
