"""A message that means something only after the last answer: "2", "thế phí?", "ở Đắk Nông cơ".

Before the handlers hear it, such a message is put into its context, and becomes one that stands
on its own. What is remembered for that is in `Memory`; every other message is left as it is.
"""

from collections.abc import Iterable
from dataclasses import replace

from handlers import procedure
from handlers.sayings import (
    ABOUT,
    AROUND,
    BACK,
    CHOICE,
    CORRECTION,
    EVERY,
    FEW,
    NO,
    NOUNS,
    NUMBER,
    NUMBERS,
    OTHER,
    POINTED,
    PROCEDURE,
    SHORT,
    WHAT,
    WHETHER,
    YES,
    bare,
    is_only,
)
from handlers.talk import LONGEST_SAYS, Ask, Button, Memory, Outcome, Reply, Turn
from knowledge.plans.concepts import lexicon
from knowledge.plans.understanding import Certainty, Intent, Match, Subject, Understanding
from knowledge.privacy import mask
from knowledge.store import Town

FACETS = frozenset(Intent) - {Intent.OVERVIEW, Intent.GREETING, Intent.FEEDBACK, Intent.OTHER}
MANNERS = frozenset((Subject.THANKS, Subject.GREETING, Subject.RUDENESS, Subject.HELP))
"""Subjects that may come along with a question, and do not make it another one."""
OPEN = frozenset((Subject.SCHEDULE, Subject.SCHEME, Subject.HOURS))
"""Subjects that are asked about a place and a day, so that either may be changed afterwards."""


def spelled_out(ask: Ask) -> Ask:
    """Return what the button says whose number was typed; every other message as it is."""
    found = is_only(NUMBER, bare(ask.text))
    offered = (*ask.memory.options, *ask.memory.choices)
    number = int(found[1]) if found else 0
    return replace(ask, text=offered[number - 1]) if 0 < number <= len(offered) else ask


def in_context(turn: Turn, town: Town) -> Turn:
    """Return a turn that stands on its own, with what the last answer adds to the message."""
    if not turn.ask.text.strip():
        return turn
    turn = replace(turn, ask=replace(turn.ask, memory=_still_known(turn.ask.memory, town)))
    turn = _placed(turn, town)
    return next((found for follow in FOLLOWS if (found := follow(turn, town))), turn)


def answer(turn: Turn, town: Town) -> Reply | None:
    """Take a plain yes or no, and wait for other words; excuse a button that is out of date."""
    memory, said = turn.ask.memory, _plain(turn)
    if gone := _gone(turn, town):
        return gone
    if memory == Memory(choices=memory.choices, language=memory.language):
        return None
    if is_only(NO, said):
        body = turn.say("Then please tell me in a few other words what you need.")
    elif is_only(YES, said):
        body = turn.say("All right. What else would you like to know?")
    else:
        return None
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        memory=memory if memory.procedures else replace(memory, options=()),
    )


def _gone(turn: Turn, town: Town) -> Reply | None:
    ids, _ = _press(turn.ask.text, town)
    if not ids or not set(ids).isdisjoint(town.library.procedures):
        return None
    return Reply(
        body=turn.say(
            "No plan that I know holds the procedure {id} now. Please type its name, and I look "
            "it up.",
            id=ids[0],
        ),
        outcome=Outcome.DECLINED,
        intents=turn.meaning.intents,
        locality=turn.ask.locality,
        memory=turn.ask.memory,
    )


def repeat(turn: Turn, town: Town) -> Reply | None:
    """Say the last answer again, or ask again what it asked; None where there was none."""
    memory = turn.ask.memory
    if memory.procedures:
        return procedure.tell(about(turn, memory.procedures, memory.intents), town)
    if memory.options:
        return procedure.ask_back(about(turn, memory.options, memory.intents), town)
    return None


def about(turn: Turn, ids: tuple[str, ...], intents: tuple[Intent, ...]) -> Turn:
    """Return the turn as if it had named procedures, and asked for facets of them."""
    return _meaning(turn, Certainty.SURE, ids, intents)


def remembering(turn: Turn, reply: Reply) -> Reply:
    """Return a reply that carries over what a later message may come back to."""
    before, now = turn.ask.memory, reply.memory
    if now == Memory():
        # Schedules, schemes and hours: another day or place may be asked for next.
        now = Memory(question=turn.ask.text if turn.meaning.subject in OPEN else before.question)
    options, earlier = now.options, before.earlier
    answered = reply.outcome is Outcome.ANSWERED
    if answered and set(now.procedures) <= set(before.options):
        options = before.options
    if before.procedures and now.procedures != before.procedures:
        earlier = before.procedures
    intents = turn.meaning.intents if answered else now.intents
    named = turn.meaning.locality if turn.meaning.locality_named else None
    others = tuple(each.says for each in reply.buttons if each.says not in options)
    memory = Memory(
        procedures=now.procedures,
        options=options,
        intents=intents,
        question=mask(now.question),
        earlier=earlier,
        choices=others,
        language=turn.say.language,
    )
    return replace(
        reply,
        buttons=tuple(_numbered(each, memory) for each in reply.buttons),
        memory=memory,
        chosen_locality=reply.chosen_locality or named,
    )


