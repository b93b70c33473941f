"""Which language an answer is in: the one chosen, else the one that the citizen writes."""

import re
from dataclasses import replace

from handlers import conversation
from handlers.sayings import argument
from handlers.talk import Ask, Button, Outcome, Reply, Turn
from knowledge.plans.understanding import Subject, Understanding
from knowledge.store import Town
from knowledge.vietnamese import fold, is_syllable
from locales import translator

NAMES = {"vi": "tieng viet|vietnamese", "en": "tieng anh|english"}
BUTTONS = (Button("Tiếng Việt", "nói tiếng Việt"), Button("English", "in English please"))
_DENIED = re.compile(r"\b(?:not|dont|don't|can't|cannot|khong|dung|no|chua)\b[^.,;]{0,20}$")

_ENGLISH = """
about above abroad accident according address adult after age aged agency ago allowance allowed
already also american amount and another any anyone anything apply appointment approved are area
around ask asked assistance australia authority available away baby back because become before
beneficiary best between birth blue book both bring british burial bus business can't cancel
cancellation cannot card careful case cash ceremony certificate certified certify change child
children citizen city civil clerk close closed collect commune community company complaint
complete continue contract cooperative correction cost
costs could country couple court cremation cultural
currently data date daughter days deal dear death debt deceased deed degree delete department desk
details died different digital diploma disability disabled dissolve district divide divorce
document documents does doesn't don't during each earlier easy either elderly employee end
english enough error estate ethnic even evening ever every everything example excuse expired
explain extension family farmer father fee fees fill fine finish finished first fix follow food for
foreign foreigner forgot free friend from funeral further gets getting give given grandfather
grandmother grant half happen happy hard have hear heirs help helped her here hers hours house
household households how how's husband i'm i've if ill immediately important information
inheritance inside instead interest into invoice invoices is isn't issue issued issuing it's join
just keep kids kindergarten know korea korean land last later law lawyer learn leave legal less
letter library license like list live living local located location look looking lost lunch made
make many marriage married marry maybe meal meaning member minority mistake monday money month
monthly months more morning mortgage mortgages mother moved moving much must myself name names
near need needed needs never new next night nobody none notarise notarize notary nothing now
number of office officer often old once only opened opening or order original other others our
over own owner paid papers parent parents part passport pause payment pension people percent
permanent permit person personal photocopy place police poor
possible power prepare previous price privacy probably
problem procedure process proof property province public pupil pupils purchase question questions
quick quickly ready really reason receive received red refuse register registration relative
remind reminded reminder reminders reminding
release renew replace report request required requirement requirements residence rest restaurant
result return right rural safety said same saturday school seal second sell send service services
several shall should show sign signature signed since single sister situation small someone
something soon speak spell spelling spouse stamp stand start state status still stop store street
student support sure system take taken tax tell their there these they thing things think third
this those through thursday till times title today told tomorrow towards town transcript transfer
translate translated translation translator tuesday twice type under understand university until
update urgent us use used using valid vehicle very village visit wait waiting walk want was
wedding wednesday week went were what what's when where where's which while who whom whose why
widow wife will with within without witness woman women won't word words work worked working
would write written wrong year years yesterday you young your yours
"""
ENGLISH = frozenset(_ENGLISH.split())
"""Common English words that are no Vietnamese syllable and no word that chats have borrowed."""

_SHARED = """
a am an be bot can come copy day do file form get go hello has he hi him his i in it long man me
men my no not ok on one online out phone please put say see she shop so than thank thanks the to
too try two up visa we yes
"""
SHARED = frozenset(_SHARED.split())
"""Words of both languages, or of every chat: they speak for neither."""

ENOUGH = 3
"""Vietnamese words that bring a conversation back from English."""


def looks_english(text: str) -> bool:
    """Tell whether a message is mostly English; Vietnamese without diacritics never is."""
    words = _words(text)
    english = sum(word in ENGLISH for word in words)
    return english > len(words) - english - sum(word in SHARED for word in words)


def looks_vietnamese(text: str) -> bool:
    """Tell whether a message is more than a number or the name of a place, and not English."""
    words = [word for word in _words(text) if is_syllable(fold(word)) and word not in SHARED]
    return len(words) >= ENOUGH and not looks_english(text)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower())


def spoken(ask: Ask, meaning: Understanding) -> str:
    """Return the language to answer in: asked for now, chosen before, or written; else ours."""
    if meaning.subject is Subject.LANGUAGE and (wanted := asked_for(ask.text)):
        return wanted
    if ask.language:
        return ask.language
    # A command's name is the same in both languages.
    words = argument(ask.text)
    if looks_english(words):
        return "en"
    return "" if looks_vietnamese(words) else ask.memory.language


def asked_for(text: str) -> str | None:
    """Return the language that a message asks for: the last one named that is not denied."""
    said = fold(text)
    named = sorted(
        (found.start(), language)
        for language, names in NAMES.items()
        for found in re.finditer(rf"\b(?:{names})\b", said)
    )
    wanted = [language for start, language in named if not _DENIED.search(said[:start])]
    if wanted:
        return wanted[-1]
    return next((other for other in NAMES if named and other != named[-1][1]), None)


def answer(turn: Turn, town: Town) -> Reply | None:
    """Change the language when a message asks for one."""
    return choose(turn, town) if turn.meaning.subject is Subject.LANGUAGE else None


def choose(turn: Turn, town: Town) -> Reply:
    """Change the language for good and say the last answer again in it, or offer all of them."""
    named = fold(turn.ask.text)
    chosen = named if named in NAMES else asked_for(turn.ask.text)
    if chosen is None:
        return _informed(turn, turn.say("I speak Vietnamese and English."), buttons=BUTTONS)
    turn = replace(turn, say=translator(chosen))
    promise = turn.say("From now on I answer in English.")
    last = conversation.repeat(turn, town) or _informed(turn, "")
    body = f"{promise}\n\n{last.body}".strip()
    return replace(last, body=body, chosen_language=chosen)


def _informed(turn: Turn, body: str, buttons: tuple[Button, ...] = ()) -> Reply:
    return Reply(
        body=body,
        outcome=Outcome.INFORMED,
        intents=turn.meaning.intents,
        locality=turn.meaning.locality,
        buttons=buttons,
        memory=turn.ask.memory,
    )
