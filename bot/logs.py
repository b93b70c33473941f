"""What operators read: no secret stands in it, and nothing that tells who somebody is."""

import logging
from collections.abc import Iterable

from pydantic import SecretStr
from typing_extensions import override

from bot.settings import Settings
from knowledge.privacy import MARK, mask

SHORTEST = 6
"""Characters of a secret that is looked for; shorter ones would blacken common words."""


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
    """Puts marks in place of secrets, identity numbers and telephone numbers."""

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

    def _without(self, text: str) -> str:
        for each in self._hidden:
            text = text.replace(each, MARK)
        return text
