"""The Zalo Bot Platform as documented, on loopback: only tests may use this."""

import asyncio
import ipaddress
import json
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from typing_extensions import override

from tests.fake_zalo import Call, Delivery, Json, Loopback, Trouble, characters

TEXT, USERS, QUOTA = 2000, 50, 3000
SECRET = range(8, 257)
KINDS: Mapping[str, Json] = {
    "image": {"photo_url": "https://f1.zdn.vn/i.jpg"},
    "sticker": {"sticker": "0e078a2fb66a5f34067b", "url": "https://f1.zdn.vn/s.png"},
    "voice": {"voice_url": "https://f1.zdn.vn/v.aac"},
    "unsupported": {},
}
MESSAGES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: the user does not take messages from this bot",
    404: "Not Found",
    408: "Request timeout",
    429: "Quota exceeded",
}


class Refused(Exception):  # noqa: N818 - it is an answer of the platform
    """What the fake answers instead of doing it."""

    def __init__(self, code: int, description: str = "") -> None:
        """Take a code as in HTTP, and words if they are not the usual ones."""
        super().__init__(code)
        self.code = code
        self.description = description or MESSAGES.get(code, "Internal error")


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the bot that reached a chat."""

    to: str
    text: str
    method: str
    at: datetime
    message_id: str


class FakeZaloBot(Loopback):
    """One bot: `async with FakeZaloBot() as fake:` serves at `fake.api` for `fake.token`.

    Set its attributes to change the rules; `fake.sent` is what chats got. A webhook must be a
    public address: `fake.local` is where its events are really posted.
    """

    def __init__(self, *, local: str = "") -> None:
        """Make a bot with a new token."""
        super().__init__()
        self.token = f"{secrets.randbelow(10**18) + 10**18}:{secrets.token_urlsafe(24)}"
        self.local = local
        self.name = "Bot Một Cửa"
        self.quota = QUOTA
        """Messages left this month."""
        self.idle = 0.1
        """The longest that a poll waits in vain, in seconds; the real one waits as asked."""
        self.error_statuses = True
        """Whether an error's code is also the HTTP status; else that is 200."""
        self.wrapped = True
        """Whether an event stands in `result`; else it is the whole body."""
        self.milliseconds = True
        self.verification: Json | None = None
        """What setWebhook says about its probe, where it says anything."""
        self.webhook: Json | None = None
        """Address, secret_token and time of the webhook, None while there is none."""
        self.users: list[str] = []
        self.blocked: set[str] = set()
        self.chats: set[str] = set()
        self.sent: list[Said] = []
        self.actions: list[str] = []
        """The chats in which the bot showed that it types."""
        self.waiting: deque[Json] = deque()
        """Events that no poll has taken yet."""
        self.violations: list[str] = []
        self._filled = asyncio.Event()

    @property
    def api(self) -> str:
        """The address of the platform, without the token."""
        return self.address

    @property
    def settings(self) -> Json:
        """The values for `Settings` that connect a service with this fake."""
        return {"zalobot_token": self.token, "zalobot_api": self.api}

    # What the bot asks for

    @override
    async def _answer(self, request: web.Request, trouble: Trouble) -> web.Response:
        method = request.path.rpartition("/")[2]
        code, body = await self._envelope(request, method, trouble.error)
        self.calls.append(Call(method, code, self.now()))
        status = code if code and self.error_statuses else trouble.status
        return web.json_response(body, status=status)

    async def _envelope(
        self, request: web.Request, method: str, error: int | None
    ) -> tuple[int, Json]:
        try:
            result = await self._do(request, method, error)
        except Refused as refused:
            said = {"description": refused.description, "error_code": refused.code}
            return refused.code, {"ok": False, **said}
        return 0, {"ok": True} | ({} if result is None else {"result": result})

    async def _do(self, request: web.Request, method: str, error: int | None) -> Json | None:
        if request.path != f"/bot{self.token}/{method}":
            raise Refused(401)
        do = self._methods().get(method)
        if error is not None or do is None:
            raise Refused(error or 404)
        return await do(await _fields(request))

    def _methods(self) -> Mapping[str, Callable[[Json], Awaitable[Json | None]]]:
        return {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendSticker": self._send_sticker,
            "sendChatAction": self._send_chat_action,
        }

    async def _get_me(self, _fields: Json) -> Json:
        number = self.token.partition(":")[0]
        return {
            "id": number,
            "account_name": "bot.VDKyGxQvc",
            "account_type": "BASIC",
            "can_join_groups": False,
            "display_name": self.name,
        }

    async def _get_updates(self, fields: Json) -> Json:
        """Give one event, once: it is gone whether or not it arrives."""
        if self.webhook is not None:
            raise Refused(400, "Bad Request: a webhook is set, delete it first")
        timeout = float(fields.get("timeout") or 30)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(timeout, self.idle)):
                while not self.waiting:
                    self._filled.clear()
                    await self._filled.wait()
        if not self.waiting:
            raise Refused(408)
        return self.waiting.popleft()

    async def _set_webhook(self, fields: Json) -> Json:
        url, secret = fields.get("url"), fields.get("secret_token")
        if not isinstance(url, str) or not _is_public(url):
            raise Refused(400, "Bad Request: url must be a public https address")
        if not isinstance(secret, str) or len(secret) not in SECRET:
            raise Refused(400, "Bad Request: secret_token must have 8 to 256 characters")
        self.webhook = {"url": url, "secret_token": secret, "updated_at": self._updated_at()}
        return self._shown() | ({"verification": self.verification} if self.verification else {})

    async def _delete_webhook(self, _fields: Json) -> Json:
        self.webhook = None
        return {"url": "", "updated_at": self._updated_at()}

    async def _get_webhook_info(self, _fields: Json) -> Json:
        if self.webhook is None:
            raise Refused(404, "Not Found: no webhook is set")
        return self._shown()

    def _shown(self) -> Json:
        webhook = self.webhook or {}
        return {key: webhook[key] for key in ("url", "updated_at")}

    def _updated_at(self) -> int:
        return int(self.now().timestamp() * 1000)

    async def _send_message(self, fields: Json) -> Json:
        return self._say("sendMessage", fields, _text(fields.get("text")))

    async def _send_photo(self, fields: Json) -> Json:
        if not str(fields.get("photo", "")).startswith(("https://", "http://")):
            raise Refused(400, "Bad Request: photo must be an address")
        return self._say("sendPhoto", fields, _text(fields.get("caption", "-")))

    async def _send_sticker(self, fields: Json) -> Json:
        return self._say("sendSticker", fields, _text(fields.get("sticker")))

    async def _send_chat_action(self, fields: Json) -> None:
        if fields.get("action") != "typing":
            raise Refused(400, "Bad Request: action is unknown")
        self.actions.append(self._chat(fields))

    def _say(self, method: str, fields: Json, text: str) -> Json:
        chat = self._chat(fields)
        if chat in self.blocked:
            raise Refused(403)
        if self.quota <= 0:
            raise Refused(429)
        self.quota -= 1
        said = Said(chat, text, method, self.now(), secrets.token_hex(10))
        self.sent.append(said)
        return {"message_id": said.message_id, "date": self._updated_at()}

    def _chat(self, fields: Json) -> str:
        chat = fields.get("chat_id")
        if not isinstance(chat, str) or chat not in self.chats:
            raise Refused(400, "Bad Request: chat not found")
        return chat

    # What people do

    async def says(self, user: str, text: str, **more: Any) -> Delivery | None:  # noqa: ANN401
        """Let a user write a text; None where it waits for a poll, or is over the cap."""
        return await self.deliver(self.event(user, "text", text=text, **more))

    async def sends(self, user: str, kind: str, caption: str = "") -> Delivery | None:
        """Let a user send what is no text, a kind of KINDS."""
        more = KINDS[kind] | ({"caption": caption} if caption else {})
        return await self.deliver(self.event(user, kind, **more))

    def event(self, user: str, kind: str, *, group: str = "", **message: Any) -> Json:  # noqa: ANN401
        """Make an event without delivering it; `group` is the chat where he wrote it."""
        chat = group or user
        moment = self.now().timestamp()
        return {
            "event_name": f"message.{kind}.received",
            "message": {
                "from": {"id": user, "display_name": "Nguyễn Thị An", "is_bot": False},
                "chat": {"id": chat, "chat_type": "GROUP" if group else "PRIVATE"},
                "message_id": secrets.token_hex(10),
                "date": int(moment * 1000) if self.milliseconds else int(moment),
                **message,
            },
        }

    async def deliver(self, event: Json) -> Delivery | None:
        """Hand an event over, twice for a duplicate; beyond the 50th user nothing arrives."""
        message = event["message"]
        user = message["from"]["id"]
        if user not in self.users and len(self.users) >= USERS:
            return None
        self.users += [] if user in self.users else [user]
        self.chats.add(message["chat"]["id"])
        if self.webhook is None:
            self.waiting.append(event)
            self._filled.set()
            return None
        return await self.post(event, self.webhook["secret_token"])

    async def post(self, event: Json, secret: str) -> Delivery:
        """Post an event to the webhook with a secret; an answer over 299 is a violation."""
        body = {"ok": True, "result": event} if self.wrapped else event
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = {"X-Bot-Api-Secret-Token": secret}
        delivery = await self._post(self.local, event, raw, headers)
        if not 200 <= delivery.status <= 299:
            self.violations.append(f"{event.get('event_name')}: {delivery.status}")
        return delivery


async def _fields(request: web.Request) -> Json:
    """Read the parameters from wherever the platform takes them."""
    fields: Json = dict(request.query)
    if request.content_type == "application/json" and request.can_read_body:
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise Refused(400, "Bad Request: body is not JSON") from None
        if body is not None and not isinstance(body, dict):
            raise Refused(400, "Bad Request: body is not an object")
        return fields | (body or {})
    return fields | dict(await request.post())


def _text(text: object) -> str:
    if not isinstance(text, str) or not 1 <= characters(text) <= TEXT:
        raise Refused(400, "Bad Request: text must have 1 to 2000 characters")
    return text


def _is_public(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or "." not in host or host.endswith((".local", ".internal")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True
