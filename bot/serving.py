"""Serving messages in one transaction: who writes, what he is told, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.answers import Answers
from bot.channels.channel import Letter
from bot.flood import Flood
from bot.letters import as_json
from handlers import privacy, reminder_list
from handlers.talk import Ask, Memory, Outcome, Reply, Wish
from knowledge.records import citizens, dialogues, outbox, questions, seen, subscriptions
from knowledge.records.citizens import Visitor
from knowledge.records.outbox import Post, State
from knowledge.store import Town
from locales import Translator, translator

LONGEST = 4_000
"""Characters of a message that are read at all."""

SILENCE = timedelta(hours=12)
"""How long the bot keeps silent after an official has written to a citizen himself."""

LONG = timedelta(days=60)
"""After such a silence a citizen is told what he still gets, and how to stop it."""

REPEATED, FLOODED, PAUSED = "repeated", "flooded", "paused"
"""How a message may end beside its reply's outcome."""

_MEMORY = TypeAdapter(Memory)


@dataclass(frozen=True, slots=True)
class Errand:
    """A message to be answered."""

    ask: Ask
    context: Mapping[str, Any] | None = None
    """What the channel wants back with the letter; None for a reply that is not posted."""
    claimed: bool = False
    """The postman takes the letter at once, from memory."""
    came_at: datetime | None = None
    """When it was written, if that may be long before it is answered; UTC and aware."""
    began: float = field(default_factory=perf_counter)


@dataclass(frozen=True, slots=True)
class Served:
    """How a message ended: its reply, and the letter's id in the outbox if it was posted."""

    ending: str
    reply: Reply | None = None
    letter: Letter | None = None
    post: int | None = None


class Serving:
    """The rules of serving, the same for each batch of messages."""

    def __init__(self, answers: Answers, named_days: int) -> None:
        """Take what thinks, and for how many days questions are kept with a name."""
        self._answers = answers
        self._named_days = named_days
        self._flood = Flood()

    def serve(self, errands: Sequence[Errand], town: Town) -> list[Served]:
        """Serve messages, in their order; nothing of it stays unless the town is committed."""
        batch = _Batch([_legible(each) for each in errands], town, self._named_days)
        served = [self._one(errand, batch) for errand in batch.errands]
        return batch.finish(served)

    def post(self, errand: Errand, served: Served, town: Town) -> list[Served]:
        """Post what is said instead of an answer; a message that comes again is a repeat."""
        batch = _Batch([_legible(errand)], town, self._named_days)
        return batch.finish([served if batch.is_new(errand) else Served(REPEATED)])

    def _one(self, errand: Errand, batch: "_Batch") -> Served:
        if not batch.is_new(errand):
            return Served(REPEATED)
        citizen, now = batch.citizen(errand), errand.ask.now
        # What waited for hours, while the database was away, is no flood.
        who, came_at = _who(errand.ask), errand.came_at or now
        if errand.context is not None and not self._flood.allows(who, came_at):
            told = self._flood.first_refusal(who, came_at)
            return Served(FLOODED, slow_down(citizen.language or "") if told else None)
        ask = batch.as_known(errand, citizen)
        reply = self._answers(ask, batch.town)
        if citizen.paused_until and citizen.paused_until > now and reply.wish is not Wish.RESUME:
            return Served(PAUSED)
        _grant(reply.wish, citizen, now)
        if errand.context is not None:
            reply = _welcome_back(reply, citizen, batch.town, now)
        citizen.last_seen = now
        reply = self._with_notice(reply, citizen, now)
        batch.keep(errand, ask, reply, citizen)
        return Served(reply.outcome, reply)

    def _with_notice(self, reply: Reply, citizen: Visitor, now: datetime) -> Reply:
        """Add to a citizen's first reply what is kept about him."""
        if citizen.noticed_at or reply.wish is Wish.FORGET:
            return reply
        citizen.noticed_at = now
        notice = privacy.notice(_voice(reply, citizen), self._named_days)
        return replace(reply, body=f"{reply.body}\n\n{notice}")


