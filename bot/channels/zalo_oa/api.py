"""One call to Zalo's OpenAPI or OAuth, and what it answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from typing_extensions import override

from bot.channels.channel import Outcome, SendError
from bot.settings import Settings

ENDPOINTS = {"v3": "/v3.0/oa/message/cs", "v2": "/v2.0/oa/message"}
"""Where messages are sent to: which one serves an OA is learned from -235 and -240."""

UPLOADS = {"file": "/v2.0/oa/upload/file", "image": "/v2.0/oa/upload/image"}
TEMPLATE = "/v3.0/oa/message/template"
"""By user id; the address for phone numbers is another one, and we keep none."""
PROFILE = "/v3.0/oa/getoa"
RENEWAL = "/v4/oa/access_token"

PATIENCE = aiohttp.ClientTimeout(total=20)
"""For a message; an answer that comes later is not known: it is then sent twice."""
UPLOAD_PATIENCE = aiohttp.ClientTimeout(total=60)
RENEWAL_PATIENCE = aiohttp.ClientTimeout(total=10)
"""Far below the time after which another process would try."""

WORDS = 200
"""Characters of Zalo's own words that are kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Zalo says in the body: the HTTP status is 200 even for an error."""

    error: int
    words: str
    data: Mapping[str, Any] = field(repr=False)
    """Of OAuth the whole answer, tokens too."""

    @override
    def __str__(self) -> str:
        """Say code and words, for logs."""
        return f"{self.error} {self.words}".strip()


class Api:
    """Both of Zalo's addresses; tokens stand in headers and bodies, never in an address."""

    def __init__(self, settings: Settings) -> None:
        """Note the addresses; connections are made with `open`."""
        self._api = str(settings.zalo_api).rstrip("/")
        self._oauth = str(settings.zalo_oauth).rstrip("/")
        self._app_id = settings.zalo_app_id or ""
        secret = settings.zalo_app_secret
        self._secret = secret.get_secret_value() if secret else ""
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool of connections."""
        self._session = aiohttp.ClientSession(timeout=PATIENCE)

    async def close(self) -> None:
        """Give them back."""
        if self._session is not None:
            await self._session.close()

    async def message(self, access: str, endpoint: str, body: Mapping[str, Any]) -> Answer:
        """Send a message body by one of the ENDPOINTS."""
        return await self._call("POST", self._api + ENDPOINTS[endpoint], access, json=body)

    async def template(self, access: str, body: Mapping[str, Any]) -> Answer:
        """Send an approved template."""
        return await self._call("POST", self._api + TEMPLATE, access, json=body)

    async def upload(self, access: str, kind: str, name: str, content: bytes) -> Answer:
        """Give Zalo a file or an image; the answer names what stands for it in a message."""
        # Quoted, the citizen would read "th%C3%B4ng" in the file's name.
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("file", content, filename=name)
        address = self._api + UPLOADS[kind]
        return await self._call("POST", address, access, data=form, timeout=UPLOAD_PATIENCE)

    async def profile(self, access: str) -> Answer:
        """Ask who the OA is."""
        return await self._call("GET", self._api + PROFILE, access)

    async def renew(self, refresh: str) -> Answer:
        """Exchange a refresh token, which can be done once, for a new pair."""
        form = {"refresh_token": refresh, "app_id": self._app_id, "grant_type": "refresh_token"}
        return await self._request(
            "POST",
            self._oauth + RENEWAL,
            data=form,
            headers={"secret_key": self._secret},
            timeout=RENEWAL_PATIENCE,
        )

    async def _call(self, method: str, address: str, access: str, **what: Any) -> Answer:  # noqa: ANN401 - aiohttp's own options
        answer = await self._request(method, address, headers={"access_token": access}, **what)
        if "error" not in answer.data:
            reason = "an answer that does not say how it went"
            raise SendError(Outcome.RETRY, reason, unsure=True)
        data = answer.data.get("data")
        return Answer(answer.error, answer.words, data if isinstance(data, dict) else {})

    async def _request(self, method: str, address: str, **what: Any) -> Answer:  # noqa: ANN401 - aiohttp's own options
        """Call, and raise SendError for whatever is not an answer of Zalo's."""
        assert self._session is not None  # noqa: S101 - the postman opens channels first
        try:
            # Followed to another host, a redirect would take our token along.
            async with self._session.request(
                method, address, allow_redirects=False, **what
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            reason, left = f"no answer: {type(error).__name__}", not _unheard(error)
            raise SendError(Outcome.RETRY, reason, unsure=left) from None
        answer = _answer(body)
        if answer is None or response.status >= 500:  # noqa: PLR2004 - HTTP
            wait = response.headers.get("Retry-After", "")
            seconds = float(wait) if wait.isascii() and wait.isdigit() else None
            reason = f"HTTP status {response.status}"
            raise SendError(Outcome.RETRY, reason, seconds, unsure=True)
        return answer


def _unheard(error: Exception) -> bool:
    """Tell whether nothing has left us, for there was no connection."""
    return isinstance(error, aiohttp.ClientConnectorError)


def _answer(body: bytes) -> Answer | None:
    try:
        fields = json.loads(body)
        code = int(fields.get("error", 0))
    except (AttributeError, TypeError, ValueError, RecursionError):
        return None
    words = fields.get("message") or fields.get("error_name") or ""
    return Answer(code, str(words)[:WORDS], fields)
