"""Names of administrative units in messages; the cases stand in units/*.csv."""

import csv
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.plans.units import Gazetteer, Level, gazetteer
from knowledge.vietnamese import fold

HERE = Path(__file__).parent
CATALOGUE = HERE.parent / "knowledge" / "catalogue"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


SUCCESSORS = rows(HERE / "units" / "successors.csv")
MENTIONS = rows(HERE / "units" / "mentions.csv")
PROVINCES = rows(CATALOGUE / "units_provinces.csv")


@pytest.fixture(scope="module")
def units() -> Gazetteer:
    return gazetteer()


def bare(name: str) -> str:
    return name.removeprefix("Tỉnh ").removeprefix("Thành phố ")


@pytest.mark.parametrize("case", SUCCESSORS, ids=lambda case: case["former"])
@pytest.mark.parametrize("typed", [str, str.lower, fold], ids=["as written", "small", "folded"])
def test_a_former_unit_leads_to_todays(
    case: dict[str, str], typed: type, units: Gazetteer
) -> None:
    first = units.find(typed(f"{case['former']}, {case['within']}"))[0]
    (today,) = first.today
    assert (today.code, today.name, today.province) == (
        case["code"],
        case["today"],
        case["province"],
    )


@pytest.mark.parametrize("case", MENTIONS, ids=lambda case: case["message"])
def test_a_message_names_the_units_that_are_listed(case: dict[str, str], units: Gazetteer) -> None:
    found = units.find(case["message"])
    assert ";".join(mention.text for mention in found) == case["named"]
    if found:
        assert set(case["codes"].split()) <= {unit.code for unit in found[0].today}


def test_where_the_cases_name_all_codes_there_are_no_others(units: Gazetteer) -> None:
    found = units.find("phường Đức Xuân, Bắc Kạn")[0]
    assert [unit.code for unit in found.today] == ["01840"]


@pytest.mark.parametrize("row", PROVINCES, ids=lambda row: row["name"])
@pytest.mark.parametrize("typed", [str, str.upper, str.lower, fold])
def test_every_province_old_and_new_is_known_by_its_bare_name(
    row: dict[str, str], typed: type, units: Gazetteer
) -> None:
    for message in (bare(row["name"]), f"tôi ở {bare(row['name'])}"):
        (mention,) = units.find(typed(message))
        provinces = [r for r in mention.readings if r.level is Level.PROVINCE]
        assert [reading.name for reading in provinces] == [row["name"]]
        assert [unit.name for unit in provinces[0].today] == [row["today"]]


def test_there_are_34_provinces_of_which_nine_are_cities() -> None:
    today = {row["today"] for row in PROVINCES}
    assert len(today) == 34
    assert len({row["name"] for row in PROVINCES}) == 63
    assert sum(name.startswith("Thành phố ") for name in today) == 9
    assert {"Thành phố Đồng Nai", "Thành phố Quảng Ninh", "Thành phố Bắc Ninh"} <= today


def test_there_are_3321_communes_of_today() -> None:
    kinds = [row["name"].split()[0] for row in rows(CATALOGUE / "units.csv")]
    assert (kinds.count("Xã"), kinds.count("Phường"), kinds.count("Đặc")) == (2599, 709, 13)


def test_every_former_commune_has_a_unit_today(units: Gazetteer) -> None:
    former = rows(CATALOGUE / "units_former.csv")
    assert len(former) == 10040
    for row in former:
        assert row["today"]
        for code in row["today"].split():
            assert units.unit(code).code == code


def test_every_name_of_the_tables_is_found_with_its_district_and_province(
    units: Gazetteer,
) -> None:
    for row in rows(CATALOGUE / "units_former.csv"):
        if row["name"]:
            found = units.find(f"{row['name']}, {row['district']}, {row['province']}")[0]
            assert row["name"] in {reading.name for reading in found.readings}
            assert set(row["today"].split()) <= {unit.code for unit in found.today}


def test_every_commune_of_today_is_found(units: Gazetteer) -> None:
    for row in rows(CATALOGUE / "units.csv"):
        province = units.unit(row["province"]).name
        found = units.find(f"{row['name']}, {province}")[0]
        assert row["code"] in {unit.code for unit in found.today}


@pytest.mark.parametrize(
    ("message", "provinces"),
    [
        (
            "phước long",
            {
                "Thành phố Đồng Nai",
                "Thành phố Hồ Chí Minh",
                "Tỉnh Vĩnh Long",
                "Tỉnh Cà Mau",
            },
        ),
        ("xã krông nô", {"Tỉnh Đắk Lắk", "Tỉnh Lâm Đồng"}),
    ],
)
def test_homonyms_are_all_returned(message: str, provinces: set[str], units: Gazetteer) -> None:
    (mention,) = units.find(message)
    now = [reading for reading in mention.readings if not reading.former]
    assert {unit.province for reading in now for unit in reading.today} == provinces


@pytest.mark.parametrize("name", ["sài gòn", "sai gon", "tphcm", "TPHCM", "hcm", "TP. HCM"])
def test_the_largest_city_is_known_by_its_short_names(name: str, units: Gazetteer) -> None:
    (mention,) = units.find(name)
    assert "79" in {unit.code for unit in mention.today}


def test_a_former_city_is_also_a_ward_today(units: Gazetteer) -> None:
    (mention,) = units.find("Bắc Kạn")
    assert {reading.name for reading in mention.readings} == {
        "Tỉnh Bắc Kạn",
        "Thành phố Bắc Kạn",
        "Phường Bắc Kạn",
    }


def test_a_name_in_capital_letters_alone_is_not_sure(units: Gazetteer) -> None:
    (mention,) = units.find("Nghĩa Trung có làm không ạ")
    assert not mention.sure
    assert units.find("nghĩa trung có làm không ạ") == ()


def test_a_split_commune_has_several_units_today(units: Gazetteer) -> None:
    mention = units.find("Thị trấn Năm Căn, huyện Năm Căn, Cà Mau")[0]
    assert [unit.code for unit in mention.today] == ["32191", "32201"]


def test_decomposed_letters_are_read_alike(units: Gazetteer) -> None:
    text = "em ở phường Đức Xuân"
    assert units.find(unicodedata.normalize("NFD", text)) == units.find(text)


def test_the_span_cuts_the_mention_out_of_the_message(units: Gazetteer) -> None:
    text = "Cho hỏi, phường Đức Xuân ở đâu?"
    (mention,) = units.find(text)
    assert text[mention.start : mention.end] == mention.text == "phường Đức Xuân"


@given(st.text() | st.from_regex(re.compile(r"(xã |ở |p\. |Hà |đức |xuân |5 |'|,){0,9}")))
def test_no_text_breaks_the_search(text: str) -> None:
    for mention in gazetteer().find(text):
        assert mention.readings
        assert mention.today


def test_one_of_2642_procedures_seems_to_name_a_commune(shared: Path, units: Gazetteer) -> None:
    names = [row["name"].lower() for row in rows(shared / "data" / "national_procedures.csv")]
    named = [mention for name in names for mention in units.find(name)]
    chance = [
        mention.text
        for mention in named
        if all(reading.level is not Level.PROVINCE for reading in mention.readings)
    ]
    assert chance == ["xã biên giới"]


def test_a_long_message_is_read_to_its_end(units: Gazetteer) -> None:
    assert len(units.find("ở xã Tân Tiến, " * 10_000)) > 1


def test_the_tables_wait_until_a_name_is_looked_for() -> None:
    code = "from knowledge.plans.units import gazetteer; print(gazetteer.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "0"
