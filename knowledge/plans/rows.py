"""How the contents of an edition become rows, and rows become the same contents again.

A value's plain fields are columns of the same name; the values that it holds are rows of their
own that point back to it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from knowledge.plans.model import (
    Contents,
    Fact,
    FactKind,
    Locality,
    Note,
    NoteKind,
    Place,
    Plan,
    Procedure,
    Scheme,
    ServiceModel,
    ServiceRule,
    Source,
    State,
    Status,
    Succession,
    Target,
    Task,
    Weekday,
)
from knowledge.plans.tables import (
    CONTENTS,
    Content,
    FactRow,
    LocalityRow,
    NoteRow,
    PlaceRow,
    PlanRow,
    ProcedureRow,
    SchemeRow,
    ServiceRuleRow,
    SourceRow,
    SuccessionRow,
    TargetRow,
    TaskRow,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = Mapping[str, Any]
Rows = dict[type[Content], list[Row]]
Value = TypeVar("Value", bound="DataclassInstance")

COLUMNS = {table: tuple(table.model_fields) for table in CONTENTS}
PLACE_FACTS = ("address", "phone", "hours")


def to_rows(contents: Contents) -> Rows:
    """Return the rows of all tables, without the edition's number."""
    writer = _Writer()
    for locality in contents.localities:
        writer.locality(locality)
    for plan in contents.plans:
        writer.plan(plan)
    for place in contents.places:
        writer.place(place)
    for procedure in contents.procedures:
        writer.procedure(procedure)
    for task in contents.tasks:
        writer.add(TaskRow, task)
    for target in contents.targets:
        writer.add(TargetRow, target)
    return writer.rows


class _Writer:
    """Collects rows, each at the next position of its table; a source is written once."""

    def __init__(self) -> None:
        self.rows: Rows = {table: [] for table in CONTENTS}
        self._sources: dict[Source, int] = {}

    def add(self, table: type[Content], value: "DataclassInstance", **pointers: object) -> int:
        position = len(self.rows[table])
        row = dict.fromkeys(COLUMNS[table]) | {"position": position} | pointers
        del row["edition"]
        for name in _names(type(value)):
            if name in row and name not in pointers:
                row[name] = self._column(getattr(value, name))
        self.rows[table].append(row)
        return position

    def _column(self, value: object) -> object:
        if isinstance(value, Source):
            return self._source(value)
        if isinstance(value, StrEnum):
            return value.value
        return [self._column(each) for each in value] if isinstance(value, tuple) else value

    def _source(self, source: Source) -> int:
        if source not in self._sources:
            self._sources[source] = self.add(SourceRow, source)
        return self._sources[source]

    def locality(self, locality: Locality) -> None:
        self.add(LocalityRow, locality)
        for succession in locality.lineage:
            self.add(SuccessionRow, succession, locality=locality.slug)

    def plan(self, plan: Plan) -> None:
        self.add(PlanRow, plan)
        for scheme in plan.schemes:
            self.add(SchemeRow, scheme, plan=plan.slug, rule=self.add(ServiceRuleRow, scheme.rule))
        for note in plan.notes:
            self.add(NoteRow, note, plan=plan.slug)

    def place(self, place: Place) -> None:
        self.add(PlaceRow, place)
        for kind in PLACE_FACTS:
            self.add(FactRow, getattr(place, kind), place=place.slug, kind=kind)

    def procedure(self, procedure: Procedure) -> None:
        self.add(ProcedureRow, procedure)
        for rule in procedure.rules:
            self.add(ServiceRuleRow, rule, procedure=procedure.id)
        for kind, fact in sorted(procedure.facts.items()):
            self.add(FactRow, fact, procedure=procedure.id, kind=kind.value)
        for note in procedure.notes:
            self.add(NoteRow, note, procedure=procedure.id)


def to_contents(rows: Rows) -> Contents:
    """Return the contents whose rows these are, each table in the order of its positions."""
    reader = _Reader(rows)
    return Contents(
        plans=tuple(map(reader.plan, rows[PlanRow])),
        localities=tuple(map(reader.locality, rows[LocalityRow])),
        places=tuple(map(reader.place, rows[PlaceRow])),
        procedures=tuple(map(reader.procedure, rows[ProcedureRow])),
        tasks=tuple(reader.value(Task, row) for row in rows[TaskRow]),
        targets=tuple(reader.value(Target, row) for row in rows[TargetRow]),
    )


FIELDS: dict[str, Callable[[Any], object]] = {
    "status": Status,
    "state": State,
    "model": ServiceModel,
    "kind": NoteKind,
    "weekdays": lambda days: tuple(map(Weekday, days)),
    "places": tuple,
    "aliases": tuple,
    "samples": tuple,
    "quarters": tuple,
}
"""What a field's value is made with, where the column does not hold it as it is."""


class _Reader:
    """Puts values together from their rows."""

    def __init__(self, rows: Rows) -> None:
        self._sources = [self.value(Source, row) for row in rows[SourceRow]]
        self._rules = rows[ServiceRuleRow]
        self._rules_of = _grouped(rows[ServiceRuleRow], "procedure")
        self._schemes = _grouped(rows[SchemeRow], "plan")
        self._lineage = _grouped(rows[SuccessionRow], "locality")
        self._facts_of = _grouped(rows[FactRow], "procedure")
        self._facts_at = _grouped(rows[FactRow], "place")
        self._notes_of = _grouped(rows[NoteRow], "procedure")
        self._notes_on = _grouped(rows[NoteRow], "plan")

    def value(self, kind: type[Value], row: Row, **held: object) -> Value:
        plain = {
            name: self._field(name, row[name])
            for name in _names(kind)
            if name in row and name not in held
        }
        return kind(**plain, **held)

    def _field(self, name: str, column: Any) -> object:  # noqa: ANN401 - whatever a column holds
        if column is None:
            return None
        if name == "source":
            return self._sources[column]
        return FIELDS[name](column) if name in FIELDS else column

    def _values(self, kind: type[Value], rows: Iterable[Row]) -> tuple[Value, ...]:
        return tuple(self.value(kind, row) for row in rows)

    def locality(self, row: Row) -> Locality:
        lineage = self._values(Succession, self._lineage[row["slug"]])
        return self.value(Locality, row, lineage=lineage)

    def plan(self, row: Row) -> Plan:
        schemes = tuple(map(self._scheme, self._schemes[row["slug"]]))
        notes = self._values(Note, self._notes_on[row["slug"]])
        return self.value(Plan, row, schemes=schemes, notes=notes)

    def _scheme(self, row: Row) -> Scheme:
        return self.value(Scheme, row, rule=self.value(ServiceRule, self._rules[row["rule"]]))

    def place(self, row: Row) -> Place:
        facts = {each["kind"]: self.value(Fact, each) for each in self._facts_at[row["slug"]]}
        return self.value(Place, row, **facts)

    def procedure(self, row: Row) -> Procedure:
        facts = self._facts_of[row["id"]]
        return self.value(
            Procedure,
            row,
            rules=self._values(ServiceRule, self._rules_of[row["id"]]),
            facts={FactKind(each["kind"]): self.value(Fact, each) for each in facts},
            notes=self._values(Note, self._notes_of[row["id"]]),
        )


def _grouped(rows: Iterable[Row], owner: str) -> defaultdict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row[owner] is not None:
            groups[row[owner]].append(row)
    return groups


@cache
def _names(kind: type["DataclassInstance"]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
