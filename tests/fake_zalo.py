"""Zalo's Official Account services as documented, on loopback: only tests may use this.

`FakeZalo` is one real server for OpenAPI and OAuth and the sender of webhooks. It is stricter
than Zalo where nobody knows how strict Zalo is. Facts and their sources: the protocol sheet.
"""

import asyncio
import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections import Counter, deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from typing_extensions import override

Json = dict[str, Any]

VIETNAM = timezone(timedelta(hours=7))
START = datetime(2026, 11, 24, 2, tzinfo=UTC)
"""Tuesday, nine in the morning in Vietnam."""

TEXT, BUTTONS, TITLE, PAYLOAD = 2000, 5, 100, 1000
FREE, PAID = timedelta(hours=48), timedelta(days=7)
ACCESS, CODE, REFRESH = timedelta(hours=25), timedelta(minutes=10), timedelta(days=90)
KEPT, UPLOADS = timedelta(days=7), 5000
PATIENCE = 2.0
"""Seconds in which a webhook must answer 200."""
RETRIES = [timedelta(seconds=30), *(timedelta(minutes=each) for each in (5, 15, 30, 60))]

MESSAGES = {
    0: "Success",
    -32: "Request rate limit exceeded",
    -109: "Template id is invalid",
    -112: "Template data is invalid",
    -133: "ZNS is not allowed to be sent at night",
    -144: "The daily quota of templates is exceeded",
    -100: "Attachment is invalid or has expired",
    -200: "Send message failed",
    -201: "Params is invalid",
    -209: "Not supported this api",
    -210: "Params is out of range",
    -211: "Out of quota",
    -213: "User has not followed OA",
    -216: "Access token is invalid",
    -220: "Access token is expired or removed",
    -227: "User is banned or has been inactive for more than 45 days",
    -230: "User has not interacted with the OA in the past 7 days",
    -233: "Message type is not supported",
    -234: "This message cannot be sent at night",
    -235: "This API does not support this type of OA",
    -240: "MessageV2 API has been shut down, please use V3",
}


class Refused(Exception):  # noqa: N818 - it is an answer, and Zalo's are called so by nobody
    """What the fake answers instead of doing it."""

    def __init__(self, code: int, message: str = "") -> None:
        """Take one of Zalo's codes, and words if they are not the usual ones."""
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES.get(code, "Unknown error")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that reached a user."""

    to: str
    text: str
    buttons: Sequence[Mapping[str, Any]]
    attachment: Mapping[str, Any] | None
    message: Mapping[str, Any]
    path: str
    at: datetime
    quota: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the fake answered, and with which error."""

    path: str
    error: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that was posted to the webhook; status 0 where nobody answered."""

    event: Mapping[str, Any]
    status: int
    seconds: float
    retry: int


@dataclass(slots=True)
class User:
    """What Zalo knows of a person and our OA."""

    id: str
    name: str = "Nguyễn Thị An"
    interacted_at: datetime | None = None
    follows: bool = True
    blocked: bool = False
    by_app: str = field(default_factory=lambda: _digits(18))


@dataclass(slots=True)
class Trouble:
    """What goes wrong with the next `times` requests whose path contains `path`."""

    path: str = ""
    times: int = 1
    error: int | None = None
    status: int = 200
    delay: float = 0
    drop: str = ""
    """"before" the effect or "after" it: the connection ends without an answer."""


def _digits(count: int) -> str:
    return "1" + "".join(secrets.choice("0123456789") for _ in range(count - 1))


def characters(text: str) -> int:
    """Count UTF-16 units: nobody knows how Zalo counts an emoji, so the dearest way holds."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def mac(app_id: str, body: bytes, timestamp: str, secret: str) -> str:
    """Sign as the official MacUtils does: plain SHA-256 of a concatenation."""
    return hashlib.sha256(
        app_id.encode() + body + timestamp.encode() + secret.encode()
    ).hexdigest()


