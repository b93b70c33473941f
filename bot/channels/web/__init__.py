"""The web chat at `/`, a page that needs no script, and `/chat` for the page's own script."""

import json
from collections.abc import Mapping
from dataclasses import replace
from secrets import token_urlsafe
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from bot.channels.door import CLOCK, RECEPTION, SETTINGS
from bot.channels.web import page
from bot.channels.web.visitor import CHANNEL, ID, chosen_language, conversation, with_cookie
from bot.flood import Flood
from bot.serving import slow_down
from handlers.talk import Ask, Outcome, Reply
from locales import message, translator

FORM = "application/x-www-form-urlencoded"

_FLOOD = web.AppKey("flood", Flood)


def mount(app: web.Application) -> None:
    """Add the page, its form, its script's address and its files."""
    app[_FLOOD] = Flood()
    app.router.add_get("/", _show)
    app.router.add_post("/", _take_form)
    app.router.add_post(page.CHAT, _take_json)
    app.router.add_static("/static/web", page.STATIC)


async def _show(request: web.Request) -> web.Response:
    # The address may carry choices that no question has brought to us yet.
    visit = replace(_ask(request, request.query), text="")
    return _page(await _front(request, visit), None)


async def _take_form(request: web.Request) -> web.Response:
    """Answer without a script: one question in, the page with its answer out."""
    ask = _ask(request, await _fields(request, FORM))
    if not ask.text:
        raise web.HTTPSeeOther("/")
    reply, status = await _answer(request, ask)
    if reply is None:
        raise web.HTTPSeeOther("/")
    response = _page(await _front(request, ask, reply), reply)
    response.set_status(status)
    return with_cookie(request, response, ask.sender)


async def _take_json(request: web.Request) -> web.Response:
    ask = _ask(request, await _fields(request, "application/json"))
    if not ask.text:
        raise web.HTTPBadRequest(text=message("Please type your question."))
    reply, status = await _answer(request, ask)
    if reply is None:
        say = translator(ask.language)
        sentence = say("This question was answered before. Please ask again.")
        reply = Reply(sentence, Outcome.DECLINED)
    front = await _front(request, ask, reply)
    chosen = {"locality": front.locality, "language": front.chosen}
    response = web.json_response(page.as_json(reply) | chosen, status=status)
    return with_cookie(request, response, ask.sender)


async def _answer(request: web.Request, ask: Ask) -> tuple[Reply | None, int]:
    """Return the reply and the HTTP status; None for a repeat from before a restart."""
    # By conversation, not by address: behind a proxy or a mobile network many share one.
    if not request.app[_FLOOD].allows(ask.sender, ask.now):
        return slow_down(ask.language), 429
    return await request.app[RECEPTION].receive(ask), 200


async def _front(request: web.Request, ask: Ask, reply: Reply | None = None) -> page.Front:
    """Collect what the page shows after a reply, which may have chosen a place or a language."""
    if reply is not None:
        ask = replace(
            ask,
            language=reply.chosen_language or ask.language,
            locality=reply.chosen_locality or ask.locality,
        )
    return await request.app[RECEPTION].look(ask.now, lambda town: page.front(town, ask))


def _page(front: page.Front, reply: Reply | None) -> web.Response:
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
        raise web.HTTPBadRequest from None
    if not isinstance(fields, dict):
        raise web.HTTPBadRequest
    return fields


def _refuse_strangers(request: web.Request) -> None:
    """Refuse what a page of another site asks in a citizen's name; browsers say who asks."""
    origin = request.headers.get(hdrs.ORIGIN)
    public = request.app[SETTINGS].public_url
    ours = {request.host, _authority(str(public)) if public else None}
    if origin is not None and _authority(origin) not in ours:
        text = message("This was sent from another site. Please ask on our own page.")
        raise web.HTTPForbidden(text=text)


def _authority(address: str) -> str:
    return address.partition("//")[2].partition("/")[0]


def _ask(request: web.Request, fields: Mapping[str, object]) -> Ask:
    sender = conversation(request) or token_urlsafe(24)
    return Ask(
        text=(_text(fields, "says") or _text(fields, "text")).strip(),
        now=request.app[CLOCK](),
        language=chosen_language(fields),
        locality=_text(fields, "locality") or None,
        channel=CHANNEL,
        sender=sender,
        message=f"{sender}/{_message(fields.get('message'))}",
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _message(value: object) -> str:
    return value if isinstance(value, str) and ID.fullmatch(value) else token_urlsafe(16)
