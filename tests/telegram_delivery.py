"""How updates come to a bot: it polls for them, or they are posted to its webhook.

Rules are those of protocols.md §3, rows "webhook", "delivery" and "allowed_updates default".
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.telegram_limits import Limits, Refused, bad

Json = dict[str, Any]
Call = Callable[[str, Json], Awaitable[object]]

DEFAULT_UPDATES = frozenset(
    ("message", "edited_message", "callback_query", "inline_query", "my_chat_member")
)
"""What a bot gets that named no `allowed_updates`: here, all kinds there are."""

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of the header

ANOTHER_POLLER = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
POLLING_A_HOOKED_BOT = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


def _conflict(why: str) -> Refused:
    return Refused(409, f"Conflict: {why}")


@dataclass(slots=True)
class Webhook:
    """What setWebhook was told, and what went wrong last."""

    url: str = ""
    secret: str = ""
    connections: int = 40
    workers: list[asyncio.Task[None]] = field(default_factory=list)
    error: Json = field(default_factory=dict)


class Delivery:
    """The updates that a bot has not confirmed, and the two ways to it."""

    def __init__(self, limits: Limits, changed: Callable[[], None], call: Call) -> None:
        """Take what to run after each change, and what carries out a call in an answer."""
        self.https = False
        """Refuse webhooks at other addresses, as Telegram does."""
        self.proxy = ""
        """Where the webhook's public address leads to: updates go there, to the webhook's path."""
        self.duplicates = 0
        """How often more than once each update is posted."""
        self.newest_first = False
        """Post waiting updates in the wrong order."""
        self.webhook = Webhook()
        self.pending: dict[int, Json] = {}
        self.lost: list[Json] = []
        self._limits = limits
        self._tell = changed
        self._call = call
        self._allowed = DEFAULT_UPDATES
        self._turns = count()
        self._ready: asyncio.PriorityQueue[tuple[int, int, Json]] = asyncio.PriorityQueue()
        self._poll: asyncio.Future[None] | None = None
        self._later: set[asyncio.TimerHandle] = set()

    async def open(self) -> None:
        """Make connections possible."""
        self._session = ClientSession(timeout=ClientTimeout(total=self._limits.webhook_seconds))

    async def close(self) -> None:
        """Stop delivering."""
        await self._unhook()
        self._end_poll("bot stopped")
        await self._session.close()

    def bring(self, kind: str, update: Json) -> None:
        """Deliver an update if the bot wants its kind; one may come twice."""
        if kind in self._allowed:
            self.pending[update["update_id"]] = update
            if self.webhook.url:
                self._line_up(update)
            if self._poll and not self._poll.done():
                self._poll.set_result(None)
            self._tell()

    def _allow(self, params: Json) -> None:
        # Without the parameter the earlier choice stays.
        if "allowed_updates" in params:
            self._allowed = frozenset(params["allowed_updates"] or DEFAULT_UPDATES)

    def _drop_pending(self, params: Json) -> None:
        if params.get("drop_pending_updates"):
            self.pending.clear()

    # Polling.

    async def get_updates(self, params: Json) -> list[Json]:
        """Confirm what lies before the offset, and return the oldest of the rest."""
        if self.webhook.url:
            raise _conflict(POLLING_A_HOOKED_BOT)
        self._end_poll(ANOTHER_POLLER)
        self._allow(params)
        self._confirm(int(params.get("offset") or 0))
        if not self.pending:
            await self._wait(float(params.get("timeout") or 0))
        most = min(max(int(params.get("limit") or 100), 1), 100)
        return list(islice(self.pending.values(), most))

    def _confirm(self, offset: int) -> None:
        """Forget updates; a negative offset counts from the newest one back."""
        if offset < 0:
            offset = min([*self.pending][offset:], default=0)
        while self.pending and (oldest := next(iter(self.pending))) < offset:
            del self.pending[oldest]
        self._tell()

    async def _wait(self, seconds: float) -> None:
        """Return when something has come, or after so many seconds; raises 409 if cut short."""
        poll = self._poll = asyncio.get_running_loop().create_future()
        await asyncio.wait((poll,), timeout=seconds)
        if self._poll is poll:
            self._poll = None
        if poll.done():
            poll.result()

    def _end_poll(self, why: str) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_exception(_conflict(why))
        self._poll = None

    # The webhook.

    async def set_webhook(self, params: Json) -> bool:
        """Register an address; everything that waits is posted to it."""
        url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
        if not url:
            return await self.delete_webhook(params)
        self._check(url, secret)
        self._end_poll("terminated by setWebhook request")
        await self._unhook()
        self._allow(params)
        self._drop_pending(params)
        connections = min(max(int(params.get("max_connections") or 40), 1), 100)
        workers = [asyncio.create_task(self._work()) for _ in range(connections)]
        self.webhook = Webhook(url, secret, connections, workers)
        for update in self.pending.values():
            self._line_up(update)
        return True

    def _check(self, url: str, secret: str) -> None:
        address = urlsplit(url)
        if self.https and address.scheme != "https":
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if self.https and address.port not in (None, 443, 80, 88, 8443):
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")

    async def delete_webhook(self, params: Json) -> bool:
        """Let the bot poll again."""
        await self._unhook()
        self._drop_pending(params)
        return True

    def get_webhook_info(self, _params: Json) -> Json:
        """Tell what is registered, and how it goes."""
        info: Json = {"url": self.webhook.url, "has_custom_certificate": False}
        info["pending_update_count"] = len(self.pending)
        if self.webhook.url:
            info |= {"max_connections": self.webhook.connections, **self.webhook.error}
            info["allowed_updates"] = sorted(self._allowed)
        return info

    async def _unhook(self) -> None:
        workers, self.webhook = self.webhook.workers, Webhook()
        for worker in workers:
            worker.cancel()
        for timer in self._later:
            timer.cancel()
        self._later.clear()
        await asyncio.gather(*workers, return_exceptions=True)
        self._ready = asyncio.PriorityQueue()

    def _line_up(self, update: Json, attempts: int = 0) -> None:
        for _ in range(1 if attempts else 1 + self.duplicates):
            turn = next(self._turns)
            self._ready.put_nowait((-turn if self.newest_first else turn, attempts, update))

    async def _work(self) -> None:
        """Post updates, one at a time; there are `max_connections` of these."""
        while True:
            _, attempts, update = await self._ready.get()
            wrong = await self._post(update)
            if not wrong:
                self.pending.pop(update["update_id"], None)
            elif attempts + 1 < self._limits.webhook_attempts:
                self._again(update, attempts + 1, wrong)
            elif self.pending.pop(update["update_id"], None):
                self.lost.append(update)
            self._tell()

    async def _post(self, update: Json) -> str:
        """Return what was wrong with the webhook's answer, "" for nothing."""
        url, secret = self.webhook.url, self.webhook.secret
        if self.proxy:
            url = self.proxy.rstrip("/") + urlsplit(url).path
        headers = {SECRET: secret} if secret else {}
        try:
            async with self._session.post(url, json=update, headers=headers) as answer:
                body = await answer.read()
        except (ClientError, OSError, TimeoutError) as error:
            return type(error).__name__
        if not 200 <= answer.status < 300:
            return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        await self._answered(body)
        return ""

    def _again(self, update: Json, attempts: int, wrong: str) -> None:
        self.webhook.error = {"last_error_date": int(time.time()), "last_error_message": wrong}

        def line_up() -> None:
            self._later.discard(timer)
            self._line_up(update, attempts)

        timer = asyncio.get_running_loop().call_later(self._limits.webhook_pause, line_up)
        self._later.add(timer)

    async def _answered(self, body: bytes) -> None:
        """Row "answer in the webhook response": done, and nobody learns how it went."""
        try:
            call = json.loads(body)
        except ValueError:
            return
        if isinstance(call, dict) and isinstance(call.get("method"), str):
            await self._call(call.pop("method"), call)
