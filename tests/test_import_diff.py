"""What a draft changes in the published procedures."""

from datetime import time

from hypothesis import given
from hypothesis import strategies as st

from knowledge.plans.appendix import Draft, Entry, Head
from knowledge.plans.diff import Change, compare
from knowledge.plans.model import (
    Contents,
    Fact,
    FactKind,
    Procedure,
    ServiceModel,
    ServiceRule,
    Source,
    State,
    Status,
    Weekday,
)


def published(row: str, name: str, days: str = "tue", code: str = "") -> Procedure:
    source = Source("Kế hoạch", appendix="Phụ lục 1", row=row)
    rule = ServiceRule(
        ServiceModel.ONLINE_DAY, tuple(map(Weekday, days.split())), source, time(15)
    )
    facts = {FactKind.AGENCY: Fact(State.KNOWN, "Phòng Tư pháp", source=source)}
    if code:
        facts[FactKind.CODE] = Fact(State.KNOWN, code, source=source)
    return Procedure(f"X-{row}", "x", "bac-kan", name, "", Status.SERVED, (rule,), facts)


def entry(row: str, name: str, days: str = "tue", **more: object) -> Entry:
    weekdays = tuple(map(Weekday, days.split()))
    values = {"agency": "Phòng Tư pháp", "cutoff": "15:00"} | more
    return Entry("procedure", "Phụ lục 1", row, name, weekdays, **values)  # type: ignore[arg-type]


def draft(*entries: Entry, locality: str = "bac-kan") -> Draft:
    return Draft(Head("x.docx", locality=locality), entries)


def test_the_same_rows_change_nothing() -> None:
    found = compare(
        draft(entry("1", "Đăng ký A"), entry("2", "Đăng ký B")),
        Contents(procedures=(published("1", "Đăng ký A"), published("2", "Đăng ký B"))),
    ).procedures
    assert (found.added, found.changed, found.absent) == ((), (), ())
    assert len(found.same) == 2


def test_a_new_day_and_office_are_shown_field_by_field() -> None:
    found = compare(
        draft(entry("1", "Đăng ký A", "fri", agency="Phòng Nội vụ", fee="Không")),
        Contents(procedures=(published("1", "Đăng ký A"),)),
    ).procedures
    (pair,) = found.changed
    assert pair.published.id == "X-1"
    assert pair.changes == (
        Change("weekdays", "tue", "fri"),
        Change("agency", "Phòng Tư pháp", "Phòng Nội vụ"),
        Change("fee", "", "Không"),
    )


def test_a_row_that_moved_is_found_by_its_code_or_its_name() -> None:
    contents = Contents(
        procedures=(published("1", "Đăng ký A"), published("2", "Đăng ký B", code="1.000001"))
    )
    found = compare(
        draft(entry("1", "Tên mới của B", code="1.000001"), entry("2", "Đăng ký A")), contents
    ).procedures
    assert not found.added
    assert not found.absent
    assert {pair.entry.row: pair.published.id for pair in (*found.same, *found.changed)} == {
        "1": "X-2",
        "2": "X-1",
    }


def test_a_row_put_in_between_does_not_shift_the_others() -> None:
    contents = Contents(procedures=(published("1", "Đăng ký A"), published("2", "Đăng ký B")))
    found = compare(
        draft(entry("1", "Đăng ký A"), entry("2", "Đăng ký mới"), entry("3", "Đăng ký B")),
        contents,
    ).procedures
    assert [item.name for item in found.added] == ["Đăng ký mới"]
    assert not found.changed
    assert not found.absent


def test_what_left_the_appendix_is_absent_and_other_places_are_untouched() -> None:
    contents = Contents(procedures=(published("1", "Đăng ký A"), published("2", "Đăng ký B")))
    assert [p.id for p in compare(draft(entry("1", "Đăng ký A")), contents).procedures.absent] == [
        "X-2"
    ]
    elsewhere = compare(draft(entry("1", "Đăng ký A"), locality="dinh-ke"), contents).procedures
    assert len(elsewhere.added) == 1
    assert not elsewhere.absent


def test_what_the_draft_does_not_state_is_no_change() -> None:
    found = compare(
        draft(entry("1", "ĐĂNG KÝ  a.", "", agency=None, cutoff=None)),
        Contents(procedures=(published("1", "Đăng ký A"),)),
    ).procedures
    assert not found.changed


NAMES = st.lists(st.sampled_from([f"Thủ tục {n}" for n in range(9)]), unique=True)


@given(NAMES, NAMES)
def test_every_row_and_every_published_procedure_ends_in_one_place(
    new: list[str], old: list[str]
) -> None:
    rows = [entry(str(n), name) for n, name in enumerate(new, 1)]
    contents = Contents(procedures=tuple(published(str(n), name) for n, name in enumerate(old, 1)))
    found = compare(draft(*rows), contents).procedures
    pairs = (*found.changed, *found.same)
    assert len(found.added) + len(pairs) == len(new)
    if new:
        assert len(found.absent) + len(pairs) == len(old)
    assert len({pair.published.id for pair in pairs}) == len(pairs)
