"""What is said where there is no answer: a page for a browser, JSON for the page's script."""

import logging
from secrets import token_hex

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from bot.channels.web import page, visitor
from bot.serving import apology
from handlers.talk import Outcome, Reply
from locales import message, translator

_NO_PAGE = message("There is no such page.")
_TOO_LONG = message("That is too long. Please ask in a few sentences.")
_UNREADABLE = message("This could not be read. Please ask again on our page.")

_BY_STATUS = {403: _NO_PAGE, 404: _NO_PAGE, 405: _NO_PAGE, 413: _TOO_LONG}
"""For errors whose text is not a message id of ours."""

WEBHOOKS = "/webhooks/"
"""Begins the addresses to which platforms post; no visitor comes there."""

_log = logging.getLogger(__name__)


@web.middleware
async def excuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say errors in the visitor's language; a fault of ours gets a number that the log explains.

    The text of an error raised by a handler may be a message id; it is then said as it is.
    """
    try:
        return await handler(request)
    except web.HTTPError as error:
        if request.path.startswith(WEBHOOKS):
            # Nobody reads it there, and a stranger is not worth a look into the database.
            raise
        chosen = await visitor.language(request)
        say = translator(chosen)
        own = error.text if error.text and error.text in say.words else None
        sentence = say(own or _BY_STATUS.get(error.status, _UNREADABLE))
        response = _excuse(request, sentence, chosen)
        response.set_status(error.status)
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response
    except web.HTTPException:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is logged and the browser gets a page
        reference = token_hex(4)
        _log.exception("%s %s failed, reference %s", request.method, request.path, reference)
        chosen = await visitor.language(request)
        response = _excuse(request, apology(chosen, reference).body, chosen)
        response.set_status(500)
        return response


def _excuse(request: web.Request, sentence: str, chosen: str) -> web.Response:
    if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        html = page.render_excuse(sentence, chosen)
        return web.Response(text=html, content_type="text/html")
    if request.path == page.CHAT:
        return web.json_response(page.as_json(Reply(sentence, Outcome.DECLINED)))
    return web.Response(text=sentence)
