"""The composition root: opens the store, the desk and the doors, and closes them in reverse."""

import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from asyncio import create_task, gather, to_thread
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import uvloop
from aiohttp import web

from bot import clock as minutes
from bot import logs
from bot.channels import telegram, zalo_bot, zalo_oa
from bot.channels import web as web_chat
from bot.channels.door import (
    CHANNELS,
    CLOCK,
    DESK,
    INBOX,
    RECEPTION,
    REFUSALS,
    SETTINGS,
    STORE,
    Door,
)
from bot.channels.web.excuse import excuse
from bot.desk import Desk
from bot.inbox import Inbox
from bot.mailroom import Mailroom
from bot.postman import Postman
from bot.reception import Reception
from bot.settings import Settings
from handlers import answer
from knowledge.refusal import Refusal
from knowledge.store import Store, open_store
from locales import message

DOORS: list[Door] = [web_chat, telegram, zalo_oa, zalo_bot]

LARGEST = 64 * 1024
"""Bytes of a request that are read."""

PATIENCE = 10
"""Seconds that requests under way get to finish when the service stops."""

LANES = 2
"""Citizens served at once on PostgreSQL, and as many visitors of pages; SQLite has one writer."""

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


def make_app(
    settings: Settings,
    clock: Callable[[], datetime] = _utc_now,
    doors: Sequence[Door] = DOORS,
) -> web.Application:
    """Put the service together; nothing is opened before it starts. `clock` returns aware UTC."""
    app = web.Application(middlewares=[excuse], client_max_size=LARGEST)
    app[SETTINGS] = settings
    app[CLOCK] = clock
    app[CHANNELS] = []
    app[REFUSALS] = Counter()
    app.cleanup_ctx.extend([_database, _inbox])
    app.on_response_prepare.append(_protect)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/metrics", _metrics)
    for door in doors:
        door.mount(app)
    app.cleanup_ctx.extend([_channels, _post, _sweeping])
    return app


def serve(settings: Settings) -> None:
    """Run until SIGTERM or Ctrl-C; raises Refusal when the address cannot be had."""
    logs.configure(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(make_app(settings), settings))


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


async def _database(app: web.Application) -> AsyncIterator[None]:
    settings = app[SETTINGS]
    lanes = 1 if settings.database.startswith("sqlite") else LANES
    store = app[STORE] = await to_thread(_open, settings, app[CLOCK]())
    desk = app[DESK] = Desk(store, app[CLOCK], threads=1 if lanes == 1 else 2 * lanes)
    app[RECEPTION] = Reception(desk, answer, lanes=lanes, named_days=settings.named_days)
    yield
    await to_thread(desk.close)
    store.close()


async def _inbox(app: web.Application) -> AsyncIterator[None]:
    folder = app[SETTINGS].data_dir
    folder.mkdir(parents=True, exist_ok=True)
    inbox = app[INBOX] = Inbox(folder / "inbox.sqlite3")
    yield
    await inbox.close()


async def _channels(app: web.Application) -> AsyncIterator[None]:
    for channel in app[CHANNELS]:
        await channel.open()
    yield
    for channel in app[CHANNELS]:
        await channel.close()


async def _post(app: web.Application) -> AsyncIterator[None]:
    """Carry the post, from the inbox to the answers' delivery."""
    desk, inbox, now = app[DESK], app[INBOX], app[CLOCK]
    postmen = {channel.name: Postman(channel, app[STORE], desk) for channel in app[CHANNELS]}
    mailroom = Mailroom(inbox, app[RECEPTION], desk, postmen, now)
    carrying = [create_task(each.run(inbox.keep)) for each in postmen.values()]
    sorting = create_task(mailroom.run())
    yield
    sorting.cancel()
    await mailroom.finish()
    for task in carrying:
        task.cancel()
    await gather(sorting, *carrying, return_exceptions=True)


async def _sweeping(app: web.Application) -> AsyncIterator[None]:
    sweeping = create_task(minutes.run(app[DESK], app[INBOX], app[SETTINGS].named_days))
    yield
    sweeping.cancel()
    await gather(sweeping, return_exceptions=True)


def _open(settings: Settings, now: datetime) -> Store:
    store = open_store(settings.database)
    with store.town(now, reading=True) as town:
        # The first citizen does not wait for the search index.
        town.library.understand("")
    # The catalogue stays as long as the process: nobody need look through it for garbage.
    gc.collect()
    gc.freeze()
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
    """Count messages and refused updates since the start, in Prometheus' text format."""
    messages, refusals = request.app[RECEPTION].tally, request.app[REFUSALS]
    lines = ["# TYPE motcua_messages_total counter"]
    lines += [
        f'motcua_messages_total{{channel="{channel}",ending="{ending}"}} {count}'
        for (channel, ending), count in sorted(messages.items())
    ]
    lines += ["# TYPE motcua_refused_updates_total counter"]
    lines += [
        f'motcua_refused_updates_total{{webhook="{webhook}",reason="{reason}"}} {count}'
        for (webhook, reason), count in sorted(refusals.items())
    ]
    return web.Response(text="\n".join(lines) + "\n")