class Loopback:
    """A server on a free port whose clock can be moved and that can be put into trouble."""

    def __init__(self) -> None:
        """Begin at START; nothing listens yet."""
        self.address = ""
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        self._troubles: list[Trouble] = []
        self._moved = timedelta()
        self._began = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._serve)
        # Whoever hangs up while he waits for an update must not take it along.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        self._client = ClientSession(timeout=ClientTimeout(total=10))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up on everybody."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()
        await self._runner.cleanup()

    def now(self) -> datetime:
        """Return the fake's time, UTC: it runs like any clock, and `pass_time` moves it."""
        return START + timedelta(seconds=time.monotonic() - self._began) + self._moved

    def pass_time(self, **parts: float) -> None:
        """Move the clock: `pass_time(hours=25)`."""
        self._moved += timedelta(**parts)

    def trouble(self, path: str = "", **what: Any) -> None:  # noqa: ANN401 - fields of Trouble
        """Let something go wrong: `trouble("/message", error=-200)`, `trouble(drop="after")`."""
        self._troubles.append(Trouble(path, **what))

    async def settled(self) -> None:
        """Wait until all that was sent off in the background has arrived."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _answer(self, request: web.Request, trouble: Trouble) -> web.Response:
        raise NotImplementedError

    async def _serve(self, request: web.Request) -> web.Response:
        """Answer; a delay comes after the effect, as when an answer is lost on its way."""
        trouble = self._next_trouble(request.path)
        if trouble.drop == "before":
            return _hang_up(request)
        response = await self._answer(request, trouble)
        await asyncio.sleep(trouble.delay)
        return _hang_up(request) if trouble.drop == "after" else response

    def _next_trouble(self, path: str) -> Trouble:
        for trouble in self._troubles:
            if trouble.path in path:
                trouble.times -= 1
                if trouble.times <= 0:
                    self._troubles.remove(trouble)
                return trouble
        return Trouble()

    async def _post(
        self, url: str, event: Json, body: bytes, headers: Mapping[str, str]
    ) -> Delivery:
        began, status = time.monotonic(), 0
        sent = {"Content-Type": "application/json", **headers}
        try:
            async with self._client.post(url, data=body, headers=sent) as response:
                await response.read()
                status = response.status
        except (ClientError, TimeoutError):
            pass
        retry = int(headers.get("num_retry", "0"))
        delivery = Delivery(event, status, time.monotonic() - began, retry)
        self.deliveries.append(delivery)
        return delivery

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _milliseconds(self) -> str:
        return str(int(self.now().timestamp() * 1000))


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


class FakeZalo(Loopback):
    """OpenAPI, OAuth and webhooks of one app with one OA; set its attributes to change the rules.

    `async with FakeZalo() as fake:` serves at `fake.api` and `fake.oauth`; `fake.webhook` is where
    events go, `fake.sent` what users got, `fake.violations` what the app did wrong.
    """

    def __init__(self, *, government: bool = False, rate: int = 2000, webhook: str = "") -> None:
        """Make an app and an OA with new secrets; `rate` is the requests allowed a minute."""
        super().__init__()
        self.app_id, self.app_secret = _digits(19), secrets.token_hex(10)
        self.oa_id, self.oa_secret = _digits(19), secrets.token_hex(10)
        self.webhook = webhook
        self.government = government
        self.v2_shut = True
        """Whether OAs that are no government's are refused by v2 (-240)."""
        self.rate = rate
        """Requests a minute; more are answered -32."""
        self.paid_quota = 500
        """Messages left for users who were silent for 48 hours."""
        self.monthly_quota: int | None = None
        """What `paid_quota` is filled up to as a month begins in Vietnam; None for never."""
        self.templates: dict[str, set[str]] = {}
        """Approved ZBS templates by id, with the names of their parameters."""
        self.template_shape = "user_id"
        """How a template's body must name the user: "user_id" or "recipient"."""
        self.template_quota = 500
        """Templates a day in Vietnam."""
        self.refusals: dict[str, int] = {}
        """Codes with which a message to a user is answered, whatever it is."""
        self.must_follow = False
        self.nights_closed = False
        """Whether 22:00-06:00 in Vietnam is answered -234."""
        self.button_shape = "A"
        """"A": buttons beside the text; "B": in a template of type button; "": none at all."""
        self.echoes = True
        """Whether each message sent comes back as events: the echo, received, seen."""
        self.numeric_errors = True
        """Whether OAuth's refusals carry a numeric `error` beside their names."""
        self.package = "Gói Tăng Trưởng"
        self.users: dict[str, User] = {}
        self.sent: list[Sent] = []
        self.undelivered: deque[tuple[Json, int]] = deque()
        """Events that were not answered 200 within 2 s, and how often they were repeated."""
        self.disabled = False
        """Set when an event's last repeat failed: Zalo delivers nothing any more."""
        self.violations: list[str] = []
        self.uploads: dict[str, tuple[str, datetime]] = {}
        """Kind and time of each upload by its attachment id or token."""
        self.access_token = self.refresh_token = ""
        """The pair that is valid now; `refresh_token` changes with each refresh."""
        self.spent: Counter[str] = Counter()
        """How often each refresh token was used, the times after the first in vain."""
        self._access_until = self._refresh_until = START
        self._codes: dict[str, tuple[str, datetime]] = {}
        self._recent: deque[float] = deque()
        self._month = START.astimezone(VIETNAM).month
        self.issue()

    @property
    def api(self) -> str:
        """The address of OpenAPI; that of OAuth is the same."""
        return self.address

    @property
    def oauth(self) -> str:
        """The address of OAuth."""
        return self.address

    @property
    def settings(self) -> Json:
        """The values for `Settings` that connect a service with this fake."""
        return {
            "zalo_app_id": self.app_id,
            "zalo_app_secret": self.app_secret,
            "zalo_oa_secret": self.oa_secret,
            "zalo_refresh_token": self.refresh_token,
            "zalo_api": self.api,
            "zalo_oauth": self.oauth,
        }

    def user(self, user: str) -> User:
        """Return a user by his id; he is made when he is first named."""
        return self.users.setdefault(user, User(user))

    def issue(self) -> str:
        """Give a new pair, as a refresh or the API Explorer does; returns the refresh token."""
        self.access_token, self.refresh_token = (
            secrets.token_urlsafe(48),
            secrets.token_urlsafe(48),
        )
        self._access_until, self._refresh_until = self.now() + ACCESS, self.now() + REFRESH
        return self.refresh_token

    def consent(self, challenge: str) -> str:
        """Give a code, as the consent page does for a code challenge."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = (challenge, self.now() + CODE)
        return code

    # OpenAPI and OAuth

    @override
    async def _answer(self, request: web.Request, trouble: Trouble) -> web.Response:
        """Answer HTTP 200 whatever happens; what happened stands in `error`."""
        answer, code = await self._result(request, trouble.error)
        self.calls.append(Call(request.path, code, self.now()))
        left = str(max(0, self.rate - len(self._recent)))
        headers = {"X-RateLimit-Limit": str(self.rate), "X-RateLimit-Remain": left}
        return web.json_response(answer, status=trouble.status, headers=headers)

    async def _result(self, request: web.Request, error: int | None) -> tuple[Json, int]:
        if request.path.startswith("/v4/"):
            return await self._oauth(request, error)
        try:
            data = await self._openapi(request, error)
        except Refused as refused:
            return {"error": refused.code, "message": refused.message}, refused.code
        return {"data": data, "error": 0, "message": "Success"}, 0

    async def _openapi(self, request: web.Request, error: int | None) -> Any:  # noqa: ANN401
        self._count_request()
        self._authorize(request)
        handle = self._routes().get((request.method, request.path))
        if error is not None or handle is None:
            raise Refused(-209 if error is None else error)
        return await handle(request)

    def _routes(self) -> Mapping[tuple[str, str], Any]:
        return {
            ("POST", "/v3.0/oa/message/cs"): self._message,
            ("POST", "/v2.0/oa/message"): self._message,
            ("POST", "/v3.0/oa/message/template"): self._template,
            ("POST", "/v2.0/oa/upload/image"): self._upload,
            ("POST", "/v2.0/oa/upload/gif"): self._upload,
            ("POST", "/v2.0/oa/upload/file"): self._upload,
            ("GET", "/v3.0/oa/getoa"): self._getoa,
            ("GET", "/v2.0/oa/getoa"): self._getoa,
            ("POST", "/v3.0/oa/quota/message"): self._quota,
            ("GET", "/v3.0/oa/user/detail"): self._detail,
            ("GET", "/v3.0/oa/user/getlist"): self._list,
        }

    def _count_request(self) -> None:
        now = self.now().timestamp()
        while self._recent and self._recent[0] <= now - 60:
            self._recent.popleft()
        if len(self._recent) >= self.rate:
            raise Refused(-32)
        self._recent.append(now)

    def _authorize(self, request: web.Request) -> None:
        token = request.headers.get("access_token", "")
        if "Authorization" in request.headers or not token:
            raise Refused(-216)
        if token != self.access_token:
            raise Refused(-216)
        if self.now() >= self._access_until:
            raise Refused(-216, "Access token has expired")

    async def _message(self, request: web.Request) -> Json:
        self._right_endpoint(request.path)
        body = await _json(request)
        user = self._recipient(body.get("recipient"))
        message = body.get("message")
        if not isinstance(message, dict) or set(body) - {"recipient", "message"}:
            raise Refused(-201)
        text, buttons = self._content(message)
        self._may_write(user)
        quota = self._window(user)
        sent = self._taken(
            request,
            user,
            quota,
            text=text,
            buttons=buttons,
            attachment=message.get("attachment"),
            message=message,
        )
        self.sent.append(sent)
        if self.echoes and self.webhook:
            self._soon(self._echo(sent))
        return {
            "message_id": sent.message_id,
            "user_id": user.id,
            "sent_time": self._milliseconds(),
            "quota": {"quota_type": quota},
        }

    async def _template(self, request: web.Request) -> Json:
        """Send a template by user id; the window does not matter to it."""
        body = await _json(request)
        wanted = {self.template_shape, "template_id", "template_data"}
        if set(body) != wanted:
            raise Refused(-201)
        user = self._recipient(body.get("recipient", {"user_id": body.get("user_id")}))
        names, data = self.templates.get(str(body["template_id"])), body["template_data"]
        if names is None:
            raise Refused(-109)
        if not isinstance(data, dict) or set(data) != names or not all(data.values()):
            raise Refused(-112)
        left = self.template_quota - self._templates_today()
        if left <= 0:
            raise Refused(-144)
        if user.id in self.refusals:
            raise Refused(self.refusals[user.id])
        if not 6 <= self.now().astimezone(VIETNAM).hour < 22:
            raise Refused(-133)
        sent = self._taken(
            request, user, "template", text="", buttons=(), attachment=None, message=data
        )
        self.sent.append(sent)
        quota = {"dailyQuota": str(self.template_quota), "remainingQuota": str(left - 1)}
        return {"msg_id": sent.message_id, "sent_time": self._milliseconds(), "quota": quota}

    def _templates_today(self) -> int:
        today = self.now().astimezone(VIETNAM).date()
        days = (
            each.at.astimezone(VIETNAM).date() for each in self.sent if each.quota == "template"
        )
        return sum(day == today for day in days)

    def _taken(self, request: web.Request, user: User, quota: str, **said: Any) -> Sent:  # noqa: ANN401
        return Sent(
            to=user.id,
            path=request.path,
            at=self.now(),
            quota=quota,
            message_id=secrets.token_hex(10),
            **said,
        )

    def _right_endpoint(self, path: str) -> None:
        v3 = path.startswith("/v3.0")
        if v3 and self.government:
            raise Refused(-235)
        if not v3 and not self.government and self.v2_shut:
            raise Refused(-240)

    def _recipient(self, recipient: object) -> User:
        if not isinstance(recipient, dict) or set(recipient) != {"user_id"}:
            raise Refused(-201, "recipient is invalid")
        user = recipient["user_id"]
        if not isinstance(user, str) or user not in self.users:
            raise Refused(-201, "user_id is invalid")
        return self.users[user]

    def _content(self, message: Json) -> tuple[str, Sequence[Json]]:
        """Check a message as strictly as anybody said that Zalo does."""
        if set(message) - {"text", "attachment", "quote_message_id"}:
            raise Refused(-201)
        text, attachment = message.get("text", ""), message.get("attachment")
        if not isinstance(text, str) or not isinstance(message.get("quote_message_id", ""), str):
            raise Refused(-201)
        if not text.strip() and attachment is None:
            raise Refused(-201, "text is empty")
        if characters(text) > TEXT:
            raise Refused(-210, "text is longer than 2000 characters")
        return text, [] if attachment is None else self._attached(text, attachment)

    def _attached(self, text: str, attachment: object) -> Sequence[Json]:
        payload = attachment.get("payload") if isinstance(attachment, dict) else None
        if not isinstance(attachment, dict) or not isinstance(payload, dict):
            raise Refused(-201, "attachment is invalid")
        if attachment.get("type") == "file":
            self._uploaded(payload.get("token"), "file")
            return []
        if attachment.get("type") != "template":
            raise Refused(-233)
        check = {
            None: self._shape_a,
            "button": self._shape_b,
            "media": self._media,
            "list": self._elements,
            "request_user_info": self._elements,
        }.get(payload.get("template_type"))
        if check is None:
            raise Refused(-233)
        check(text, payload)
        return _buttons(payload.get("buttons", []))

    def _shape_a(self, text: str, payload: Json) -> None:
        if not self.button_shape:
            raise Refused(-233)
        if self.button_shape != "A" or not payload.get("buttons") or not text.strip():
            raise Refused(-201, "attachment is invalid")

    def _shape_b(self, _text: str, payload: Json) -> None:
        if not self.button_shape:
            raise Refused(-233)
        inner = payload.get("text")
        if self.button_shape != "B" or not payload.get("buttons") or not isinstance(inner, str):
            raise Refused(-201, "attachment is invalid")
        if not 0 < characters(inner) <= TEXT:
            raise Refused(-210)

    def _media(self, _text: str, payload: Json) -> None:
        elements = payload.get("elements")
        if not isinstance(elements, list) or len(elements) != 1:
            raise Refused(-201, "elements is invalid")
        element = elements[0]
        kind = element.get("media_type")
        if kind not in ("image", "gif") or ("url" in element) == ("attachment_id" in element):
            raise Refused(-201, "element is invalid")
        if kind == "gif" and not (element.get("width") and element.get("height")):
            raise Refused(-201, "element is invalid")
        if "attachment_id" in element:
            self._uploaded(element["attachment_id"], kind)

    def _elements(self, _text: str, payload: Json) -> None:
        elements = payload.get("elements")
        most = 1 if payload["template_type"] == "request_user_info" else 5
        if not isinstance(elements, list) or not 1 <= len(elements) <= most:
            raise Refused(-201, "elements is invalid")
        for each in elements:
            if not _short(each.get("title"), TITLE):
                raise Refused(-201, "title is invalid")
            if not _short(each.get("subtitle", "-"), 500):
                raise Refused(-201, "subtitle is invalid")

    def _uploaded(self, token: object, kind: str) -> None:
        known = self.uploads.get(token) if isinstance(token, str) else None
        if known is None or known[0] != kind or self.now() - known[1] > KEPT:
            raise Refused(-100)

    def _may_write(self, user: User) -> None:
        if user.id in self.refusals:
            raise Refused(self.refusals[user.id])
        if user.blocked:
            raise Refused(-227)
        if self.must_follow and not user.follows:
            raise Refused(-213)
        if self.nights_closed and not 6 <= self.now().astimezone(VIETNAM).hour < 22:
            raise Refused(-234)

    def _window(self, user: User) -> str:
        """Say on which quota a message goes, and take it from there."""
        silent = self.now() - (user.interacted_at or datetime.min.replace(tzinfo=UTC))
        if silent <= FREE:
            return "reply"
        if silent > PAID:
            raise Refused(-230)
        month = self.now().astimezone(VIETNAM).month
        if month != self._month and self.monthly_quota is not None:
            self.paid_quota = self.monthly_quota
        self._month = month
        if self.paid_quota <= 0:
            raise Refused(-211)
        self.paid_quota -= 1
        return "sub_quota"

    async def _upload(self, request: web.Request) -> Json:
        kind = request.path.rpartition("/")[2]
        if not request.content_type.startswith("multipart/"):
            raise Refused(-201, "file is missing")
        part = (await request.post()).get("file")
        if not isinstance(part, web.FileField):
            raise Refused(-201, "file is missing")
        content = part.file.read()
        _check_file(kind, part.filename, content)
        if len(self.uploads) >= UPLOADS:
            raise Refused(-211)
        token = secrets.token_urlsafe(30)
        self.uploads[token] = (kind, self.now())
        return {"token" if kind == "file" else "attachment_id": token}

    async def _getoa(self, _request: web.Request) -> Json:
        return {
            "oa_id": self.oa_id,
            "name": "Một Cửa",
            "description": "",
            "oa_alias": "",
            "is_verified": True,
            "oa_type": 4 if self.government else 2,
            "cate_name": "Cơ quan nhà nước" if self.government else "Doanh nghiệp",
            "num_follower": sum(user.follows for user in self.users.values()),
            "package_name": self.package,
            "package_valid_through_date": "31/12/2027",
        }

    async def _quota(self, request: web.Request) -> Any:  # noqa: ANN401 - two shapes
        body = await _json(request)
        if "quota_owner" in body:
            return [{"product_type": "cs", "quota_type": "sub_quota", "remain": self.paid_quota}]
        user = self.users.get(str(body.get("user_id")))
        if user is None:
            raise Refused(-201, "user_id is invalid")
        last = user.interacted_at
        return {
            "last_interaction": int(last.timestamp() * 1000) if last else 0,
            "cs_reply": {"status": bool(last and self.now() - last <= FREE)},
            "promotion": {
                "daily_remain": 1,
                "daily_total": 1,
                "monthly_remain": 6,
                "monthly_total": 6,
            },
        }

    async def _detail(self, request: web.Request) -> Json:
        user = self.users.get(str(_query(request).get("user_id")))
        if user is None:
            raise Refused(-201, "user_id is invalid")
        seen = (user.interacted_at or self.now()).astimezone(VIETNAM)
        return {
            "user_id": user.id,
            "user_id_by_app": user.by_app,
            "display_name": user.name,
            "user_is_follower": user.follows,
            "user_last_interaction_date": seen.strftime("%d/%m/%Y"),
            "avatar": "",
            "tags_and_notes_info": {"tag_names": [], "notes": []},
        }

    async def _list(self, request: web.Request) -> Json:
        wanted = _query(request)
        offset, count = wanted.get("offset"), wanted.get("count")
        if not isinstance(offset, int) or not isinstance(count, int):
            raise Refused(-201)
        if not (0 <= offset <= 9951 and 1 <= count <= 50):
            raise Refused(-210)
        page = list(self.users)[offset : offset + count]
        return {
            "total": len(self.users),
            "count": len(page),
            "offset": offset,
            "users": [{"user_id": each} for each in page],
        }

    async def _oauth(self, request: web.Request, error: int | None) -> tuple[Json, int]:
        """Give a new pair for a refresh token or a code; each of them works once."""
        try:
            if error is not None:
                raise Refused(error, "Injected error")  # noqa: TRY301 - as if it came from below
            self._redeem(await self._form(request))
        except Refused as refused:
            said = {"error_name": refused.message, "error_reason": "", "error_description": ""}
            return said | ({"error": refused.code} if self.numeric_errors else {}), refused.code
        self.issue()
        seconds = str(int(ACCESS.total_seconds()))
        pair = {"access_token": self.access_token, "refresh_token": self.refresh_token}
        return pair | {"expires_in": seconds}, 0

    async def _form(self, request: web.Request) -> Mapping[str, str]:
        form = request.content_type == "application/x-www-form-urlencoded"
        if (request.method, request.path) != ("POST", "/v4/oa/access_token") or not form:
            raise Refused(-14001, "Invalid request")
        fields = {key: str(value) for key, value in (await request.post()).items()}
        if request.headers.get("secret_key") != self.app_secret:
            raise Refused(-14004, "Invalid secret key")
        if fields.get("app_id") != self.app_id:
            raise Refused(-14002, "Invalid app id")
        return fields

    def _redeem(self, fields: Mapping[str, str]) -> None:
        if fields.get("grant_type") == "refresh_token":
            token = fields.get("refresh_token", "")
            self.spent[token] += 1
            if token != self.refresh_token or self.now() > self._refresh_until:
                raise Refused(-14014, "Invalid refresh token")
        elif fields.get("grant_type") == "authorization_code":
            challenge, until = self._codes.pop(fields.get("code", ""), ("", START))
            digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
            proof = urlsafe_b64encode(digest).rstrip(b"=").decode()
            if proof != challenge or self.now() > until:
                raise Refused(-14013, "Invalid authorization code")
        else:
            raise Refused(-14005, "Invalid grant type")

    # Webhook: what users do

    async def says(self, user: str, text: str, **more: Any) -> Delivery:  # noqa: ANN401
        """Let a user write a text; `more` goes into the message, `quote_msg_id` for example."""
        return await self.deliver(self.message_event(user, "user_send_text", text=text, **more))

    async def sends(self, user: str, kind: str, caption: str = "") -> Delivery:
        """Let a user send what is no text: an image, a gif or another kind of PAYLOADS."""
        attachment = {"type": ATTACHED.get(kind, kind), "payload": PAYLOADS[kind]}
        more: Json = {"attachments": [attachment]} | ({"text": caption} if caption else {})
        return await self.deliver(self.message_event(user, f"user_send_{kind}", **more))

    async def taps(self, user: str, title: str) -> Delivery | None:
        """Let a user press a button of the last message that has one of this title.

        Its payload comes back as a text that he sent; a button that opens something says nothing.
        """
        button = next(
            button
            for sent in reversed(self.sent)
            if sent.to == user
            for button in sent.buttons
            if button["title"] == title
        )
        if not button["type"].startswith("oa.query."):
            return None
        return await self.says(user, button["payload"])

    async def follows(self, user: str, *, follows: bool = True) -> Delivery:
        """Let a user follow the OA or leave it; neither is an interaction."""
        known = self.user(user)
        known.follows = follows
        event = {
            "oa_id": self.oa_id,
            "follower": {"id": user},
            "user_id_by_app": known.by_app,
            "event_name": "follow" if follows else "unfollow",
            "source": "oa_profile",
            "app_id": self.app_id,
            "timestamp": self._milliseconds(),
        }
        return await self.deliver(event)

    async def clicks_chat(self, user: str) -> Delivery:
        """Let a user press "chat now" on the OA's page: an interaction."""
        known = self._interacts(user)
        event = {
            "oa_id": self.oa_id,
            "user_id": user,
            "user_id_by_app": known.by_app,
            "app_id": self.app_id,
            "event_name": "user_click_chatnow",
            "timestamp": self._milliseconds(),
        }
        return await self.deliver(event)

    async def submits_info(self, user: str, *, old: bool = False) -> Delivery:
        """Let a user answer a request_user_info, in the present or in the older shape."""
        address = {"user_city": "Thái Nguyên", "user_ward": "Đức Xuân", "user_address": "Tổ 1"}
        info: Json = {"name": "Nguyễn Thị An", "phone": "84912345678"}
        info |= (
            {"city": "Bắc Kạn", "district": "", "address": "Tổ 1"}
            if old
            else {"user_dob": "01/01/1990", "gender": "1", "full_address": address}
        )
        event = self._between(user, "user_submit_info") | {"info": info}
        self._interacts(user)
        return await self.deliver(event)

    async def official_writes(self, user: str, text: str) -> Delivery:
        """Let a human agent write to a user in OA Manager: an echo with `admin_id`."""
        event = self._from_us(
            user, "oa_send_text", {"text": text, "msg_id": secrets.token_hex(10)}
        )
        event["sender"]["admin_id"] = _digits(18)
        return await self.deliver(event)

    def message_event(self, user: str, name: str, **message: Any) -> Json:  # noqa: ANN401
        """Make the event of a user's message without delivering it; he has interacted."""
        self._interacts(user)
        event = self._between(user, name)
        event["message"] = message | {"msg_id": secrets.token_hex(10)}
        return event

    async def probe(self) -> Delivery:
        """Try the webhook as Zalo does when it is registered: an unsigned `{}`."""
        return await self._post(self.webhook, {}, b"{}", {})

    async def deliver(self, event: Json, *, retry: int = 0, signature: str = "") -> Delivery:
        """Post an event, signed; what is not answered 200 within 2 s is a violation.

        Deliver an event twice for a duplicate, in another order for a disorder.
        """
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        signed = mac(self.app_id, body, str(event.get("timestamp", "")), self.oa_secret)
        headers = {"X-ZEvent-Signature": signature or f"mac={signed}"}
        if retry:
            headers["num_retry"] = str(retry)
        if self.disabled:
            return Delivery(event, 0, 0, retry)
        delivery = await self._post(self.webhook, event, body, headers)
        if delivery.status != 200 or delivery.seconds > PATIENCE:
            self.undelivered.append((event, retry))
            name = event.get("event_name")
            self.violations.append(f"{name}: {delivery.status} in {delivery.seconds:.1f} s")
        return delivery

    async def retry(self) -> list[Delivery]:
        """Deliver again what failed, as much later as Zalo does; then it gives the webhook up."""
        waiting, self.undelivered = self.undelivered, deque()
        deliveries = []
        for event, retry in waiting:
            if retry >= len(RETRIES):
                self.disabled = True
                continue
            self._moved += RETRIES[retry]
            deliveries.append(await self.deliver(event, retry=retry + 1))
        return deliveries

    async def _echo(self, sent: Sent) -> None:
        """Tell the webhook about its own message: three events that nobody may answer."""
        kind = "text" if sent.attachment is None or sent.buttons else "image"
        echo: Json = {"msg_id": sent.message_id, "text": sent.text}
        await self.deliver(self._from_us(sent.to, f"oa_send_{kind}", echo))
        received = {"msg_id": sent.message_id}
        await self.deliver(self._from_us(sent.to, "user_received_message", received))
        seen = {"msg_ids": [sent.message_id]}
        await self.deliver(self._from_us(sent.to, "user_seen_message", seen))

    def _between(self, user: str, name: str) -> Json:
        return {
            "app_id": self.app_id,
            "sender": {"id": user},
            "user_id_by_app": self.user(user).by_app,
            "recipient": {"id": self.oa_id},
            "event_name": name,
            "timestamp": self._milliseconds(),
        }

    def _from_us(self, user: str, name: str, message: Json) -> Json:
        ends = {"sender": {"id": self.oa_id}, "recipient": {"id": user}}
        return self._between(user, name) | ends | {"message": message}

    def _interacts(self, user: str) -> User:
        known = self.user(user)
        known.interacted_at = self.now()
        return known


