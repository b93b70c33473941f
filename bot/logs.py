"""What operators read: no secret stands in it, and nothing that tells who somebody is."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from traceback import format_tb
from types import TracebackType

from pydantic import SecretStr
from typing_extensions import override

from bot.settings import Settings
from knowledge.privacy import MARK, mask

SHORTEST = 6
"""Characters of a secret that is looked for; shorter ones would blacken common words."""

_Fault = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(settings: Settings) -> None:
    """Log our own lines from INFO on, those of libraries from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(secrets(settings)))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("bot").setLevel(logging.INFO)


def secrets(settings: Settings) -> list[str]:
    """Return the values of all settings that are secret."""
    values = (value for _, value in settings)
    return [each.get_secret_value() for each in values if isinstance(each, SecretStr)]


class Discreet(logging.Formatter):
    """Puts marks in place of secrets, identity numbers and telephone numbers.

    Of an error it tells the kind and the place. Its words it leaves out: they may be a citizen's.
    """

    def __init__(self, hidden: Iterable[str]) -> None:
        """Take what must never be read."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._hidden = [each for each in hidden if len(each) >= SHORTEST]

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = mask(self._without(record.message))
        return super().formatMessage(record)

    @override
    def format(self, record: logging.LogRecord) -> str:
        return self._without(super().format(record))

    @override
    def formatException(self, ei: _Fault) -> str:
        return "\n".join(
            "".join(format_tb(error.__traceback__)) + f"{type(error).__name__}{_said(error)}"
            for error in reversed(list(_chain(ei[1])))
        )

    def _without(self, text: str) -> str:
        for each in self._hidden:
            text = text.replace(each, MARK)
        return text


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Return an error and those that led to it, the latest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _said(error: BaseException) -> str:
    """Return what the system says of a fault, such as a full disk; it knows no citizen's words."""
    if isinstance(error, OSError):
        return f": {error.strerror}"
    if isinstance(error, sqlite3.Error):
        return f": {error}"
    code = getattr(error, "sqlstate", None)
    return f": {code}" if isinstance(code, str) else ""
