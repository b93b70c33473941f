"""Footnotes: every fact that is said carries a mark, and every mark a source in words."""

import re

from knowledge.plans.model import Source
from locales import Translator

CODE = re.compile(r"\d\.\d{6}")
"""A national procedure code such as 2.000815."""


class Footnotes:
    """Collects the sources of one answer in the order in which they are first cited."""

    def __init__(self, say: Translator) -> None:
        """Start without sources; `say` is the voice of the answer."""
        self._say = say
        self._sources: list[Source] = []

    def mark(self, *sources: Source | None) -> str:
        """Cite sources and return their marks, such as " [1][3]"; nothing for none."""
        cited = [source for source in sources if source is not None]
        self._sources += [source for source in dict.fromkeys(cited) if source not in self._sources]
        marks = "".join(f"[{self._sources.index(source) + 1}]" for source in dict.fromkeys(cited))
        return f" {marks}" if marks else ""

    def mark_document(self, source: Source) -> str:
        """Cite a document as a whole; a part of it that is cited already will do."""
        parts = [cited for cited in self._sources if _same_document(cited, source)]
        return self.mark(parts[0] if parts else source)

    def cites(self, source: Source) -> bool:
        """Tell whether any part of a document was cited."""
        return any(_same_document(cited, source) for cited in self._sources)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return what was cited, in the order of the marks."""
        return tuple(self._sources)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line for each source, in words."""
        return tuple(
            f"[{number}] {spell(source, self._say)}"
            for number, source in enumerate(self._sources, start=1)
        )


def spell(source: Source, say: Translator) -> str:
    """Say a source: document, number, date, appendix and row, as far as they are known."""
    where = (
        source.document,
        _number(source, say),
        _date(source.date),
        source.appendix or "",
        say("row {row}", row=source.row) if source.row else "",
    )
    return ", ".join(filter(None, where))


def _number(source: Source, say: Translator) -> str:
    """Name the number, unless the document's name holds it; the portal's are procedure codes."""
    if not source.number or source.number in source.document:
        return ""
    if CODE.fullmatch(source.number):
        return say("procedure {code}", code=source.number)
    return say("no. {number}", number=source.number)


def _same_document(one: Source, other: Source) -> bool:
    return (one.document, one.number, one.date) == (other.document, other.number, other.date)


def _date(text: str | None) -> str:
    """Turn 2023-07-24 into 24/07/2023 and 2023-09 into 09/2023."""
    return "/".join(reversed(text.split("-"))) if text else ""
