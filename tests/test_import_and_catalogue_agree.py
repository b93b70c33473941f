"""Importing the five plans yields the procedures, days and offices of the built-in edition."""

from pathlib import Path

import pytest

from knowledge import catalogue
from knowledge.plans import importing
from knowledge.plans.adoption import adopt
from knowledge.plans.diff import compare
from knowledge.plans.model import Contents
from knowledge.vietnamese import fold

WHOLE = {
    "000_d99b811f9084e0d3.txt": 32,
    "bac-kan-2023.docx": 32,
    "bac-kan-2023.pdf": 32,
    "001_f9337bc81a68f415.txt": 1,
    "thanh-binh-thinh-2023.docx": 1,
    "thanh-binh-thinh-2023.pdf": 1,
    "003_88b546a3c70d69c4.txt": 14,
    "004_afe881c246386641.txt": 4,
    "dak-nong-2023.docx": 4,
}
"""The files that hold all procedures of their plan, with how many."""

REWORDED = {"name", "fee", "papers", "duration"}
"""What the catalogue words for citizens; days, hours, offices and codes it never changes."""


@pytest.fixture(scope="module")
def builtin() -> Contents:
    return catalogue.contents()


@pytest.mark.parametrize("name", WHOLE)
def test_a_plan_has_the_procedures_days_and_offices_of_the_catalogue(
    shared: Path, name: str, builtin: Contents
) -> None:
    difference = compare(importing.load(shared / "documents" / name), builtin)
    assert (difference.added, difference.removed) == ((), ())
    assert len(difference.same) + len(difference.changed) == WHOLE[name]
    changed = {change.field for pair in difference.changed for change in pair.changes}
    assert changed <= REWORDED
    assert {pair.procedure.id for pair in difference.changed} <= {"TBT-01", "PL-05", "PL-10"}


@pytest.mark.parametrize("name", ["002_80b1ea72266aaba5.txt", "003_88b546a3c70d69c4.txt"])
def test_a_plan_has_the_tasks_of_the_catalogue(shared: Path, name: str, builtin: Contents) -> None:
    draft = importing.load(shared / "documents" / name)
    plan = f"{draft.document.locality}-2024"
    read = [entry for entry in draft.entries if entry.kind == "task"]
    known = [task for task in builtin.tasks if task.plan == plan]
    assert [entry.row for entry in read] == [task.row for task in known]
    for entry, task in zip(read, known, strict=True):
        if entry.uncertain:
            continue
        assert plain(entry.agency) == plain(task.lead), entry.row
        assert entry.due == (task.due.isoformat() if task.due else None), entry.row


def test_phuoc_long_has_the_targets_of_the_catalogue(shared: Path, builtin: Contents) -> None:
    for name in ("003_88b546a3c70d69c4.txt", "phuoc-long-2024.xlsx"):
        draft = importing.load(shared / "documents" / name)
        read = [(e.row, e.goal, e.quarters) for e in draft.entries if e.kind == "target"]
        assert read == [(each.row, each.goal, each.quarters) for each in builtin.targets]


def test_adopting_a_plan_that_is_published_already_changes_no_procedure(
    shared: Path, builtin: Contents
) -> None:
    draft = importing.load(shared / "documents" / "004_afe881c246386641.txt")
    adopted = adopt(builtin, draft, compare(draft, builtin))
    assert adopted.procedures == builtin.procedures
    assert (adopted.plans, adopted.localities) == (builtin.plans, builtin.localities)


def plain(office: str | None) -> str:
    return fold(office or "").replace("-", " ").replace("  ", " ")
