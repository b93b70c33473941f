"""The command line for the Zalo Official Account: `motcua zalo token`, `check` and `quota`."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import Settings, read_settings
from knowledge.refusal import Refusal
from locales import LANGUAGES, translator

if TYPE_CHECKING:
    from knowledge.store import Store

app = typer.Typer(help="The Zalo Official Account.", no_args_is_help=True)

LONGEST = 4096
"""Characters of a token."""


@app.command()
def token() -> None:
    """Take a new refresh token, from standard input or asked for, and begin to send again."""
    from bot.channels.channel import SendError  # noqa: PLC0415
    from bot.channels.zalo_oa import check as checks  # noqa: PLC0415

    settings, say = read_settings(), translator(LANGUAGES[0])
    checks.require(settings)
    refresh = _read_token(say("Refresh token from Zalo's API Explorer"))
    with _open_store(settings) as store:
        try:
            asyncio.run(checks.adopt(settings, store, _now, refresh))
        except SendError as error:
            raise checks.trouble(error, say) from None
    typer.echo(say("The tokens are stored and Zalo is served again."))


@app.command()
def check(
    *,
    language: Annotated[str, typer.Option(help="vi or en.")] = LANGUAGES[0],
    resume: Annotated[bool, typer.Option(help="Send again: the cause is mended.")] = False,
) -> None:
    """Say what the Official Account is, what it may do, and what is stopped."""
    from bot.channels.channel import SendError  # noqa: PLC0415
    from bot.channels.zalo_oa import check as checks  # noqa: PLC0415

    settings, say = read_settings(), translator(language)
    checks.require(settings)
    with _open_store(settings) as store:
        try:
            found = asyncio.run(checks.examine(settings, store, _now))
        except SendError as error:
            raise checks.trouble(error, say) from None
        for line in checks.report(found, settings, say):
            typer.echo(line)
        if found.stopped and not resume:
            raise checks.stopped(found.stopped, say)
        if found.stopped:
            _resume(store)
            typer.echo(say("Sending has begun again."))


@app.command()
def quota(
    *,
    language: Annotated[str, typer.Option(help="vi or en.")] = LANGUAGES[0],
    resume: Annotated[bool, typer.Option(help="Use again what Zalo has barred.")] = False,
) -> None:
    """Say what letters nobody asked for have cost this month, and what Zalo has barred."""
    from bot.channels.zalo_oa import check as checks  # noqa: PLC0415
    from bot.channels.zalo_oa.events import NAME  # noqa: PLC0415
    from knowledge.records import windows  # noqa: PLC0415

    settings, say, now = read_settings(), translator(language), _now()
    with _open_store(settings) as store:
        if resume:
            with store.town(now) as town:
                windows.resume(town.session, NAME)
        with store.town(now, reading=True) as town:
            for line in checks.ledger(settings, town.session, now, say):
                typer.echo(line)


def _resume(store: "Store") -> None:
    from bot.channels.zalo_oa.events import NAME  # noqa: PLC0415
    from knowledge.records import channels  # noqa: PLC0415

    with store.town(_now()) as town:
        channels.resume(town.session, NAME)


def _read_token(prompt: str) -> str:
    """Read a token unseen: as an argument it would stand in the shell's history."""
    if sys.stdin.isatty():
        typed = typer.prompt(prompt, hide_input=True)
    else:
        typed = sys.stdin.readline(LONGEST + 1)
    entered = str(typed).strip()
    if not entered or len(entered) > LONGEST or len(entered.split()) > 1:
        raise Refusal("That is not a refresh token.")
    return entered


def _open_store(settings: Settings) -> "Store":
    from knowledge.store import open_store  # noqa: PLC0415

    return open_store(settings.database)


def _now() -> datetime:
    return datetime.now(UTC)
