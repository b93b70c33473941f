"""Importing the five plans yields the procedures, days and offices of the built-in edition."""

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge import catalogue
from knowledge.plans import importing
from knowledge.plans.adoption import Choice, adopt
from knowledge.plans.appendix import Draft
from knowledge.plans.diff import compare
from knowledge.plans.model import Contents, FactKind
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

EXCERPTS = {
    "002_80b1ea72266aaba5.txt": [0, 0],
    "dinh-ke-2024.docx": [0, 23],
    "dinh-ke-2024.pdf": [0, 23],
    "phuoc-long-2024.xlsx": [5, 0],
}
"""Files without all procedures, with how many procedures and tasks their appendices leave out."""

REWORDED = {"name", "fee", "papers", "duration"}
"""What the catalogue words for citizens; days, hours, offices and codes it never changes."""


@pytest.fixture(scope="module")
def builtin() -> Contents:
    return catalogue.contents()


@pytest.mark.parametrize("name", WHOLE)
def test_a_plan_has_the_procedures_days_and_offices_of_the_catalogue(
    shared: Path, name: str, builtin: Contents
) -> None:
    part = compare(importing.load(shared / "documents" / name), builtin).procedures
    assert (part.added, part.changed, part.absent) == ((), (), ())
    assert len(part.same) + len(part.reworded) == WHOLE[name]
    reworded = {change.field for pair in part.reworded for change in pair.changes}
    assert reworded <= REWORDED
    assert {pair.published.id for pair in part.reworded} <= {"TBT-01", "PL-10"}


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


HEADLESS = {"phuoc-long-2024.xlsx": "phuoc-long"}
"""The files that do not say which place they are for."""


@pytest.mark.parametrize("name", [*WHOLE, *EXCERPTS])
def test_adopting_a_file_of_a_published_plan_changes_nothing(
    shared: Path, builtin: Contents, name: str
) -> None:
    draft = read(shared, name)
    assert adopt(builtin, draft, compare(draft, builtin)) == builtin


@pytest.mark.parametrize("name", EXCERPTS)
def test_what_an_excerpt_does_not_hold_goes_only_when_told_to(
    shared: Path, builtin: Contents, name: str
) -> None:
    draft = read(shared, name)
    difference = compare(draft, builtin)
    adopted = adopt(builtin, draft, difference, Choice(drop_removed=True))
    gone = [len(part.absent) for part in (difference.procedures, difference.tasks)]
    assert gone == EXCERPTS[name]
    assert len(builtin.procedures) - len(adopted.procedures) == gone[0]
    assert len(builtin.tasks) - len(adopted.tasks) == gone[1]
    assert adopted.targets == builtin.targets


def test_words_of_the_same_plan_are_taken_only_when_told_to(
    shared: Path, builtin: Contents
) -> None:
    draft = read(shared, "thanh-binh-thinh-2023.docx")
    adopted = adopt(builtin, draft, compare(draft, builtin), Choice(take_wording=True))
    (old, new) = (next(p for p in c.procedures if p.id == "TBT-01") for c in (builtin, adopted))
    assert old.fact(FactKind.FEE).text.startswith("Không thu phí, viết hộ")
    assert new.fact(FactKind.FEE).text == "Không"
    assert new.fact(FactKind.AGENCY) == old.fact(FactKind.AGENCY)
    assert new.rules == old.rules


def read(shared: Path, name: str) -> Draft:
    draft = importing.load(shared / "documents" / name)
    place = HEADLESS.get(name, draft.document.locality)
    return replace(draft, document=replace(draft.document, locality=place))


def plain(office: str | None) -> str:
    return fold(office or "").replace("-", " ").replace("  ", " ")
