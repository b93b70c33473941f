"""The Zalo Bot Platform: for pilots and officers' groups; it knows no buttons and no files."""

import hmac

from aiohttp import web

from bot.channels.door import CHANNELS, CLOCK, INBOX, SETTINGS, refuse, update
from bot.channels.zalo_bot import updates
from bot.channels.zalo_bot.channel import PATH, ZaloBot

SECRET = "X-Bot-Api-Secret-Token"  # noqa: S105 - a header's name


def mount(app: web.Application) -> None:
    """Take updates at PATH, if there is a bot; the platform posts them or we fetch them."""
    settings = app[SETTINGS]
    if settings.zalobot_token is None:
        return
    channel = ZaloBot(settings, app[CLOCK])
    app[CHANNELS].append(channel)

    async def take(request: web.Request) -> web.Response:
        _authenticate(request, channel.secret)
        try:
            parcel = updates.parcel(await update(request), request.app[CLOCK]())
        except (ValueError, RecursionError):
            raise refuse(request, "no update", web.HTTPBadRequest()) from None
        await request.app[INBOX].keep([parcel] if parcel else [])
        return web.Response()

    app.router.add_post(PATH, take)


def _authenticate(request: web.Request, secret: str) -> None:
    """Refuse whoever does not know the secret, before anything else is read."""
    given = request.headers.get(SECRET)
    if given is None:
        raise refuse(request, "no secret", web.HTTPUnauthorized())
    if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
        raise refuse(request, "wrong secret", web.HTTPForbidden())
