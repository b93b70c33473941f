"""Telegram: a webhook or long polling, buttons, groups, commands and inline mode."""

import json
from typing import Any

from aiohttp import web

from bot.channels.door import CHANNELS, INBOX, SETTINGS, authenticate, derived, refuse, update
from bot.channels.telegram.channel import PATH, TelegramChannel
from bot.channels.telegram.updates import is_update
from bot.settings import Settings

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of the header

LABEL = b"motcua: secret of Telegram's webhook"
"""Makes a secret of a token, that tells nothing about it."""

_CHANNEL = web.AppKey("telegram", TelegramChannel)
_EXPECTED = web.AppKey("telegram_secret", str)


def mount(app: web.Application) -> None:
    """Open the door where there is a token."""
    settings = app[SETTINGS]
    if settings.telegram_token is None:
        return
    token = settings.telegram_token.get_secret_value()
    secret = _secret(settings, token)
    app[_EXPECTED] = secret
    app[_CHANNEL] = TelegramChannel(app, token, secret)
    app[CHANNELS].append(app[_CHANNEL])
    app.router.add_post(PATH, _take)


def _secret(settings: Settings, token: str) -> str:
    if settings.telegram_secret is not None:
        return settings.telegram_secret.get_secret_value()
    return derived(token, LABEL)


async def _take(request: web.Request) -> web.Response:
    """Keep an update, and only then say that it came."""
    authenticate(request, SECRET, request.app[_EXPECTED], absent="unsigned")
    body = await update(request)
    await request.app[_CHANNEL].take([(_read(request, body), body)], request.app[INBOX].keep)
    return web.Response()


def _read(request: web.Request, body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not is_update(content):
        raise refuse(request, "no update", web.HTTPBadRequest())
    return content
