"""Between outbox and channel: by which way a letter may go that nobody asked for."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.channels.channel import Channel, Letter, Shut
from knowledge.records import citizens, outbox, windows
from knowledge.records.outbox import Ended, Priority, State
from knowledge.records.tables import Outgoing
from knowledge.records.windows import Due, Way
from knowledge.store import Town

Written = tuple[Outgoing, Letter | State]
"""A claimed row with what it says now, or the state in which it ends instead."""

_log = logging.getLogger(__name__)


class Ledger:
    """One channel's; where the channel has no window, everything goes and nothing is counted."""

    def __init__(self, channel: Channel) -> None:
        """Read nothing yet."""
        self._channel = channel
        self.barred: frozenset[Way] = frozenset()
        """Ways by which nothing goes for now, whatever was claimed for them."""

    def look(self, town: Town) -> frozenset[Way]:
        """Return the ways by which nothing goes now."""
        if self._channel.window is None:
            return frozenset()
        name, session = self._channel.name, town.session
        return frozenset(way for way in Way if windows.held(session, name, way, town.now))

    def admit(self, written: Sequence[Written], town: Town) -> list[Written]:
        """Choose each letter's way and count what is paid; what has none is put off or ended.

        That is done in the claim's own transaction: a citizen who writes at this moment finds
        his letters closed, or the ledger finds him.
        """
        window, session = self._channel.window, town.session
        unasked = [each for each in written if _is_unasked(*each)]
        if window is None or not unasked:
            return list(written)
        dues = [self._due(*each) for each in unasked]
        chosen = windows.admit(session, self._channel.name, window, dues, town.now)
        ways = {row.id: way for (row, _), way in zip(unasked, chosen, strict=True)}
        self._end([row for row, _ in written if ways.get(row.id) is Way.CLOSED], town)
        for row, _ in written:
            until = ways.get(row.id)
            if isinstance(until, datetime) and row.id is not None:
                outbox.put_off(session, row.id, until, row.parts_sent)
        return [each for row, says in written if (each := _admitted(row, says, ways.get(row.id)))]

    def _end(self, rows: Sequence[Outgoing], town: Town) -> None:
        ended = [
            Ended(row.id, State.CLOSED, row.channel, row.broadcast)
            for row in rows
            if row.id is not None
        ]
        outbox.end(town.session, ended, town.now)

    def bars(self, letter: Letter) -> bool:
        """Tell whether a letter in hand may no longer go by the way that was chosen for it."""
        return letter.way in self.barred

    def costs(self, letter: Letter) -> bool:
        """Tell whether a letter is paid for."""
        return letter.way is Way.PAID

    def give_back(self, letter: Letter, parts_sent: int, town: Town) -> None:
        """Count no longer what was not sent of a paid letter."""
        if self.costs(letter):
            left = len(self._channel.parts(letter)) - parts_sent
            windows.release(
                town.session, self._channel.name, windows.month_of(town.now), max(0, left)
            )

    def shut(self, letter: Letter, error: Shut, town: Town) -> None:
        """Believe the platform that a letter cannot go by the way that was chosen for it."""
        window, session, name = self._channel.window, town.session, self._channel.name
        if error.way is not None and error.until is not None:
            windows.hold(session, name, error.way, error.until)
            until = "somebody says so" if error.until == windows.FOREVER else error.until
            _log.error("%s: the way “%s” is barred until %s", name, error.way, until)
        citizen = citizens.find(session, name, letter.to)
        if window is None or citizen is None or citizen.id is None or letter.way is Way.TEMPLATE:
            return
        # Were it free, no quota would have been asked for.
        silence = window.paid if error.way is None else window.free
        windows.silent(session, citizen.id, town.now - silence)

    def _due(self, row: Outgoing, says: Letter | State) -> Due:
        assert isinstance(says, Letter)  # noqa: S101 - as `_is_unasked` says
        left = len(self._channel.parts(says)) - row.parts_sent
        return Due(
            row.citizen, left, fits_template=bool(says.template_data) and not row.parts_sent
        )


def _is_unasked(row: Outgoing, says: Letter | State) -> bool:
    return isinstance(says, Letter) and row.priority > Priority.REPLY


def _admitted(row: Outgoing, says: Letter | State, way: Way | datetime | None) -> Written | None:
    """Return what may go, with its way if it needs one."""
    if way is None or isinstance(says, State):
        return row, says
    if isinstance(way, datetime) or way is Way.CLOSED:
        return None
    return row, replace(says, way=way)
