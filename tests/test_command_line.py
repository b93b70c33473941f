"""The command line keeps its contract: names, flags, JSON keys and exit statuses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MOTCUA = Path(sys.executable).with_name("motcua")
KEYS = {
    "id", "outcome", "intents", "locality", "matches", "near", "facts", "sources", "warnings",
    "text",
}  # fmt: skip
SOURCE_KEYS = {"document", "number", "date", "appendix", "row"}
ENTRY_KEYS = {
    "kind", "appendix", "row", "name", "weekdays", "cutoff", "agency", "partner", "fee", "papers",
    "duration", "code", "uncertain",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def run(folder: Path, *words: object, says: str = "") -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if "MOTCUA" not in key}
    return subprocess.run(
        [MOTCUA, *map(str, words)],
        input=says,
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"MOTCUA_DATA_DIR": str(folder)},
        cwd=folder,
    )


def asked(folder: Path, *words: str) -> dict[str, Any]:
    done = run(folder, "ask", "--json", "--now", "2026-11-22T09:00", *words)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_an_answer_has_the_keys_of_the_contract(folder: Path) -> None:
    answer = asked(
        folder, "--locality", "bac-kan", "chứng thực bản sao cần mang gì, phí bao nhiêu"
    )
    assert set(answer) == KEYS
    assert answer["outcome"] == "answered"
    assert answer["locality"] == "bac-kan"
    assert answer["matches"][0]["id"] == "BK1-02"
    assert 0 < answer["matches"][0]["score"] <= 1
    facts = answer["facts"]
    assert facts["weekdays"] == ["tue", "thu"]
    assert facts["next_dates"] == ["2026-11-26", "2026-12-01", "2026-12-03"]
    assert facts["cutoff"] is None
    for kind in ("place", "agency", "fee", "papers", "duration"):
        assert set(facts[kind]) == {"state", "text", "source"}
        assert set(facts[kind]["source"]) == SOURCE_KEYS
    assert all(set(source) == SOURCE_KEYS for source in answer["sources"])
    assert {"plan_unconfirmed", "holiday_shift", "contradiction"} <= set(answer["warnings"])


def test_a_cutoff_is_an_hour_and_a_minute(folder: Path) -> None:
    answer = asked(folder, "--locality", "dak-nong", "đăng ký hộ kinh doanh")
    assert answer["facts"]["cutoff"] == "15:00"


def test_what_is_not_answered_has_no_facts(folder: Path) -> None:
    answer = asked(folder, "--locality", "bac-kan", "làm hộ chiếu ở đâu")
    assert (answer["outcome"], answer["matches"], answer["facts"]) == ("declined", [], None)


def test_a_batch_is_answered_line_by_line_in_the_same_order(folder: Path) -> None:
    questions = [
        {"id": "a", "text": "giải chấp", "locality": "dak-nong"},
        {"id": "b", "text": "xin chào", "locality": None},
        {"id": "c", "text": "register a marriage with a foreigner in Bac Kan", "language": "en"},
    ]
    says = "\n".join(json.dumps(each, ensure_ascii=False) for each in questions) + "\n\n"
    done = run(folder, "ask", "--batch", "--now", "2026-11-22T09:00:00+07:00", says=says)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["id"] for each in answers] == ["a", "b", "c"]
    assert [each["outcome"] for each in answers] == ["answered", "informed", "answered"]
    assert "Nearest" in answers[2]["text"]


def test_a_person_reads_plain_text(folder: Path) -> None:
    done = run(folder, "ask", "--locality", "dak-nong", "đăng ký hộ kinh doanh thứ mấy")
    assert "Thứ Tư hằng tuần" in done.stdout
    assert "1.001612" in done.stdout


@pytest.mark.parametrize(
    "words", [("ask", "--now", "yesterday", "x"), ("ask", "--batch")], ids=["time", "line"]
)
def test_what_cannot_be_read_is_one_sentence_and_status_2(
    folder: Path, words: tuple[str, ...]
) -> None:
    done = run(folder, *words, says="not json\n")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_batch_answers_the_lines_around_one_that_is_no_question(folder: Path) -> None:
    says = 'no json\n{"id": "b", "text": "giải chấp", "locality": "dak-nong"}\n'
    done = run(folder, "ask", "--batch", says=says)
    error, answer = (json.loads(line) for line in done.stdout.splitlines())
    assert set(error) == {"id", "error"}
    assert answer["matches"][0]["id"] == "DN-02"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("MOTCUA_PORT", "abc"),
        ("MOTCUA_PUBLIC_URL", "not an address"),
        ("MOTCUA_DATA_DIR", "/proc/nope"),
        ("MOTCUA_DATABASE_URL", "postgresql://motcua:secret@127.0.0.1:1/motcua"),
        ("MOTCUA_DATABASE_URL", "mysql://localhost/motcua"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence_without_secrets(
    folder: Path, setting: str, value: str
) -> None:
    environment = os.environ | {"MOTCUA_DATA_DIR": str(folder), setting: value}
    done = subprocess.run(
        [MOTCUA, "ask", "x"], env=environment, cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [("--locality", "nowhere"), ("--language", "fr"), ("--now", "9999-12-31T23:59:59-14:00")],
)
def test_a_place_language_or_time_that_is_not_known_is_refused(
    folder: Path, words: tuple[str, ...]
) -> None:
    done = run(folder, "ask", *words, "sao y")
    assert (done.returncode, done.stdout) == (2, "")


def test_importing_as_json_has_the_keys_of_the_contract(folder: Path, shared: Path) -> None:
    file = shared / "documents" / "bac-kan-2023.docx"
    done = run(folder, "import", file, "--dry-run", "--json")
    said = json.loads(done.stdout)
    assert set(said) >= {"document", "entries", "warnings"}
    assert {"name", "title", "number", "date", "issuer", "locality"} <= set(said["document"])
    assert said["document"]["locality"] == "bac-kan"
    assert all(set(entry) >= ENTRY_KEYS for entry in said["entries"])


def test_a_dry_run_keeps_nothing_and_a_second_import_keeps_nothing_more(
    tmp_path: Path, shared: Path
) -> None:
    file = shared / "documents" / "thanh-binh-thinh-2023.docx"
    assert "bản nháp" not in run(tmp_path, "import", file, "--dry-run").stdout
    assert "bản nháp số 1" in run(tmp_path, "import", file).stdout
    assert "bản nháp số 1" in run(tmp_path, "import", file).stdout
    assert run(tmp_path, "publish", "2", "--by", "lan").returncode == 2


def test_a_file_that_is_no_plan_is_one_sentence_and_status_2(tmp_path: Path) -> None:
    broken = tmp_path / "plan.docx"
    broken.write_bytes(b"\x00" * 100)
    done = run(tmp_path, "import", broken)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert run(tmp_path, "import", tmp_path / "missing.pdf").returncode == 2


SWIFTLETS = "cấp giấy phép nuôi chim yến trong khu dân cư thứ mấy"


def test_a_new_plan_is_imported_published_asked_about_and_taken_back(tmp_path: Path) -> None:
    plan = Path(__file__).parent / "documents" / "xa-mau-2026.txt"
    assert "bản nháp số 1" in run(tmp_path, "import", plan).stdout
    before = asked(tmp_path, SWIFTLETS)
    assert before["outcome"] == "declined"
    published = run(tmp_path, "publish", "1", "--by", "lan")
    assert "Đã công bố (lần 2)" in published.stdout, published.stderr
    answer = asked(tmp_path, SWIFTLETS)
    assert answer["outcome"] == "answered"
    assert answer["facts"]["weekdays"] == ["mon", "wed"]
    assert answer["facts"]["fee"]["state"] == "silent"
    assert answer["sources"][0]["number"] == "12/KH-UBND"
    assert run(tmp_path, "restore", "1", "--by", "lan").returncode == 0
    assert asked(tmp_path, SWIFTLETS)["outcome"] == "declined"
    assert len(run(tmp_path, "history").stdout.splitlines()) == 3


def test_why_names_the_words_that_spoke_and_keeps_the_answer_readable(folder: Path) -> None:
    done = run(folder, "ask", "--why", "--json", "--locality", "dak-nong", "xóa thế chấp sổ đỏ")
    assert json.loads(done.stdout)["matches"][0]["id"] == "DN-02"
    first, match, *_ = done.stderr.splitlines()
    assert first.startswith("sure")
    assert match.startswith("= ")
    assert "DN-02" in match
    assert "chấp" in match.partition("←")[2]


def test_a_file_without_a_head_is_published_for_the_place_that_is_named(
    tmp_path: Path, shared: Path
) -> None:
    file = shared / "documents" / "phuoc-long-2024.xlsx"
    assert "--locality" in run(tmp_path, "import", file).stdout
    refused = run(tmp_path, "publish", "1", "--by", "lan")
    assert (refused.returncode, len(refused.stderr.strip().splitlines())) == (2, 1)
    again = run(tmp_path, "import", file, "--locality", "phuoc-long").stdout
    assert "đã được lưu từ trước, là bản nháp số 1" in again
    assert "motcua publish 1 --by" in again
    assert "- PL-14 " in again
    published = run(tmp_path, "publish", "1", "--by", "lan")
    assert published.stdout.startswith("Không có gì thay đổi")
    dropped = run(tmp_path, "import", file, "--locality", "phuoc-long")
    assert "bản nháp số 2" in dropped.stdout
    run(tmp_path, "publish", "2", "--by", "lan", "--drop-removed")
    assert len(run(tmp_path, "history").stdout.splitlines()) == 2


def test_drafts_wait_until_they_are_published_or_discarded(tmp_path: Path) -> None:
    documents = Path(__file__).parent / "documents"
    for name in ("hoa-loi.txt", "xa-mau-2026.txt"):
        run(tmp_path, "import", documents / name)
    first, second = run(tmp_path, "drafts").stdout.splitlines()
    assert (first.split()[0], second.split()[0]) == ("1", "2")
    assert "hoa-loi.txt" in first
    assert "không lưu" in run(tmp_path, "import", documents / "hoa-loi.txt", "--dry-run").stdout
    assert run(tmp_path, "discard", "1").returncode == 0
    assert run(tmp_path, "discard", "1").returncode == 2
    assert "chưa kiểm tra" not in run(tmp_path, "publish", "2", "--by", "lan").stdout
    assert "lan" in run(tmp_path, "publish", "2", "--by", "hoa").stderr
    assert "bản nháp số 3" in run(tmp_path, "import", documents / "hoa-loi.txt").stdout
    said = run(tmp_path, "publish", "3", "--by", "lan").stdout
    assert "(ngày phục vụ)" in said
    assert "chưa kiểm tra" in said
    assert "danh mục có sẵn" in run(tmp_path, "history").stdout
    run(tmp_path, "restore", "1", "--by", "lan")
    assert run(tmp_path, "restore", "1", "--by", "lan").stdout.startswith("Không có gì thay đổi")


@pytest.mark.parametrize("words", [(), ("--dry-run", "--json")])
def test_a_file_without_rows_and_what_is_no_file_are_refused(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    empty = tmp_path / "bac-kan.txt"
    empty.write_text("KẾ HOẠCH\nKhông có phụ lục.", "utf-8")
    for file in (empty, tmp_path, Path("/dev/zero")):
        done = run(tmp_path, "import", file, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.strip().splitlines()) == 1
    assert "1" not in run(tmp_path, "drafts").stdout
