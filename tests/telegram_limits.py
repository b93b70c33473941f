"""Telegram's numbers, its error answers, and its pace (protocols.md §3)."""

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """Telegram's numbers; None switches a limit of the pace off."""

    text: int = 4096
    """Row "message text / caption", after entity parsing, in UTF-16 units (stricter reading)."""
    caption: int = 1024
    callback_bytes: int = 64
    buttons: int = 100
    callback_text: int = 200
    commands: int = 100
    inline_results: int = 50
    per_chat: int | None = 1
    """Row "flood": messages a second to one chat."""
    per_group_minute: int | None = 20
    per_second: int | None = 30
    slack: float = 0.05
    """Seconds by which a window is shorter, for what the network does to a sender's pace."""
    query_seconds: float = 15
    """How long a pressed button or an inline query waits for its answer [words]."""
    photo_bytes: int = 10 * 2**20
    file_bytes: int = 50 * 2**20
    download_bytes: int = 20 * 2**20
    webhook_seconds: float = 10
    """How long a webhook may take to answer."""
    webhook_attempts: int = 1000
    """Row "delivery": "a reasonable amount of attempts"; then the update is in `lost`."""
    webhook_pause: float = 0.1
    """Seconds between two attempts; Telegram's grow, which no test waits for."""


REAL = Limits()
UNPACED = Limits(per_chat=None, per_group_minute=None, per_second=None)
"""For benches: everything is refused that is wrong, nothing because it is fast."""


class Refused(Exception):  # noqa: N818 - what Telegram says, not what is wrong here
    """An error answer in Telegram's words."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        """Take the numbers that stand in the answer's `parameters`."""
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def answer(self) -> web.Response:
        """Write it as Telegram does: the status is the error code."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return web.json_response(body, status=self.code)


def bad(why: str, **parameters: int) -> Refused:
    """Make a 400."""
    return Refused(400, f"Bad Request: {why}", **parameters)


def forbidden(why: str) -> Refused:
    """Make a 403."""
    return Refused(403, f"Forbidden: {why}")


class Window:
    """At most `most` messages in any `seconds`; who comes too early has to stay away."""

    def __init__(self, most: int, seconds: float) -> None:
        """Start empty."""
        self._most = most
        self._seconds = seconds
        self._times: deque[float] = deque()
        self._shut = 0.0

    def wait(self, now: float) -> int:
        """Say for how many seconds nothing more is taken, 0 for none; whoever was told waits."""
        while self._times and now - self._times[0] >= self._seconds:
            self._times.popleft()
        if now < self._shut:
            return math.ceil(self._shut - now)
        if len(self._times) < self._most:
            return 0
        told = math.ceil(self._times[0] + self._seconds - now)
        self._shut = now + told
        return told

    def take(self, now: float) -> None:
        """Count a message."""
        self._times.append(now)


class Flood:
    """Rows "flood" and "429": the pace of one bot, to each chat and to all together."""

    def __init__(self, limits: Limits) -> None:
        """Start with nothing sent."""
        self._limits = limits
        self._all = self._windows((limits.per_second, 1.0))
        self._chats: dict[int, list[Window]] = {}

    def pass_one(self, chat: int, now: float) -> None:
        """Count a message to a chat, or raise 429 with the seconds to wait."""
        windows = self._all + self._of(chat)
        if wait := max((window.wait(now) for window in windows), default=0):
            raise Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        for window in windows:
            window.take(now)

    def _of(self, chat: int) -> list[Window]:
        if chat not in self._chats:
            group = self._limits.per_group_minute if chat < 0 else None
            self._chats[chat] = self._windows((self._limits.per_chat, 1.0), (group, 60.0))
        return self._chats[chat]

    def _windows(self, *rules: tuple[int | None, float]) -> list[Window]:
        slack = self._limits.slack
        return [Window(most, seconds - slack) for most, seconds in rules if most is not None]
