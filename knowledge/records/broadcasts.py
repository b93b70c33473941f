"""Announcements, from draft to end: nothing leaves that a second person did not approve.

What is approved is a digest of text, file, audience and time: any change takes the approval away.
"""

import hashlib
import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from knowledge.concurrency import insert_once
from knowledge.plans.model import Locality
from knowledge.records import audiences, officials, outbox
from knowledge.records.audiences import EVERYBODY, Audience, Kind
from knowledge.records.officials import Role
from knowledge.records.outbox import State
from knowledge.records.tables import (
    Broadcast,
    BroadcastAct,
    Citizen,
    Document,
    Official,
    Outgoing,
    Tally,
)
from knowledge.refusal import Refusal
from knowledge.store import Town

LONGEST = 4_000
"""Characters of a text."""

LARGEST = 5_000_000
"""Bytes of the file that goes along: what Zalo takes of a PDF."""

FILES = {b"%PDF-": "application/pdf", b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""What may go along, by how it begins."""


class Stage(StrEnum):
    """Where an announcement is on its way."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = outbox.SENDING_BROADCAST
    DONE = "done"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class Act(StrEnum):
    """What is done with an announcement; the last four only the clock does."""

    DRAFT = "draft"
    EDIT = "edit"
    SUBMIT = "submit"
    TEST = "test"
    APPROVE = "approve"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    SCHEDULE = "schedule"
    START = "start"
    VOID = "void"
    """It is not what was approved: the approval is gone."""
    FINISH = "finish"


_COMING = (Stage.APPROVED, Stage.SCHEDULED)
_FINAL = (Stage.DONE, Stage.CANCELLED, Stage.REJECTED)

WAYS: Mapping[Act, Mapping[Stage, Stage]] = {
    Act.EDIT: dict.fromkeys((Stage.DRAFT, Stage.SUBMITTED, *_COMING, Stage.REJECTED), Stage.DRAFT),
    Act.SUBMIT: {Stage.DRAFT: Stage.SUBMITTED},
    Act.TEST: {each: each for each in Stage if each not in _FINAL},
    Act.APPROVE: {Stage.SUBMITTED: Stage.APPROVED},
    Act.REJECT: {Stage.SUBMITTED: Stage.REJECTED},
    Act.PAUSE: dict.fromkeys((*_COMING, Stage.SENDING), Stage.PAUSED),
    Act.RESUME: {Stage.PAUSED: Stage.APPROVED},
    Act.CANCEL: dict.fromkeys(set(Stage) - set(_FINAL), Stage.CANCELLED),
    Act.SCHEDULE: {Stage.APPROVED: Stage.SCHEDULED},
    Act.START: dict.fromkeys(_COMING, Stage.SENDING),
    Act.VOID: dict.fromkeys(_COMING, Stage.DRAFT),
    Act.FINISH: {Stage.SENDING: Stage.DONE},
}
"""Which act leads from which stage to which; what is not here is refused."""

_SO_FAR: Mapping[Stage, Refusal] = {
    Stage.DRAFT: Refusal("Broadcast {id} is a draft: submit it first."),
    Stage.SUBMITTED: Refusal("Broadcast {id} waits for approval: that cannot be done now."),
    Stage.APPROVED: Refusal("Broadcast {id} is approved: that cannot be done any more."),
    Stage.SCHEDULED: Refusal("Broadcast {id} is approved: that cannot be done any more."),
    Stage.SENDING: Refusal("Broadcast {id} is being sent: that cannot be done any more."),
    Stage.DONE: Refusal("Broadcast {id} is done: that cannot be done any more."),
    Stage.PAUSED: Refusal("Broadcast {id} is paused: resume or cancel it."),
    Stage.CANCELLED: Refusal("Broadcast {id} is cancelled: that cannot be done any more."),
    Stage.REJECTED: Refusal("Broadcast {id} was rejected: change it first."),
}
"""What is told to one who wants what its stage does not allow."""

_EDITING = frozenset({Act.DRAFT, Act.EDIT, Act.SUBMIT, Act.TEST})
_RUNNING = frozenset({Act.PAUSE, Act.RESUME, Act.CANCEL})
MAY: Mapping[Role, frozenset[Act]] = {
    Role.EDITOR: _EDITING,
    Role.APPROVER: frozenset({Act.APPROVE, Act.REJECT}) | _RUNNING,
    Role.OPERATOR: _RUNNING,
    Role.CLERK: frozenset(),
}
"""Who may do what; the approver is another person than all who wrote or submitted."""

WRITING = (Act.DRAFT, Act.EDIT, Act.SUBMIT)
CLOCK = "motcua"
"""Who stands for acts of the clock."""

PLANNED, AMBIGUOUS = "planned", outbox.AMBIGUOUS
"""Tallies beside those of the states in which letters end."""

ENDS = (
    State.SENT,
    State.REFUSED,
    State.UNREACHABLE,
    State.CLOSED,
    State.EXPIRED,
    State.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said, to whom and when: all that an approval is for."""

    text: str
    audience: Audience = EVERYBODY
    english: str = ""
    file: str | None = None
    """The digest under which `keep_file` keeps it."""
    send_at: datetime | None = None
    urgent: bool = False

    @property
    def digest(self) -> str:
        """Return the SHA-256 that stands for exactly this."""
        at = self.send_at.astimezone(UTC).isoformat() if self.send_at else None
        audience = self.audience.as_json()
        said = [self.text, self.english, self.file, audience, at, self.urgent]
        spelled = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(spelled.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an announcement has come; total = the numbers after it."""

    state: Stage
    total: int
    sent: int
    failed: int
    unreachable: int
    """Also those whom their platform lets us write to only once they have written again."""
    cancelled: int
    waiting: int
    ambiguous: int
    """Of all these: may have arrived twice, since a process died while they were sent."""


def announcement(row: Broadcast) -> Announcement:
    """Return what a row says now."""
    return Announcement(
        text=row.text,
        audience=audiences.from_json(row.audience),
        english=row.english,
        file=row.file,
        send_at=row.send_at,
        urgent=row.urgent,
    )


def as_approved(row: Broadcast) -> bool:
    """Tell whether a row says exactly what was approved."""
    return row.approved is not None and row.approved == announcement(row).digest


# What people do.


def draft(town: Town, said: Announcement, login: str, corrects: int | None = None) -> Broadcast:
    """Keep a new announcement; Refusal where the official may not write to this audience."""
    official = _entitled(town, login, Act.DRAFT, said.audience)
    row = Broadcast(
        **_columns(_clean(said, town)),
        state=Stage.DRAFT,
        drafted_by=official.login,
        corrects=corrects,
        created_at=town.now,
    )
    town.session.add(row)
    town.session.flush()
    _note(town, row, Act.DRAFT, official.login)
    return row


def edit(town: Town, id_: int, said: Announcement, login: str) -> Broadcast:
    """Change an announcement that is not sent yet: it is a draft again, whoever approved it."""
    row = _locked(town.session, id_)
    official = _entitled(town, login, Act.EDIT, said.audience)
    _entitled(town, login, Act.EDIT, audiences.from_json(row.audience))
    if (row.corrects is not None) != (said.audience.kind is Kind.RECEIVED):
        raise Refusal("A correction goes to exactly those who got what it corrects.")
    said = _clean(said, town)
    take(row, Act.EDIT, official, ())
    rewrite(row, said)
    _note(town, row, Act.EDIT, official.login)
    return row


def correct(town: Town, id_: int, said: Announcement, login: str) -> Broadcast:
    """Draft a word to exactly those who got a broadcast; it is approved like any other."""
    wrong = _locked(town.session, id_)
    if wrong.state not in (Stage.DONE, Stage.CANCELLED) or wrong.started_at is None:
        raise Refusal("Broadcast {id} is not over: cancel it first, then correct it.", id=id_)
    audience = Audience(Kind.RECEIVED, str(id_))
    return draft(town, replace(said, audience=audience), login, corrects=id_)


def act(town: Town, id_: int, what: Act, login: str, note: str = "") -> Broadcast:
    """Do what a second person, or an operator, does; Refusal where he may not, or not now.

    `note` is why, for a rejection; for an approval the digest that was seen, where it is known.
    """
    row = _locked(town.session, id_)
    official = _entitled(town, login, what, audiences.from_json(row.audience))
    if what is Act.APPROVE and note and not row.digest.startswith(note):
        raise Refusal("Broadcast {id} has changed since you saw it. Look at it again.", id=id_)
    take(row, what, official, _writers(town.session, id_) if what is Act.APPROVE else ())
    if what is Act.REJECT:
        row.because = note
    if what is Act.CANCEL and row.started_at is None:
        row.ended_at = town.now
    _note(town, row, what, official.login, note)
    return row


def take(row: Broadcast, what: Act, official: Official, writers: Collection[str]) -> None:
    """Change a row as an official's act does; Refusal where the rules forbid it.

    The rules themselves, without a database: roles, ways, two persons, approval of exactly this.
    """
    if what not in MAY[Role(official.role)]:
        raise Refusal("That is not for {login} to do.", login=official.login)
    if what is Act.APPROVE and official.login in {*writers, row.drafted_by, row.submitted_by}:
        raise Refusal("Who wrote or submitted it cannot approve it: another person must.")
    move(row, what)
    match what:
        case Act.SUBMIT:
            row.submitted_by = official.login
        case Act.APPROVE:
            row.approved, row.approved_by = announcement(row).digest, official.login
        case Act.EDIT | Act.REJECT:
            row.submitted_by = None
            _void(row)
        case Act.RESUME if row.started_at is not None:
            row.state = Stage.SENDING


def move(row: Broadcast, what: Act) -> None:
    """Go from stage to stage; Refusal where no way leads."""
    ways = WAYS.get(what, {})
    stage = Stage(row.state)
    if stage not in ways:
        raise Refusal(_SO_FAR[stage].key, id=row.id)
    row.state = ways[stage]


def rewrite(row: Broadcast, said: Announcement) -> None:
    """Let a row say something else."""
    for name, value in _columns(said).items():
        setattr(row, name, value)


def due(row: Broadcast, now: datetime) -> Act | None:
    """Return what the clock is to do with what may leave; None where it goes on as it is.

    Void is what is not said as it was approved; of what has begun the rest is then cancelled.
    """
    if not as_approved(row):
        return Act.VOID if row.started_at is None else Act.CANCEL
    if row.state not in _COMING:
        return None
    if row.send_at is None or row.send_at <= now:
        return Act.START
    return Act.SCHEDULE if row.state == Stage.APPROVED else None


def turn(row: Broadcast, what: Act, now: datetime) -> None:
    """Change a row as the clock's act does."""
    move(row, what)
    match what:
        case Act.START:
            row.started_at = now
        case Act.VOID | Act.CANCEL:
            _void(row)
            row.digest = announcement(row).digest
        case Act.FINISH:
            row.ended_at = now


def tick(town: Town, row: Broadcast, what: Act) -> None:
    """Do what the clock does, on record."""
    turn(row, what, town.now)
    _note(town, row, what, CLOCK)


def _void(row: Broadcast) -> None:
    row.approved = row.approved_by = None


def _writers(session: Session, id_: int) -> set[str]:
    """Return all who ever wrote at it or submitted it."""
    theirs = (col(BroadcastAct.broadcast) == id_, col(BroadcastAct.act).in_(WRITING))
    return set(session.exec(select(BroadcastAct.by).where(*theirs)))


def _note(town: Town, row: Broadcast, what: Act, by: str, note: str = "") -> None:
    assert row.id is not None  # noqa: S101 - it is in the database
    row_ = BroadcastAct(
        broadcast=row.id, at=town.now, by=by, act=what, digest=row.digest, note=note
    )
    town.session.add(row_)
    town.session.flush()


def _entitled(town: Town, login: str, what: Act, audience: Audience) -> Official:
    """Return the official; Refusal where his role, or his place, does not let him do it."""
    official = officials.acting(town.session, login)
    if what not in MAY[Role(official.role)]:
        raise Refusal("That is not for {login} to do.", login=official.login)
    if official.locality and not _within(town, audience, official.locality):
        raise Refusal(
            "{login} may write only to citizens of {place}.",
            login=official.login,
            place=official.locality,
        )
    return official


def _within(town: Town, audience: Audience, slug: str) -> bool:
    inside = audiences.places(slug, town.library)
    match audience.kind:
        case Kind.LOCALITY:
            return audience.value in inside
        case Kind.PROCEDURE:
            procedure = town.library.procedures.get(audience.value)
            return procedure is not None and procedure.locality in inside
        case Kind.RECEIVED:
            first = get(town.session, int(audience.value))
            return _within(town, audiences.from_json(first.audience), slug)
        case _:
            return False


def _clean(said: Announcement, town: Town) -> Announcement:
    text, english = _legible(said.text), _legible(said.english)
    if not text:
        raise Refusal("An announcement needs words.")
    if max(len(text), len(english)) > LONGEST:
        raise Refusal("A text has at most {most} characters.", most=LONGEST)
    if said.send_at is not None and said.send_at < town.now:
        raise Refusal("That moment is over.")
    return replace(said, text=text, english=english)


def _legible(text: str) -> str:
    text = text.replace("\0", "").encode(errors="ignore").decode()
    return unicodedata.normalize("NFC", text).strip()


def _columns(said: Announcement) -> dict[str, Any]:
    return {
        "text": said.text,
        "english": said.english,
        "file": said.file,
        "audience": said.audience.as_json(),
        "send_at": said.send_at,
        "urgent": said.urgent,
        "digest": said.digest,
    }


def keep_file(session: Session, name: str, content: bytes, now: datetime) -> str:
    """Keep a picture or a PDF and return its SHA-256; Refusal for anything else."""
    media = media_type(content)
    if media is None:
        raise Refusal("“{name}” is no picture (PNG, JPEG) and no PDF.", name=name)
    if len(content) > LARGEST:
        raise Refusal("“{name}” is larger than {most} MB.", name=name, most=LARGEST // 10**6)
    sha256 = hashlib.sha256(content).hexdigest()
    row = {"sha256": sha256, "name": name, "size": len(content), "media": media}
    insert_once(session, Document, {**row, "received_at": now, "content": content})
    return sha256


def media_type(content: bytes) -> str | None:
    """Return the MIME type of what may go along, None for anything else."""
    return next((media for head, media in FILES.items() if content.startswith(head)), None)


def kept_file(session: Session, sha256: str) -> Document:
    """Return a file that goes along."""
    return session.exec(select(Document).where(Document.sha256 == sha256)).one()


def issuer(town: Town, row: Broadcast) -> Locality | None:
    """Return the place that speaks: that of who drafted it, if he works for one."""
    official = town.session.get(Official, row.drafted_by)
    return town.library.localities.get(official.locality or "") if official else None


# What people look at.


def get(session: Session, id_: int) -> Broadcast:
    """Return one broadcast; Refusal where there is none."""
    row = session.get(Broadcast, id_)
    if row is None:
        raise Refusal("There is no broadcast {id}.", id=id_)
    return row


def _locked(session: Session, id_: int) -> Broadcast:
    """Return one broadcast as it is now; nobody else changes it in the meantime."""
    row = session.get(Broadcast, id_, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refusal("There is no broadcast {id}.", id=id_)
    return row


def newest(session: Session, limit: int = 50) -> Sequence[Broadcast]:
    """Return the last broadcasts, the newest first."""
    return session.exec(select(Broadcast).order_by(col(Broadcast.id).desc()).limit(limit)).all()


def acts(session: Session, id_: int) -> Sequence[BroadcastAct]:
    """Return who did what with a broadcast, in order."""
    his = select(BroadcastAct).where(BroadcastAct.broadcast == id_)
    return session.exec(his.order_by(col(BroadcastAct.id))).all()


def progress(session: Session, id_: int) -> Progress:
    """Count from the tallies: as fast for a million as for one."""
    row = get(session, id_)
    summed = select(Tally.state, func.sum(Tally.number)).where(Tally.broadcast == id_)
    tally = {state: int(number) for state, number in session.exec(summed.group_by(Tally.state))}
    total = tally.get(PLANNED, 0)
    return Progress(
        state=Stage(row.state),
        total=total,
        sent=tally.get(State.SENT, 0),
        failed=tally.get(State.REFUSED, 0) + tally.get(State.EXPIRED, 0),
        unreachable=tally.get(State.UNREACHABLE, 0) + tally.get(State.CLOSED, 0),
        cancelled=tally.get(State.CANCELLED, 0),
        waiting=total - sum(tally.get(each, 0) for each in ENDS),
        ambiguous=tally.get(AMBIGUOUS, 0),
    )


def outcome(session: Session, id_: int) -> Sequence[tuple[str | None, str, str, int]]:
    """Count letters by place, channel and state; this reads them all."""
    by = (col(Citizen.locality), col(Outgoing.channel), col(Outgoing.state))
    his = select(*by, func.count()).join(Citizen, col(Outgoing.citizen) == col(Citizen.id))
    theirs = his.where(*_of(session, id_)).group_by(*by).order_by(*by)
    return [
        (place, channel, state, number) for place, channel, state, number in session.exec(theirs)
    ]


def recipients(session: Session, id_: int) -> Iterator[tuple[Outgoing, str | None]]:
    """Yield the letters of all who got it, or may have got it, with their places."""
    got = (col(Outgoing.state) == State.SENT) | col(Outgoing.ambiguous).is_(other=True)
    theirs = (
        select(Outgoing, Citizen.locality)
        .join(Citizen, col(Outgoing.citizen) == col(Citizen.id))
        .where(*_of(session, id_), got)
        .order_by(col(Outgoing.citizen))
    )
    yield from session.exec(theirs, execution_options={"yield_per": 1_000})


def _of(session: Session, id_: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a broadcast's letters in the order of the index."""
    channels = select(Tally.channel).where(Tally.broadcast == id_).distinct()
    return (
        col(Outgoing.channel).in_(session.exec(channels).all()),
        col(Outgoing.state).in_(list(State)),
        col(Outgoing.broadcast) == id_,
    )


def reason(id_: int) -> str:
    """Return the reason of a broadcast's letters: one for each citizen."""
    return f"broadcast:{id_}"
