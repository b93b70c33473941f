"""The command line for announcements: `motcua broadcast draft`, `submit`, `approve` and others."""

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import read_settings
from knowledge.refusal import Refusal
from locales import LANGUAGES, translator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.channels.channel import Channel
    from knowledge.records.broadcasts import Announcement
    from knowledge.store import Town

# Commands import what they need when they run: `motcua serve` should not wait for them.

app = typer.Typer(help="Announcements to citizens.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(help="The number that draft gave it.")]
By = Annotated[str, typer.Option(help="The login of the official who does it.")]
Text = Annotated[str, typer.Option(help="What is announced, in Vietnamese.")]
English = Annotated[str, typer.Option(help="The same in English.")]
File = Annotated[Path | None, typer.Option(help="A picture (PNG, JPEG) or a PDF, up to 5 MB.")]
At = Annotated[str | None, typer.Option(help="Not before; ISO 8601, Vietnam time if none.")]
Urgent = Annotated[bool, typer.Option(help="Storm, flood: before everything but replies.")]
AsJson = Annotated[bool, typer.Option("--json", help="Say it for machines.")]
AUDIENCE = "all, locality:SLUG, procedure:ID, channel:NAME or language:vi."

OVER = {"draft", "submitted", "done", "cancelled", "rejected"}
"""States in which nothing moves."""

PAGE = 1_000


@app.command()
def draft(  # noqa: PLR0913 - the options are the contract
    *,
    text: Text,
    by: By,
    english: English = "",
    file: File = None,
    audience: Annotated[str, typer.Option(help=AUDIENCE)] = "all",
    at: At = None,
    urgent: Urgent = False,
    as_json: AsJson = False,
) -> None:
    """Draft an announcement."""
    from knowledge.records import broadcasts  # noqa: PLC0415

    with _town() as town:
        said = _announcement(town, text, english, audience)
        said = _with(said, town, file=_file(file), at=_moment(at), urgent=urgent)
        id_ = broadcasts.draft(town, said, by).id
    _drafted(id_, as_json=as_json)


@app.command()
def edit(  # noqa: PLR0913 - the options are those of draft
    id_: Id,
    *,
    by: By,
    text: Annotated[str | None, typer.Option(help="Another text.")] = None,
    english: Annotated[str | None, typer.Option(help="Another English text.")] = None,
    file: File = None,
    audience: Annotated[str | None, typer.Option(help=AUDIENCE)] = None,
    at: At = None,
    urgent: Annotated[bool | None, typer.Option(help="Before everything but replies.")] = None,
) -> None:
    """Change an announcement; it has to be approved again."""
    from dataclasses import replace  # noqa: PLC0415

    from knowledge.records import broadcasts  # noqa: PLC0415

    with _town() as town:
        said = broadcasts.announcement(broadcasts.get(town.session, id_))
        if audience is not None:
            said = replace(said, audience=_announcement(town, "", "", audience).audience)
        said = replace(
            said,
            text=said.text if text is None else text,
            english=said.english if english is None else english,
            urgent=said.urgent if urgent is None else urgent,
        )
        said = _with(said, town, file=_file(file), at=_moment(at), urgent=said.urgent)
        broadcasts.edit(town, id_, said, by)
    _tell(id_)


@app.command()
def correct(
    id_: Id, *, text: Text, by: By, english: English = "", as_json: AsJson = False
) -> None:
    """Draft a correction to exactly those who got an announcement."""
    from knowledge.records import broadcasts  # noqa: PLC0415

    with _town() as town:
        said = broadcasts.Announcement(text, english=english)
        new = broadcasts.correct(town, id_, said, by).id
    _drafted(new, as_json=as_json)


@app.command()
def submit(id_: Id, *, by: By) -> None:
    """Hand a draft to another person for approval."""
    _act(id_, "submit", by)


@app.command()
def approve(
    id_: Id,
    *,
    by: By,
    digest: Annotated[str, typer.Option(help="Only if this is still its mark.")] = "",
) -> None:
    """Approve what another person has submitted, exactly as it is."""
    _act(id_, "approve", by, digest)


@app.command()
def reject(id_: Id, *, reason: Annotated[str, typer.Option(help="Why.")], by: By) -> None:
    """Send back what was submitted."""
    _act(id_, "reject", by, reason)


@app.command()
def pause(id_: Id, *, by: By) -> None:
    """Send nothing more for now."""
    _act(id_, "pause", by)


@app.command()
def resume(id_: Id, *, by: By) -> None:
    """Go on."""
    _act(id_, "resume", by)


@app.command()
def cancel(id_: Id, *, by: By) -> None:
    """Send nothing more, for good."""
    _act(id_, "cancel", by)


@app.command()
def status(id_: Id, *, as_json: AsJson = False) -> None:
    """Say how far an announcement has come."""
    from dataclasses import asdict  # noqa: PLC0415

    from bot import broadcast_words  # noqa: PLC0415
    from knowledge.records import broadcasts  # noqa: PLC0415

    with _town(reading=True) as town:
        found = broadcasts.progress(town.session, id_)
        row, acts = broadcasts.get(town.session, id_), broadcasts.acts(town.session, id_)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    say = translator(LANGUAGES[0])
    typer.echo(broadcast_words.summary(id_, found, say))
    if row.because:
        typer.echo(say("Rejected because: {reason}", reason=row.because))
    typer.echo(say("Its mark: {digest}", digest=row.digest[:12]))
    for each in acts:
        typer.echo(f"  {_local(each.at)}  {each.by}  {each.act}  {each.digest[:12]}  {each.note}")


@app.command()
def forecast(id_: Id) -> None:
    """Say whom an announcement would reach now, by channel, at what cost and how fast."""
    from bot import broadcast_words, broadcasting  # noqa: PLC0415

    channels = _channels()
    with _town(reading=True) as town:
        expected = broadcasting.forecast(id_, town, channels)
    say = translator(LANGUAGES[0])
    total = sum(each.reachable for each in expected)
    typer.echo(say("Recipients: {number}", number=total))
    for each in expected:
        typer.echo(broadcast_words.expectation(each, say))


@app.command()
def preview(id_: Id) -> None:
    """Show an announcement as each channel will."""
    from bot import broadcast_words, broadcasting  # noqa: PLC0415
    from knowledge.records import broadcasts  # noqa: PLC0415

    channels = _channels()
    with _town(reading=True) as town:
        row = broadcasts.get(town.session, id_)
        letters = broadcasting.letters(row, town)
    for language, letter in letters.items():
        if language != LANGUAGES[0] and not row.english:
            continue
        if not channels:
            typer.echo(letter.body)
        for channel in channels:
            typer.echo(f"── {channel.name} ({language}) ──")
            typer.echo("\n┄┄┄\n".join(map(broadcast_words.shown, channel.parts(letter))))


@app.command()
def test(
    id_: Id,
    *,
    to: Annotated[str, typer.Option(help="channel:sender, such as telegram:1234.")],
    by: By,
) -> None:
    """Send an announcement to oneself, marked as a test."""
    from bot import broadcasting  # noqa: PLC0415

    with _town() as town:
        broadcasting.send_test(id_, to, by, town)
    say = translator(LANGUAGES[0])
    typer.echo(say("The test goes to {address}.", address=to))


@app.command()
def report(
    id_: Id,
    *,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="List exactly who got it, as CSV.")
    ] = False,
) -> None:
    """Count by place and channel what became of the letters."""
    from bot import broadcast_words  # noqa: PLC0415
    from knowledge.records import broadcasts  # noqa: PLC0415

    say = translator(LANGUAGES[0])
    with _town(reading=True) as town:
        found = broadcasts.progress(town.session, id_)
        if as_csv:
            broadcast_words.list_recipients(town, id_)
            return
        typer.echo(broadcast_words.summary(id_, found, say))
        for place, channel, state, number in broadcasts.outcome(town.session, id_):
            where = place or say("place not chosen")
            typer.echo(f"{where}  {channel}  {say(broadcast_words.ENDS[state])}: {number}")


