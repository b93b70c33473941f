"""What every channel is: a door that hands messages to reception and says its replies."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from aiohttp import web

from bot.reception import Reception
from bot.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
RECEPTION = web.AppKey("reception", Reception)
"""Open from the application's start to its end."""
CLOCK: web.AppKey[Callable[[], datetime]] = web.AppKey("clock")
"""Returns the time, UTC and aware; the doors read no other clock."""


class Door(Protocol):
    """One channel, a module: it knows its platform's messages and limits and nothing else."""

    def mount(self, app: web.Application, /) -> None:
        """Add the channel's routes, and its start and stop to `app.cleanup_ctx`."""
