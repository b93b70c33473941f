"""The composition root: opens the store, the desk and the doors, and closes them in reverse."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from aiohttp import web

from bot.channels import web as web_chat
from bot.channels.door import CLOCK, RECEPTION, SETTINGS, Door
from bot.channels.web.excuse import excuse
from bot.reception import Reception
from bot.settings import Settings
from handlers import answer
from knowledge.refusal import Refusal
from knowledge.store import Store, open_store
from locales import message

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

TOLD_TO_STOP = (signal.SIGINT, signal.SIGTERM)
"""Signals that end the service in order, be it while it still starts."""

UNHEARD = {
    errno.EADDRINUSE: message("Port {port} on {host} is in use by another program."),
    errno.EACCES: message("Listening on {host}, port {port}, is not allowed to this user."),
}
"""Why an address cannot be listened on, by the system's error number."""

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def make_app(settings: Settings, clock: Callable[[], datetime] = _utc_now) -> web.Application:
    """Put the service together; nothing is opened before it starts. `clock` returns aware UTC."""
    app = web.Application(middlewares=[excuse], client_max_size=LARGEST)
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
    asyncio.run(_serve(make_app(settings), settings))


async def _serve(app: web.Application, settings: Settings) -> None:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in TOLD_TO_STOP:
        loop.add_signal_handler(each, told.set)
    listening = _listen(settings)
    runner = web.AppRunner(app, shutdown_timeout=PATIENCE, access_log=None)
    try:
        await runner.setup()
        if not told.is_set():
            await web.SockSite(runner, listening).start()
            _announce(settings, listening.getsockname()[1])
            await told.wait()
    finally:
        await runner.cleanup()
        listening.close()
        # `make` passes on what its group has heard: the loop's handlers go before the process.
        signal.pthread_sigmask(signal.SIG_BLOCK, TOLD_TO_STOP)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        key = UNHEARD.get(error.errno or 0, message("Cannot listen on {host}, port {port}."))
        raise Refusal(key, host=settings.host, port=settings.port) from error


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