ATTACHED = {"business_card": "link"}
"""Kinds of messages whose attachment is called otherwise."""

PAYLOADS: Mapping[str, Json] = {
    "image": {"thumbnail": "https://f1.zdn.vn/t.jpg", "url": "https://f1.zdn.vn/i.jpg"},
    "gif": {"thumbnail": "https://f1.zdn.vn/t.jpg", "url": "https://f1.zdn.vn/i.gif"},
    "link": {"thumbnail": "", "description": "Tin", "url": "https://example.vn/tin"},
    "audio": {"url": "https://f1.zdn.vn/a.m4a"},
    "video": {"thumbnail": "", "description": "", "url": "https://f1.zdn.vn/v.mp4"},
    "sticker": {"id": "46975", "url": "https://f1.zdn.vn/s.png"},
    "location": {"coordinates": {"latitude": "22.1470", "longitude": "105.8348"}},
    "business_card": {
        "thumbnail": "",
        "description": json.dumps({"phone": "84912345678", "qrCodeUrl": ""}),
        "url": "https://zalo.me/0912345678",
    },
    "file": {
        "url": "https://f1.zdn.vn/f.pdf",
        "size": "1024",
        "name": "don.pdf",
        "checksum": hashlib.md5(b"", usedforsecurity=False).hexdigest(),
        "type": "pdf",
    },
}


