"""A table of an appendix, whatever it was printed in: named columns, rows with their marks."""

import re
from dataclasses import dataclass, field

from knowledge.plans.appendix.headings import Role
from knowledge.plans.readers.sheet import At


@dataclass(slots=True)
class Row:
    """One row while it is put together; `doubtful` names what was inherited, joined or guessed."""

    mark: str
    cells: dict[Role, str]
    at: At
    doubtful: set[Role] = field(default_factory=set)
    group: bool = False

    def text(self, role: Role) -> str:
        """Return what stands under a heading, empty where nothing does."""
        return self.cells.get(role, "")


@dataclass(slots=True)
class Grid:
    """One table with the appendix it stands in; `titles` are the headings as printed."""

    appendix: str
    title: str
    titles: dict[Role, str]
    rows: list[Row] = field(default_factory=list)
    loose: bool = False
    """The print shows nothing of where cells end, so every column is uncertain."""


_APPENDIX = re.compile(
    r"^\s*(?:PHỤ LỤC|Phụ lục|PHU LUC|Phu luc)\s*(?:số\s*)?([IVX]{1,5}|\d{1,2}|[A-H])?\b\s*(.*)$",
    re.DOTALL,
)


def appendix(text: str) -> tuple[str, str] | None:
    """Return an appendix's name ("Phụ lục IV") and title if a line announces one."""
    found = _APPENDIX.match(text.strip())
    if not found:
        return None
    number, rest = found[1], found[2].strip(" .:-–\n")
    if rest[:1].islower():
        return None
    return (f"Phụ lục {number}" if number else "Phụ lục"), " ".join(rest.split())


def joined(first: str, second: str) -> str:
    """Return two pieces of one text as one, without a space after a hyphen that ends a line."""
    if not first or not second:
        return first or second
    tight = first.endswith("-") and not first.endswith(" -")
    return first + second if tight else f"{first} {second}"


def one_line(text: str) -> str:
    """Return a wrapped text as one line."""
    whole = ""
    for line in text.split("\n"):
        whole = joined(whole, " ".join(line.split()))
    return whole


_HANGING = re.compile(
    r"(?:^| )(?:và|của|với|về|trong|(?<!nước )ngoài|trên|dưới|tại|cho|theo|từ|đến|do|bằng|hoặc"
    r"|các|những|đối"
    r"|là|có|để|khi|thuộc|bởi|giữa|như|được)$|[,&(“-]$"
)


def hangs(text: str) -> bool:
    """Return whether a text ends where no text can end: on a preposition or a comma."""
    return bool(_HANGING.search(text[-24:].lower().strip()))