def _numbered(button: Button, memory: Memory) -> Button:
    """Give a button its number, and let it say that where its words are too long for platforms."""
    number = (*memory.options, *memory.choices).index(button.says) + 1
    fits = len(button.says.encode()) <= LONGEST_SAYS
    return replace(button, number=number, says=button.says if fits else str(number))


def _still_known(memory: Memory, town: Town) -> Memory:
    """Forget what an edition published since does not hold any more."""
    known = town.library.procedures
    return replace(
        memory,
        procedures=tuple(each for each in memory.procedures if each in known),
        earlier=tuple(each for each in memory.earlier if each in known),
        options=memory.options if all(each in known for each in memory.options) else (),
    )


def _placed(turn: Turn, town: Town) -> Turn:
    """Name the place whose slug a button said."""
    slug = turn.ask.text.strip()
    place = town.library.localities.get(slug)
    if place is None:
        return turn
    understood = town.library.understand(place.name, slug)
    meaning = replace(understood, locality=slug, locality_named=True, elsewhere=None)
    return replace(turn, ask=replace(turn.ask, text=place.name), meaning=meaning)


def _pressed(turn: Turn, town: Town) -> Turn | None:
    """Take up the procedures whose ids a button said, and what it asked of them."""
    said, asked = _press(turn.ask.text, town)
    if not said:
        return None
    memory = turn.ask.memory
    known = tuple(each for each in said if each in town.library.procedures)
    if set(known) <= set(memory.options):
        asked = asked or memory.intents
    elif not set(known) <= set(memory.procedures):
        # An old button: the last question is about something else.
        names = ", ".join(town.library.procedures[each].name for each in known)
        memory = replace(memory, question=names)
    # Nothing in an id names a place or a day.
    meaning = Understanding(Certainty.NONE, locality=turn.ask.locality)
    turn = replace(turn, ask=replace(turn.ask, memory=memory), meaning=meaning)
    return about(turn, known, asked) if known else turn


def _press(text: str, town: Town) -> tuple[tuple[str, ...], tuple[Intent, ...]]:
    """Return ids and facets where a message is nothing else, as "BK1-02 papers"; else nothing."""
    words = text.split()
    asked = tuple(Intent(word) for word in words if word in FACETS)
    ids = tuple(word for word in words if word not in FACETS)
    known = town.library.procedures
    if all(each in known or PROCEDURE.fullmatch(each) for each in ids):
        return ids, asked
    return (), ()


def _chosen(turn: Turn, _town: Town) -> Turn | None:
    """Take up the option that a message names by its number, or agrees to if it is alone."""
    memory, said = turn.ask.memory, _plain(turn)
    options = memory.options or memory.procedures
    waits = len(memory.options) == 1 and memory.options != memory.procedures
    agreed = waits and is_only(YES, said)
    if memory.options and (agreed or is_only(EVERY, said)):
        return about(turn, memory.options, memory.intents)
    # After an answer a mere "thứ hai" is Monday.
    found = None if memory.procedures and turn.meaning.weekdays else is_only(CHOICE, said)
    if not found and not _has_matter(turn.meaning) and len(said.split()) <= SHORT:
        found = POINTED.search(said)
    number = NUMBERS[next(filter(None, found.groups()))] if found else 0
    if not number or number > len(options) or (len(options) == 1 and not memory.options):
        return None
    chosen = options[number - 1 if number > 0 else -1]
    return about(turn, (chosen,), _facets(turn) or memory.intents)


def _other(turn: Turn, _town: Town) -> Turn | None:
    """Take up what was offered and not chosen."""
    memory = turn.ask.memory
    left = tuple(each for each in memory.options if each not in memory.procedures)
    if not memory.procedures or not left or not is_only(OTHER, _plain(turn)):
        return None
    return _meaning(turn, _certainty(left), left, memory.intents)


def _back(turn: Turn, _town: Town) -> Turn | None:
    """Offer the same options again, or take up what was answered before."""
    memory, found = turn.ask.memory, is_only(BACK, _plain(turn))
    if not found or _has_matter(turn.meaning):
        return None
    asked = _facets(turn)
    if memory.options and not asked:
        return _meaning(turn, Certainty.UNSURE, memory.options, memory.intents)
    ids = memory.earlier or memory.procedures
    return about(turn, ids, asked or (Intent.OVERVIEW,)) if ids else None


