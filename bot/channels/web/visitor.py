"""Who asks: a conversation's id in a cookie, and the language that he reads."""

import logging
import re
from collections.abc import Mapping

from aiohttp import hdrs, web

from bot.channels.door import CLOCK, RECEPTION, SETTINGS
from knowledge.records import citizens
from knowledge.store import Town
from locales import LANGUAGES

CHANNEL = "web"
COOKIE = "conversation"
COOKIE_LIFE = 30 * 24 * 3600
"""Seconds for which a browser keeps its conversation's id; it is the only thing it keeps."""

ID = re.compile(r"[A-Za-z0-9_-]{16,64}")

_log = logging.getLogger(__name__)


def conversation(request: web.Request) -> str:
    """Return the conversation's id from the cookie, empty where there is none that we gave."""
    value = request.cookies.get(COOKIE, "")
    return value if ID.fullmatch(value) else ""


def with_cookie(request: web.Request, response: web.Response, sender: str) -> web.Response:
    """Let the browser keep the conversation's id, out of reach of scripts."""
    public = request.app[SETTINGS].public_url
    response.set_cookie(
        COOKIE,
        sender,
        max_age=COOKIE_LIFE,
        httponly=True,
        samesite="Lax",
        secure=request.secure or bool(public and public.scheme == "https"),
    )
    return response


def chosen_language(fields: Mapping[str, object]) -> str:
    """Return the language that an address or a form names, empty where it is none of ours."""
    value = fields.get("language")
    return value if isinstance(value, str) and value in LANGUAGES else ""


async def language(request: web.Request) -> str:
    """Return the language chosen now or before, else the browser's; empty where none is ours."""
    return chosen_language(request.query) or await _kept(request) or _accepted(request)


async def _kept(request: web.Request) -> str:
    sender = conversation(request)

    def choice(town: Town) -> str | None:
        citizen = citizens.find(town.session, CHANNEL, sender)
        return citizen.language if citizen else None

    try:
        kept = await request.app[RECEPTION].look(request.app[CLOCK](), choice) if sender else None
    except Exception:  # noqa: BLE001 - an excuse must not fail for want of a language
        _log.exception("the database does not answer")
        return ""
    return kept or ""


def _accepted(request: web.Request) -> str:
    """Take the first of our languages: browsers name the one preferred first."""
    header = request.headers.get(hdrs.ACCEPT_LANGUAGE, "").lower()
    named = re.findall(r"(?:^|,)\s*([a-z]+)", header)
    return next((each for each in named if each in LANGUAGES), "")
