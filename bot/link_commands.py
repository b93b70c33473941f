"""The command line for links: `motcua link BK1-02 --locality bac-kan --qr notice.png`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.settings import read_settings
from knowledge.refusal import Refusal
from locales import LANGUAGES, Translator, translator

if TYPE_CHECKING:
    from bot.links import Link, Missing

NAMES = {"telegram": "Telegram", "zalo": "Zalo", "web": "Web"}


def link(
    procedure: Annotated[str | None, typer.Argument(help="An id such as BK1-02.")] = None,
    *,
    locality: Annotated[str | None, typer.Option(help="Such as bac-kan.")] = None,
    qr: Annotated[
        Path | None, typer.Option(help="Write a QR code to this .png or .svg file.")
    ] = None,
    channel: Annotated[
        str | None, typer.Option(help="The QR code's: telegram, zalo or web; the first if none.")
    ] = None,
) -> None:
    """Print the links that open the chat at a procedure or a place."""
    from bot.links import Link, draw, links  # noqa: PLC0415
    from handlers.deep_link import Target  # noqa: PLC0415
    from knowledge.store import open_store  # noqa: PLC0415

    settings, say = read_settings(), translator(LANGUAGES[0])
    with (
        open_store(settings.database) as store,
        store.town(datetime.now(UTC), reading=True) as town,
    ):
        found = links(Target(procedure, locality), settings, town)
    for each in found:
        typer.echo(_line(each, say))
    if qr:
        there = [each for each in found if isinstance(each, Link)]
        chosen = next((each for each in there if channel in (None, each.channel)), None)
        if chosen is None:
            raise Refusal("There is no link for a QR code.")
        draw(chosen.address, qr)
        typer.echo(say("The QR code of {address} is in {file}.", address=chosen.address, file=qr))


def _line(each: "Link | Missing", say: Translator) -> str:
    from bot.links import Missing  # noqa: PLC0415

    name = NAMES[each.channel]
    if isinstance(each, Missing):
        return f"{name}: – {say(each.because)}"
    then = " " + say("Then send: {words}", words=each.says) if each.says else ""
    return f"{name}: {each.address}{then}"