@app.command(name="list")
def list_() -> None:
    """List the last announcements, the newest first."""
    from bot import broadcast_words  # noqa: PLC0415
    from knowledge.records import audiences, broadcasts  # noqa: PLC0415

    say = translator(LANGUAGES[0])
    with _town(reading=True) as town:
        for row in broadcasts.newest(town.session):
            audience = audiences.from_json(row.audience)
            first = row.text.splitlines()[0][:60]
            state = say(broadcast_words.STATES[row.state])
            typer.echo(f"{row.id}  {state}  {audience}  {row.drafted_by}  {first}")


@app.command()
def watch(
    id_: Id,
    *,
    every: Annotated[float, typer.Option(help="Seconds between looks.", min=0.2)] = 1.0,
) -> None:
    """Show a progress bar until nothing moves any more."""
    from bot import broadcast_words  # noqa: PLC0415
    from knowledge.records import broadcasts  # noqa: PLC0415
    from knowledge.store import open_store  # noqa: PLC0415

    say = translator(LANGUAGES[0])
    with open_store(read_settings().database) as store, broadcast_words.bar() as bar:
        task = bar.add_task("", total=None)
        while True:
            with store.town(datetime.now(UTC), reading=True) as town:
                found = broadcasts.progress(town.session, id_)
            ended = found.total - found.waiting
            bar.update(
                task,
                total=found.total or None,
                completed=ended,
                description=broadcast_words.counts(found, say),
            )
            if found.state in OVER and not found.waiting:
                return
            time.sleep(every)


