"""Marks before rows and groups (IV, A, 2.1, 14) and the row's own number made of them."""

import re
from dataclasses import dataclass

_MARK = re.compile(
    r"^\s*(?:(?P<roman>[IVX]{1,6})(?P<rdot>[.)]|\s|$)|(?P<letter>[A-H])(?P<ldot>[.)]|\s*$)"
    r"|(?P<number>\d{1,3}(?:\.\d{1,3}){0,3})(?:[.)](?!\d)|\s|$))\s*"
)
_VALUES = {"I": 1, "V": 5, "X": 10}


@dataclass(frozen=True, slots=True)
class Mark:
    """One printed mark: `text` without its dot, `numbers` its value, one for each level."""

    text: str
    kind: str
    numbers: tuple[int, ...]

    @property
    def groups(self) -> bool:
        """Return whether the mark is of the kind that heads groups."""
        return self.kind != "number"


def split(text: str) -> tuple[Mark | None, str]:
    """Return the mark that a text begins with and the words after it."""
    found = _MARK.match(text)
    if not found:
        return None, text.strip()
    rest = text[found.end() :].strip()
    if (roman := found["roman"]) and (value := _roman(roman)):
        return Mark(roman, "roman", (value,)), rest
    if letter := found["letter"]:
        return Mark(letter, "letter", (ord(letter) - ord("A") + 1,)), rest
    if number := found["number"]:
        return Mark(number, "number", tuple(int(part) for part in number.split("."))), rest
    return None, text.strip()


def _roman(text: str) -> int | None:
    total, largest = 0, 0
    for char in reversed(text):
        value = _VALUES[char]
        total += -value if value < largest else value
        largest = max(largest, value)
    return total if total and numeral(total) == text else None


def numeral(value: int) -> str:
    """Return a number below 40 as a Roman numeral."""
    ones = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    return "X" * (value // 10) + ones[value % 10]


def follows(mark: Mark, before: Mark | None) -> bool:
    """Return whether a mark can come next after another of its kind; 4.3 may stand twice."""
    if before is None or mark.kind != before.kind:
        return mark.numbers[-1] == 1 or (before is None and mark.groups)
    old, new = before.numbers, mark.numbers
    if len(new) > len(old):
        return new[: len(old)] == old and new[len(old) :] == (1,) * (len(new) - len(old))
    if len(new) > 1 and new == old:
        return True
    return new[:-1] == old[: len(new) - 1] and new[-1] == old[len(new) - 1] + 1


class Numbering:
    """The groups that are open while rows go by, and each row's own number."""

    def __init__(self) -> None:
        """Begin without any group."""
        self._groups: list[tuple[Mark, str]] = []

    def open(self, mark: Mark, title: str) -> None:
        """Enter a group; one of the same kind closes the one before."""
        for depth, (other, _) in enumerate(self._groups):
            if other.kind == mark.kind:
                del self._groups[depth:]
                break
        self._groups.append((mark, title))

    @property
    def title(self) -> str | None:
        """Return the words of the innermost group."""
        return self._groups[-1][1] if self._groups else None

    def label(self, mark: str) -> str:
        """Return the marks of the open groups and the row's own, joined by dots."""
        return ".".join([*(group.text for group, _ in self._groups), *([mark] if mark else [])])
