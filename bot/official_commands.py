"""The command line for officials' logins: `motcua officials add lan --role editor`."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import read_settings
from locales import LANGUAGES, message, translator

if TYPE_CHECKING:
    from knowledge.records.tables import Official
    from knowledge.store import Store

app = typer.Typer(help="Officials and their logins.", no_args_is_help=True)

Login = Annotated[str, typer.Argument(help="Such as lan.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]

ROLES = {
    "editor": message("drafts announcements"),
    "approver": message("approves announcements, pauses and cancels them"),
    "clerk": message("works on citizens' cases"),
    "operator": message("pauses, resumes and cancels announcements"),
}
"""What the roles are for."""

LONGEST = 1_100
"""Characters that are read of a password."""


@app.command()
def add(
    login: Login,
    *,
    role: Annotated[str, typer.Option(help="editor, approver, clerk or operator.")],
    locality: Annotated[str | None, typer.Option(help="For this place only.")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Enter an official; without a password he cannot sign in yet."""
    from knowledge.records import officials  # noqa: PLC0415
    from knowledge.records.officials import Role  # noqa: PLC0415
    from knowledge.refusal import Refusal  # noqa: PLC0415

    if role not in list(Role):
        raise Refusal("“{role}” is no role; there are {known}.", role=role, known=", ".join(Role))
    password = _password() if password_stdin else None
    with _open_store() as store, store.town(_now()) as town:
        name = officials.add(town, login, Role(role), locality, password)
    say = translator(LANGUAGES[0])
    typer.echo(
        say("{login} is entered as {role}: {what}.", login=name, role=role, what=say(ROLES[role]))
    )
    if password is None:
        typer.echo(say("{login} has no password yet and cannot sign in.", login=name))


@app.command()
def password(login: Login) -> None:
    """Give an official a new password, from standard input or asked for."""
    from knowledge.records import officials  # noqa: PLC0415

    new = _password()
    with _open_store() as store, store.town(_now()) as town:
        officials.set_password(town.session, login, new)
    say = translator(LANGUAGES[0])
    typer.echo(say("{login} has a new password.", login=login))


@app.command()
def disable(login: Login) -> None:
    """Let an official act and sign in no more."""
    from knowledge.records import officials  # noqa: PLC0415

    with _open_store() as store, store.town(_now()) as town:
        officials.disable(town.session, login, town.now)
    say = translator(LANGUAGES[0])
    typer.echo(say("{login} may not act any more.", login=login))


@app.command()
def enable(login: Login) -> None:
    """Let an official act again."""
    from knowledge.records import officials  # noqa: PLC0415

    with _open_store() as store, store.town(_now()) as town:
        officials.enable(town.session, login)
    say = translator(LANGUAGES[0])
    typer.echo(say("{login} may act again.", login=login))


@app.command(name="list")
def list_() -> None:
    """List all officials."""
    from knowledge.records import officials  # noqa: PLC0415

    with _open_store() as store, store.town(_now(), reading=True) as town:
        for each in officials.everyone(town.session):
            typer.echo(_line(each))


def _line(official: "Official") -> str:
    say = translator(LANGUAGES[0])
    remarks = [
        official.locality or "",
        "" if official.password else say("no password"),
        say("disabled") if official.disabled_at else "",
    ]
    return "  ".join([official.login, official.role, *filter(None, remarks)])


def _password() -> str:
    """Read a password unseen: as an argument it would stand in the shell's history."""
    if sys.stdin.isatty():
        say = translator(LANGUAGES[0])
        return str(typer.prompt(say("Password"), hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline(LONGEST).rstrip("\r\n")


def _open_store() -> "Store":
    from knowledge.store import open_store  # noqa: PLC0415

    return open_store(read_settings().database)


def _now() -> datetime:
    return datetime.now(UTC)
