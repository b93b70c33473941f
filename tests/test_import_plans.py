"""The five plans, in every format they came in, say what the catalogue says."""

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from knowledge.plans import importing
from knowledge.plans.appendix import Draft, Entry, as_json
from knowledge.plans.model import Status
from knowledge.vietnamese import fold

BAC_KAN = ("000_d99b811f9084e0d3.txt", "bac-kan-2023.docx", "bac-kan-2023.pdf")
THANH_BINH_THINH = (
    "001_f9337bc81a68f415.txt",
    "thanh-binh-thinh-2023.docx",
    "thanh-binh-thinh-2023.pdf",
)
DINH_KE = "002_80b1ea72266aaba5.txt"
DINH_KE_PARTS = ("dinh-ke-2024.docx", "dinh-ke-2024.pdf")
PHUOC_LONG = "003_88b546a3c70d69c4.txt"
PHUOC_LONG_PART = "phuoc-long-2024.xlsx"
DAK_NONG = ("004_afe881c246386641.txt", "dak-nong-2023.docx")


@cache
def _load(path: Path) -> Draft:
    return importing.load(path)


def draft(shared: Path, name: str) -> Draft:
    return _load(shared / "documents" / name)


def rows(draft: Draft, kind: str, appendix: str | None = None) -> list[Entry]:
    found = [entry for entry in draft.entries if entry.kind == kind]
    return [entry for entry in found if appendix is None or entry.appendix == appendix]


def words(text: str | None) -> str:
    return " ".join(fold(text or "").replace("-", " ").replace("dd", "d").split())


@pytest.mark.parametrize("name", BAC_KAN)
def test_bac_kan_gives_every_day_and_office(shared: Path, name: str) -> None:
    found = draft(shared, name)
    copies = rows(found, "procedure", "Phụ lục 1")
    online = rows(found, "procedure", "Phụ lục 2")
    assert [entry.row for entry in copies] == [str(n) for n in range(1, 13)]
    assert {entry.weekdays for entry in copies} == {("tue", "thu")}
    assert {entry.agency for entry in copies} == {"Phòng Tư pháp"}
    assert {entry.partner for entry in copies} == {"Văn phòng HĐND - UBND"}
    assert [entry.row for entry in online] == [str(n) for n in range(1, 21)]
    friday = {str(n) for n in (*range(8, 17), 18)}
    assert {entry.row for entry in online if entry.weekdays == ("fri",)} == friday
    assert {entry.row for entry in online if entry.weekdays == ("tue",)} == {
        str(n) for n in range(1, 21)
    } - friday
    assert [entry.row for entry in online if entry.partner is None] == ["18"]
    assert not any(entry.uncertain for entry in found.entries)


@pytest.mark.parametrize("name", BAC_KAN)
def test_bac_kan_names_are_those_of_the_catalogue(shared: Path, name: str) -> None:
    with (shared / "queries" / "catalogue.csv").open(encoding="utf-8") as file:
        known = [row for row in csv.DictReader(file) if row["id"].startswith("BK")]
    found = rows(draft(shared, name), "procedure")
    assert len(found) == len(known)
    for entry, row in zip(found, known, strict=True):
        ours, theirs = words(entry.name), words(row["name"])
        same = sum(a == b for a, b in zip(ours.split(), theirs.split(), strict=False))
        assert abs(len(ours) - len(theirs)) <= 2
        assert same > 4 or ours == theirs
        office = words(entry.agency).replace(" tb ", " thuong binh ")
        assert office == words(row["lead_agency"])


@pytest.mark.parametrize("name", THANH_BINH_THINH)
def test_thanh_binh_thinh_gives_fee_papers_and_what_happens_on_tuesday(
    shared: Path, name: str
) -> None:
    found = draft(shared, name)
    (entry,) = found.entries
    assert (entry.appendix, entry.row, entry.weekdays) == ("Phụ lục", "IV.1", ("tue",))
    assert entry.fee == "Không"
    assert words(entry.papers) == words("Chứng minh nhân dân hoặc Căn cước công dân")
    assert str(entry.duration).startswith("22 ngày làm việc")
    assert entry.service == "Viết hộ tờ khai"
    assert str(entry.agency).startswith("Bộ phận Tiếp nhận và Trả kết quả")
    assert set(entry.uncertain) == {"agency", "starts"}
    assert (found.document.number, found.document.date) == ("36/KH-UBND", "2023-07-24")


@pytest.mark.parametrize("name", DAK_NONG)
def test_dak_nong_gives_codes_day_hour_and_start_from_its_text(shared: Path, name: str) -> None:
    found = draft(shared, name)
    assert [(entry.appendix, entry.row, entry.code) for entry in found.entries] == [
        ("Mục IV.2.a", "1", "1.011441"),
        ("Mục IV.2.a", "2", "1.011443"),
        ("Mục IV.2.a", "3", "1.001612"),
        ("Mục IV.2.b", "1", "1.004873"),
    ]
    assert {(e.weekdays, e.cutoff, e.starts) for e in found.entries} == {
        (("wed",), "15:00", "2023-10-15")
    }
    assert "Gia Nghĩa" in str(found.entries[0].agency)
    assert "thị trấn" in str(found.entries[3].agency)
    assert not any(entry.uncertain for entry in found.entries)


