from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Executable, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel

from knowledge import catalogue
from knowledge.plans import editions
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
from knowledge.plans.rows import to_contents, to_rows
from knowledge.plans.tables import CONTENTS, EditionRow
from knowledge.refusal import Refusal
from knowledge.store import Store

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
SAID = WORDS.filter(bool)
NUMBERS = st.integers(-(2**31), 2**31 - 1)
QUARTERS = st.tuples(*[NUMBERS] * 4)
MAYBE = st.none() | WORDS
DATES = st.none() | st.dates()
SOURCES = st.builds(Source, WORDS, *[MAYBE] * 4)
KNOWN = st.builds(Fact, st.just(State.KNOWN), SAID, WORDS, SOURCES)
UNKNOWN = st.builds(
    Fact, st.sampled_from([State.SILENT, State.UNCHECKED]), WORDS, WORDS, st.none() | SOURCES
)
FACTS = KNOWN | UNKNOWN
NOTES = st.builds(Note, st.sampled_from(NoteKind), WORDS, WORDS, SOURCES)
RULES = st.builds(
    ServiceRule,
    st.sampled_from(ServiceModel),
    st.lists(st.sampled_from(Weekday)).map(tuple),
    SOURCES,
    st.none() | st.times(),
    DATES,
    DATES,
)


def some(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=3).map(tuple)


def slugs() -> st.SearchStrategy[list[str]]:
    return st.lists(SAID, min_size=1, max_size=3, unique=True)


@st.composite
def any_contents(draw: st.DrawFn) -> Contents:
    localities, plans = draw(slugs()), draw(slugs())
    here, by = st.sampled_from(localities), st.sampled_from(plans)
    lineage = some(st.builds(Succession, WORDS, WORDS, WORDS, WORDS, SOURCES))
    schemes = some(st.builds(Scheme, RULES, WORDS, WORDS))
    return Contents(
        localities=tuple(
            draw(
                st.builds(
                    Locality, st.just(slug), WORDS, WORDS, WORDS, some(WORDS), DATES, lineage
                )
            )
            for slug in localities
        ),
        plans=tuple(
            draw(
                st.builds(
                    Plan,
                    slug=st.just(slug),
                    locality=here,
                    title=WORDS,
                    english=WORDS,
                    number=MAYBE,
                    date=MAYBE,
                    issuer=WORDS,
                    effective_from=DATES,
                    effective_to=DATES,
                    confirmed_on=DATES,
                    confirmed_by=MAYBE,
                    schemes=schemes,
                    notes=some(NOTES),
                )
            )
            for slug in plans
        ),
        places=tuple(
            draw(st.builds(Place, st.just(slug), here, WORDS, WORDS, FACTS, FACTS, FACTS))
            for slug in draw(slugs())
        ),
        procedures=tuple(
            draw(
                st.builds(
                    Procedure,
                    id=st.just(slug),
                    plan=by,
                    locality=here,
                    name=WORDS,
                    english=WORDS,
                    status=st.sampled_from(Status),
                    rules=some(RULES),
                    facts=st.dictionaries(st.sampled_from(FactKind), FACTS),
                    notes=some(NOTES),
                    places=some(WORDS),
                    aliases=some(WORDS),
                    samples=some(WORDS),
                )
            )
            for slug in draw(slugs())
        ),
        tasks=draw(some(st.builds(Task, by, *[WORDS] * 3, *[MAYBE] * 3, DATES, MAYBE, SOURCES))),
        targets=draw(
            some(
                st.builds(
                    Target, by, *[WORDS] * 2, *[MAYBE] * 2, *[NUMBERS] * 2, QUARTERS, SOURCES
                )
            )
        ),
    )


def contents(names: tuple[str, ...], facts: Mapping[FactKind, Fact] | None = None) -> Contents:
    source = Source("Kế hoạch", "36/KH-UBND", "2023-07-24", "Phụ lục 1", "1")
    rule = ServiceRule(ServiceModel.NO_APPOINTMENT_SLIP, (Weekday.TUE, Weekday.THU), source)
    known = facts or {
        kind: Fact(State.KNOWN, f"{kind} theo kế hoạch", "by the plan", replace(source, row=kind))
        for kind in list(FactKind)[:5]
    }
    note = Note(NoteKind.CHANGED, "đã đổi", "changed", source)
    return Contents(
        localities=(
            Locality(
                "bac-kan",
                "Bắc Kạn",
                "Bac Kan",
                "Thái Nguyên",
                lineage=(Succession("Sông Cầu", "Đức Xuân", "Thái Nguyên", "01843", source),),
            ),
        ),
        plans=(
            Plan(
                "bk",
                "bac-kan",
                "Kế hoạch",
                "Plan",
                None,
                None,
                "UBND",
                schemes=(Scheme(rule, "cả ngày", "all day"),),
                notes=(note,),
            ),
        ),
        places=(Place("hall", "bac-kan", "Một cửa", "One-stop"),),
        procedures=tuple(
            Procedure(
                f"BK-{row}",
                "bk",
                "bac-kan",
                name,
                "",
                Status.SERVED,
                rules=(rule,),
                facts=known,
                notes=(note,),
            )
            for row, name in enumerate(names)
        ),
        tasks=(Task("bk", "IV", "1", "việc", None, None, "Quý III", None, None, source),),
        targets=(Target("bk", "1", "hồ sơ", None, None, 2026, 80, (20, 40, 60, 80), source),),
    )


