"""What `motcua import`, `publish`, `drafts` and others do; the office pages will call it too."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from knowledge.concurrency import take_turn
from knowledge.plans import editions, importing, readers
from knowledge.plans.adoption import KEEP, Choice, adopt, unchecked
from knowledge.plans.appendix import NO_PLACE, Draft, Entry, as_json
from knowledge.plans.days import local_time
from knowledge.plans.diff import Change, Difference, Part, T, compare
from knowledge.plans.model import Target, Task, Weekday
from knowledge.records import drafts
from knowledge.records.tables import Draft as Kept
from knowledge.refusal import Refusal
from knowledge.store import Town
from locales import Translator, message

_DRAFT: TypeAdapter[Draft] = TypeAdapter(Draft)

FIELDS = {
    "agency": message("responsible office"),
    "begins": message("beginning of the review"),
    "code": message("procedure code"),
    "cutoff": message("last hour"),
    "deadline": message("deadline"),
    "due": message("due day"),
    "duration": message("time limit"),
    "ends": message("end of the review"),
    "fee": message("fee"),
    "field": message("field of work"),
    "goal": message("yearly goal"),
    "name": message("name"),
    "note": message("remarks"),
    "papers": message("papers"),
    "partner": message("cooperating office"),
    "place": message("place"),
    "product": message("product"),
    "quarters": message("quarters"),
    "review": message("content of the review"),
    "row": message("row number"),
    "service": message("what is done on the day"),
    "starts": message("first day of service"),
    "weekdays": message("service days"),
} | dict.fromkeys(("q1", "q2", "q3", "q4"), message("quarters"))
"""What people call the fields of a row."""
OTHER_FIELD = message("another column")
BUILT_IN = message("built-in catalogue")
"""The reason of the editions that a release brings; all other reasons are officials' words."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it came, with the draft that was read from it."""

    name: str
    data: bytes
    draft: Draft


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that was read, with what it would change; `number` is None for a dry run.

    `known` tells that the file waited already, `edition` is the last one that it became part of.
    """

    draft: Draft
    difference: Difference
    number: int | None = None
    known: bool = False
    edition: int | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The edition that says what a draft says; not `new` where an edition said so already."""

    edition: int
    new: bool
    unchecked: tuple[Entry, ...] = ()
    staying: int = 0


def read(path: Path) -> File:
    """Read a file, outside of any transaction: it may take half a minute. Raises Refusal."""
    data = _bytes(path)
    return File(path.name, data, importing.read(data, path.name))


