"""Runs the package telemelya, another imitation of Telegram, without the servers that it wants.

Its Redis is fakeredis; its MinIO, which holds pictures that we do not send, is a shelf that keeps
nothing. Prints its address, and serves until its input ends.
"""

import asyncio
import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from threading import Thread

import uvicorn
from fakeredis import TcpFakeServer
from starlette.types import Receive, Scope, Send

HERE = ("127.0.0.1", 0)


class Shelf(BaseHTTPRequestHandler):
    """Says yes to everything."""

    def do_HEAD(self) -> None:
        """Find the bucket."""
        self.send_response_only(200)
        self.end_headers()


def address(server: ThreadingHTTPServer | TcpFakeServer) -> str:
    """Serve beside everything else, and tell where."""
    Thread(target=server.serve_forever, daemon=True).start()
    host, port = server.server_address[:2]
    return f"{host}:{port}"


class Telegram:
    """Telemelya, except that updates wait until there is a webhook, as at Telegram."""

    def __init__(self) -> None:
        """Start without one."""
        self._hooked = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if path.endswith("/send_update"):
            await self._hooked.wait()
        await app(scope, receive, send)
        if path.endswith("/setWebhook"):
            self._hooked.set()


def stop(server: uvicorn.Server) -> None:
    """Wait for the end of the input."""
    sys.stdin.read()
    server.should_exit = True


# Read by telemelya when it is imported.
os.environ["REDIS_URL"] = f"redis://{address(TcpFakeServer(HERE, server_type='redis'))}/0"
os.environ["MINIO_ENDPOINT"] = address(ThreadingHTTPServer(HERE, Shelf))
app = import_module("telemelya.server.app").app
served = uvicorn.Server(uvicorn.Config(Telegram(), log_level="error"))
listening = socket.create_server(HERE)
sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
sys.stdout.flush()
Thread(target=stop, args=(served,), daemon=True).start()
served.run(sockets=[listening])