def _named(turn: Turn, town: Town) -> Turn | None:
    """Take up the option of which a message says the name, or a part that no other one has."""
    memory, meaning = turn.ask.memory, turn.meaning
    if not memory.options or meaning.locality_named:
        return None
    matched = tuple(match.id for match in meaning.matches)
    asked = _facets(turn)
    if meaning.certainty is Certainty.SURE:
        ours = set(matched) <= set(memory.options)
        return about(turn, matched, asked or memory.intents) if ours else None
    said = _plain(turn)
    if len(said.split()) <= 2 * SHORT:
        said = AROUND.sub("", said)
    called = [each for each in memory.options if _calls(said, each, town)]
    if len(called) != 1 or len(said) < len("lại"):
        return None
    return about(turn, tuple(called), asked or memory.intents)


def _calls(said: str, procedure: str, town: Town) -> bool:
    named = town.library.procedures[procedure]
    return any(
        f" {said} " in f" {bare(name)} " for name in (named.name, named.short, named.english)
    )


def _with_place(turn: Turn, town: Town) -> Turn | None:
    """Ask the last question over again for the place that is all a message names."""
    memory, meaning = turn.ask.memory, turn.meaning
    if not memory.question or not meaning.locality_named or _has_matter(meaning):
        return None
    question, slug = memory.question, meaning.locality
    again = town.library.understand(question, slug)
    if again.locality != slug and slug:
        # The question named a place itself: the last one named counts.
        question = f"{question}, {town.library.localities[slug].name}"
        again = town.library.understand(question, slug)
    again = replace(again, intents=_facets(turn) or again.intents, locality_named=True)
    # The place as the citizen calls it, for it may be a ward of the one that we know.
    said = f"{memory.question}, {turn.ask.text}"
    return replace(turn, ask=replace(turn.ask, text=said, locality=slug), meaning=again)


def _nowhere(turn: Turn, _town: Town) -> Turn | None:
    """Keep the last question when a message names nothing but a place that no plan covers."""
    memory, meaning = turn.ask.memory, turn.meaning
    if not memory.question or not meaning.elsewhere:
        return None
    if _has_matter(replace(meaning, elsewhere=None)):
        return None
    return replace(turn, ask=replace(turn.ask, text=memory.question))


def _completed(turn: Turn, town: Town) -> Turn | None:
    """Read a missing fact, or a correction, together with the question that it belongs to."""
    if not _may_complete(turn):
        return None
    memory, corrects = turn.ask.memory, CORRECTION.match(_plain(turn))
    question = f"{memory.question}, {turn.ask.text}"
    together = town.library.understand(question, turn.ask.locality)
    ids = _ids(together)
    alone = _ids(town.library.understand(memory.question, turn.ask.locality))
    if not ids or ids in (alone, set(memory.procedures)):
        return None
    if corrects:
        together = _without(together, memory.procedures)
    elif memory.procedures and not _twins(ids, memory.procedures):
        return None
    chooses = memory.options and not memory.procedures
    if not (ids <= set(memory.options) if chooses else together.certainty is Certainty.SURE):
        return None
    asked = _facets(turn) or memory.intents or together.intents
    ask = replace(turn.ask, text=question)
    return replace(turn, ask=ask, meaning=replace(together, intents=asked))


def _may_complete(turn: Turn) -> bool:
    """Tell whether a message, meaning nothing by itself, may belong to the last question."""
    memory, meaning, said = turn.ask.memory, turn.meaning, _plain(turn)
    if not memory.question or is_only(YES, said) or is_only(NO, said):
        return False
    if _has_matter(replace(meaning, certainty=Certainty.NONE)):
        return False
    few = len(said.split()) <= SHORT and meaning.certainty is Certainty.NONE
    belongs = memory.options or few or CORRECTION.match(said)
    return meaning.certainty is not Certainty.SURE and bool(belongs)


def _about_a_day(turn: Turn, town: Town) -> Turn | None:
    """Ask whether what was answered last is also done on the day that a message names."""
    memory, meaning, said = turn.ask.memory, turn.meaning, _plain(turn)
    names_day = meaning.weekdays or meaning.day_offset is not None
    if not names_day or len(said.split()) > SHORT or _has_matter(replace(meaning, subject=None)):
        return None
    if meaning.locality_named or WHAT.search(said):
        return None
    asks = ABOUT.search(said) or WHETHER.search(said) or len(said.split()) <= FEW
    if memory.procedures and asks:
        return about(turn, memory.procedures, (Intent.DAY,))
    before = town.library.understand(memory.question, turn.ask.locality)
    if memory.procedures or before.subject not in OPEN or not ABOUT.search(said):
        return None
    return replace(turn, meaning=replace(meaning, subject=before.subject))


