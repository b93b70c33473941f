"""The composition root: opens the store, the desk and the doors, and closes them in reverse."""

import logging
import socket
import sys
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from secrets import token_hex

from aiohttp import web

from bot.channels import web as web_chat
from bot.channels.door import CLOCK, RECEPTION, SETTINGS, Door
from bot.reception import Reception
from bot.settings import Settings
from handlers import answer
from knowledge.refusal import Refusal
from knowledge.store import Store, open_store
from locales import LANGUAGES, translator

DOORS: list[Door] = [web_chat]

LARGEST = 64 * 1024
"""Bytes of a request that are read."""

PATIENCE = 10
"""Seconds that requests under way get to finish when the service stops."""

THREADS = {True: 1, False: 8}
"""Messages served at once: SQLite has a single writer."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would then hide the origin of our own form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

A_DAY = "public, max-age=86400"
"""For files, whose addresses change with their contents; everything else is never kept."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def make_app(settings: Settings, clock: Callable[[], datetime] = _utc_now) -> web.Application:
    """Put the service together; nothing is opened before it starts. `clock` returns aware UTC."""
    app = web.Application(middlewares=[_excuse], client_max_size=LARGEST)
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app.cleanup_ctx.append(_reception)
    app.on_response_prepare.append(_protect)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/metrics", _metrics)
    for door in DOORS:
        door.mount(app)
    return app


def serve(settings: Settings) -> None:
    """Run until SIGTERM or Ctrl-C; raises Refusal when the address cannot be had."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("bot").setLevel(logging.INFO)
    app = make_app(settings)
    listening = _listen(settings)

    async def announce(_app: web.Application) -> None:
        _announce(settings, listening.getsockname()[1])

    app.on_startup.append(announce)
    web.run_app(app, sock=listening, shutdown_timeout=PATIENCE, access_log=None, print=None)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise Refusal(
            "Cannot listen on {host}, port {port}: {reason}.",
            host=settings.host,
            port=settings.port,
            reason=error.strerror,
        ) from error


def _announce(settings: Settings, port: int) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    sys.stdout.write(f"Một Cửa: http://{host}:{port}/\n")
    sys.stdout.flush()


async def _reception(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    store = await to_thread(_open, settings, app[CLOCK]())
    threads = THREADS[settings.database.startswith("sqlite")]
    app[RECEPTION] = Reception(store, answer, threads=threads)
    yield
    await to_thread(app[RECEPTION].close)
    store.close()


def _open(settings: Settings, now: datetime) -> Store:
    store = open_store(settings.database)
    with store.town(now, reading=True) as town:
        # The first citizen does not wait for the search index.
        town.library.understand("")
    return store


@web.middleware
async def _excuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a fault of ours into a sentence with a number that the log explains."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is logged and the browser gets a page
        reference = token_hex(4)
        _log.exception("%s %s failed, reference %s", request.method, request.path, reference)
        say = translator(LANGUAGES[0])
        sentence = say(
            "Sorry, something went wrong on our side. Please ask again in a moment. "
            "If it happens again, tell the office this number: {reference}.",
            reference=reference,
        )
        return web.Response(status=500, text=sentence)


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Cache-Control"] = (
        A_DAY if request.path.startswith("/static/") else "no-store"
    )


async def _health(request: web.Request) -> web.Response:
    """Say whether the database answers, and with which edition."""
    try:
        edition = await request.app[RECEPTION].look(
            request.app[CLOCK](), lambda town: town.library.edition.number
        )
    except Exception:  # noqa: BLE001 - a health check says so, whatever it is
        _log.exception("the database does not answer")
        return web.json_response({"status": "unavailable"}, status=503)
    return web.json_response({"status": "ok", "edition": edition})


async def _metrics(request: web.Request) -> web.Response:
    """Count messages since the start, in Prometheus' text format."""
    lines = ["# TYPE motcua_messages_total counter"]
    lines += [
        f'motcua_messages_total{{channel="{channel}",ending="{ending}"}} {count}'
        for (channel, ending), count in sorted(request.app[RECEPTION].tally.items())
    ]
    return web.Response(text="\n".join(lines) + "\n")
