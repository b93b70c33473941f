"""The command line: `motcua serve`, `ask`, `import`, `publish`, `drafts`, `history` and others."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot import broadcast_commands, link_commands, official_commands, zalo_commands
from bot.settings import read_settings
from knowledge.refusal import Refusal
from locales import LANGUAGES, translator

if TYPE_CHECKING:
    from handlers.talk import Reply
    from knowledge.store import Store

    Spoken = Callable[[Reply, dict[str, Any]], str]

# Commands import what they need when they run: `motcua serve` should not wait for readers.

app = typer.Typer(
    name="motcua",
    help="Một Cửa: which day and where a procedure is served, from the published plans.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(zalo_commands.app, name="zalo")
app.add_typer(broadcast_commands.app, name="broadcast")
app.add_typer(official_commands.app, name="officials")
app.command()(link_commands.link)

WHY = "why"
"""Key of a question whose understanding is to be explained."""

UNREAD = "\0unread"
"""Marks a line of a batch that is no JSON object; no question has such a key."""

UNREADABLE = 2
"""Exit status for a document, a question or a time that cannot be read."""


FIRST_YEAR, LAST_YEAR = 2000, 2200
"""The years for which days can be reckoned."""


def main() -> None:
    """Run the command line; what cannot be done is said in one sentence."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Whatever the machine's locale is, and whatever characters somebody sends.
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except Refusal as refusal:
        say = translator(LANGUAGES[0])
        typer.echo(say(refusal.key, **refusal.values), err=True)
        sys.exit(UNREADABLE)


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(help="Instead of MOTCUA_PORT.", min=0, max=65535)
    ] = None,
) -> None:
    """Serve the web chat at /, and /healthz and /metrics."""
    from bot.app import serve as run  # noqa: PLC0415

    settings = read_settings()
    run(settings if port is None else settings.model_copy(update={"port": port}))


@app.command()
def ask(  # noqa: PLR0913 - the options are the contract
    question: Annotated[str, typer.Argument(help="What a citizen would write.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
    batch: Annotated[bool, typer.Option(help="JSON lines in, JSON lines out.")] = False,
    locality: Annotated[str | None, typer.Option(help="Such as bac-kan.")] = None,
    language: Annotated[str | None, typer.Option(help="vi or en.")] = None,
    now: Annotated[str | None, typer.Option(help="ISO 8601; Vietnam time if none.")] = None,
    why: Annotated[bool, typer.Option(help="Say how the question was understood.")] = False,
) -> None:
    """Answer a question from the published edition."""
    moment = _moment(now)
    _known_language(language)
    one = {"text": question, "locality": locality, "language": language, WHY: why}
    with _open_store() as store:
        _known_place(store, locality, moment)
        lines = _questions() if batch else iter([one])
        spoken = _for_machines if batch or as_json else _for_people
        unread = [line for line in lines if not _say(store, line, moment, spoken)]
    if unread:
        raise typer.Exit(UNREADABLE)


def _say(store: "Store", line: dict[str, Any], now: datetime, spoken: "Spoken") -> bool:
    """Print the answer to one question; False for a line of a batch that is none."""
    if UNREAD in line:
        _complain(line[UNREAD])
        return False
    typer.echo(spoken(_answer(store, line, now), line))
    if line.get(WHY):
        _explain(store, line, now)
    return True


def _for_machines(reply: "Reply", line: dict[str, Any]) -> str:
    from bot.answer_json import spell  # noqa: PLC0415

    return json.dumps(spell(reply, str(line.get("id", ""))), ensure_ascii=False)


def _for_people(reply: "Reply", _line: dict[str, Any]) -> str:
    return "\n".join([reply.text, *(f"  ▸ {button.label}" for button in reply.buttons)])


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A plan: txt, docx, pdf or xlsx.")],
    *,
    dry_run: Annotated[bool, typer.Option(help="Change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say it for machines.")] = False,
    locality: Annotated[str | None, typer.Option(help="The place, if the file has none.")] = None,
) -> None:
    """Read a plan, show what it would change, and keep it as a draft."""
    from bot import importing  # noqa: PLC0415
    from knowledge.plans.appendix import as_json as spell_draft  # noqa: PLC0415

    read = importing.read(file)
    now = datetime.now(UTC)
    with _open_store() as store, store.town(now, reading=dry_run) as town:
        imported = importing.bring(read, town, keep=not dry_run, locality=locality)
    if as_json:
        typer.echo(json.dumps(spell_draft(imported.draft), ensure_ascii=False, indent=2))
        return
    say = translator(LANGUAGES[0])
    for line in (*importing.summary(imported, say), *importing.kept(imported, say)):
        typer.echo(line)


@app.command()
def publish(
    draft: Annotated[int, typer.Argument(help="The number that import gave it.")],
    *,
    by: Annotated[str, typer.Option(help="Who publishes; stands in the edition.")],
    locality: Annotated[str | None, typer.Option(help="The place, if the file has none.")] = None,
    drop_removed: Annotated[bool, typer.Option(help="Drop rows not in the file.")] = False,
    take_wording: Annotated[bool, typer.Option(help="Take the file's own words.")] = False,
) -> None:
    """Make a draft part of what citizens are told: a new edition."""
    from bot import importing  # noqa: PLC0415
    from knowledge.plans.adoption import Choice  # noqa: PLC0415

    choice = Choice(drop_removed=drop_removed, take_wording=take_wording)
    with _open_store() as store, store.town(datetime.now(UTC)) as town:
        published = importing.publish(draft, town, by=by, choice=choice, locality=locality)
    for line in importing.outcome(published, translator(LANGUAGES[0])):
        typer.echo(line)


@app.command(name="drafts")
def drafts_() -> None:
    """List the drafts that wait to be published, oldest first."""
    from bot import importing  # noqa: PLC0415

    with _open_store() as store, store.town(datetime.now(UTC), reading=True) as town:
        for line in importing.waiting(town, translator(LANGUAGES[0])):
            typer.echo(line)


@app.command()
def discard(
    draft: Annotated[int, typer.Argument(help="A number that drafts lists.")],
) -> None:
    """Drop a draft that waits."""
    from bot import importing  # noqa: PLC0415

    with _open_store() as store, store.town(datetime.now(UTC)) as town:
        importing.discard(draft, town)
    say = translator(LANGUAGES[0])
    typer.echo(say("Draft {number} was discarded.", number=draft))


@app.command()
def history() -> None:
    """List the editions, newest first."""
    from knowledge.plans import editions  # noqa: PLC0415
    from knowledge.plans.days import local_time  # noqa: PLC0415

    say = translator(LANGUAGES[0])
    with _open_store() as store, store.town(datetime.now(UTC), reading=True) as town:
        for each in editions.history(town.session):
            moment, reason = local_time(each.published_at), say(each.reason)
            typer.echo(f"{each.number}  {moment:%d/%m/%Y %H:%M}  {each.published_by}  {reason}")


@app.command()
def restore(
    edition: Annotated[int, typer.Argument(help="A number that history lists.")],
    by: Annotated[str, typer.Option(help="Who restores; stands in the new edition.")],
) -> None:
    """Publish an older edition again."""
    from bot import importing  # noqa: PLC0415

    say = translator(LANGUAGES[0])
    with _open_store() as store, store.town(datetime.now(UTC)) as town:
        restored = importing.restore(edition, town, by=by, say=say)
    for line in importing.outcome(restored, say):
        typer.echo(line)


def _questions() -> Iterator[dict[str, Any]]:
    """Read JSON lines; one that cannot be read is passed on as its own error."""
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)
        except (ValueError, RecursionError):
            question = None
        yield question if isinstance(question, dict) else {UNREAD: number}


