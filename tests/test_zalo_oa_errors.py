"""Each of Zalo's error codes has one decision, as the table says."""

import csv
import re
from pathlib import Path

import pytest

from bot.channels.zalo_oa.errors import DECISIONS, OUTCOMES, Decision, decide

with Path(__file__).with_name("zalo_oa").joinpath("codes.csv").open(encoding="utf-8") as file:
    CODES = {int(row["code"]): row["decision"] for row in csv.DictReader(file)}


@pytest.mark.parametrize("code", CODES)
def test_an_error_code_is_decided_as_the_table_says(code: int) -> None:
    assert decide(code) == CODES[code]


def test_the_table_and_the_code_know_the_same_codes() -> None:
    assert set(DECISIONS) <= set(CODES)


def test_every_code_of_the_protocol_sheet_is_in_the_table(shared: Path) -> None:
    sheet = (shared / "protocols.md").read_text("utf-8")
    section = sheet.partition("### 1.7")[2].partition("### 1.8")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    rows += [line.split("|")[1] for line in section.splitlines() if line.startswith("| ZBS")]
    codes = {int(code) for row in rows for code in re.findall(r"-\d{2,5}(?!\d|x)", row)}
    assert len(codes) > 50
    assert codes <= set(CODES)


def test_every_decision_ends_in_an_outcome_for_the_postman() -> None:
    assert set(OUTCOMES) == set(Decision)
