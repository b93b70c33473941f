"""What was read of a plan, before an official has looked at it."""

import dataclasses
from dataclasses import asdict, dataclass, fields
from typing import Any

from typing_extensions import override

from knowledge.plans.model import Status, Weekday


@dataclass(frozen=True, slots=True)
class Remark:
    """Something an official should look at; `key` is a message id in `locales`."""

    key: str
    values: tuple[tuple[str, str], ...] = ()

    @override
    def __str__(self) -> str:
        """Fill the message id itself, for machines."""
        return self.key.format(**dict(self.values))


def remark(key: str, **values: object) -> Remark:
    """Return a remark with what fills its sentence."""
    return Remark(key, tuple((name, str(value)) for name, value in values.items()))


@dataclass(frozen=True, slots=True)
class Head:
    """A document's head; `date` is as exact as printed, `number` None where it was left blank."""

    name: str
    title: str = ""
    number: str | None = None
    date: str | None = None
    issuer: str = ""
    locality: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `uncertain` names the fields that an official must confirm.

    `time` is the cell as printed; `due` is set only where the deadline is one day; `quarters` and
    `goal` are percents; `starts`, `begins` and `ends` are ISO dates, some exact to the month only.
    """

    kind: str
    appendix: str | None
    row: str
    name: str
    weekdays: tuple[Weekday, ...] = ()
    cutoff: str | None = None
    agency: str | None = None
    partner: str | None = None
    fee: str | None = None
    papers: str | None = None
    duration: str | None = None
    code: str | None = None
    uncertain: tuple[str, ...] = ()
    status: Status = Status.SERVED
    group: str | None = None
    field: str | None = None
    place: str | None = None
    service: str | None = None
    time: str | None = None
    deadline: str | None = None
    due: str | None = None
    product: str | None = None
    goal: int | None = None
    quarters: tuple[int, ...] = ()
    starts: str | None = None
    begins: str | None = None
    ends: str | None = None
    note: str | None = None
    at: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document's head and rows, and what to look at."""

    document: Head
    entries: tuple[Entry, ...]
    warnings: tuple[Remark, ...] = ()


def as_json(draft: Draft) -> dict[str, Any]:
    """Return a draft as the command line's contract lays it out, with some more keys."""
    return {
        "document": asdict(draft.document),
        "entries": [_entry(entry) for entry in draft.entries],
        "warnings": [str(warning) for warning in draft.warnings],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    values = {item.name: getattr(entry, item.name) for item in fields(entry)}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def to_json(draft: Draft) -> dict[str, Any]:
    """Return a draft as plain values that `from_json` makes whole again."""
    return asdict(draft)


def from_json(value: dict[str, Any]) -> Draft:
    """Return the draft that `to_json` took apart."""
    return Draft(
        Head(**value["document"]),
        tuple(_whole(entry) for entry in value["entries"]),
        tuple(Remark(w["key"], tuple((a, b) for a, b in w["values"])) for w in value["warnings"]),
    )


def _whole(value: dict[str, Any]) -> Entry:
    return Entry(
        **{
            **value,
            "weekdays": tuple(Weekday(day) for day in value["weekdays"]),
            "uncertain": tuple(value["uncertain"]),
            "quarters": tuple(value["quarters"]),
            "status": Status(value["status"]),
        }
    )