def _answer(store: "Store", question: dict[str, Any], now: datetime) -> "Reply":
    from handlers import answer  # noqa: PLC0415
    from handlers.talk import Ask  # noqa: PLC0415

    ask_ = Ask(
        text=str(question.get("text") or ""),
        now=now,
        language=question.get("language") or "",
        locality=question.get("locality") or None,
    )
    with store.town(now, reading=True) as town:
        return answer(ask_, town)


def _known_language(language: str | None) -> None:
    if language is not None and language not in LANGUAGES:
        raise Refusal(
            "“{language}” is not a language I speak; I speak {known}.",
            language=language,
            known=", ".join(LANGUAGES),
        )


def _known_place(store: "Store", slug: str | None, now: datetime) -> None:
    with store.town(now, reading=True) as town:
        known = town.library.localities
    if slug is not None and slug not in known:
        raise Refusal(
            "“{slug}” is not a place I know; I know {known}.", slug=slug, known=", ".join(known)
        )


def _complain(number: int) -> None:
    """Say in its place that a line of a batch is no question; the others are answered."""
    say = translator(LANGUAGES[0])
    sentence = say("Line {number} is not a JSON object.", number=number)
    typer.echo(json.dumps({"id": None, "error": sentence}, ensure_ascii=False))
    typer.echo(sentence, err=True)


def _explain(store: "Store", question: dict[str, Any], now: datetime) -> None:
    """Say on standard error what was made of a question, so that answers stay readable."""
    with store.town(now, reading=True) as town:
        meaning = town.library.understand(
            str(question.get("text") or ""), question.get("locality")
        )
        known = town.library.procedures
    subject = meaning.subject or meaning.topic or meaning.elsewhere or "-"
    typer.echo(f"{meaning.certainty}  {','.join(meaning.intents)}  {subject}", err=True)
    for sign, matches in (("=", meaning.matches), ("≈", meaning.near), ("?", meaning.considered)):
        for match in matches:
            name = known[match.id].name if match.id in known else ""
            words = ", ".join(match.why)
            typer.echo(f"{sign} {match.score:.2f} {match.id} {name} ← {words}", err=True)


def _moment(text: str | None) -> datetime:
    from knowledge.plans.days import TIME_ZONE  # noqa: PLC0415

    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min.replace(tzinfo=UTC)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Refusal("“{text}” is not a time such as 2026-11-22T09:00.", text=text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=TIME_ZONE)).astimezone(UTC)


def _open_store() -> "Store":
    from knowledge.store import open_store  # noqa: PLC0415

    return open_store(read_settings().database)
