"""What becomes of a draft: it waits, it is published as far as it is sure, it is dropped."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

from bot import importing
from bot.importing import File
from knowledge.plans import editions
from knowledge.plans.adoption import Choice, adopt, unchecked
from knowledge.plans.appendix import Draft, Entry, Head
from knowledge.plans.appendix.prose import procedure_name
from knowledge.plans.diff import compare
from knowledge.plans.importing import read as read_bytes
from knowledge.plans.model import (
    Contents,
    Fact,
    FactKind,
    Locality,
    Plan,
    Procedure,
    ServiceModel,
    ServiceRule,
    State,
    Status,
    Task,
    Weekday,
)
from knowledge.records import drafts
from knowledge.refusal import Refusal
from knowledge.store import Store, Town, open_store
from locales import translator

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
DOCUMENTS = Path(__file__).parent / "documents"
SAY = translator("vi")

PLAN = Plan("x-2023", "x", "Kế hoạch X", "", "1/KH-UBND", "2023-09", "UBND xã X")
PLACE = Locality("x", "xã X", "X commune", "")


def served(row: str, name: str, day: str = "tue", fee: str = "Không thu phí") -> Procedure:
    source = replace(PLAN.source, appendix="Phụ lục 1", row=row)
    rule = ServiceRule(ServiceModel.NO_APPOINTMENT_SLIP, (Weekday(day),), source)
    facts = {
        FactKind.AGENCY: Fact(State.KNOWN, "Phòng Tư pháp", source=source),
        FactKind.FEE: Fact(State.KNOWN, fee, source=source),
    }
    return Procedure(f"X-{row}", PLAN.slug, "x", name, "", Status.SERVED, (rule,), facts)


def task(row: str, name: str, lead: str = "Văn phòng") -> Task:
    source = replace(PLAN.source, appendix="Phụ lục 2", row=row)
    return Task(PLAN.slug, "", row, name, lead, None, "Tháng 3", None, None, source)


BEFORE = Contents(
    plans=(PLAN,),
    localities=(PLACE,),
    procedures=(served("1", "Đăng ký kết hôn"), served("2", "Đăng ký khai tử", "thu")),
    tasks=(task("1", "Viết báo cáo"), task("1", "Viết báo cáo", "Công an"), task("2", "Họp")),
)

SAME = Head("x.docx", number="1/KH-UBND", date="2023-09", issuer="UBND xã X", locality="x")
NEWER = Head("y.docx", number="9/KH-UBND", date="2026-01-05", issuer="UBND xã X", locality="x")
HEADLESS = Head("z.xlsx", locality="x")


def row(number: str, name: str, day: str = "tue", **more: Any) -> Entry:  # noqa: ANN401 - fields of Entry
    days = (Weekday(day),) if day else ()
    return Entry("procedure", "Phụ lục 1", number, name, days, **more)


def adopted(head: Head, *rows: Entry, **choice: bool) -> Contents:
    draft = Draft(head, rows)
    return adopt(BEFORE, draft, compare(draft, BEFORE), Choice(**choice))


def known(contents: Contents, id_: str) -> Procedure:
    return next(procedure for procedure in contents.procedures if procedure.id == id_)


def test_rows_that_a_file_does_not_hold_stay_unless_told_otherwise() -> None:
    rows = (
        row("1", "Đăng ký kết hôn"),
        Entry("task", "Phụ lục 2", "1", "Viết báo cáo", agency="Công an", deadline="Tháng 3"),
    )
    assert adopted(SAME, *rows) == BEFORE
    after = adopted(SAME, *rows, drop_removed=True)
    assert [procedure.id for procedure in after.procedures] == ["X-1"]
    assert [(each.name, each.lead) for each in after.tasks] == [("Viết báo cáo", "Công an")]


def test_a_file_of_tasks_alone_leaves_the_procedures_even_when_it_drops_rows() -> None:
    rows = (Entry("task", "Phụ lục 2", "2", "Họp", agency="Văn phòng", deadline="Tháng 4"),)
    after = adopted(SAME, *rows, drop_removed=True)
    assert after.procedures == BEFORE.procedures
    assert [(each.name, each.deadline) for each in after.tasks] == [("Họp", "Tháng 3")]


def test_the_same_plan_changes_days_and_offices_and_keeps_the_published_words() -> None:
    rows = (
        row("1", "Đăng ký kết hôn", "fri", fee="Không", agency="Phòng Nội vụ", cutoff="15:00"),
        row("2", "Đăng ký khai tử (TTHC)", "thu", papers="Đơn"),
    )
    after = adopted(SAME, *rows)
    wedding, death = known(after, "X-1"), known(after, "X-2")
    assert wedding.fact(FactKind.FEE).text == "Không thu phí"
    assert wedding.fact(FactKind.AGENCY).text == "Phòng Nội vụ"
    (rule,) = wedding.rules
    assert (rule.weekdays, f"{rule.cutoff}") == ((Weekday.FRI,), "15:00:00")
    assert rule.model is ServiceModel.NO_APPOINTMENT_SLIP
    assert death.name == "Đăng ký khai tử"
    assert death.fact(FactKind.PAPERS).text == "Đơn"
    taken = adopted(SAME, *rows, take_wording=True)
    assert known(taken, "X-1").fact(FactKind.FEE).text == "Không"
    assert known(taken, "X-2").name == "Đăng ký khai tử (TTHC)"


def test_an_uncertain_reading_of_the_same_plan_changes_nothing() -> None:
    unsure = ("agency", "fee", "weekdays", "starts")
    entry = row("1", "Đăng ký kết hôn", "fri", agency="A", fee="B", uncertain=unsure)
    assert adopted(SAME, entry) == BEFORE
    assert unchecked(compare(Draft(SAME, (entry,)), BEFORE)) == ()


def test_a_newer_plan_is_told_with_its_own_words_and_source() -> None:
    after = adopted(NEWER, row("4", "Đăng ký kết hôn", fee="Không", agency="Phòng Tư pháp"))
    wedding = known(after, "X-1")
    assert (wedding.plan, wedding.fact(FactKind.FEE).text) == ("x-2026-01-05", "Không")
    sources = [rule.source for rule in wedding.rules]
    sources += [wedding.fact(kind).source for kind in (FactKind.FEE, FactKind.AGENCY)]  # type: ignore[misc]
    assert {(source.number, source.row) for source in sources} == {("9/KH-UBND", "4")}
    assert known(after, "X-2") == known(BEFORE, "X-2")
    assert after.tasks == BEFORE.tasks


def test_what_a_newer_plan_says_uncertainly_is_not_told() -> None:
    unsure = row("1", "Đăng ký kết hôn", "fri", agency="A", uncertain=("agency", "weekdays"))
    after = known(adopted(NEWER, unsure), "X-1")
    assert after.rules == ()
    assert after.fact(FactKind.AGENCY).state is State.UNCHECKED
    assert unchecked(compare(Draft(NEWER, (unsure,)), BEFORE)) == (unsure,)


def test_another_row_at_the_same_place_of_a_newer_plan_is_another_procedure() -> None:
    after = adopted(NEWER, row("1", "Đăng ký lại kết hôn", "fri"))
    assert known(after, "X-1") == known(BEFORE, "X-1")
    (new,) = after.procedures[2:]
    assert (new.name, new.fact(FactKind.FEE).state) == ("Đăng ký lại kết hôn", State.SILENT)


def test_rows_that_share_a_number_are_published_under_ids_of_their_own() -> None:
    after = adopted(NEWER, row("7", "Thủ tục một"), row("7", "Thủ tục hai"))
    assert [p.id for p in after.procedures[2:]] == ["x-2026-01-05/1/7", "x-2026-01-05/1/7-2"]


def test_a_plan_of_the_same_day_under_another_number_is_another_plan() -> None:
    after = adopted(replace(SAME, number="2/KH-UBND"), row("1", "Cấp giấy phép"))
    assert [(plan.slug, plan.number) for plan in after.plans] == [
        ("x-2023", "1/KH-UBND"),
        ("x-2023-09", "2/KH-UBND"),
    ]


def test_a_file_without_a_head_is_an_excerpt_of_the_plan_that_lists_its_rows() -> None:
    assert adopted(HEADLESS, row("1", "Đăng ký kết hôn")) == BEFORE


@pytest.mark.parametrize(
    "entry", [row("1", "Đăng ký kết hôn", "fri"), row("1", "Cấp giấy phép nuôi ong")]
)
def test_a_file_without_a_head_that_says_other_things_is_a_plan_of_its_own(entry: Entry) -> None:
    plan = adopted(HEADLESS, entry).plans[-1]
    assert (plan.slug, plan.number, plan.date) == ("x-undated", None, None)
    assert (plan.issuer, plan.title) == ("xã X", "Kế hoạch của xã X")


def test_targets_without_a_dated_plan_are_of_the_year_that_its_title_names() -> None:
    head = replace(HEADLESS, title="Kế hoạch cải cách hành chính năm 2027")
    entry = Entry("target", "Phụ lục", "1", "Tỷ lệ", goal=80, quarters=(20, 40, 60, 80))
    assert [target.year for target in adopted(head, entry).targets] == [2027]


def test_a_document_of_no_known_place_is_not_published() -> None:
    with pytest.raises(Refusal, match="--locality"):
        adopted(Head("x.xlsx"), row("1", "Đăng ký kết hôn"))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Thủ tục mơ hồ", "Thủ tục mơ hồ"),
        ("Thủ tục hải quan điện tử mới", "Thủ tục hải quan điện tử mới"),
        ("Thủ tục hành chính một cửa", "Thủ tục hành chính một cửa"),
        ("Thủ tục đăng ký kết hôn", "Đăng ký kết hôn"),
        ("Thủ tục hành chính cấp giấy phép", "Cấp giấy phép"),
        ("Thủ tục “Cấp giấy phép”", "Cấp giấy phép"),
        ("TTHC Cấp giấy phép", "Cấp giấy phép"),
    ],
)
def test_the_word_procedure_goes_only_before_what_is_a_name_without_it(
    said: str, name: str
) -> None:
    assert procedure_name(said) == name


def brought(town: Town, name: str, locality: str | None = None) -> importing.Imported:
    file = importing.read(DOCUMENTS / name)
    return importing.bring(file, town, keep=True, locality=locality)


def test_a_published_draft_stays_with_who_and_when_and_waits_no_longer(store: Store) -> None:
    with store.town(NOW) as town:
        number = brought(town, "hoa-loi.txt").number or 0
        assert [each.id for each in drafts.waiting(town.session)] == [number]
    with store.town(NOW) as town:
        published = importing.publish(number, town, by=" lan ")
        assert (published.edition, published.new, len(published.unchecked)) == (2, True, 2)
    with store.town(NOW) as town:
        kept = drafts.get(town.session, number)
        assert kept is not None
        assert (kept.edition, kept.published_by, kept.published_at) == (2, "lan", NOW)
        assert drafts.waiting(town.session) == []
        with pytest.raises(Refusal, match="edition 2, 22/11/2026 10:00, by lan"):
            importing.publish(number, town, by="hoa")
        with pytest.raises(Refusal, match="published already"):
            importing.discard(number, town)


def test_a_published_file_brought_again_is_a_new_draft_that_changes_nothing(
    store: Store,
) -> None:
    with store.town(NOW) as town:
        first = brought(town, "hoa-loi.txt").number or 0
        importing.publish(first, town, by="lan")
    with store.town(NOW) as town:
        again = brought(town, "hoa-loi.txt")
        assert (again.known, again.edition) == (False, 2)
        assert again.number != first
        published = importing.publish(again.number or 0, town, by="lan")
        assert (published.edition, published.new) == (2, False)
        assert list(importing.outcome(published, SAY)) == [
            SAY("Nothing changed: edition {number} says all this.", number=2)
        ]


def test_a_drafts_number_is_never_given_again(store: Store) -> None:
    numbers = []
    for n in range(3):
        with store.town(NOW) as town:
            kept = drafts.keep(town.session, {"document": {}}, "a", f"{n}".encode(), NOW)
            numbers.append(kept.id or 0)
            drafts.discard(town.session, numbers[-1])
    assert numbers == sorted(set(numbers))


def test_drafts_of_the_first_release_are_kept_and_their_numbers_too(database_url: str) -> None:
    driver = "postgresql+psycopg" if database_url.startswith("postgresql") else "sqlite"
    engine = create_engine(make_url(database_url).set(drivername=driver))
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", "knowledge:migrations")
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO document VALUES ('a', 'a.txt', 1, NULL, NULL, NULL, :now, :bytes)"),
            {"now": NOW, "bytes": b"a"},
        )
        connection.execute(
            text("INSERT INTO draft (sha256, kept_at, draft) VALUES ('a', :now, :draft)"),
            {"now": NOW, "draft": '{"document": {}}'},
        )
    engine.dispose()
    with open_store(database_url, Contents) as store, store.town(NOW) as town:
        (old,) = drafts.waiting(town.session)
        assert (old.sha256, old.draft, old.edition) == ("a", {"document": {}}, None)
        drafts.discard(town.session, old.id or 0)
        new = drafts.keep(town.session, {"document": {}}, "b.txt", b"b", NOW)
        assert (new.id or 0) > (old.id or 0)


@pytest.mark.parametrize("by", ["", "  ", "lan\nhoa", "lan\x00", "a\u2028b"])
def test_who_publishes_or_restores_says_so_in_one_line(store: Store, by: str) -> None:
    with store.town(NOW) as town, pytest.raises(Refusal, match="--by"):
        importing.publish(1, town, by=by)
    with store.town(NOW) as town, pytest.raises(Refusal, match="--by"):
        importing.restore(1, town, by=by, say=SAY)


def test_restoring_what_is_published_changes_nothing(store: Store) -> None:
    with store.town(NOW) as town:
        restored = importing.restore(1, town, by="lan", say=SAY)
        assert (restored.edition, restored.new) == (1, False)
        assert len(editions.history(town.session)) == 1


def headless(place: str | None = None) -> File:
    return File("z.xlsx", b"z", Draft(Head("z.xlsx", locality=place), (row("1", "Cấp phép"),)))


def test_an_official_names_the_place_of_a_file_that_does_not(database_url: str) -> None:
    with open_store(database_url, lambda: BEFORE) as store:
        with store.town(NOW) as town:
            first = importing.bring(headless(), town, keep=True)
            with pytest.raises(Refusal, match="--locality"):
                importing.publish(first.number or 0, town, by="lan")
            again = importing.bring(headless(), town, keep=True, locality="x")
            assert (again.number, again.known) == (first.number, True)
            with pytest.raises(Refusal, match="is not a place I know"):
                importing.publish(first.number or 0, town, by="lan", locality="nowhere")
        with store.town(NOW) as town:
            importing.publish(first.number or 0, town, by="lan")
        with store.town(NOW) as town:
            assert town.library.edition.contents.plans[-1].slug == "x-undated"


def test_a_place_that_the_document_contradicts_is_refused(database_url: str) -> None:
    file = File("y.docx", b"y", Draft(NEWER, (row("1", "Cấp phép"),)))
    other = Locality("z", "xã Z", "", "")
    both = replace(BEFORE, localities=(PLACE, other))
    with (
        open_store(database_url, lambda: both) as store,
        store.town(NOW) as town,
        pytest.raises(Refusal, match="for x, not for z"),
    ):
        importing.bring(file, town, keep=True, locality="z")


def test_the_summary_speaks_of_fields_and_days_in_vietnamese() -> None:
    draft = Draft(
        SAME,
        (
            row("1", "Đăng ký kết hôn", "fri", fee="Không", uncertain=("row", "starts", "agency")),
            Entry("task", "Phụ lục 2", "3", "Tổng kết"),
        ),
    )
    lines = importing.summary(importing.Imported(draft, compare(draft, BEFORE)), SAY)
    said = "\n".join(lines)
    assert "    ngày phục vụ: Thứ Ba → Thứ Sáu" in lines
    assert "lệ phí: Không thu phí → Không (khác cách viết" in said
    assert "xin kiểm tra lại cơ quan chủ trì, ngày bắt đầu thực hiện, số thứ tự." in said
    assert "+ Phụ lục 2 · 3 Tổng kết" in lines
    assert "- X-2 Đăng ký khai tử" in lines
    assert "- Phụ lục 2 · 2 Họp" in lines
    assert "--drop-removed" in said


def test_every_field_that_may_be_uncertain_has_a_name_for_people() -> None:
    draft = read_bytes((DOCUMENTS / "hoa-loi.txt").read_bytes(), "hoa-loi.txt")
    fields = {field for entry in draft.entries for field in entry.uncertain}
    assert fields <= set(importing.FIELDS)
    assert all(SAY(words) != words for words in importing.FIELDS.values())


def folder(path: Path) -> Path:
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path / "pipe")
    return path / "pipe"


def endless(_: Path) -> Path:
    return Path("/dev/zero")


def huge(path: Path) -> Path:
    with (path / "huge.txt").open("wb") as file:
        file.truncate(50_000_001)
    return path / "huge.txt"


def missing(path: Path) -> Path:
    return path / "missing.txt"


@pytest.mark.parametrize("make", [folder, pipe, endless, huge, missing])
def test_what_is_no_file_of_an_ordinary_size_is_refused_at_once(tmp_path: Path, make: Any) -> None:  # noqa: ANN401 - one of the above
    begun = time.monotonic()
    with pytest.raises(Refusal):
        importing.read(make(tmp_path))
    assert time.monotonic() - begun < 2


def test_a_file_in_which_nothing_is_found_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bac-kan.txt"
    path.write_text("a", "utf-8")
    with pytest.raises(Refusal, match="No procedures, tasks or targets"):
        importing.read(path)


def test_a_files_name_tells_no_place() -> None:
    table = (
        "Phụ lục 5\nTT\tTên thủ tục\tCơ quan chủ trì\tThời gian\n1\tCấp giấy\tPhòng A\tThứ Ba\n"
    )
    assert read_bytes(table.encode(), "bac-kan.txt").document.locality is None
