"""A Zalo Official Account: its webhook at `/webhooks/zalo`, signed by Zalo.

Repeats come up to hours later with the same body, so no age is refused: the inbox and reception
drop what was there before.
"""

import logging

from aiohttp import web

from bot.channels.door import CHANNELS, CLOCK, INBOX, SETTINGS, STORE, refuse, update
from bot.channels.zalo_oa import events, signature
from bot.channels.zalo_oa.channel import ZaloOA
from bot.inbox import Parcel

PATH = "/webhooks/zalo"

PROBE = b"{}"
"""What Zalo's console sends, unsigned, to an address that is to become a webhook."""

_log = logging.getLogger(__name__)


def mount(app: web.Application) -> None:
    """Add the webhook and the channel; shut without the app's id and the OA's secret."""
    settings = app[SETTINGS]
    if settings.zalo_app_id is None or settings.zalo_oa_secret is None:
        return
    app[CHANNELS].append(ZaloOA(settings, lambda: app[STORE], app[CLOCK]))
    app.router.add_post(PATH, _take)


async def _take(request: web.Request) -> web.Response:
    """Keep a genuine event that means something, then say that it came."""
    body = await update(request)
    if body.strip() == PROBE:
        return web.Response()
    fields = _genuine(request, body)
    if events.is_about_data_rights(fields):
        reference = events.reference(body)[:16]
        _log.warning("Zalo: a citizen uses his rights over his data, reference %s", reference)
    parcel = Parcel(
        channel=events.NAME,
        key=events.key(fields, body),
        chat=events.citizen(fields),
        body=body,
        received_at=request.app[CLOCK](),
    )
    if events.read(parcel) is not None:
        await request.app[INBOX].keep([parcel])
    return web.Response()


def _genuine(request: web.Request, body: bytes) -> events.Fields:
    """Return the event if Zalo signed it for our app; what has no signature is not even read."""
    header = request.headers.get(signature.SIGNATURE)
    if not header:
        raise refuse(request, "unsigned", web.HTTPUnauthorized())
    given = signature.digits(header)
    fields = events.parse(body) if given else None
    if not given or not _is_signed(request, body, given, fields or {}):
        raise refuse(request, "wrong signature", web.HTTPForbidden())
    if fields is None:
        raise refuse(request, "unreadable", web.HTTPBadRequest())
    if fields.get("app_id", _app_id(request)) != _app_id(request):
        raise refuse(request, "another app", web.HTTPForbidden())
    return fields


def _is_signed(request: web.Request, body: bytes, given: str, fields: events.Fields) -> bool:
    secret = request.app[SETTINGS].zalo_oa_secret
    assert secret is not None  # noqa: S101 - else the door is shut
    stamps = signature.timestamps(
        request.headers.get(signature.TIMESTAMP), fields.get("timestamp")
    )
    known = secret.get_secret_value()
    return signature.is_genuine(
        given, [signature.mac(_app_id(request), body, stamp, known) for stamp in stamps]
    )


def _app_id(request: web.Request) -> str:
    return request.app[SETTINGS].zalo_app_id or ""
