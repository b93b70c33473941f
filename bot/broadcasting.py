"""Broadcasts on their way: what the clock does for them, what a citizen reads, what to expect."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.channels.channel import Channel, Letter
from bot.desk import Desk
from bot.letters import as_json
from handlers.talk import Attachment
from knowledge.records import audiences, broadcasts, citizens, dispatch, outbox, windows
from knowledge.records.audiences import Standing
from knowledge.records.broadcasts import Act, Stage
from knowledge.records.outbox import Post, State
from knowledge.records.tables import Broadcast, Outgoing
from knowledge.refusal import Refusal
from knowledge.store import Town
from locales import LANGUAGES, translator

LOOK = 1.0
"""Seconds between looks for what officials, or the hour, have decided."""

_log = logging.getLogger(__name__)


async def run(desk: Desk) -> None:
    """Do what is due until cancelled; any number of processes may, and may die at any moment."""
    failing = False
    while True:
        try:
            await _work_off(desk)
            failing = False
        except Exception:  # noqa: BLE001 - whatever it was, the next look tries again
            if not failing:
                _log.exception("broadcasts stand still until what is wrong has passed")
            failing = True
        await asyncio.sleep(LOOK)


async def _work_off(desk: Desk) -> None:
    for id_ in await desk.look(lambda town: dispatch.pending(town.session, town.now)):
        while await desk.do(partial(_advance, id_), key=__name__, patient=False):
            pass


def _advance(id_: int, town: Town) -> bool:
    return dispatch.advance(town, id_)


# What a citizen reads.


def compose(row: Outgoing, town: Town) -> Letter | State:
    """Write a broadcast's letter; CANCELLED where it is not approved, or not wanted any more."""
    says = _prepared(row, town)
    if says is None:
        return State.CANCELLED
    return says.to(row)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One broadcast on one channel during one transaction: read once for all of its letters."""

    letters: Mapping[str, Letter]
    languages: Mapping[int, str | None]
    """Of the citizens who still may be written to."""

    def to(self, row: Outgoing) -> Letter | State:
        if row.citizen is None or row.citizen not in self.languages:
            return State.CANCELLED
        language = self.languages[row.citizen] or LANGUAGES[0]
        letter = self.letters.get(language, self.letters[LANGUAGES[0]])
        return replace(letter, to=row.sender)


def _prepared(row: Outgoing, town: Town) -> _Prepared | None:
    """Return what the letters of this transaction share; None where nothing may leave."""
    kept: dict[object, _Prepared | None] = town.session.info.setdefault(__name__, {})
    key = (row.broadcast, row.channel)
    known = kept.get(key)
    if key not in kept or (known is not None and row.citizen not in known.languages):
        kept[key] = _prepare(row, town)
    return kept[key]


def _prepare(row: Outgoing, town: Town) -> _Prepared | None:
    session, id_ = town.session, row.broadcast or 0
    broadcast = broadcasts.get(session, id_)
    # One that was paused just now is not cancelled: its letters are held back at the door.
    dropped = broadcast.state == Stage.CANCELLED or not broadcasts.as_approved(broadcast)
    if dropped or dispatch.corrected(session, id_):
        return None
    return _Prepared(letters(broadcast, town), dispatch.listeners(session, id_, row.channel))


def letters(broadcast: Broadcast, town: Town) -> Mapping[str, Letter]:
    """Return what a broadcast says, by language: its words, who speaks, how to hear no more."""
    place, files = broadcasts.issuer(town, broadcast), _attachments(broadcast, town)
    written: dict[str, Letter] = {}
    for language in LANGUAGES:
        say = translator(language)
        signature = f"— {say.capital(say.pick(place.name, place.english))}" if place else ""
        stop = say("No more announcements: /dung")
        body = "\n\n".join(
            [
                say.pick(broadcast.text, broadcast.english),
                "\n".join(filter(None, [signature, stop])),
            ]
        )
        written[language] = Letter("", body, attachments=files, language=language)
    return written


def _attachments(broadcast: Broadcast, town: Town) -> Sequence[Attachment]:
    if broadcast.file is None:
        return ()
    file = broadcasts.kept_file(town.session, broadcast.file)
    media = broadcasts.media_type(file.content) or "application/octet-stream"
    return (Attachment(file.name, media, file.content),)


# What officials want to know before it leaves.


@dataclass(frozen=True, slots=True)
class Expected:
    """What would happen on one channel, were a broadcast sent now."""

    channel: str
    reachable: int
    unreachable: int = 0
    stopped: int = 0
    messages: int = 1
    """Of which each letter consists."""
    free: int = 0
    paid: int = 0
    closed: int = 0
    """Reachable only once they have written again: the platform's window is over."""
    cost: int = 0
    """Messages of the month's allowance."""
    left: int | None = None
    """Of the allowance, before; None where there is none."""
    seconds: float | None = None
    """At the channel's pace; None for one that this service does not serve."""


def forecast(id_: int, town: Town, channels: Sequence[Channel]) -> list[Expected]:
    """Count by channel whom a broadcast would reach now, what it costs and how long it takes."""
    row = broadcasts.get(town.session, id_)
    audience = audiences.from_json(row.audience)
    meant = audiences.chosen(audience, town.library, town.now)
    counted = audiences.counted(town.session, meant)
    served = {each.name: each for each in channels}
    letter = letters(row, town)[LANGUAGES[0]]
    expected: list[Expected] = []
    for name in sorted({channel for channel, _ in counted}):
        numbers = [counted.get((name, each), 0) for each in Standing]
        before = Expected(name, *numbers)
        if name in served:
            ids = audiences.reachable_on(name, meant)
            messages = len(served[name].parts(letter))
            found = windows.forecast(
                town.session, name, served[name].window, ids, town.now, messages=messages
            )
            before = _by_terms(before, found, served[name], messages, town)
        expected.append(before)
    return expected


def _by_terms(
    before: Expected, found: windows.Forecast, channel: Channel, messages: int, town: Town
) -> Expected:
    window, month = channel.window, windows.month_of(town.now)
    left = None
    if window is not None:
        left = max(0, window.allowance - windows.used(town.session, channel.name, month))
    return replace(
        before,
        messages=messages,
        free=found.free,
        paid=found.paid,
        closed=found.closed,
        cost=found.paid * messages,
        left=left,
        seconds=(found.free + found.paid) * messages / channel.pace.per_second,
    )


def send_test(id_: int, address: str, login: str, town: Town) -> None:
    """Send a broadcast as it is now to one who tries it, marked as a test; on record."""
    channel, _, sender = address.partition(":")
    citizen = citizens.find(town.session, channel, sender)
    if citizen is None or citizen.id is None or channel in audiences.NEVER_WRITTEN_TO:
        raise Refusal("Nobody at {address} has begun to write to the bot.", address=address)
    row = broadcasts.act(town, id_, Act.TEST, login, note=address)
    language = citizen.language or LANGUAGES[0]
    known = letters(row, town)
    letter = known.get(language, known[LANGUAGES[0]])
    say = translator(letter.language)
    mark = say("[Test: nobody else gets this.]")
    letter = replace(letter, to=sender, body=f"{mark}\n\n{letter.body}")
    reason = f"test:{id_}:{town.now.isoformat()}"
    outbox.put(
        town.session, [Post(reason, channel, sender, as_json(letter), citizen.id)], town.now
    )