def test_phuoc_long_gives_targets_reviews_and_tasks(shared: Path) -> None:
    found = draft(shared, PHUOC_LONG)
    assert len(rows(found, "task", "Phụ lục III")) == 23
    assert not rows(found, "procedure", "Phụ lục I")
    reviewed = rows(found, "procedure", "Phụ lục IV")
    assert [entry.row for entry in reviewed] == [
        *("I.1", "I.2", "II.1", "II.2", "III.1", "III.2", "III.3", "IV.1", "V.1", "VI.1"),
        *("VII.1", "VII.2", "VII.3", "VII.4"),
    ]
    assert Counter(entry.status for entry in reviewed) == {
        Status.UNDER_REVIEW: 10,
        Status.INTERNAL: 4,
    }
    assert not any(entry.weekdays for entry in reviewed)
    assert all("agency" in entry.uncertain for entry in reviewed[-3:])
    assert {entry.agency for entry in reviewed[-4:]} == {"Phòng Kinh tế"}
    assert "name" in reviewed[4].uncertain


@pytest.mark.parametrize("name", [PHUOC_LONG, PHUOC_LONG_PART])
def test_phuoc_long_codes_are_national_and_out_of_the_names(shared: Path, name: str) -> None:
    reviewed = rows(draft(shared, name), "procedure")
    assert [entry.code for entry in reviewed[:4]] == [
        "1.005435",
        "1.005434",
        "1.005099",
        "2.002481",
    ]
    assert not any("Mã số" in entry.name or "H10" in entry.name for entry in reviewed)


@pytest.mark.parametrize("name", [PHUOC_LONG, PHUOC_LONG_PART])
def test_phuoc_long_targets_keep_their_quarters(shared: Path, name: str) -> None:
    targets = rows(draft(shared, name), "target", "Phụ lục II")
    assert len(targets) == 15
    assert len({entry.row for entry in targets}) == 11
    assert all(len(entry.quarters) == 4 and entry.quarters[3] == entry.goal for entry in targets)
    assert [(e.goal, e.quarters) for e in targets if e.row == "03"] == [
        (85, (40, 55, 70, 85)),
        (80, (30, 50, 70, 80)),
    ]


def test_the_workbook_gives_the_same_rows_as_the_text(shared: Path) -> None:
    text = {(e.row, e.agency): e for e in draft(shared, PHUOC_LONG).entries}
    for entry in draft(shared, PHUOC_LONG_PART).entries:
        other = text[entry.row, entry.agency]
        assert (entry.code, entry.quarters, entry.status) == (
            other.code,
            other.quarters,
            other.status,
        )


def test_dinh_ke_gives_every_task_with_its_owner_and_deadline(shared: Path) -> None:
    found = draft(shared, DINH_KE)
    tasks = {entry.row: entry for entry in found.entries}
    assert len(found.entries) == 31
    assert {entry.kind for entry in found.entries} == {"task"}
    assert [entry.row for entry in found.entries].count("III.4.3") == 2
    assert tasks["I.1"].due == "2024-01-18"
    assert tasks["II.2.1"].due == "2024-02-10"
    assert tasks["II.5.2"].due is None
    assert tasks["II.5.2"].deadline == "Tháng 3, 6, 9, 12/2024"
    assert tasks["III.4.2"].partner is None
    assert tasks["III.1.3"].agency is None
    assert "agency" in tasks["III.1.3"].uncertain
    assert tasks["V"].agency == "Lãnh đạo UBND phường"
    assert tasks["III.6.1"].partner == "Các Tổ dân phố"
    assert all(entry.deadline for entry in found.entries)
    assert all(entry.product for row, entry in tasks.items() if row not in {"II.2.3", "III.6.2"})


@pytest.mark.parametrize("name", DINH_KE_PARTS)
def test_the_laid_out_part_of_dinh_ke_agrees_with_the_text(shared: Path, name: str) -> None:
    text = {entry.row: entry for entry in draft(shared, DINH_KE).entries}
    part = draft(shared, name).entries
    assert len(part) == 8
    for entry in part:
        other = text[entry.row]
        assert (entry.agency, entry.partner, entry.deadline, entry.due) == (
            other.agency,
            other.partner,
            other.deadline,
            other.due,
        )


@pytest.mark.parametrize(
    ("name", "locality", "number", "date"),
    [
        *[(name, "bac-kan", None, "2023-09") for name in BAC_KAN],
        *[(name, "thanh-binh-thinh", "36/KH-UBND", "2023-07-24") for name in THANH_BINH_THINH],
        *[(name, "dinh-ke", "10/KH-UBND", "2024-01-17") for name in (DINH_KE, *DINH_KE_PARTS)],
        (PHUOC_LONG, "phuoc-long", None, "2024-01"),
        (PHUOC_LONG_PART, None, None, None),
        *[(name, "dak-nong", None, "2023-09") for name in DAK_NONG],
    ],
)
def test_the_head_is_read(
    shared: Path, name: str, locality: str, number: str | None, date: str | None
) -> None:
    head = draft(shared, name).document
    assert (head.locality, head.number, head.date) == (locality, number, date)


def test_debris_of_the_web_page_is_in_no_row(shared: Path) -> None:
    for path in sorted((shared / "documents").iterdir()):
        for entry in draft(shared, path.name).entries:
            everything = repr(entry)
            assert "Mã xác thực" not in everything
            assert "bình chọn" not in everything
            assert "ƣ" not in everything
            assert "\f" not in everything


def test_importing_is_deterministic(shared: Path) -> None:
    path = shared / "documents" / DINH_KE
    assert as_json(importing.load(path)) == as_json(importing.load(path))
