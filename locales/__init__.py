"""Every word that people read, in each language: gettext for sentences, Babel for dates and lists.

Message ids are English sentences with named places, `{like_this}`; the words stand in
`<language>/LC_MESSAGES/messages.po` and are read directly at start: no compiled files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.dates import format_date, format_time, get_day_names
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("vi", "en")
"""The languages we speak, the first one by default."""

_DATE_PATTERNS = {"vi": "EEEE, dd/MM/yyyy", "en": "EEEE, d MMMM yyyy"}
_SHORT_DATE_PATTERNS = {"vi": "dd/MM", "en": "d MMM"}


@dataclass(frozen=True, slots=True)
class Translator:
    """Says things in one language; call it with a message id and the values that fill it."""

    language: str
    words: dict[str, str]

    def __call__(self, message: str, **values: object) -> str:
        """Say a message; one without words in this language is said in its English id."""
        sentence = self.words.get(message) or message
        return sentence.format(**values) if values else sentence

    def pick(self, vietnamese: str, english: str) -> str:
        """Choose between the two texts that data carries; the Vietnamese one always exists."""
        return english if self.language == "en" and english else vietnamese

    def capital(self, text: str) -> str:
        """Begin a line with a capital letter."""
        return _capital(text)

    def day(self, day: date) -> str:
        """Spell a day with its weekday: "Thứ Ba, 01/12/2026"."""
        return _capital(format_date(day, _DATE_PATTERNS[self.language], locale=self.language))

    def short_day(self, day: date) -> str:
        """Spell a day shortly, with its weekday: "Thứ Ba 24/11"."""
        pattern = f"EEEE {_SHORT_DATE_PATTERNS[self.language]}"
        return _capital(format_date(day, pattern, locale=self.language))

    def weekday(self, number: int) -> str:
        """Name a weekday by its number, Monday being 0: "Thứ Hai"."""
        return _capital(get_day_names("wide", locale=self.language)[number])

    def clock(self, moment: time) -> str:
        """Spell an hour of the day: "15:00"."""
        return format_time(moment, "HH:mm", locale=self.language)

    def decimal(self, number: float) -> str:
        """Spell a number to one decimal: "12,5"."""
        return format_decimal(number, "#,##0.0", locale=self.language)

    def all_of(self, items: Iterable[str]) -> str:
        """Join items: "Thứ Ba và Thứ Năm"."""
        return format_list(list(items), locale=Locale.parse(self.language))


def message(text: str) -> str:
    """Mark a message id that is said later; the test of the words finds it by this name."""
    return text


@cache
def translator(language: str) -> Translator:
    """Return the voice of a language; an unknown one is answered in Vietnamese."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    return Translator(chosen, _words(chosen))


def _words(language: str) -> dict[str, str]:
    path = files(__name__) / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    return {m.id: m.string for m in catalog if isinstance(m.id, str) and isinstance(m.string, str)}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