def _bytes(path: Path) -> bytes:
    """Return the bytes of an ordinary file; others may never end, or wait for somebody."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refusal("{name} is not a file but a folder or a device.", name=path.name)
        # It may have become another one meanwhile: a pipe would wait for its writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            data = file.read(readers.MOST_BYTES + 1)
    except (OSError, ValueError):
        raise Refusal("The file {name} cannot be opened.", name=path.name) from None
    if len(data) > readers.MOST_BYTES:
        raise Refusal(readers.TOO_LONG)
    return data


def bring(file: File, town: Town, *, keep: bool, locality: str | None = None) -> Imported:
    """Compare a file with what is published, and keep it as a draft if told to."""
    draft = _placed(file.draft, locality, town)
    difference = compare(draft, town.library.edition.contents)
    published = drafts.last_published(town.session, file.data)
    edition = published.edition if published else None
    before = drafts.find(town.session, file.data)
    if not keep:
        return Imported(draft, difference, None, before is not None, edition)
    kept = drafts.keep(town.session, as_json(draft), file.name, file.data, town.now)
    if locality:
        drafts.place(town.session, kept, locality)
    return Imported(draft, difference, kept.id, before is not None, edition)


def _placed(draft: Draft, locality: str | None, town: Town) -> Draft:
    """Give a draft the place that an official names, unless its document names another one."""
    if locality is None:
        return draft
    head, known = draft.document, town.library.localities
    if head.issuer and head.locality != locality:
        raise Refusal(
            "The document is for {there}, not for {here}.", there=head.locality, here=locality
        )
    if not head.issuer and locality not in known:
        raise Refusal(
            "“{slug}” is not a place I know; I know {known}.",
            slug=locality,
            known=", ".join(known),
        )
    warnings = tuple(each for each in draft.warnings if each.key != NO_PLACE)
    return replace(draft, document=replace(head, locality=locality), warnings=warnings)


def publish(
    number: int,
    town: Town,
    *,
    by: str,
    choice: Choice = KEEP,
    locality: str | None = None,
) -> Published:
    """Make an edition of a draft that waits; raises Refusal where it does not wait any more."""
    who = signature(by)
    # Before anything is read: what another process publishes meanwhile must not be lost.
    take_turn(town.session, "publish")
    kept = _waiting(number, town)
    draft = _placed(from_json(kept.draft), locality, town)
    contents = town.library.edition.contents
    difference = compare(draft, contents)
    adopted = adopt(contents, draft, difference, choice)
    reason = draft.document.title or draft.document.name
    edition = editions.publish(town.session, adopted, by=who, reason=reason, now=town.now)
    drafts.mark_published(town.session, kept, edition, who, town.now)
    staying = 0 if choice.drop_removed else len(list(_absent(difference)))
    new = edition != town.library.edition.number
    return Published(edition, new, unchecked(difference), staying)


def restore(edition: int, town: Town, *, by: str, say: Translator) -> Published:
    """Publish an older edition's contents again; its reason is kept in the language of `say`."""
    who, reason = signature(by), say("Edition {number} restored", number=edition)
    take_turn(town.session, "publish")
    newest = editions.newest(town.session)
    number = editions.restore(town.session, edition, by=who, reason=reason, now=town.now)
    return Published(number, newest is None or number != newest.number)


def waiting(town: Town, say: Translator) -> Iterator[str]:
    """Say which drafts wait: number, moment, file, what it is called."""
    found = drafts.waiting(town.session)
    if not found:
        yield say("No draft is waiting.")
    for each in found:
        head, moment = each.draft["document"], local_time(each.kept_at)
        said = (str(each.id), f"{moment:%d/%m/%Y %H:%M}", head.get("name"), head.get("title"))
        yield "  ".join(filter(None, said))


def discard(number: int, town: Town) -> None:
    """Drop a draft that waits; one that was published stays as a record of it."""
    _waiting(number, town)
    drafts.discard(town.session, number)


def _waiting(number: int, town: Town) -> Kept:
    kept = drafts.get(town.session, number)
    if kept is None:
        raise Refusal("There is no draft {number}.", number=number)
    if kept.edition is not None and kept.published_at is not None:
        raise Refusal(
            "Draft {number} was published already: edition {edition}, {moment}, by {who}. "
            "Import its file again to publish it anew.",
            number=number,
            edition=kept.edition,
            moment=f"{local_time(kept.published_at):%d/%m/%Y %H:%M}",
            who=kept.published_by,
        )
    return kept


def signature(by: str) -> str:
    """Return who signs, in one line; raises Refusal for none and for more than one."""
    who = by.strip()
    if not who.isprintable() or not who:
        raise Refusal("Say with --by who does it: one line that is not empty.")
    return who


def from_json(said: dict[str, Any]) -> Draft:
    """Read a kept draft back; its warnings were sentences for people and are left out."""
    return _DRAFT.validate_python({**said, "warnings": ()})


def summary(imported: Imported, say: Translator) -> list[str]:
    """Say what was read and what it would change, row by row where something is uncertain."""
    draft, difference = imported.draft, imported.difference
    kinds = [entry.kind for entry in draft.entries]
    absent = list(_absent(difference))
    lines = [
        draft.document.title or draft.document.name,
        say(
            "Read: {procedures} procedures, {tasks} tasks, {targets} targets.",
            procedures=kinds.count("procedure"),
            tasks=kinds.count("task"),
            targets=kinds.count("target"),
        ),
        _which(difference, say),
        _counted(difference, say),
        *_rows(difference.procedures, say),
        *_rows(difference.tasks, say),
        *_rows(difference.targets, say),
    ]
    if absent:
        lines.append(say("Not in this file; they stay unless you publish with --drop-removed:"))
        lines += [f"- {where} {name}" for where, name in absent]
    lines += [
        say("? {where}: please check {fields}.", where=_where(entry), fields=fields(entry, say))
        for entry in draft.entries
        if entry.uncertain
    ]
    return lines + [say(each.key, **dict(each.values)) for each in draft.warnings]


