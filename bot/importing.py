"""What `motcua import` and `motcua publish` do and say; the office pages will call the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from knowledge.plans import editions, importing
from knowledge.plans.adoption import adopt
from knowledge.plans.appendix import Draft, Entry, as_json
from knowledge.plans.diff import Difference, compare
from knowledge.records import drafts
from knowledge.refusal import Refusal
from knowledge.store import Town
from locales import Translator

_DRAFT: TypeAdapter[Draft] = TypeAdapter(Draft)


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was read, with what it would change; `number` is None for a dry run."""

    draft: Draft
    difference: Difference
    number: int | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file as it came, with the draft that was read from it."""

    name: str
    data: bytes
    draft: Draft


def read(path: Path) -> File:
    """Read a file, outside of any transaction: it may take half a minute. Raises Refusal."""
    data = _bytes(path)
    return File(path.name, data, importing.read(data, path.name))


def bring(file: File, town: Town, *, keep: bool) -> Imported:
    """Compare a file with what is published, and keep it as a draft if told to."""
    difference = compare(file.draft, town.library.edition.contents)
    if not keep:
        return Imported(file.draft, difference)
    kept = drafts.keep(town.session, as_json(file.draft), file.name, file.data, town.now)
    return Imported(file.draft, difference, kept.id)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Refusal("The file {name} cannot be opened.", name=path.name) from None


def publish(number: int, town: Town, *, by: str) -> int:
    """Make an edition of a draft and return its number; the draft is gone then."""
    kept = drafts.get(town.session, number)
    if kept is None:
        raise Refusal("There is no draft {number}.", number=number)
    draft = from_json(kept.draft)
    contents = town.library.edition.contents
    adopted = adopt(contents, draft, compare(draft, contents))
    reason = draft.document.title or draft.document.name
    edition = editions.publish(town.session, adopted, by=by, reason=reason, now=town.now)
    drafts.discard(town.session, number)
    return edition


def from_json(said: dict[str, Any]) -> Draft:
    """Read a kept draft back; its warnings were sentences for people and are left out."""
    return _DRAFT.validate_python({**said, "warnings": ()})


def summary(imported: Imported, say: Translator) -> list[str]:
    """Say what was read and what it would change, row by row where something is uncertain."""
    head, difference = imported.draft.document, imported.difference
    kinds = [entry.kind for entry in imported.draft.entries]
    lines = [
        head.title or head.name,
        say(
            "Read: {procedures} procedures, {tasks} tasks, {targets} targets.",
            procedures=kinds.count("procedure"),
            tasks=kinds.count("task"),
            targets=kinds.count("target"),
        ),
        say(
            "Against what is published: {added} new, {changed} changed, {removed} removed, "
            "{same} the same.",
            added=len(difference.added),
            changed=len(difference.changed),
            removed=len(difference.removed),
            same=len(difference.same),
        ),
    ]
    lines += [f"+ {_where(entry)} {entry.name}" for entry in difference.added]
    for pair in difference.changed:
        lines.append(f"~ {_where(pair.entry)} {pair.entry.name}")
        lines += [f"    {each.field}: {each.old} → {each.new}" for each in pair.changes]
    lines += [f"- {procedure.id} {procedure.name}" for procedure in difference.removed]
    lines += [
        say("? {where}: please check {fields}.", where=_where(entry), fields=", ".join(fields))
        for entry in imported.draft.entries
        if (fields := entry.uncertain)
    ]
    lines += [say(each.key, **dict(each.values)) for each in imported.draft.warnings]
    return lines


def _where(entry: Entry) -> str:
    return " · ".join(filter(None, (entry.appendix, entry.row)))
