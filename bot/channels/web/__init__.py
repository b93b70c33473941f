"""The web chat at `/`, a page that needs no script, and `/chat` for the page's own script."""

import json
import re
from collections.abc import Mapping
from secrets import token_urlsafe
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from bot.channels.door import CLOCK, RECEPTION, SETTINGS
from bot.channels.web import page
from bot.channels.web.pace import Pace
from handlers.talk import Ask, Outcome, Reply
from locales import LANGUAGES, translator

CHANNEL = "web"
COOKIE = "conversation"
COOKIE_LIFE = 30 * 24 * 3600
"""Seconds for which a browser keeps its conversation's id; it is the only thing it keeps."""

FORM = "application/x-www-form-urlencoded"

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_PACE = web.AppKey("pace", Pace)


def mount(app: web.Application) -> None:
    """Add the page, its form, its script's address and its files."""
    app[_PACE] = Pace()
    app.router.add_get("/", _show)
    app.router.add_post("/", _take_form)
    app.router.add_post("/chat", _take_json)
    app.router.add_static("/static/web", page.STATIC)


async def _show(request: web.Request) -> web.Response:
    return await _page(request, language=_language(request.query.get("language")))


async def _take_form(request: web.Request) -> web.Response:
    """Answer without a script: one question in, the page with its answer out."""
    ask = _ask(request, await _fields(request, FORM))
    if not ask.text:
        raise web.HTTPSeeOther("/")
    reply, status = await _answer(request, ask)
    if reply is None:
        raise web.HTTPSeeOther("/")
    language = reply.chosen_language or ask.language
    response = await _page(request, language=language, ask=ask, reply=reply)
    response.set_status(status)
    return _with_cookie(request, response, ask)


async def _take_json(request: web.Request) -> web.Response:
    ask = _ask(request, await _fields(request, "application/json"))
    if not ask.text:
        raise web.HTTPBadRequest(text="a question is needed")
    reply, status = await _answer(request, ask)
    if reply is None:
        say = translator(ask.language)
        sentence = say("This question was answered before. Please ask again.")
        reply = Reply(sentence, Outcome.DECLINED)
    response = web.json_response(page.as_json(reply, ask), status=status)
    return _with_cookie(request, response, ask)


async def _answer(request: web.Request, ask: Ask) -> tuple[Reply | None, int]:
    """Return the reply and the HTTP status; None for a repeat from before a restart."""
    # By conversation, not by address: behind a proxy or a mobile network many share one.
    if not request.app[_PACE].allows(ask.sender, ask.now):
        say = translator(ask.language)
        sentence = say("That was a lot of questions in a short time. Please wait a minute.")
        return Reply(sentence, Outcome.DECLINED), 429
    return await request.app[RECEPTION].receive(ask), 200


async def _page(
    request: web.Request, *, language: str = "", ask: Ask | None = None, reply: Reply | None = None
) -> web.Response:
    who = ask.sender if ask else _conversation(request)
    said = ask.text if ask else ""
    front = await request.app[RECEPTION].look(
        request.app[CLOCK](), lambda town: page.front(town, CHANNEL, who, language, said)
    )
    html = page.render(front, _message(None), reply)
    return web.Response(text=html, content_type="text/html")


async def _fields(request: web.Request, content_type: str) -> Mapping[str, object]:
    """Read what a page of ours sent; everything else is refused with an HTTP status."""
    _refuse_strangers(request)
    if request.content_type != content_type:
        raise web.HTTPUnsupportedMediaType
    raw = await request.read()
    try:
        if content_type == FORM:
            return dict(parse_qsl(raw.decode(errors="replace"), max_num_fields=20))
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="not readable") from None
    if not isinstance(fields, dict):
        raise web.HTTPBadRequest(text="not an object")
    return fields


def _refuse_strangers(request: web.Request) -> None:
    """Refuse what a page of another site asks in a citizen's name; browsers say who asks."""
    origin = request.headers.get(hdrs.ORIGIN)
    public = request.app[SETTINGS].public_url
    ours = {request.host, _authority(str(public)) if public else None}
    if origin is not None and _authority(origin) not in ours:
        raise web.HTTPForbidden(text="asked from another site")


def _authority(address: str) -> str:
    return address.partition("//")[2].partition("/")[0]


def _ask(request: web.Request, fields: Mapping[str, object]) -> Ask:
    conversation = _conversation(request) or token_urlsafe(24)
    return Ask(
        text=(_text(fields, "says") or _text(fields, "text")).strip(),
        now=request.app[CLOCK](),
        language=_language(fields.get("language")),
        locality=_text(fields, "locality") or None,
        channel=CHANNEL,
        sender=conversation,
        message=f"{conversation}/{_message(fields.get('message'))}",
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _language(value: object) -> str:
    return value if isinstance(value, str) and value in LANGUAGES else ""


def _message(value: object) -> str:
    return value if isinstance(value, str) and _ID.fullmatch(value) else token_urlsafe(16)


def _conversation(request: web.Request) -> str:
    """Return the conversation's id from the cookie, empty where there is none that we gave."""
    value = request.cookies.get(COOKIE, "")
    return value if _ID.fullmatch(value) else ""


def _with_cookie(request: web.Request, response: web.Response, ask: Ask) -> web.Response:
    public = request.app[SETTINGS].public_url
    response.set_cookie(
        COOKIE,
        ask.sender,
        max_age=COOKIE_LIFE,
        httponly=True,
        samesite="Lax",
        secure=request.secure or bool(public and public.scheme == "https"),
    )
    return response
