"""The commands that Telegram lists for citizens while they type."""

from handlers.commands import COMMANDS
from locales import LANGUAGES, translator

NAMES = frozenset(name for each in COMMANDS for name in (each.name, each.also) if name)
"""What our commands are called; in a group others belong to other bots."""


def menus() -> list[tuple[str, list[dict[str, str]]]]:
    """Return the list for each language's code; "" is for all that we do not speak."""
    return [(code, _menu(code)) for code in ("", *LANGUAGES)]


def _menu(language: str) -> list[dict[str, str]]:
    say = translator(language)
    return [
        {"command": each.name, "description": say.capital(say(each.description))}
        for each in COMMANDS
    ]
