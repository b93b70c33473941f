import csv
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest

from knowledge import catalogue
from knowledge.plans.model import (
    Contents,
    FactKind,
    NoteKind,
    Procedure,
    ServiceModel,
    State,
    Status,
    Weekday,
)

HOUSE = Path(__file__).parents[1]
CONTENTS = catalogue.contents()
PROCEDURES = {procedure.id: procedure for procedure in CONTENTS.procedures}
DAYS = {"Ba": "tue", "Tư": "wed", "Năm": "thu", "Sáu": "fri"}
GENERAL_KNOWLEDGE = "kiến thức chung"
SERVED = [procedure for procedure in CONTENTS.procedures if procedure.status is Status.SERVED]
FACTS = [
    (procedure, kind, fact)
    for procedure in CONTENTS.procedures
    for kind, fact in procedure.facts.items()
]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def listed(shared: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the shared catalogue by id."""
    return {row["id"]: row for row in rows(shared / "queries" / "catalogue.csv")}


@pytest.fixture(scope="module")
def researched(shared: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the shared facts by the id that the procedure has here."""
    return dict(identified(rows(shared / "facts" / "procedures.csv")))


def identified(facts: list[dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    reviewed = iter(range(1, 15))
    for row in facts:
        match row["appendix"], row["row"]:
            case ("Phụ lục 1" | "Phụ lục 2") as appendix, number:
                yield f"BK{appendix[-1]}-{int(number):02}", row
            case "Phụ lục", "IV.1":
                yield "TBT-01", row
            case "Mục IV.2.a", number:
                yield f"DN-{int(number):02}", row
            case "Mục IV.2.b", _:
                yield "DN-04", row
            case "Phụ lục IV", _:
                yield f"PL-{next(reviewed):02}", row


def weekdays(procedure: Procedure) -> list[Weekday]:
    return [day for rule in procedure.rules for day in rule.weekdays]


def amounts(text: str) -> Counter[str]:
    return Counter(re.findall(r"\d{1,3}(?:\.\d{3})+", text))


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def looked_up(row: dict[str, str], value: str, source: str) -> bool:
    return bool(row[value]) and GENERAL_KNOWLEDGE not in row[source]


# What there is


def test_the_five_plans_have_51_procedures_54_tasks_and_15_targets() -> None:
    assert len(CONTENTS.plans) == len(CONTENTS.localities) == 5
    assert Counter(procedure.status for procedure in CONTENTS.procedures) == {
        Status.SERVED: 37,
        Status.UNDER_REVIEW: 10,
        Status.INTERNAL: 4,
    }
    assert Counter(task.plan for task in CONTENTS.tasks) == {
        "dinh-ke-2024": 31,
        "phuoc-long-2024": 23,
    }
    assert len(CONTENTS.targets) == 15
    assert len({target.row for target in CONTENTS.targets}) == 11


def test_every_procedure_of_the_shared_catalogue_is_here_under_its_id_and_name(
    listed: dict[str, dict[str, str]],
) -> None:
    here = {p.id: p.name for p in CONTENTS.procedures if p.status is not Status.INTERNAL}
    assert here == {name: row["name"] for name, row in listed.items()}


def test_every_procedure_is_served_on_the_weekdays_of_the_shared_catalogue(
    listed: dict[str, dict[str, str]],
) -> None:
    for name, row in listed.items():
        expected = [DAYS[day] for day in re.findall(r"Thứ (\w+)", row["weekdays"])]
        assert weekdays(PROCEDURES[name]) == expected, name


def test_every_procedure_has_the_agency_of_the_shared_catalogue(
    listed: dict[str, dict[str, str]],
) -> None:
    for name, row in listed.items():
        agency = PROCEDURES[name].fact(FactKind.AGENCY)
        assert agency.text.removesuffix(" (chủ trì rà soát)") == row["lead_agency"], name


def test_no_slug_points_to_nothing() -> None:
    plans = {plan.slug: plan for plan in CONTENTS.plans}
    localities = {locality.slug for locality in CONTENTS.localities}
    places = {place.slug: place for place in CONTENTS.places}
    assert {plan.locality for plan in CONTENTS.plans} == localities
    assert {place.locality for place in CONTENTS.places} == localities
    assert {row.plan for row in (*CONTENTS.tasks, *CONTENTS.targets)} <= set(plans)
    for procedure in CONTENTS.procedures:
        assert procedure.locality == plans[procedure.plan].locality
        for place in procedure.places:
            assert places[place].locality == procedure.locality, procedure.id


def test_every_note_and_fact_file_names_only_what_exists() -> None:
    known = set(PROCEDURES) | {plan.slug for plan in CONTENTS.plans}
    folder = HOUSE / "knowledge" / "catalogue"
    for file in ("notes.toml", "facts.toml"):
        named = re.findall(
            r'"([A-Z]+\d?-\d\d|[a-z-]+-20\d\d)"', (folder / file).read_text("utf-8")
        )
        assert named
        assert set(named) <= known


# Days


def test_only_reviewed_and_internal_procedures_have_no_day() -> None:
    for procedure in CONTENTS.procedures:
        assert bool(weekdays(procedure)) == (procedure.status is Status.SERVED), procedure.id


def test_each_appendix_promises_its_own_way_of_serving() -> None:
    models = Counter((p.plan, r.model) for p in CONTENTS.procedures for r in p.rules)
    assert models == {
        ("bac-kan-2023", ServiceModel.NO_APPOINTMENT_SLIP): 12,
        ("bac-kan-2023", ServiceModel.ONLINE_DAY): 20,
        ("thanh-binh-thinh-2023", ServiceModel.NO_WRITING_NO_APPOINTMENT): 1,
        ("dak-nong-2023", ServiceModel.NO_WRITING_NO_APPOINTMENT): 4,
    }


def test_only_dak_nong_has_a_cutoff_and_a_first_day() -> None:
    limits = {(p.plan, r.cutoff, r.starts) for p in CONTENTS.procedures for r in p.rules}
    assert limits == {
        ("bac-kan-2023", None, None),
        ("thanh-binh-thinh-2023", None, None),
        ("dak-nong-2023", time(15), date(2023, 10, 15)),
    }


def test_the_online_day_named_in_words_is_the_day_of_the_rule() -> None:
    spoken = {Weekday.TUE: "thứ Ba;", Weekday.FRI: "thứ Sáu;"}
    for procedure in SERVED:
        if procedure.id.startswith("BK2"):
            (day,) = weekdays(procedure)
            assert spoken[day] in procedure.fact(FactKind.ONLINE).text, procedure.id


def test_the_note_of_an_appendix_names_the_days_of_the_rule() -> None:
    names = {Weekday.TUE: "thứ Ba", Weekday.THU: "thứ Năm", Weekday.FRI: "thứ Sáu"}
    for procedure in SERVED:
        if procedure.id.startswith("BK"):
            said = next(n.text for n in procedure.notes if n.text.startswith("Phụ lục"))
            appendix = re.split(r"[,;] thân bài", said)[0]
            found = {name for name in names.values() if name in appendix.replace(", thứ", " thứ")}
            assert found == {names[day] for day in weekdays(procedure)}, procedure.id


# Facts and their sources


def test_a_fact_is_known_with_words_in_both_languages_or_silent_without_any() -> None:
    for procedure, kind, fact in FACTS:
        label = f"{procedure.id} {kind}"
        assert fact.source, label
        assert fact.source.document, label
        if fact.state is State.KNOWN:
            assert fact.text, label
            assert fact.english, label
        else:
            assert fact.state is State.SILENT, label
            assert (fact.text, fact.english) == ("", ""), label


def test_what_the_portal_says_is_cited_under_the_code_of_the_procedure() -> None:
    for procedure, kind, fact in FACTS:
        if fact.source and fact.source.number and "Cổng" in fact.source.document:
            code = procedure.fact(FactKind.CODE)
            assert fact.source.number == code.text, (procedure.id, kind)


def test_a_row_is_cited_with_its_plan_its_appendix_and_its_number() -> None:
    cited = {name: PROCEDURES[name].rules[0].source for name in ("BK2-18", "TBT-01", "DN-04")}
    lines = [
        (s.document, s.number, s.date, s.appendix, s.row)
        for s in (*cited.values(), PROCEDURES["PL-08"].facts[FactKind.AGENCY].source)
        if s
    ]
    assert lines == [
        ("Kế hoạch của UBND thành phố Bắc Kạn", None, "2023-09", "Phụ lục 2", "18"),
        ("Kế hoạch của UBND xã Thanh Bình Thịnh", "36/KH-UBND", "2023-07-24", "Phụ lục", "IV.1"),
        ("Kế hoạch của UBND tỉnh Đắk Nông", None, "2023-09", "Mục IV.2.b", "1"),
        ("Kế hoạch của UBND thị xã Phước Long", None, "2024-01", "Phụ lục IV", "IV.1"),
    ]


def test_codes_are_those_of_the_research(researched: dict[str, dict[str, str]]) -> None:
    for name, row in researched.items():
        code = PROCEDURES[name].fact(FactKind.CODE).text
        assert code == row["tthc_code"].replace(";", ", "), name


@pytest.mark.parametrize(
    ("kind", "value", "source"),
    [
        (FactKind.FEE, "fee_vnd", "fee_source"),
        (FactKind.PAPERS, "papers", "papers_source"),
    ],
)
def test_a_fee_or_paper_is_known_exactly_where_the_research_found_a_source(
    researched: dict[str, dict[str, str]], kind: FactKind, value: str, source: str
) -> None:
    for name, row in researched.items():
        known = PROCEDURES[name].fact(kind).state is State.KNOWN
        assert known == looked_up(row, value, source), name


def test_fees_have_the_amounts_of_the_research_and_no_others(
    researched: dict[str, dict[str, str]],
) -> None:
    for name, row in researched.items():
        fee = PROCEDURES[name].fact(FactKind.FEE)
        if fee.state is State.KNOWN and name != "DN-03":  # its amounts are examples: see its note
            assert amounts(fee.text) == amounts(row["fee_vnd"]), name
            assert amounts(fee.english.replace(",", ".")) == amounts(row["fee_vnd"]), name


def test_a_portal_that_names_no_fee_is_silent_and_not_free(
    researched: dict[str, dict[str, str]],
) -> None:
    silent = {n for n, row in researched.items() if "Cổng không khai phí" in row["notes"]}
    assert silent == {f"BK2-{number}" for number in range(11, 16)}
    for procedure in CONTENTS.procedures:
        fee = procedure.fact(FactKind.FEE)
        assert (fee.state is State.SILENT) == (procedure.id in silent), procedure.id


def test_no_fee_is_said_only_where_the_research_says_zero(
    researched: dict[str, dict[str, str]],
) -> None:
    free = {n for n, row in researched.items() if re.match(r"0\b(?!\.)", row["fee_vnd"])}
    assert free == {"BK1-01", "BK2-10", "TBT-01", "PL-08"}
    for procedure in CONTENTS.procedures:
        fee = procedure.fact(FactKind.FEE).text
        assert fee.startswith("Không thu phí") == (procedure.id in free), procedure.id


def test_civil_status_fees_are_the_provinces_and_never_promised_free(
    researched: dict[str, dict[str, str]],
) -> None:
    provincial = {n for n, row in researched.items() if "HĐND cấp tỉnh" in row["fee_vnd"]}
    assert len(provincial) == 14
    for name in provincial:
        fee = PROCEDURES[name].fact(FactKind.FEE)
        assert "HĐND cấp tỉnh" in fee.text, name
        assert "miễn phí" not in fee.text.lower(), name
        assert not amounts(fee.text), name


def test_durations_have_the_figures_of_the_research(
    researched: dict[str, dict[str, str]],
) -> None:
    for name, row in researched.items():
        duration = PROCEDURES[name].fact(FactKind.DURATION)
        if looked_up(row, "time_limit", "time_source"):
            # Neither the hour 15:00 nor the years of the sources are figures of time.
            found = re.findall(r"(?<![\d/:])\d+(?![\d/:])", row["time_limit"])
            limit = set(found) - {"2023", "2026"}
            said = re.findall(r"\d+", duration.text)
            assert {int(n) for n in limit} <= {int(n) for n in said}, name
        elif not row["time_limit"] and name != "BK1-12":  # appendix 1 itself says the same day
            assert duration.state is State.UNCHECKED, name


def test_no_word_of_the_researched_papers_is_lost(researched: dict[str, dict[str, str]]) -> None:
    # Said otherwise here: CSDL in full, "1 bộ" in words, and particles.
    otherwise = {"csdl", "1", "để", "đã", "khi", "theo", "đòi"}
    for name, row in researched.items():
        papers = PROCEDURES[name].fact(FactKind.PAPERS)
        if papers.state is State.KNOWN and name != "PL-10":  # there: "see rows 1-3 of Bắc Kạn"
            assert words(row["papers"]) - otherwise <= words(papers.text), name


def test_no_law_of_the_research_is_lost(researched: dict[str, dict[str, str]]) -> None:
    for name, row in researched.items():
        basis = PROCEDURES[name].fact(FactKind.LEGAL_BASIS)
        if basis.state is State.KNOWN:
            lost = words(row["legal_basis"].split(" ngày ")[0]) - words(basis.text)
            assert not {word for word in lost if word.isdigit()}, name


def test_a_portal_without_a_unit_is_not_quoted_with_one() -> None:
    for name in ("BK2-02", "BK2-05", "BK2-06", "BK2-07"):
        text = PROCEDURES[name].fact(FactKind.DURATION).text
        assert "5 ngày" not in text
        assert "05 ngày" not in text
        assert "không ghi đơn vị" in text


def test_law_that_was_not_looked_up_says_so(researched: dict[str, dict[str, str]]) -> None:
    for name, row in researched.items():
        if GENERAL_KNOWLEDGE in row["time_source"]:
            text = PROCEDURES[name].fact(FactKind.DURATION).text
            assert not text or "chưa đối chiếu" in text, name


def test_contracts_and_estates_show_the_plan_and_the_two_days_of_the_law() -> None:
    for name in ("BK1-05", "BK1-10", "BK1-11"):
        duration = PROCEDURES[name].fact(FactKind.DURATION)
        assert "Trong ngày theo kế hoạch" in duration.text
        assert "02 ngày làm việc" in duration.text
        laws = [n.source.appendix for n in PROCEDURES[name].notes if n.source.number]
        assert "Điều 37" in laws


def test_partners_are_those_of_the_research(researched: dict[str, dict[str, str]]) -> None:
    for name, row in researched.items():
        partner = PROCEDURES[name].fact(FactKind.PARTNER)
        assert partner.text.replace(" - ", "-") == row["coordinating_agency"], name


def test_every_served_procedure_has_a_known_place_and_no_reviewed_one_has() -> None:
    for procedure in CONTENTS.procedures:
        known = procedure.fact(FactKind.PLACE).state is State.KNOWN
        assert known == (procedure.status is Status.SERVED), procedure.id


def test_the_desks_have_no_address_phone_or_hours_until_somebody_checks() -> None:
    for place in CONTENTS.places:
        states = {place.address.state, place.phone.state, place.hours.state}
        assert states == {State.UNCHECKED}, place.slug


# Notes


def test_notes_are_few_short_and_said_in_both_languages() -> None:
    for procedure in CONTENTS.procedures:
        assert len(procedure.notes) <= 4, procedure.id
    for holder in (*CONTENTS.procedures, *CONTENTS.plans):
        for note in holder.notes:
            assert 0 < len(note.text) <= 160, note.text
            assert note.english, note.text


def test_bac_kan_shows_that_body_and_appendix_differ() -> None:
    for procedure in CONTENTS.procedures:
        if procedure.plan == "bac-kan-2023":
            first = procedure.notes[0]
            assert first.kind is NoteKind.CONTRADICTION, procedure.id
            assert "thân bài" in first.text, procedure.id


def test_what_was_merged_renamed_or_gone_says_so(researched: dict[str, dict[str, str]]) -> None:
    for name, row in researched.items():
        if re.search(r"gộp|tên mới|tên bỏ|không còn|mã mới|nay là|đã đổi", row["status_2026"]):
            assert NoteKind.CHANGED in {note.kind for note in PROCEDURES[name].notes}, name


def test_a_declaration_of_inheritance_is_sent_to_the_procedure_nearest_to_it() -> None:
    gone = PROCEDURES["BK1-12"]
    assert gone.fact(FactKind.FEE).state is State.UNCHECKED
    assert gone.fact(FactKind.PAPERS).state is State.UNCHECKED
    assert any("2.001406" in n.text and "50.000 đ" in n.text for n in gone.notes)


def test_no_provincial_portal_is_given_out() -> None:
    for file in (HOUSE / "knowledge" / "catalogue").iterdir():
        if file.suffix in {".toml", ".csv"}:
            assert "dichvuconghatinh" not in file.read_text("utf-8"), file.name


# Places through time


def test_every_locality_ended_in_june_2025_and_knows_its_units_of_today() -> None:
    for locality in CONTENTS.localities:
        assert locality.ended == date(2025, 6, 30)
        assert locality.lineage
        assert locality.aliases
        assert len({unit.former for unit in locality.lineage}) == len(locality.lineage)


def test_lineage_agrees_with_the_national_list_of_units() -> None:
    folder = HOUSE / "knowledge" / "catalogue"
    names = {row["code"]: row["name"] for row in rows(folder / "units.csv")}
    former = {(row["name"].lower(), row["today"]) for row in rows(folder / "units_former.csv")}
    for locality in CONTENTS.localities:
        for unit in locality.lineage:
            assert names[unit.code] == unit.today
            kept = unit.former == unit.today
            assert kept or (unit.former.lower(), unit.code) in former, unit.former


def test_bac_ninh_and_dong_nai_are_cities_since_2026() -> None:
    provinces = {x.slug: {unit.province for unit in x.lineage} for x in CONTENTS.localities}
    assert provinces == {
        "bac-kan": {"tỉnh Thái Nguyên"},
        "thanh-binh-thinh": {"tỉnh Hà Tĩnh"},
        "dinh-ke": {"Thành phố Bắc Ninh"},
        "phuoc-long": {"Thành phố Đồng Nai"},
        "dak-nong": {"tỉnh Lâm Đồng"},
    }


def test_no_alias_means_two_localities() -> None:
    aliases = Counter(
        alias.lower() for x in CONTENTS.localities for alias in {a.lower() for a in x.aliases}
    )
    assert max(aliases.values()) == 1


# Plans, tasks and targets


def test_schemes_say_what_each_plan_promises() -> None:
    schemes = {
        (plan.locality, scheme.rule.model): ",".join(scheme.rule.weekdays)
        for plan in CONTENTS.plans
        for scheme in plan.schemes
    }
    assert schemes == {
        ("bac-kan", ServiceModel.NO_APPOINTMENT_SLIP): "tue,thu",
        ("bac-kan", ServiceModel.ONLINE_DAY): "tue,fri",
        ("bac-kan", ServiceModel.ROSTERED_ONLINE): "",
        ("thanh-binh-thinh", ServiceModel.NO_WRITING_NO_APPOINTMENT): "tue",
        ("thanh-binh-thinh", ServiceModel.ASSISTED_ONLINE): "mon,tue,wed,thu,fri",
        ("dak-nong", ServiceModel.NO_WRITING_NO_APPOINTMENT): "wed",
    }


def test_no_plan_is_confirmed_until_an_official_confirms_it() -> None:
    assert {(plan.confirmed_on, plan.confirmed_by) for plan in CONTENTS.plans} == {(None, None)}


def test_a_deadline_of_one_day_is_a_date_and_any_other_is_not() -> None:
    for task in CONTENTS.tasks:
        day = re.fullmatch(r"Trước (?:ngày )?(\d+)/(\d+)/(\d+)", task.deadline or "")
        expected = date(*map(int, reversed(day.groups()))) if day else None
        assert task.due == expected, (task.plan, task.row)


def test_task_names_are_short() -> None:
    assert max(len(task.name) for task in CONTENTS.tasks) <= 150


def test_targets_never_fall_and_end_at_the_goal_of_the_year() -> None:
    for target in CONTENTS.targets:
        assert list(target.quarters) == sorted(target.quarters)
        assert target.quarters[-1] == target.goal


# Files that officials edit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the data files."""
    for file in (HOUSE / "knowledge" / "catalogue").glob("*.*"):
        if file.suffix in {".toml", ".csv"} and file.name != "aliases.toml":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_names_and_questions_of_citizens_join_their_procedure(folder: Path) -> None:
    words = '[BK1-02]\naliases = ["sao y"]\nsamples = ["sao y bằng cấp ở đâu?"]\n'
    (folder / "aliases.toml").write_text(words, "utf-8")
    read = {procedure.id: procedure for procedure in catalogue.contents(folder).procedures}
    assert read["BK1-02"].aliases == ("sao y",)
    assert read["BK1-02"].samples == ("sao y bằng cấp ở đâu?",)
    assert read["BK1-03"].aliases == read["BK1-03"].samples == ()


def test_tasks_saved_by_excel_are_read_all_the_same(folder: Path) -> None:
    tasks = folder / "tasks.csv"
    tasks.write_bytes(b"\xef\xbb\xbf" + tasks.read_bytes().replace(b"\n", b"\r\n"))
    assert catalogue.contents(folder).tasks == CONTENTS.tasks


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        ('for = ["BK1-02"]\nkind = "fee"\nfrom = "plan"', "BK1-02 has two facts"),
        ('for = ["BK1-12"]\nkind = "fee"\nfrom = "hearsay"', "hearsay"),
        ('for = ["BK1-12"]\nkind = "fee"\nfrom = "plan"', "needs words"),
        ('for = ["BK1-12"]\nkind = "fee"\nfrom = "portal"\ntext = "0 đ"', "code"),
        ('for = ["BK9-99"]\nkind = "fee"\nfrom = "plan"\ntext = "0 đ"', "BK9-99"),
        ('for = ["BK1-12"]\nkind = "price"\nfrom = "plan"\ntext = "0 đ"', "price"),
    ],
)
def test_a_fact_that_cannot_stand_is_refused_with_its_name(
    folder: Path, added: str, complaint: str
) -> None:
    facts = folder / "facts.toml"
    facts.write_text(facts.read_text("utf-8") + f"\n[[fact]]\n{added}\n", "utf-8")
    with pytest.raises((KeyError, ValueError), match=complaint):
        catalogue.contents(folder)


# The wheel


def test_the_edition_loads_from_the_wheel_alone(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=HOUSE, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    ask = (
        f"import sys; sys.path.insert(0, {str(wheel)!r})\n"
        "from knowledge import catalogue\n"
        "assert '.whl' in catalogue.__file__\n"
        "print(len(catalogue.contents().procedures))"
    )
    # -S: without site-packages, so that the editable install cannot answer instead.
    run = [sys.executable, "-S", "-c", ask]
    answer = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == str(len(PROCEDURES))


def test_reading_twice_gives_the_same() -> None:
    again: Contents = catalogue.contents()
    assert again == CONTENTS