async def _json(request: web.Request) -> Json:
    if request.content_type != "application/json":
        raise Refused(-201, "body is not JSON")
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise Refused(-201, "body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused(-201, "body is not an object")
    return body


def _query(request: web.Request) -> Json:
    try:
        data = json.loads(request.query.get("data", ""))
    except ValueError:
        raise Refused(-201, "data is invalid") from None
    if not isinstance(data, dict):
        raise Refused(-201, "data is invalid")
    return data


def _short(text: object, most: int) -> bool:
    return isinstance(text, str) and 0 < characters(text) <= most


def _buttons(buttons: object) -> Sequence[Json]:
    if not isinstance(buttons, list):
        raise Refused(-201, "buttons is invalid")
    if len(buttons) > BUTTONS:
        raise Refused(-210, "more than 5 buttons")
    for each in buttons:
        if not isinstance(each, dict) or not _acts(each.get("type"), each.get("payload")):
            raise Refused(-201, "button is invalid")
        if not _short(each.get("title"), TITLE):
            raise Refused(-210, "title of a button is empty or too long")
    return buttons


def _acts(kind: object, payload: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a button's payload is what its type wants."""
    if kind in ("oa.query.show", "oa.query.hide"):
        return _short(payload, PAYLOAD)
    wanted = {
        "oa.open.url": {"url"},
        "oa.open.phone": {"phone_code"},
        "oa.open.sms": {"content", "phone_code"},
    }.get(str(kind))
    if wanted is None or not isinstance(payload, dict) or set(payload) != wanted:
        return False
    web_page = kind != "oa.open.url" or str(payload["url"]).startswith(("https://", "http://"))
    return web_page and all(_short(each, PAYLOAD) for each in payload.values())


MEGABYTE = 1024 * 1024
FILES: Mapping[str, tuple[int, Sequence[str], Sequence[bytes]]] = {
    "image": (MEGABYTE, (".jpg", ".jpeg", ".png"), (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")),
    "gif": (5 * MEGABYTE, (".gif",), (b"GIF87a", b"GIF89a")),
    "file": (5 * MEGABYTE, (".pdf", ".doc", ".docx", ".csv"), (b"",)),
}
"""What may be uploaded: bytes, endings of the name, first bytes."""


def _check_file(kind: str, name: str, content: bytes) -> None:
    most, endings, beginnings = FILES[kind]
    if len(content) > most:
        raise Refused(-210, "file is too large")
    if not content or not name.lower().endswith(tuple(endings)):
        raise Refused(-201, "file type is not supported")
    if not content.startswith(tuple(beginnings)):
        raise Refused(-201, "file type is not supported")
