"""The Zalo Bot Platform: for pilots and officers' groups; it knows no buttons and no files."""

from aiohttp import web

from bot.channels.door import CHANNELS, CLOCK, INBOX, SETTINGS, authenticate, refuse, update
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
        authenticate(request, SECRET, channel.secret, absent="no secret")
        try:
            parcel = updates.parcel(await update(request), request.app[CLOCK]())
        except (ValueError, RecursionError):
            raise refuse(request, "no update", web.HTTPBadRequest()) from None
        await request.app[INBOX].keep([parcel] if parcel else [])
        return web.Response()

    app.router.add_post(PATH, take)
