"""The command line: `motcua serve`, `ask`, `import`, `publish`, `history`, `restore`."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.settings import Settings
from knowledge.refusal import Refusal
from locales import LANGUAGES, translator

if TYPE_CHECKING:
    from handlers.talk import Reply
    from knowledge.store import Store

# Commands import what they need when they run: `motcua serve` should not wait for readers.

app = typer.Typer(
    name="motcua",
    help="Một Cửa: which day and where a procedure is served, from the published plans.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

UNREADABLE = 2
"""Exit status for a document, a question or a time that cannot be read."""


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
    port: Annotated[int | None, typer.Option(help="Instead of MOTCUA_PORT.")] = None,
) -> None:
    """Serve the web chat at /, and /healthz and /metrics."""
    from bot.app import serve as run  # noqa: PLC0415

    settings = Settings()
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
    from bot.answer_json import spell  # noqa: PLC0415

    moment = _moment(now)
    lines = _questions() if batch else iter([_one(question, locality, language)])
    with _open_store() as store:
        for line in lines:
            reply = _answer(store, line, moment)
            if batch or as_json:
                spelled = spell(reply, str(line.get("id", "")))
                typer.echo(json.dumps(spelled, ensure_ascii=False))
            else:
                typer.echo(reply.text)
                for button in reply.buttons:
                    typer.echo(f"  ▸ {button.label}")
            if why:
                _explain(store, line, moment)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A plan: txt, docx, pdf or xlsx.")],
    *,
    dry_run: Annotated[bool, typer.Option(help="Change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say it for machines.")] = False,
) -> None:
    """Read a plan, show what it would change, and keep it as a draft."""
    from bot import importing  # noqa: PLC0415
    from knowledge.plans.appendix import as_json as spell_draft  # noqa: PLC0415

    read = importing.read(file)
    now = datetime.now(UTC)
    with _open_store() as store, store.town(now, reading=dry_run) as town:
        imported = importing.bring(read, town, keep=not dry_run)
    if as_json:
        typer.echo(json.dumps(spell_draft(imported.draft), ensure_ascii=False, indent=2))
        return
    say = translator(LANGUAGES[0])
    for line in importing.summary(imported, say):
        typer.echo(line)
    if imported.number:
        typer.echo(say("Kept as draft {number}.", number=imported.number))


@app.command()
def publish(
    draft: Annotated[int, typer.Argument(help="The number that import gave it.")],
    by: Annotated[str, typer.Option(help="Who publishes; stands in the edition.")],
) -> None:
    """Make a draft part of what citizens are told: a new edition."""
    from bot import importing  # noqa: PLC0415

    with _open_store() as store, store.town(datetime.now(UTC)) as town:
        number = importing.publish(draft, town, by=by)
    typer.echo(translator(LANGUAGES[0])("Published as edition {number}.", number=number))


@app.command()
def history() -> None:
    """List the editions, newest first."""
    from knowledge.plans import editions  # noqa: PLC0415
    from knowledge.plans.days import local_time  # noqa: PLC0415

    with _open_store() as store, store.town(datetime.now(UTC), reading=True) as town:
        for each in editions.history(town.session):
            moment = local_time(each.published_at)
            typer.echo(
                f"{each.number}  {moment:%d/%m/%Y %H:%M}  {each.published_by}  {each.reason}"
            )


@app.command()
def restore(
    edition: Annotated[int, typer.Argument(help="A number that history lists.")],
    by: Annotated[str, typer.Option(help="Who restores; stands in the new edition.")],
) -> None:
    """Publish an older edition again."""
    from knowledge.plans import editions  # noqa: PLC0415

    now = datetime.now(UTC)
    say = translator(LANGUAGES[0])
    reason = say("Edition {number} restored", number=edition)
    with _open_store() as store, store.town(now) as town:
        number = editions.restore(town.session, edition, by=by, reason=reason, now=now)
    typer.echo(say("Published as edition {number}.", number=number))


def _one(question: str, locality: str | None, language: str | None) -> dict[str, Any]:
    return {"text": question, "locality": locality, "language": language}


def _questions() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            question = json.loads(line)
        except ValueError:
            question = None
        if not isinstance(question, dict):
            raise Refusal("Line {number} is not a JSON object.", number=number)
        yield question


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
        raise Refusal("“{text}” is not a time such as 2026-11-22T09:00.", text=text) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=TIME_ZONE)).astimezone(UTC)


def _open_store() -> "Store":
    from knowledge.store import open_store  # noqa: PLC0415

    return open_store(Settings().database)
