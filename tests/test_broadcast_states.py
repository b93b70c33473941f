"""Nothing is sent that was not approved in exactly that form by a second person.

Random histories of what officials, the clock, the postman and somebody at the database do. The
same rules run twice: ten thousand histories on paper, with the rules and no database, and some
hundred with everything between an official's word and the letter.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bot.channels.channel import Letter
from bot.composing import compose
from knowledge.plans.model import Contents
from knowledge.records import broadcasts, dispatch, outbox
from knowledge.records.audiences import Audience, Kind
from knowledge.records.broadcasts import Act, Announcement, Stage
from knowledge.records.officials import Role
from knowledge.records.outbox import Ended, State
from knowledge.records.tables import Broadcast, Citizen, Official
from knowledge.refusal import Refusal
from knowledge.store import Store, Town, open_store

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WORDS = [
    Announcement("Mai nghỉ."),
    Announcement("Mai làm."),
    Announcement("Mai nghỉ.", english="Closed."),
    Announcement("Mai nghỉ.", Audience(Kind.CHANNEL, "telegram")),
    Announcement("Mai nghỉ.", send_at=LATER),
    Announcement("Mai nghỉ.", urgent=True),
]
ROLES = {"an": Role.EDITOR, "giang": Role.EDITOR, "binh": Role.APPROVER, "chi": Role.OPERATOR}
PEOPLE = "telegram", "zalo"
"""On which channel the two citizens are."""

WRITES = (Act.DRAFT, Act.EDIT, Act.SUBMIT)
editors = st.sampled_from(["an", "giang"])
words, people, roles = st.sampled_from(WORDS), st.sampled_from(list(ROLES)), st.sampled_from(Role)


class Paper:
    """A broadcast without a database: the rules of the house, and a list of what was sent."""

    def __init__(self, said: Announcement, by: str) -> None:
        """Draft it."""
        self.roles = dict(ROLES)
        self.row = Broadcast(
            text="", audience={}, state=Stage.DRAFT, digest="", drafted_by=by, created_at=NOW
        )
        broadcasts.rewrite(self.row, said)
        self.writers = {by}
        self.now = NOW
        self.planned: list[str] = []
        self.sent: list[Announcement] = []

    def act(self, what: Act, by: str) -> None:
        official = Official(login=by, role=self.roles[by], created_at=NOW)
        broadcasts.take(self.row, what, official, self.writers if what is Act.APPROVE else ())
        if what in WRITES:
            self.writers.add(by)

    def edit(self, said: Announcement, by: str) -> None:
        self.act(Act.EDIT, by)
        broadcasts.rewrite(self.row, said)

    def tamper(self, said: Announcement) -> None:
        self.row.text, self.row.english = said.text, said.english
        self.row.audience, self.row.urgent = said.audience.as_json(), said.urgent
        self.row.send_at = said.send_at

    def clock(self) -> None:
        if self.row.state not in (Stage.APPROVED, Stage.SCHEDULED, Stage.SENDING):
            return
        if (what := broadcasts.due(self.row, self.now)) is not None:
            broadcasts.turn(self.row, what, self.now)
        elif self.row.state == Stage.SENDING and not self.row.planned:
            self.planned = list(PEOPLE)
            self.row.planned = True
        elif self.row.state == Stage.SENDING and not self.planned:
            broadcasts.turn(self.row, Act.FINISH, self.now)

    def send(self) -> None:
        if self.row.state != Stage.SENDING or not self.planned:
            return
        self.planned.pop()
        if broadcasts.as_approved(self.row):
            self.sent.append(broadcasts.announcement(self.row))

    def promote(self, who: str, role: Role) -> None:
        self.roles[who] = role


class Real:
    """The same in a database, with the planning and the composing of the service."""

    def __init__(self, store: Store, said: Announcement, by: str) -> None:
        """Draft it."""
        self.store = store
        self.now = NOW
        self.sent: list[Announcement] = []
        with self._town() as town:
            for login, role in ROLES.items():
                town.session.merge(Official(login=login, role=role, created_at=NOW))
            self.id = broadcasts.draft(town, said, by).id or 0

    @contextmanager
    def _town(self) -> Iterator[Town]:
        with self.store.town(self.now) as town:
            yield town

    @property
    def row(self) -> Broadcast:
        with self._town() as town:
            return broadcasts.get(town.session, self.id)

    def act(self, what: Act, by: str) -> None:
        with self._town() as town:
            broadcasts.act(town, self.id, what, by)

    def edit(self, said: Announcement, by: str) -> None:
        with self._town() as town:
            broadcasts.edit(town, self.id, said, by)

    def tamper(self, said: Announcement) -> None:
        with self._town() as town:
            row = broadcasts.get(town.session, self.id)
            row.text, row.english = said.text, said.english
            row.audience, row.urgent = said.audience.as_json(), said.urgent
            row.send_at = said.send_at

    def clock(self) -> None:
        with self._town() as town:
            due = self.id in dispatch.pending(town.session, town.now)
        if due:
            with self._town() as town:
                dispatch.advance(town, self.id)

    def send(self) -> None:
        with self._town() as town:
            for channel in PEOPLE:
                for row in outbox.claim(town.session, channel, town.now, 0, 1):
                    says = compose(row, town)
                    state = says if isinstance(says, State) else State.SENT
                    outbox.end(
                        town.session, [Ended(row.id or 0, state, channel, row.broadcast)], self.now
                    )
                    if isinstance(says, Letter) and row.broadcast == self.id:
                        said = broadcasts.announcement(broadcasts.get(town.session, self.id))
                        assert says.body.startswith(said.text)
                        self.sent.append(said)

    def promote(self, who: str, role: Role) -> None:
        with self._town() as town:
            town.session.get_one(Official, who).role = role


World = Paper | Real


class History(RuleBasedStateMachine):
    """What may happen, in any order, and what must never have been sent."""

    make: ClassVar[Callable[[Announcement, str], World]] = Paper
    seen: ClassVar[Counter[str]]
    granted: Announcement | None = None
    """What stands approved by a second person."""

    @initialize(by=editors, also=editors, said=words, far=st.integers(0, 3), role=roles)
    def begin(self, by: str, also: str, said: Announcement, far: int, role: Role) -> None:
        """Let most have come some way, and one who wrote have become something else."""
        type(self).seen["histories"] += 1
        self.world, self.writers = type(self).make(said, by), {by}
        if also != by:
            self.edit(also, said)
        steps = [lambda: self.submit(by), lambda: self.approve("binh"), self.world.clock]
        for step in steps[:far]:
            step()
        self.world.promote(also, role)

    @rule(by=people, said=words)
    def edit(self, by: str, said: Announcement) -> None:
        try:
            self.world.edit(said, by)
        except Refusal:
            return
        self.granted = None
        self.writers.add(by)

    @rule(by=people)
    def submit(self, by: str) -> None:
        self._do(Act.SUBMIT, by)

    @rule(by=people)
    def approve(self, by: str) -> None:
        self._do(Act.APPROVE, by)

    @rule(by=people, what=st.sampled_from([Act.REJECT, Act.PAUSE, Act.RESUME, Act.CANCEL]))
    def order(self, by: str, what: Act) -> None:
        self._do(what, by)

    @rule(who=people, role=roles)
    def promote(self, who: str, role: Role) -> None:
        self.world.promote(who, role)

    @rule(said=words)
    def tamper(self, said: Announcement) -> None:
        self.world.tamper(said)

    @rule(late=st.booleans())
    def clock(self, *, late: bool) -> None:
        self.world.now = LATER if late else self.world.now
        self.world.clock()

    @rule()
    def plan_and_send(self) -> None:
        before = len(self.world.sent)
        for step in (self.world.clock, self.world.clock, self.world.send):
            step()
        for sent in self.world.sent[before:]:
            type(self).seen["sent"] += 1
            assert sent == self.granted, "it was not approved in this form by a second person"
            assert sent.send_at is None or self.world.now >= sent.send_at

    def _do(self, what: Act, by: str) -> None:
        form = broadcasts.announcement(self.world.row)
        try:
            self.world.act(what, by)
        except Refusal:
            type(self).seen["refused"] += 1
            return
        if what is Act.SUBMIT:
            self.writers.add(by)
        if what is Act.APPROVE:
            # The form is what stood there when he looked, be it through the back door.
            self.granted = None if by in self.writers else form


def run(machine: type[History], histories: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_ten_thousand_histories_send_nothing_that_no_second_person_approved() -> None:
    class OnPaper(History):
        make = Paper
        seen: ClassVar = Counter[str]()

    run(OnPaper, 10_000, 6)
    assert OnPaper.seen["histories"] >= 10_000
    assert OnPaper.seen["sent"] > 500, OnPaper.seen
    assert OnPaper.seen["refused"] > 500, OnPaper.seen


def test_neither_does_the_service_with_its_database(tmp_path: Path) -> None:
    numbers = count()
    with open_store(f"sqlite:///{tmp_path / 'motcua.sqlite3'}", Contents) as store:
        with store.town(NOW) as town:
            for channel in PEOPLE:
                person = Citizen(channel=channel, sender="1", first_seen=NOW, last_seen=NOW)
                town.session.add(person)

        def real(said: Announcement, by: str) -> Real:
            return Real(store, replace(said, text=f"{said.text} {next(numbers)}"), by)

        class InService(History):
            make = staticmethod(real)
            seen: ClassVar = Counter[str]()

        run(InService, 100, 8)
        assert InService.seen["sent"] > 10, InService.seen
