"""The page as HTML and its replies as JSON: the same lines, laid out once."""

import re
from base64 import b64encode
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.channels.web.typeset import ICONS, Line, typeset
from handlers.talk import Ask, Attachment, Button, Outcome, Reply
from knowledge.plans.model import Locality
from knowledge.records import citizens
from knowledge.store import Town
from locales import Translator, translator

HERE = Path(__file__).parent
STATIC = HERE / "static"
CHAT = "/chat"
"""Where the page's script asks."""

LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}

_templates = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A place to choose, with the names of the units that it became."""

    slug: str
    name: str
    today: str


@dataclass(frozen=True, slots=True)
class Front:
    """What the page shows around a conversation."""

    language: str
    chosen: str
    """The language that the citizen chose, empty while he has not."""
    locality: str | None
    said: str
    """What the citizen asked, a pressed button by its name."""
    places: tuple[Choice, ...]


def front(town: Town, ask: Ask) -> Front:
    """Collect the places and the citizen's choices; one given now beats the one kept."""
    citizen = citizens.find(town.session, ask.channel, ask.sender)
    chosen = ask.language or (citizen.language if citizen else None) or ""
    known = town.library.localities
    localities = (ask.locality, citizen.locality if citizen else None)
    say = translator(chosen)
    pressed = town.library.procedures.get(ask.text)
    return Front(
        language=say.language,
        chosen=chosen,
        locality=next((each for each in localities if each in known), None),
        said=say.pick(pressed.name, pressed.english) if pressed else ask.text,
        places=tuple(_choice(place, say) for place in town.library.edition.contents.localities),
    )


def _choice(place: Locality, say: Translator) -> Choice:
    name = say.pick(place.name, place.english)
    return Choice(place.slug, say.capital(name), _today(place, say))


def _today(place: Locality, say: Translator) -> str:
    """Name the units that a place became; of a province, whose plan names a few, the province."""
    if not place.lineage:
        return ""
    units = ", ".join(dict.fromkeys(step.today for step in place.lineage))
    province = ", ".join(dict.fromkeys(step.province for step in place.lineage))
    if place.name.startswith("tỉnh "):
        return say("Today in {province}", province=province)
    return say("Today: {units} ({province})", units=units, province=province)


def render(front: Front, message: str, reply: Reply | None) -> str:
    """Return the whole page: with the greeting, or with one question and its reply."""
    say = translator(front.language)
    return _templates.get_template("page.html").render(
        _=say,
        front=front,
        message=message,
        said=front.said,
        reply=reply or _greeting(say),
        languages=LANGUAGE_NAMES.items(),
        lines=_lines,
        unmarked=_unmarked,
        address=_address,
        drawn=frozenset(ICONS.values()),
        static=_static,
    )


def render_excuse(sentence: str, chosen: str) -> str:
    """Return a page that says why there is no other one, and leads back to the first."""
    say = translator(chosen)
    return _templates.get_template("excuse.html").render(
        _=say, sentence=sentence, language=say.language, chosen=chosen, static=_static
    )


def as_json(reply: Reply) -> dict[str, object]:
    """Return a reply for the page's script; `lines` are the body laid out, marks as numbers."""
    return {
        "outcome": reply.outcome,
        "body": reply.body,
        "lines": [asdict(line) for line in _lines(reply)],
        "sources": [_unmarked(line) for line in reply.source_lines],
        "files": [{"name": each.name, "address": _address(each)} for each in reply.attachments],
        "buttons": [{"label": each.label, "says": each.says} for each in reply.buttons],
    }


def _greeting(say: Translator) -> Reply:
    """Welcome a citizen with questions that show what can be asked."""
    questions = (
        say("Which day can I certify a copy, what do I bring, what is the fee?"),
        say("How do I register a marriage with a foreigner?"),
        say("What can be done on Tuesday?"),
    )
    body = say(
        "Hello! Ask me about paperwork in your own words: which day, where, what to bring, "
        "what it costs. I answer only from the plans that were published, and I name the source."
    )
    return Reply(body, Outcome.INFORMED, buttons=[Button(each, each) for each in questions])


def _lines(reply: Reply) -> tuple[Line, ...]:
    """Lay out the body without the options that stand below it as buttons."""
    options = {button.label for button in reply.buttons}
    rows = [row for row in reply.body.split("\n") if row not in options]
    return typeset("\n".join(rows), len(reply.source_lines))


def _unmarked(line: str) -> str:
    """Drop the number before a source: the list numbers it."""
    return re.sub(r"^\[\d+\] ", "", line)


def _address(file: Attachment) -> str:
    """Put a whole file into its address: nothing of it stays here to be fetched by others."""
    return f"data:{file.media_type};base64,{b64encode(file.content).decode()}"


@cache
def _static(name: str) -> str:
    """Address a file by its contents, so that browsers may keep it for good."""
    return f"/static/web/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"