SMALL = contents(("Cấp bản sao từ sổ gốc",))


def publish(store: Store, said: Contents) -> int:
    with store.town(NOW) as town:
        return editions.publish(town.session, said, by="lan", reason="quý IV", now=NOW)


def load(store: Store, number: int) -> Contents:
    with store.town(NOW, reading=True) as town:
        return editions.load(town.session, number).contents


@settings(
    max_examples=40,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=any_contents())
def test_an_edition_says_exactly_what_was_published(store: Store, said: Contents) -> None:
    assert load(store, publish(store, said)) == said


def test_the_built_in_edition_says_exactly_what_the_catalogue_says(town_hall: Store) -> None:
    assert load(town_hall, 1) == catalogue.contents()


@settings(deadline=None, max_examples=30)
@given(said=any_contents())
def test_contents_become_rows_and_the_same_contents_again(said: Contents) -> None:
    assert to_contents(to_rows(said)) == said


def test_an_edition_tells_when_by_whom_and_why_it_was_published(store: Store) -> None:
    number = publish(store, SMALL)
    with store.town(NOW) as town:
        edition = editions.load(town.session, number)
    assert (edition.published_at, edition.published_by, edition.reason) == (NOW, "lan", "quý IV")


def test_publishing_the_same_again_changes_nothing(store: Store) -> None:
    reversed_facts = dict(reversed(SMALL.procedures[0].facts.items()))
    same = contents(("Cấp bản sao từ sổ gốc",), reversed_facts)
    assert publish(store, SMALL) == publish(store, same) == 2
    with store.town(NOW) as town:
        assert [each.number for each in editions.history(town.session)] == [2, 1]


def test_restoring_publishes_the_old_contents_as_a_new_edition(store: Store) -> None:
    publish(store, SMALL)
    publish(store, contents(("Chứng thực chữ ký",)))
    with store.town(NOW) as town:
        assert editions.restore(town.session, 2, by="hoa", reason="nhầm", now=NOW) == 4
        newest = editions.newest(town.session)
    assert newest is not None
    assert (newest.number, newest.published_by, newest.reason) == (4, "hoa", "nhầm")
    assert load(store, 4) == SMALL


def test_an_edition_that_never_was_is_refused(store: Store) -> None:
    with pytest.raises(Refusal, match="no edition 7"):
        load(store, 7)


@pytest.mark.parametrize("row", [EditionRow, *CONTENTS])
def test_nothing_in_an_edition_can_be_changed_deleted_or_added(
    store: Store, row: type[SQLModel]
) -> None:
    publish(store, SMALL)
    table = SQLModel.metadata.tables[str(row.__tablename__)]
    columns = list(table.columns)
    attempts: list[Executable] = [update(table).values({columns[1]: columns[1]}), delete(table)]
    if row is not EditionRow:
        attempts.append(insert(table).from_select(columns, select(table)))
    with store.town(NOW) as town:
        if town.session.get_bind().dialect.name == "postgresql":
            attempts.append(text(f"TRUNCATE {table.name} CASCADE"))
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="an edition never changes"), store.town(NOW) as town:
            town.session.connection().execute(attempt)
    assert load(store, 2) == SMALL


BROKEN = {
    "a procedure twice": replace(SMALL, procedures=SMALL.procedures * 2),
    "a locality twice": replace(SMALL, localities=SMALL.localities * 2),
    "a procedure without its plan": replace(SMALL, plans=(), tasks=(), targets=()),
    "a plan without its locality": replace(SMALL, localities=(), places=(), procedures=()),
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN.keys())
def test_contents_that_do_not_hold_together_are_not_published(
    store: Store, said: Contents
) -> None:
    with pytest.raises(IntegrityError):
        publish(store, said)
    with store.town(NOW) as town:
        assert len(editions.history(town.session)) == 1
    assert publish(store, SMALL) == 2


def test_all_procedures_of_the_country_are_published_and_loaded(store: Store) -> None:
    country = contents(tuple(f"Thủ tục số {row}" for row in range(2_642)))
    assert load(store, publish(store, country)) == country