# What it is made of.


def _act(id_: int, what: str, by: str, note: str = "") -> None:
    from knowledge.records import broadcasts  # noqa: PLC0415

    with _town() as town:
        broadcasts.act(town, id_, broadcasts.Act(what), by, note)
    _tell(id_)


def _announcement(town: "Town", text: str, english: str, audience: str) -> "Announcement":
    from handlers.privacy import CHANNELS  # noqa: PLC0415
    from knowledge.records import audiences, broadcasts  # noqa: PLC0415

    chosen = audiences.parse(audience, town.library, CHANNELS)
    return broadcasts.Announcement(text, chosen, english=english)


def _with(
    said: "Announcement",
    town: "Town",
    *,
    file: tuple[str, bytes] | None,
    at: datetime | None,
    urgent: bool,
) -> "Announcement":
    from dataclasses import replace  # noqa: PLC0415

    from knowledge.records import broadcasts  # noqa: PLC0415

    if file is not None:
        kept = broadcasts.keep_file(town.session, *file, town.now)
        said = replace(said, file=kept)
    return replace(said, send_at=at or said.send_at, urgent=urgent)


def _file(path: Path | None) -> tuple[str, bytes] | None:
    if path is None:
        return None
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise Refusal(
            "“{name}” cannot be read: {reason}.", name=path.name, reason=error.strerror or "?"
        ) from error


def _moment(text: str | None) -> datetime | None:
    from knowledge.plans.days import TIME_ZONE  # noqa: PLC0415

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("“{text}” is not a time such as 2026-11-22T09:00.", text=text) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=TIME_ZONE)).astimezone(UTC)


def _local(moment: datetime) -> str:
    from knowledge.plans.days import local_time  # noqa: PLC0415

    return f"{local_time(moment):%d/%m/%Y %H:%M:%S}"


def _channels() -> "Sequence[Channel]":
    """Return the channels that are set up here, closed: they write letters, and send none."""
    from bot.app import make_app  # noqa: PLC0415
    from bot.channels.door import CHANNELS  # noqa: PLC0415

    channels = make_app(read_settings())[CHANNELS]
    return channels  # noqa: RET504 - its type would be asked of the key


@contextmanager
def _town(*, reading: bool = False) -> "Iterator[Town]":
    from knowledge.store import open_store  # noqa: PLC0415

    with (
        open_store(read_settings().database) as store,
        store.town(datetime.now(UTC), reading=reading) as town,
    ):
        yield town


def _drafted(id_: int | None, *, as_json: bool) -> None:
    say = translator(LANGUAGES[0])
    sentence = say("Broadcast {id} is a draft. Next: submit it.", id=id_)
    typer.echo(json.dumps({"id": id_}) if as_json else sentence)


def _tell(id_: int) -> None:
    from bot import broadcast_words  # noqa: PLC0415
    from knowledge.records import broadcasts  # noqa: PLC0415

    say = translator(LANGUAGES[0])
    with _town(reading=True) as town:
        state = broadcasts.get(town.session, id_).state
    typer.echo(broadcast_words.title(id_, state, say))