def _same_place(turn: Turn, town: Town) -> Turn | None:
    """Ask about the hours or the days of the place that was answered about last."""
    memory, meaning = turn.ask.memory, turn.meaning
    if meaning.subject not in OPEN or meaning.locality or not memory.procedures:
        return None
    place = town.library.procedures[memory.procedures[0]].locality
    return replace(turn, meaning=replace(meaning, locality=place))


def _more(turn: Turn, _town: Town) -> Turn | None:
    """Ask another facet of what was answered last, or of what is still to be chosen."""
    memory, meaning = turn.ask.memory, turn.meaning
    asked = _facets(turn)
    if not asked or meaning.locality_named or _has_matter(meaning):
        return None
    if memory.procedures:
        return about(turn, memory.procedures, asked)
    if memory.options:
        return _meaning(turn, Certainty.UNSURE, memory.options, asked)
    return None


def _likewise(turn: Turn, _town: Town) -> Turn | None:
    """Ask of another procedure what was asked of the last one: "còn khai tử thì sao?"."""
    memory, meaning = turn.ask.memory, turn.meaning
    if meaning.certainty is Certainty.NONE or _facets(turn) or not _facets_of(memory.intents):
        return None
    if not ABOUT.match(_plain(turn)):
        return None
    return replace(turn, meaning=replace(meaning, intents=memory.intents))


def _unclear(turn: Turn, _town: Town) -> Turn | None:
    """Offer the options once more when a few words did not tell which one is meant."""
    memory, meaning = turn.ask.memory, turn.meaning
    if not memory.options or memory.procedures or meaning.locality_named:
        return None
    said = _plain(turn)
    own = meaning.subject or _has_matter(meaning) or is_only(NO, said) or len(said.split()) > SHORT
    if own and not said.isdigit():
        return None
    return _meaning(turn, Certainty.UNSURE, memory.options, memory.intents)


FOLLOWS = [
    _pressed,
    _chosen,
    _other,
    _back,
    _named,
    _with_place,
    _nowhere,
    _completed,
    _about_a_day,
    _same_place,
    _more,
    _likewise,
    _unclear,
]
"""The ways in which a message may follow the last answer; the first that fits is taken."""


def _plain(turn: Turn) -> str:
    return bare(turn.ask.text)


def _without(meaning: Understanding, denied: tuple[str, ...]) -> Understanding:
    """Take the other one of two, where one of them is what the citizen has just denied."""
    left = tuple(match for match in meaning.matches if match.id not in denied)
    if len(meaning.matches) != len(left) + 1 or len(left) != 1:
        return meaning
    return replace(meaning, certainty=Certainty.SURE, matches=left)


def _twins(ids: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether a mere fact may turn one procedure into another."""
    pairs = lexicon().confusable
    return any(frozenset((one, other)) in pairs for one in ids for other in others)


def _ids(meaning: Understanding) -> set[str]:
    return {match.id for match in meaning.matches}


def _facets(turn: Turn) -> tuple[Intent, ...]:
    """Return the facets asked for; in few words after an answer their mere names will do."""
    said = _plain(turn)
    if (asked := _facets_of(turn.meaning.intents)) or len(said.split()) > FEW:
        return asked
    return tuple(intent for intent, noun in NOUNS.items() if noun.search(said))


def _facets_of(intents: tuple[Intent, ...]) -> tuple[Intent, ...]:
    return tuple(intent for intent in intents if intent in FACETS)


def _of_its_own(subject: Subject | None) -> bool:
    return subject is not None and subject not in MANNERS


def _has_matter(meaning: Understanding) -> bool:
    """Tell whether a message has a matter of its own."""
    return bool(
        meaning.certainty is not Certainty.NONE
        or meaning.near
        or meaning.topic
        or meaning.elsewhere
        or _of_its_own(meaning.subject)
    )


def _certainty(ids: tuple[str, ...]) -> Certainty:
    return Certainty.SURE if len(ids) == 1 else Certainty.UNSURE


def _meaning(
    turn: Turn, certainty: Certainty, ids: tuple[str, ...], intents: tuple[Intent, ...]
) -> Turn:
    """Return the turn with a meaning out of the conversation, under the last question."""
    matches = tuple(Match(each, 1.0, ("conversation",)) for each in ids)
    meaning = replace(
        turn.meaning,
        certainty=certainty,
        matches=matches,
        near=(),
        intents=intents or (Intent.OVERVIEW,),
        subject=None,
        topic=None,
    )
    ask = replace(turn.ask, text=turn.ask.memory.question or turn.ask.text)
    return replace(turn, ask=ask, meaning=meaning)
