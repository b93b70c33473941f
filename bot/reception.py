"""The one way in: each message of each channel becomes one transaction, record and reply."""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from secrets import token_hex
from time import perf_counter
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from handlers.talk import Ask, Memory, Outcome, Reply
from knowledge.records import citizens, dialogues, questions, seen
from knowledge.records.tables import Citizen, Question
from knowledge.store import Store, Town
from locales import translator

LONGEST = 4_000
"""Characters of a message that are read at all."""

RECENT = 1_000
"""Replies kept in memory for messages that a platform delivers twice."""

REPEATED, FAILED = "repeated", "failed"
"""How a message may end beside its reply's outcome."""

Answer = Callable[[Ask, Town], Reply]
T = TypeVar("T")

_MEMORY = TypeAdapter(Memory)
_log = logging.getLogger(__name__)


class Reception:
    """Serves messages in worker threads, so that the event loop never waits for the database."""

    def __init__(self, store: Store, answer: Answer, *, threads: int = 1) -> None:
        """Open the desk; SQLite has one writer, so it gets one thread."""
        self._store = store
        self._answer = answer
        self._desk = ThreadPoolExecutor(threads, thread_name_prefix="reception")
        self._recent: OrderedDict[tuple[str, str], Reply] = OrderedDict()
        self.tally: Counter[tuple[str, str]] = Counter()
        """Messages since the start by channel and how they ended, repeats and failures too."""

    def close(self) -> None:
        """Finish what was begun and take nothing more."""
        self._desk.shutdown()

    async def receive(self, ask: Ask) -> Reply | None:
        """Answer a message; its record is committed before this returns.

        An empty `language` and no `locality` stand for the citizen's earlier choice. A message
        that was received before gets its reply again, or None where a restart lies between.
        """
        began = perf_counter()
        reply, ending = await self._at_the_desk(lambda: self._serve(_legible(ask), began))
        self.tally[ask.channel, ending] += 1
        _log.info("%s %s in %.0f ms", ask.channel, ending, _milliseconds(began))
        if ending == REPEATED:
            return self._recent.get((ask.channel, ask.message))
        if ending != FAILED:
            self._remember(ask, reply)
        return reply

    async def look(self, now: datetime, read: Callable[[Town], T]) -> T:
        """Run a function on a transaction that writes nothing."""

        def reading() -> T:
            with self._store.town(now, reading=True) as town:
                return read(town)

        return await self._at_the_desk(reading)

    async def _at_the_desk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._desk, work)

    def _serve(self, ask: Ask, began: float) -> tuple[Reply | None, str]:
        """Return the reply and how the message ended."""
        try:
            reply = self._transact(ask, began)
        except Exception:  # noqa: BLE001 - logged, and the citizen gets a reply whatever it was
            reference = token_hex(4)
            _log.exception("a message on %s failed, reference %s", ask.channel, reference)
            return _apology(ask, reference), FAILED
        return reply, reply.outcome if reply else REPEATED

    def _transact(self, ask: Ask, began: float) -> Reply | None:
        """Return None for a repeat, which changes nothing."""
        with self._store.town(ask.now) as town:
            if not _is_new(ask, town):
                return None
            citizen = citizens.meet(town.session, ask.channel, ask.sender, ask.now)
            ask = _as_known(ask, citizen, town)
            reply = self._answer(ask, town)
            _keep(reply, citizen, town)
            questions.record(town.session, _question(ask, reply, citizen, town, began))
        return reply

    def _remember(self, ask: Ask, reply: Reply | None) -> None:
        if not (ask.message and reply):
            return
        self._recent[ask.channel, ask.message] = reply
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)


def _legible(ask: Ask) -> Ask:
    """Cut a message, and drop the characters that no database takes."""
    text = ask.text[:LONGEST].replace("\0", " ")
    return replace(ask, text=text.encode(errors="replace").decode())


def _is_new(ask: Ask, town: Town) -> bool:
    return not ask.message or seen.first_time(town.session, ask.channel, ask.message, ask.now)


def _as_known(ask: Ask, citizen: Citizen, town: Town) -> Ask:
    """Add what the citizen chose and said before; keep what he chooses now."""
    known_place = ask.locality if ask.locality in town.library.localities else None
    citizens.choose(town.session, citizen, language=ask.language, locality=known_place)
    chosen = citizen.locality
    return replace(
        ask,
        language=citizen.language or "",
        locality=chosen if chosen in town.library.localities else None,
        memory=_recall(dialogues.get(town.session, citizen, ask.now)),
    )


def _recall(state: object) -> Memory:
    """Read a conversation's memory; one that another release wrote otherwise is forgotten."""
    try:
        return _MEMORY.validate_python(state or {})
    except ValidationError:
        return Memory()


def _keep(reply: Reply, citizen: Citizen, town: Town) -> None:
    citizens.choose(
        town.session,
        citizen,
        language=reply.chosen_language,
        locality=reply.chosen_locality,
    )
    state = _MEMORY.dump_python(reply.memory, mode="json")
    dialogues.put(town.session, citizen, state, town.now)


def _question(ask: Ask, reply: Reply, citizen: Citizen, town: Town, began: float) -> Question:
    return Question(
        asked_at=ask.now,
        channel=ask.channel,
        citizen=citizen.id,
        locality=reply.locality or ask.locality,
        text=ask.text,
        outcome=reply.outcome,
        intents=list(reply.intents),
        matched=[match.id for match in reply.matches],
        scores=[match.score for match in reply.matches],
        edition=town.library.edition.number,
        latency_ms=_milliseconds(began),
    )


def _apology(ask: Ask, reference: str) -> Reply:
    say = translator(ask.language)
    sentence = say(
        "Sorry, something went wrong on our side. Please ask again in a moment. "
        "If it happens again, tell the office this number: {reference}.",
        reference=reference,
    )
    return Reply(sentence, Outcome.DECLINED)


def _milliseconds(since: float) -> float:
    return (perf_counter() - since) * 1000
