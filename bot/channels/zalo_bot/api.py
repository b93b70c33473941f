"""Calls to the platform.

The token stands in the path of every call: no URL, and no exception that may carry one, leaves
this module.
"""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from bot.channels.channel import Outcome, SendError
from bot.channels.zalo_bot.updates import inner

PATIENCE = 20.0
"""Seconds for an answer."""

LARGEST = 1024 * 1024
"""Bytes of an answer that are read."""

NOT_FOUND, IDLE, SPENT = 404, 408, 429
OUTCOMES = {
    400: Outcome.REFUSED,
    401: Outcome.STOPPED,
    403: Outcome.UNREACHABLE,
    # An unknown chat or an unknown method: no reason to give somebody up.
    NOT_FOUND: Outcome.REFUSED,
}
"""By `error_code`, which has HTTP's numbers; all others are worth another attempt."""

QUOTA = "quota"
MINUTE, QUARTER_HOUR, DAY = 60.0, 900.0, 86_400.0

SERVER_ERRORS = 500


class CallError(SendError):
    """What the platform answered instead of a result; `code` is 0 where it did not answer."""

    def __init__(self, outcome: Outcome, reason: str, code: int = 0) -> None:
        """Take a reason without the token."""
        super().__init__(outcome, reason)
        self.code = code


class Api:
    """One bot's methods."""

    def __init__(self, address: str, token: str, session: ClientSession) -> None:
        """Take the platform's address and an open session."""
        self._prefix = f"{address.rstrip('/')}/bot{token}/"
        self._secrets = (token, token.rpartition(":")[2])
        self._session = session

    async def call(self, method: str, *, patience: float = PATIENCE, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """Call a method and return its result; raises CallError.

        After a timeout nobody knows whether it was done.
        """
        try:
            async with self._session.post(
                self._prefix + method,
                json=fields,
                timeout=ClientTimeout(total=patience),
                allow_redirects=False,
            ) as response:
                body = await _read(response)
        except (ClientError, OSError, ValueError) as error:
            failed = type(error).__name__
        else:
            return self._result(response, body)
        # Raised out here, so that it does not drag along an exception that knows the URL.
        raise CallError(Outcome.RETRY, failed)

    def discreet(self, text: str) -> str:
        """Take the token out of the platform's own words."""
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "…")
        return text

    def _result(self, response: ClientResponse, body: bytes) -> Any:  # noqa: ANN401 - JSON
        answer = _decoded(body)
        if answer is None:
            # A page: of a proxy, or because the token or the address is wrong.
            passing = response.status >= SERVER_ERRORS
            outcome = Outcome.RETRY if passing else Outcome.STOPPED
            raise CallError(outcome, f"no JSON, HTTP {response.status}", response.status)
        if answer.get("ok") is not True:
            raise self._error(response, answer)
        return answer.get("result")

    def _error(self, response: ClientResponse, answer: Mapping[str, Any]) -> CallError:
        said = answer.get("error_code")
        code = said if isinstance(said, int) else response.status
        reason = self.discreet(f"{code} {answer.get('description', '')}"[:200])
        error = CallError(OUTCOMES.get(code, Outcome.RETRY), reason, code)
        if code == SPENT:
            error.retry_after = _wait(response, answer)
        return error


async def _read(response: ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise ValueError("too long")
    return bytes(body)


def _decoded(body: bytes) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _wait(response: ClientResponse, answer: Mapping[str, Any]) -> float:
    """Wait as long as we are told; where nothing is said, longest for a spent quota."""
    told = inner(answer, "parameters").get("retry_after") or response.headers.get("Retry-After")
    try:
        return min(max(1.0, float(told or "")), DAY)
    except (TypeError, ValueError):
        spent = QUOTA in str(answer.get("description")).casefold()
        return QUARTER_HOUR if spent else MINUTE
