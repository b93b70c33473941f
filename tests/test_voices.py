"""The corpus of labelled questions, what was learned from it, and floors that only go up."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.voices import intent, judged, share
from knowledge.catalogue import contents, make_second_opinion
from knowledge.catalogue.make_second_opinion import Row, examples, rows, trained, voices
from knowledge.plans.model import Contents, Status
from knowledge.plans.opinion import SILENT, Opinion
from knowledge.plans.search import Index
from knowledge.plans.understanding import Certainty, Intent
from knowledge.vietnamese import modern

QUESTIONS = Path(__file__).parent / "questions"
FLOORS = {row["set"]: row for row in rows(QUESTIONS / "floors.csv")}
UNSEEN = 6
"""Every sixth voice is left out to see how unseen voices fare."""


@pytest.fixture(scope="module")
def edition() -> Contents:
    return contents()


@pytest.fixture(scope="module")
def corpus() -> dict[str, list[Row]]:
    return voices()


@pytest.fixture(scope="module")
def rules(edition: Contents) -> Index:
    return Index(edition, SILENT)


def expected(row: Row) -> set[str]:
    return set(row["expected_ids"].removeprefix("AMBIG:").split(";")) - {"NONE"}


def everything(corpus: dict[str, list[Row]]) -> list[Row]:
    return [row for asked in corpus.values() for row in asked]


def test_three_thousand_questions_in_thirty_voices(corpus: dict[str, list[Row]]) -> None:
    assert len(corpus) >= 30
    assert sum(map(len, corpus.values())) >= 3000
    assert all(len(asked) >= 20 for asked in corpus.values())


def test_no_two_questions_are_the_same(corpus: dict[str, list[Row]]) -> None:
    asked = Counter(" ".join(modern(r["query"]).casefold().split()) for r in everything(corpus))
    assert [text for text, times in asked.items() if times > 1] == []


def test_labels_name_what_exists(corpus: dict[str, list[Row]], edition: Contents) -> None:
    known = {procedure.id for procedure in edition.procedures}
    places = {locality.slug for locality in edition.localities} | {""}
    intents = {str(each) for each in Intent}
    for row in everything(corpus):
        near = set(filter(None, row["near_ids"].split(";")))
        also = set(filter(None, row["intents_also"].split(";")))
        assert expected(row) | near <= known, row
        assert row["locality_context"] in places, row
        assert {row["intent"]} | also <= intents, row
        assert row["require"] in {"any", "all"}, row
        assert set(filter(None, row["alt_ok"].split(","))) <= {"ANSWER", "ASK", "NONE"}, row


def test_every_procedure_is_asked_for_in_many_voices(
    corpus: dict[str, list[Row]], edition: Contents
) -> None:
    asked = Counter(
        one
        for rows_ in corpus.values()
        for one in {each for row in rows_ for each in expected(row)}
    )
    wanted = [p.id for p in edition.procedures if p.status is not Status.INTERNAL]
    assert [one for one in wanted if asked[one] < 10] == []


def test_a_third_of_the_questions_have_no_single_answer(corpus: dict[str, list[Row]]) -> None:
    asked = everything(corpus)
    open_ones = [r for r in asked if r["expected_ids"].startswith(("AMBIG:", "NONE"))]
    assert len(open_ones) * 3 >= len(asked)


def test_the_second_opinion_is_made_from_these_questions(
    corpus: dict[str, list[Row]], rules: Index
) -> None:
    learned = [one for asked in corpus.values() for one in examples(asked, rules)]
    made = make_second_opinion.written(trained(learned))
    assert made == make_second_opinion.TARGET.read_text(encoding="utf-8"), (
        "run: python -m knowledge.catalogue.make_second_opinion"
    )


def keeps_its_floor(name: str, index: Index, asked: Iterable[Row]) -> None:
    counts, _ = judged(index, asked)
    last = {
        "right": share(counts, "right"),
        "WRONG": share(counts, "WRONG"),
        "intent": intent(counts),
    }
    print(name, {end: round(value, 1) for end, value in last.items()})  # noqa: T201 - the last figures
    floor = FLOORS[name]
    assert last["right"] >= float(floor["right"])
    assert last["WRONG"] <= float(floor["WRONG"])
    assert last["intent"] >= float(floor["intent"])


def test_the_developers_questions_keep_their_floor(edition: Contents, shared: Path) -> None:
    keeps_its_floor("dev", Index(edition), rows(shared / "queries" / "dev.csv"))


@pytest.mark.parametrize("exam", ["exam 1", "exam 2"])
def test_questions_that_nobody_learns_from_keep_their_floor(edition: Contents, exam: str) -> None:
    keeps_its_floor(exam, Index(edition), rows(QUESTIONS / f"{exam.replace(' ', '_')}.csv"))


def test_the_rules_alone_keep_their_floor(rules: Index, corpus: dict[str, list[Row]]) -> None:
    keeps_its_floor("rules alone", rules, everything(corpus))


def test_voices_not_learned_from_keep_their_floor(
    edition: Contents, rules: Index, corpus: dict[str, list[Row]]
) -> None:
    own = [name for name in corpus if name.split("-")[0] not in {"first", "second"}]
    unseen = own[::UNSEEN]
    learned = [
        one
        for name, asked in corpus.items()
        if name not in unseen
        for one in examples(asked, rules)
    ]
    index = Index(edition, trained(learned))
    keeps_its_floor("unseen voices", index, [row for name in unseen for row in corpus[name]])


def test_the_second_opinion_never_speaks_against_a_name_a_code_or_an_alias(
    edition: Contents,
) -> None:
    against = Opinion(("-", "hoa_don_le"), {"hoc": ((0, 100_000),), "1": ((0, 100_000),)})
    known = next(p for p in edition.procedures if p.id == "BK2-08")
    taught = replace(known, aliases=("bình xét xóm hiếu học",))
    procedures = tuple(taught if p is known else p for p in edition.procedures)
    index = Index(replace(edition, procedures=procedures), against)
    for said in (known.name, "bình xét xóm hiếu học"):
        understood = index.understand(said, "bac-kan")
        assert understood.certainty is Certainty.SURE
        assert [match.id for match in understood.matches] == ["BK2-08"]


def test_what_else_was_thought_of_is_told_with_its_words(edition: Contents) -> None:
    understood = Index(edition).understand("chia thừa kế xe máy với anh em", "bac-kan")
    assert understood.considered
    assert any(match.why for match in understood.considered)
    shown = {match.id for match in understood.matches}
    assert not shown & {match.id for match in understood.considered}


def test_the_floors_are_kept_in_a_file_that_people_read() -> None:
    with (QUESTIONS / "floors.csv").open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["set", "right", "WRONG", "intent"]
