"""No answer states a fact without its source, on any question that citizens asked."""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

from handlers import answer
from handlers.talk import Ask, Outcome, Reply
from knowledge.plans.model import State
from knowledge.store import Store

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
MARK = re.compile(r"\[(\d+)\]")
FACT_SIGNS = "📅📍🏛📄💰⏱🌐•"
"""The signs at the head of a line that states a fact."""


def replies(shared: Path, town_hall: Store, language: str) -> list[tuple[str, Reply]]:
    with (shared / "queries" / "dev.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with town_hall.town(NOW) as town:
        return [
            (
                row["query"],
                answer(Ask(row["query"], NOW, language, row["locality_context"] or None), town),
            )
            for row in rows
        ]


def test_every_known_fact_of_every_answer_names_its_source(shared: Path, town_hall: Store) -> None:
    walked = 0
    for question, reply in replies(shared, town_hall, "vi"):
        for fact in reply.facts.facts.values() if reply.facts else ():
            walked += 1
            assert fact.state is not State.KNOWN or fact.source, question
    assert walked > 1000


def test_every_line_that_states_a_fact_carries_a_mark(shared: Path, town_hall: Store) -> None:
    lines = 0
    for language in ("vi", "en"):
        for question, reply in replies(shared, town_hall, language):
            for line in reply.body.splitlines():
                unchecked = "chưa kiểm tra được" in line or "have not been able" in line
                if line.startswith(tuple(FACT_SIGNS)) and not unchecked:
                    lines += 1
                    assert MARK.search(line), f"{question}: {line}"
    assert lines > 1000


def test_every_mark_has_a_source_and_every_source_a_mark(shared: Path, town_hall: Store) -> None:
    for question, reply in replies(shared, town_hall, "vi"):
        marks = {int(number) for number in MARK.findall(reply.body)}
        assert marks == set(range(1, len(reply.sources) + 1)), question
        assert len(reply.source_lines) == len(reply.sources), question


def test_every_answer_ends_with_its_sources(shared: Path, town_hall: Store) -> None:
    for question, reply in replies(shared, town_hall, "vi"):
        if reply.outcome is Outcome.ANSWERED:
            assert reply.text.splitlines()[-1] == reply.source_lines[-1], question
