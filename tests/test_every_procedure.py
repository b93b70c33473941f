"""Every served procedure, asked by its exact name with its place, is answered rightly."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers import answer
from handlers.talk import Ask, Outcome
from knowledge import catalogue
from knowledge.plans.model import FactKind, Procedure, State, Status
from knowledge.store import Store
from knowledge.vietnamese import fold

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
SERVED = [each for each in catalogue.contents().procedures if each.status is Status.SERVED]
WEEKDAYS = {"Thứ Ba": "tue", "Thứ Tư": "wed", "Thứ Năm": "thu", "Thứ Sáu": "fri"}
FEES_SILENT = {f"BK2-{number}" for number in (11, 12, 13, 14, 15)}
FEES_UNCHECKED = {"BK1-12", "BK2-08", "BK2-09", "BK2-16", "BK2-17", "BK2-18"}
"""What facts.md says of the fees: the portal has no entry, or nobody has found one."""


def fee_state(procedure: Procedure) -> State:
    if procedure.id in FEES_SILENT:
        return State.SILENT
    return State.UNCHECKED if procedure.id in FEES_UNCHECKED else State.KNOWN


@pytest.mark.parametrize("typed", [str, fold, str.upper], ids=["marks", "no marks", "capitals"])
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("procedure", SERVED, ids=lambda each: each.id)
def test_its_exact_name_gets_the_right_day_office_and_fee_state(
    procedure: Procedure, language: str, typed: type[str], town_hall: Store
) -> None:
    ask = Ask(typed(procedure.name), NOW, language=language, locality=procedure.locality)
    with town_hall.town(NOW) as town:
        reply = answer(ask, town)
    assert reply.outcome is Outcome.ANSWERED
    assert [match.id for match in reply.matches] == [procedure.id]
    assert reply.facts is not None
    assert reply.facts.weekdays == procedure.rules[0].weekdays
    agency = reply.facts.facts[FactKind.AGENCY]
    assert (agency.state, agency.text) == (State.KNOWN, procedure.fact(FactKind.AGENCY).text)
    shown = agency.english if language == "en" else agency.text
    assert shown in reply.text
    assert reply.facts.facts[FactKind.FEE].state is fee_state(procedure)


def test_thirty_seven_are_served_and_their_days_are_those_of_the_shared_catalogue(
    shared: Path,
) -> None:
    with (shared / "queries" / "catalogue.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: row["weekdays"] for row in csv.DictReader(file) if row["weekdays"]}
    assert len(SERVED) == len(rows) == 37
    for procedure in SERVED:
        days = [code for name, code in WEEKDAYS.items() if name in rows[procedure.id]]
        assert list(procedure.rules[0].weekdays) == days
