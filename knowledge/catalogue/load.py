"""Reading the data files beside this module into the values of `knowledge.plans.model`."""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

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

Entry = dict[str, Any]
Plans = dict[str, Plan]

PORTAL = "Cổng Dịch vụ công quốc gia"
FOLDER = files("knowledge.catalogue")


def contents(folder: Traversable = FOLDER) -> Contents:
    """Read a folder of data files, by default the built-in edition.

    A file that contradicts itself raises ValueError or KeyError.
    """
    plans = _plans(folder)
    procedures = _toml(folder, "procedures.toml")
    notes = _notes(folder, procedures, plans)
    return Contents(
        plans=tuple(replace(plan, notes=notes.get(plan.slug, ())) for plan in plans.values()),
        localities=_localities(folder),
        places=tuple(
            Place(slug=slug, **entry) for slug, entry in _toml(folder, "places.toml").items()
        ),
        procedures=_procedures(folder, procedures, plans, notes),
        tasks=tuple(_task(row, plans) for row in _csv(folder, "tasks.csv")),
        targets=tuple(_target(row, plans) for row in _csv(folder, "targets.csv")),
    )


def _toml(folder: Traversable, name: str) -> Entry:
    return tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))


def _csv(folder: Traversable, name: str) -> Iterator[dict[str, str]]:
    # Excel saves CSV with a byte order mark.
    text = folder.joinpath(name).read_text(encoding="utf-8-sig")
    return csv.DictReader(text.splitlines(keepends=True))


def _plans(folder: Traversable) -> Plans:
    """Return the plans with their schemes, still without notes."""
    optional = {"number": None, "date": None}
    plans = {
        slug: Plan(slug=slug, **optional | entry)
        for slug, entry in _toml(folder, "plans.toml").items()
    }
    for entry in _toml(folder, "schemes.toml")["scheme"]:
        plan = plans[entry["plan"]]
        rule = _rule(entry, replace(plan.source, appendix=entry["appendix"]))
        scheme = Scheme(rule, entry["text"], entry["english"])
        plans[plan.slug] = replace(plan, schemes=(*plan.schemes, scheme))
    return plans


def _in_portal(procedure: Entry) -> Source:
    return Source(PORTAL, procedure["code"], procedure["portal"])


def _row(entry: Mapping[str, Any], plans: Plans) -> Source:
    plan = plans[entry["plan"]]
    return replace(plan.source, appendix=entry["appendix"], row=entry["row"])


def _said(entry: Entry, plans: Plans, procedure: Entry) -> Source:
    """Return where a fact or a note on a procedure stands; see the head of facts.toml."""
    if "source" in entry:
        return Source(**entry["source"])
    match entry["from"]:
        case "portal":
            return _in_portal(procedure)
        case "plan" if "appendix" in entry:
            return replace(plans[procedure["plan"]].source, appendix=entry["appendix"])
        case "plan":
            return _row(procedure, plans)
        case other:
            raise ValueError(f"neither plan nor portal: {other!r}")


def _notes(folder: Traversable, procedures: Entry, plans: Plans) -> Mapping[str, tuple[Note, ...]]:
    """Return the notes of each procedure (by id) and of each plan (by slug)."""
    notes: defaultdict[str, tuple[Note, ...]] = defaultdict(tuple)
    for entry in _toml(folder, "notes.toml")["note"]:
        for name in entry["for"]:
            notes[name] += (_note(entry, name, procedures, plans),)
    return notes


def _note(entry: Entry, name: str, procedures: Entry, plans: Plans) -> Note:
    # A note on a whole plan stands in the plan or in a document of its own, never in a row.
    subject = procedures.get(name) or {"plan": name, "appendix": None, "row": None}
    source = _said(entry, plans, subject)
    return Note(NoteKind(entry["kind"]), entry["text"], entry["english"], source)


