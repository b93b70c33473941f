"""Telegram's Bot API: the one file that knows the library `telegram`."""

import logging
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from io import BytesIO
from typing import Any

import aiohttp
import orjson
from telegram import (
    Bot,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InputFile,
    Message,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, RequestData
from typing_extensions import override

from bot.channels.channel import Migrated, Outcome, SendError
from handlers.talk import Attachment

__all__ = [
    "BotApi",
    "CallbackQuery",
    "ChatMemberUpdated",
    "InlineKeyboardButton",
    "Message",
    "Update",
    "parse",
]

CONNECTIONS = 100
"""Open at once; Telegram itself takes far fewer messages a second."""

PATIENCE = 10.0
"""Seconds to wait for an answer, beside those that Telegram was asked to wait."""

CONNECT = 5.0
"""Seconds until a connection stands."""

GONE = (
    "chat not found",
    "user is deactivated",
    "peer_id_invalid",
    "have no rights to send",
    "not enough rights to send",
    "chat_write_forbidden",
)
"""Bad requests that mean what 403 means, in Telegram's words."""

JSON = {"Content-Type": "application/json"}

Json = dict[str, Any]


class BotApi:
    """One bot's account. Nothing that it raises or logs shows the token."""

    def __init__(self, token: str, address: str) -> None:
        """Take the API's address without a slash at its end; `open` makes the connections."""
        # At the level DEBUG the library shows the token, and all that is said.
        logging.getLogger("telegram").setLevel(logging.WARNING)
        self._http = _Http()
        self._bot = _Bot(
            token,
            base_url=f"{address}/bot",
            request=self._http,
            get_updates_request=self._http,
        )

    async def open(self) -> None:
        """Make room for connections; nobody is called yet."""
        await self._http.initialize()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.shutdown()

    async def call(self, method: str, fields: Mapping[str, Any], wait: float = 0) -> Any:  # noqa: ANN401 - each method has its own result
        """Call a method and return its result as JSON; raises SendError.

        An `Attachment` among the fields is uploaded. `wait` are seconds that Telegram was asked to
        take its time.
        """
        sent = {
            name: _file(value) if isinstance(value, Attachment) else value
            for name, value in fields.items()
        }
        try:
            return await self._bot.call(method, sent, PATIENCE + wait)
        except TelegramError as error:
            raise _decided(error) from None
        except (KeyError, TypeError):
            raise SendError(Outcome.RETRY, "an answer without a result") from None


class _Bot(Bot):
    """The library's client, which would otherwise parse each message that we sent."""

    async def call(self, method: str, fields: Json, patience: float) -> Any:  # noqa: ANN401 - as above
        return await self._post(method, fields, read_timeout=patience)


class _FloodError(TelegramError):
    """Too many requests; the library's own error for it warns of its own future."""

    def __init__(self, reason: str, seconds: float | None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class _Http(BaseRequest):
    """The library's HTTP over one aiohttp session, whose log knows no address."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    @override
    def read_timeout(self) -> float:
        return PATIENCE

    @override
    async def initialize(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    @override
    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()

    @override
    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = PATIENCE,
        write_timeout: object = None,
        connect_timeout: object = None,
        pool_timeout: object = None,
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NetworkError("not open")
        timeout = _timeout(read_timeout)
        body, headers = _body(request_data)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status, payload = response.status, await response.read()
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._flooded(payload)
        return status, payload

    @staticmethod
    @override
    def parse_json_payload(payload: bytes) -> Json:
        """Read an answer; the library would log all of one that is not from Telegram."""
        try:
            answer = orjson.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("an answer that is no JSON object")
        return answer

    def _flooded(self, payload: bytes) -> _FloodError:
        answer = self.parse_json_payload(payload)
        parameters = answer.get("parameters")
        seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
        return _FloodError(
            str(answer.get("description")), seconds if isinstance(seconds, int | float) else None
        )


@cache
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(sock_connect=CONNECT, total=seconds)


def parse(update: Json) -> Update:
    """Read an update; raises whatever the library stumbles over in one that is not Telegram's."""
    return Update.de_json(update)


def _body(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    if data is None:
        return None, {}
    if not data.contains_files:
        return orjson.dumps(data.parameters), JSON
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, media_type) in data.multipart_data.items():
        # Bytes of more than a megabyte would be sent in one go.
        file = BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, file, filename=filename, content_type=media_type)
    return form, {}


def _file(attachment: Attachment) -> InputFile:
    return InputFile(attachment.content, filename=attachment.name)


def _decided(error: TelegramError) -> SendError:
    """Say what follows from an error; the reason stays in Telegram's words."""
    reason = error.message
    match error:
        case _FloodError():
            return SendError(Outcome.RETRY, reason, error.seconds)
        case ChatMigrated():
            return Migrated(str(error.new_chat_id))
        case InvalidToken():
            return SendError(Outcome.STOPPED, reason)
        case Forbidden():
            return SendError(Outcome.UNREACHABLE, reason)
        case BadRequest():
            gone = any(words in reason.casefold() for words in GONE)
            return SendError(Outcome.UNREACHABLE if gone else Outcome.REFUSED, reason)
    return SendError(Outcome.RETRY, reason)