def _which(difference: Difference, say: Translator) -> str:
    if difference.plan is None:
        return say("It is a plan that is not published yet.")
    return say("It is the published plan “{title}”.", title=difference.plan.title)


def _counted(difference: Difference, say: Translator) -> str:
    parts: tuple[Part[Any], ...] = (difference.procedures, difference.tasks, difference.targets)
    counts = {
        name: sum(len(getattr(part, name)) for part in parts)
        for name in ("added", "changed", "reworded", "same", "absent")
    }
    return say(
        "Against what is published: {added} new, {changed} changed, {reworded} in other words, "
        "{same} the same, {absent} not in this file.",
        **counts,
    )


def _rows(part: Part[T], say: Translator) -> Iterator[str]:
    yield from (f"+ {_where(entry)} {entry.name}" for entry in part.added)
    for sign, pairs in (("~", part.changed), ("≈", part.reworded)):
        for pair in pairs:
            yield f"{sign} {_where(pair.entry)} {pair.entry.name}"
            yield from (f"    {_change(each, say)}" for each in pair.changes)


def _change(change: Change, say: Translator) -> str:
    said = "{field}: {old} → {new}".format(
        field=say(FIELDS.get(change.field, OTHER_FIELD)),
        old=_value(change.field, change.old, say) or "–",
        new=_value(change.field, change.new, say) or say("not certain"),
    )
    if not change.wording:
        return said
    return say("{change} (wording differs, kept)", change=said)


def _value(field: str, text: str, say: Translator) -> str:
    if field != "weekdays" or not text:
        return text
    days = sorted(list(Weekday).index(Weekday(day)) for day in text.split(", "))
    return ", ".join(map(say.weekday, days))


def _absent(difference: Difference) -> Iterator[tuple[str, str]]:
    """Return where each published row stands that the file does not hold, and its name."""
    work: tuple[Task | Target, ...] = (*difference.tasks.absent, *difference.targets.absent)
    yield from ((procedure.id, procedure.name) for procedure in difference.procedures.absent)
    yield from ((_place(row.source.appendix, row.source.row), row.name) for row in work)


def fields(entries: Entry | Iterable[Entry], say: Translator) -> str:
    """Name the uncertain fields of a row, or of several rows, as people call them."""
    rows = [entries] if isinstance(entries, Entry) else entries
    named = {say(FIELDS.get(field, OTHER_FIELD)) for row in rows for field in row.uncertain}
    return ", ".join(sorted(named))


def _where(entry: Entry) -> str:
    return _place(entry.appendix, entry.row)


def _place(appendix: str | None, row: str | None) -> str:
    return " · ".join(filter(None, (appendix, row)))


def outcome(published: Published, say: Translator) -> Iterator[str]:
    """Say what a publication changed, and what of it citizens are not told."""
    if not published.new:
        yield say("Nothing changed: edition {number} says all this.", number=published.edition)
        return
    yield say("Published as edition {number}.", number=published.edition)
    if published.unchecked:
        yield say(
            "{count} rows hold uncertain fields ({fields}); these are published as “not checked”.",
            count=len(published.unchecked),
            fields=fields(published.unchecked, say),
        )
    if published.staying:
        yield say("{count} rows that the file does not hold stay.", count=published.staying)


def kept(imported: Imported, say: Translator) -> Iterator[str]:
    """Say whether the file was there before, as which draft it waits, and what to do next."""
    if imported.edition is not None:
        yield say("This file was published before: edition {number}.", number=imported.edition)
    if imported.number is None:
        yield say("Nothing was kept: this was a dry run.")
        return
    if imported.known:
        yield say("This file was kept before, as draft {number}.", number=imported.number)
    else:
        yield say("Kept as draft {number}.", number=imported.number)
    yield say("Next: motcua publish {number} --by NAME", number=imported.number)