def _facts(
    folder: Traversable, procedures: Entry, plans: Plans
) -> Mapping[str, Mapping[FactKind, Fact]]:
    """Return the facts of each procedure; the same fact given twice raises ValueError."""
    facts: dict[str, dict[FactKind, Fact]] = {name: {} for name in procedures}
    for entry in _toml(folder, "facts.toml")["fact"]:
        for name in entry["for"]:
            kind = FactKind(entry["kind"])
            if kind in facts[name]:
                raise ValueError(f"{name} has two facts of the kind {kind}")
            facts[name][kind] = _fact(entry, _said(entry, plans, procedures[name]))
    for name, procedure in procedures.items():
        if "code" in procedure:
            facts[name][FactKind.CODE] = _code(procedure, plans)
    return facts


def _fact(entry: Entry, source: Source) -> Fact:
    state = State(entry.get("state", State.KNOWN))
    return Fact(state, entry.get("text", ""), entry.get("english", ""), source)


def _code(procedure: Entry, plans: Plans) -> Fact:
    source = _in_portal(procedure) if "portal" in procedure else _row(procedure, plans)
    return Fact(State.KNOWN, procedure["code"], procedure["code"], source)


def _procedures(
    folder: Traversable, entries: Entry, plans: Plans, notes: Mapping[str, tuple[Note, ...]]
) -> tuple[Procedure, ...]:
    facts = _facts(folder, entries, plans)
    voices = _voices(folder)
    return tuple(
        Procedure(
            id=name,
            plan=entry["plan"],
            locality=plans[entry["plan"]].locality,
            name=entry["name"],
            english=entry["english"],
            status=Status(entry.get("status", Status.SERVED)),
            rules=_rules(entry, plans),
            facts=facts[name],
            notes=notes.get(name, ()),
            places=tuple(entry.get("places", ())),
            aliases=tuple(voices.get(name, {}).get("aliases", ())),
            samples=tuple(voices.get(name, {}).get("samples", ())),
        )
        for name, entry in entries.items()
    )


def _voices(folder: Traversable) -> Entry:
    """Return the names and questions of citizens by procedure, where that file is there."""
    return _toml(folder, "aliases.toml") if folder.joinpath("aliases.toml").is_file() else {}


def _rules(procedure: Entry, plans: Plans) -> tuple[ServiceRule, ...]:
    if "model" not in procedure:
        return ()
    return (_rule(procedure, _row(procedure, plans)),)


def _rule(entry: Entry, source: Source) -> ServiceRule:
    return ServiceRule(
        model=ServiceModel(entry["model"]),
        weekdays=tuple(map(Weekday, entry["weekdays"])),
        source=source,
        cutoff=entry.get("cutoff"),
        starts=entry.get("starts"),
        ends=entry.get("ends"),
    )


def _localities(folder: Traversable) -> tuple[Locality, ...]:
    file = _toml(folder, "localities.toml")
    source = Source(**file["source"])
    return tuple(
        Locality(
            slug=slug,
            lineage=tuple(_lineage(entry.pop("lineage"), source)),
            aliases=tuple(entry.pop("aliases")),
            **entry,
        )
        for slug, entry in file["locality"].items()
    )


def _lineage(units: list[Entry], source: Source) -> Iterator[Succession]:
    for unit in units:
        for former in unit["former"]:
            yield Succession(former, unit["today"], unit["province"], unit["code"], source)


def _task(row: dict[str, str], plans: Plans) -> Task:
    return Task(
        plan=row["plan"],
        group=row["group"],
        row=row["row"],
        name=row["name"],
        lead=row["lead"] or None,
        partner=row["partner"] or None,
        deadline=row["deadline"] or None,
        due=date.fromisoformat(row["due"]) if row["due"] else None,
        product=row["product"] or None,
        source=_row(row, plans),
    )


def _target(row: dict[str, str], plans: Plans) -> Target:
    first, second, third, fourth = (int(row[quarter]) for quarter in ("q1", "q2", "q3", "q4"))
    return Target(
        plan=row["plan"],
        row=row["row"],
        name=row["name"],
        lead=row["lead"] or None,
        partner=row["partner"] or None,
        year=int(row["year"]),
        goal=int(row["goal"]),
        quarters=(first, second, third, fourth),
        source=_row(row, plans),
    )