class _Batch:
    """What messages of one transaction share, read and written at once for all of them."""

    def __init__(self, errands: Sequence[Errand], town: Town, named_days: int) -> None:
        self.errands = errands
        self._named_days = named_days
        self.town = town
        session, self._now = town.session, max(each.ask.now for each in errands)
        numbered = [_message(each.ask) for each in errands if each.ask.message]
        self._new = seen.first_times(session, numbered, self._now)
        # A repeat brings nobody back who was forgotten since.
        new = [each.ask for each in errands if not each.ask.message or self._comes_first(each.ask)]
        self._people = citizens.meet_all(session, map(_address, new), self._now)
        known = [each.id for each in self._people.values() if not each.is_new]
        self._states = dialogues.get(session, known, self._now)
        self._memories: dict[int, Memory] = {}
        self._questions: list[dict[str, Any]] = []
        self._forgotten: set[int] = set()

    def is_new(self, errand: Errand) -> bool:
        if not errand.ask.message:
            return True
        new = self._comes_first(errand.ask)
        self._new.discard(_message(errand.ask))
        return new

    def _comes_first(self, ask: Ask) -> bool:
        return _message(ask) in self._new

    def citizen(self, errand: Errand) -> Visitor:
        citizen, came_at = self._people[_address(errand.ask)], errand.came_at or errand.ask.now
        citizen.heard_at = max(citizen.heard_at or came_at, came_at)
        return citizen

    def as_known(self, errand: Errand, citizen: Visitor) -> Ask:
        """Add what the citizen chose and said before; keep what he chooses now."""
        ask, places = errand.ask, self.town.library.localities
        citizen.language = ask.language or citizen.language
        citizen.locality = ask.locality if ask.locality in places else citizen.locality
        if citizen.id not in self._memories:
            self._memories[citizen.id] = _recall(self._states.get(citizen.id))
        return replace(
            ask,
            language=citizen.language or "",
            locality=citizen.locality if citizen.locality in places else None,
            memory=self._memories[citizen.id],
            citizen=citizen.id,
            named_days=self._named_days,
        )

    def keep(self, errand: Errand, ask: Ask, reply: Reply, citizen: Visitor) -> None:
        citizen.language = reply.chosen_language or citizen.language
        citizen.locality = reply.chosen_locality or citizen.locality
        self._memories[citizen.id] = reply.memory
        # At once, for his next message may be in this batch.
        for each in reply.reminders:
            subscriptions.put(self.town.session, citizen.id, each, ask.now)
        if reply.no_more:
            subscriptions.end(self.town.session, citizen.id, reply.no_more)
        self._questions.append(_question(errand, ask, reply, citizen, self.town))
        if reply.wish is Wish.FORGET:
            self._forgotten.add(citizen.id)

    def finish(self, served: Sequence[Served]) -> list[Served]:
        """Write everything, and say which letters are in the outbox."""
        session = self.town.session
        states = {
            id_: _MEMORY.dump_python(memory, mode="json", exclude_defaults=True)
            for id_, memory in self._memories.items()
        }
        citizens.save(session, self._people.values(), self._now)
        dialogues.put(session, states, self._now)
        questions.record(session, self._questions)
        outbox.reopen(session, [each.id for each in self._people.values() if not each.is_new])
        for each in self._forgotten:
            citizens.forget(session, each)
        letters = [self._letter(*each) for each in zip(self.errands, served, strict=True)]
        posts = [
            self._post(errand, letter)
            for errand, letter in zip(self.errands, letters, strict=True)
            if letter is not None
        ]
        ids = iter(outbox.put(session, posts, self._now))
        return [
            replace(each, letter=letter, post=next(ids) if letter is not None else None)
            for each, letter in zip(served, letters, strict=True)
        ]

    def _letter(self, errand: Errand, served: Served) -> Letter | None:
        reply = served.reply
        if errand.context is None or reply is None:
            return None
        return Letter(
            to=errand.ask.sender,
            body=reply.body,
            sources=reply.source_lines,
            buttons=reply.buttons,
            attachments=reply.attachments,
            language=reply.memory.language or errand.ask.language,
            context=errand.context,
        )

    def _post(self, errand: Errand, letter: Letter) -> Post:
        citizen = self._people[_address(errand.ask)].id
        return Post(
            reason=f"reply:{seen.fingerprint(*_message(errand.ask))[:32]}",
            channel=errand.ask.channel,
            sender=letter.to,
            letter=as_json(letter),
            # The last word to one who is forgotten hangs on nobody.
            citizen=None if citizen in self._forgotten else citizen,
            state=State.SENDING if errand.claimed else State.WAITING,
        )


