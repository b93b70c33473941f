"""What every channel is: a door that brings messages in.

A door is a module with `mount(app)`: it adds its routes. A channel on which we can write to a
citizen later also enlists a `Channel`, which reads what was kept in the inbox and sends letters.
"""

import hmac
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from aiohttp import web

from bot.channels.channel import Channel
from bot.desk import Desk
from bot.inbox import Inbox
from bot.reception import Reception
from bot.settings import Settings
from knowledge.store import Store

LARGEST = 1024 * 1024
"""Bytes of an update that are read."""


class Door(Protocol):
    """One channel, a module: it knows its platform's messages and limits and nothing else."""

    def mount(self, app: web.Application, /) -> None:
        """Add the channel's routes, and its `Channel` to `app[CHANNELS]`; shut if not set up."""


SETTINGS = web.AppKey("settings", Settings)
STORE = web.AppKey("store", Store)
"""The open database, from the application's start to its end; call it in threads only."""
DESK = web.AppKey("desk", Desk)
"""Does work in transactions, from the application's start to its end."""
RECEPTION = web.AppKey("reception", Reception)
"""Open from the application's start to its end."""
INBOX = web.AppKey("inbox", Inbox)
"""Takes parcels from the application's start to its end, also while the database is away."""
CHANNELS: web.AppKey[list[Channel]] = web.AppKey("channels")
"""Filled by `mount`; opened before anything is served, closed after all is sent."""
REFUSALS: web.AppKey[Counter[tuple[str, str]]] = web.AppKey("refusals")
"""What webhooks refused, by channel and reason: all that is kept of it."""
CLOCK: web.AppKey[Callable[[], datetime]] = web.AppKey("clock")
"""Returns the time, UTC and aware; the doors read no other clock."""


async def update(request: web.Request) -> bytes:
    """Read an update's body as it came; one that is too large is refused unread."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise refuse(request, "too large", web.HTTPRequestEntityTooLarge(LARGEST, len(body)))
    return bytes(body)


def derived(token: str, label: bytes) -> str:
    """Make a webhook's secret of the account's token; it tells nothing about it."""
    return hmac.digest(token.encode(), label, "sha256").hex()


def authenticate(request: web.Request, header: str, secret: str, *, absent: str) -> None:
    """Let in only who sends the secret in a header; nothing else of a stranger's is read.

    `absent` is the reason under which a request without the header is counted.
    """
    given = request.headers.get(header)
    if given is None:
        raise refuse(request, absent, web.HTTPUnauthorized())
    if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
        raise refuse(request, "wrong secret", web.HTTPForbidden())


def refuse(request: web.Request, reason: str, error: web.HTTPException) -> web.HTTPException:
    """Count a refusal by the webhook's address, leave no other trace, and return the error."""
    request.app[REFUSALS][request.path.rpartition("/")[2], reason] += 1
    return error
