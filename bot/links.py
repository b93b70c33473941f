"""Links that open a conversation at a procedure or a place, and QR codes for notice boards."""

from dataclasses import dataclass
from pathlib import Path

import segno

from bot.settings import Settings
from handlers.deep_link import Target, payload
from knowledge.records import channels
from knowledge.refusal import Refusal
from knowledge.store import Town
from locales import message

QUIET_ZONE = 4
"""Light modules around a code, as ISO/IEC 18004 wants them."""
MODULE = 10
"""Pixels of a module: a printed code is read from across a counter."""
FORMATS = (".png", ".svg")


@dataclass(frozen=True, slots=True)
class Link:
    """An address to open; `says` are the words to send there, where it cannot carry them."""

    channel: str
    address: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A channel without a link, and why, as a message id."""

    channel: str
    because: str


def links(target: Target, settings: Settings, town: Town) -> tuple[Link | Missing, ...]:
    """Return what each channel has; raises Refusal for what is not published."""
    _check(target, town)
    return (
        _telegram(target, settings, town),
        _zalo(target, settings, town),
        _web(target, settings, town),
    )


def draw(address: str, file: Path) -> None:
    """Write a QR code of error correction M or better; raises Refusal where it cannot."""
    if file.suffix.lower() not in FORMATS:
        raise Refusal("Name a file that ends in .png or .svg.")
    code = segno.make_qr(address, error="m")
    try:
        code.save(str(file), scale=MODULE, border=QUIET_ZONE)
    except OSError as error:
        raise Refusal("The file {file} cannot be written.", file=file) from error


def _check(target: Target, town: Town) -> None:
    known = town.library.localities
    if target.locality and target.locality not in known:
        raise Refusal(
            "“{slug}” is not a place I know; I know {known}.",
            slug=target.locality,
            known=", ".join(known),
        )
    if target.procedure and target.procedure not in town.library.procedures:
        raise Refusal("“{id}” is not a procedure I know.", id=target.procedure)


def _telegram(target: Target, settings: Settings, town: Town) -> Link | Missing:
    if settings.telegram_token is None:
        return Missing("telegram", message("MOTCUA_TELEGRAM_TOKEN is not set."))
    name = channels.learned(town.session, "telegram").get("username")
    if not name:
        because = message("The bot's name is not known yet: it is learned when the service runs.")
        return Missing("telegram", because)
    opens = payload(target.procedure, target.locality)
    return Link("telegram", f"https://t.me/{name}" + (f"?start={opens}" if opens else ""))


def _zalo(target: Target, settings: Settings, town: Town) -> Link | Missing:
    if settings.zalo_app_id is None:
        return Missing("zalo", message("MOTCUA_ZALO_APP_ID is not set."))
    account = channels.learned(town.session, "zalo").get("oa_id")
    if not account:
        because = message("The Official Account's id is not known yet: run “motcua zalo check”.")
        return Missing("zalo", because)
    # Zalo passes nothing on from a link.
    return Link("zalo", f"https://zalo.me/{account}", _words(target, town))


def _web(target: Target, settings: Settings, town: Town) -> Link | Missing:
    if settings.public_url is None:
        return Missing("web", message("MOTCUA_PUBLIC_URL is not set."))
    page = str(settings.public_url).rstrip("/") + "/"
    procedure = town.library.procedures.get(target.procedure or "")
    slug = target.locality or (procedure.locality if procedure else None)
    # The page takes a place from its address, but no question: nothing is asked unasked.
    says = procedure.id if procedure else ""
    return Link("web", f"{page}?locality={slug}" if slug else page, says)


def _words(target: Target, town: Town) -> str:
    if target.procedure:
        return target.procedure
    place = town.library.localities.get(target.locality or "")
    return place.name if place else ""