def _address(ask: Ask) -> tuple[str, str]:
    return ask.channel, ask.sender


def _message(ask: Ask) -> tuple[str, str]:
    return ask.channel, ask.message


def _who(ask: Ask) -> str:
    return f"{ask.channel} {ask.sender}"


def _legible(errand: Errand) -> Errand:
    """Cut a message, and drop the characters that no database takes."""
    text = errand.ask.text[:LONGEST].replace("\0", " ").encode(errors="replace").decode()
    return replace(errand, ask=replace(errand.ask, text=text))


def _recall(state: object) -> Memory:
    """Read a conversation's memory; one that another release wrote otherwise is forgotten."""
    try:
        return _MEMORY.validate_python(state or {})
    except ValidationError:
        return Memory()


def _grant(wish: Wish | None, citizen: Visitor, now: datetime) -> None:
    """Do what the citizen decides about us; to forget him comes last, see `_Batch.finish`."""
    match wish:
        case Wish.STOP:
            citizen.stopped_at = now
        case Wish.START:
            citizen.stopped_at = None
        case Wish.RESUME:
            citizen.paused_until = None


def _welcome_back(reply: Reply, citizen: Visitor, town: Town, now: datetime) -> Reply:
    """Remind a citizen who was silent for long of what is sent to him unasked."""
    knows = citizen.noticed_at is None or citizen.stopped_at or reply.wish is Wish.FORGET
    if knows or reply.reminders or reply.no_more or now - citizen.last_seen < LONG:
        return reply
    still = reminder_list.still(_voice(reply, citizen), town, citizen.id)
    return replace(reply, body=f"{reply.body}\n\n{still}")


def _voice(reply: Reply, citizen: Visitor) -> Translator:
    """Return the voice in which something is added to a reply: its own."""
    return translator(reply.memory.language or reply.chosen_language or citizen.language or "")


def _question(
    errand: Errand, ask: Ask, reply: Reply, citizen: Visitor, town: Town
) -> dict[str, Any]:
    return {
        "asked_at": ask.now,
        "channel": ask.channel,
        "citizen": citizen.id,
        "locality": reply.locality or ask.locality,
        "text": ask.text or _without_words(ask),
        "outcome": reply.outcome,
        "intents": list(reply.intents),
        "matched": [match.id for match in reply.matches],
        "scores": [match.score for match in reply.matches],
        "edition": town.library.edition.number,
        "latency_ms": (perf_counter() - errand.began) * 1000,
    }


def _without_words(ask: Ask) -> str:
    """Name what came instead of words; where somebody is, nobody needs to know later."""
    return f"[{'point' if ask.point else ask.media or ''}]"


def apology(language: str, reference: str) -> Reply:
    """Say that something went wrong, with the number under which the log explains it."""
    say = translator(language)
    sentence = say(
        "Sorry, something went wrong on our side. Please ask again in a moment. "
        "If it happens again, tell the office this number: {reference}.",
        reference=reference,
    )
    return Reply(sentence, Outcome.DECLINED)


def slow_down(language: str) -> Reply:
    """Say that somebody writes more than we answer."""
    say = translator(language)
    sentence = say("That was a lot of questions in a short time. Please wait a minute.")
    return Reply(sentence, Outcome.DECLINED)
