"""A citizen sends where he is; the places stand in nearby/points.csv."""

import csv
import json
import re
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import answer
from handlers.talk import Ask, Memory, Outcome, Point, Reply
from knowledge.plans.model import Locality
from knowledge.plans.positions import FARTHEST, RATIO, positions
from knowledge.plans.territory import Territory, territory
from knowledge.plans.units import gazetteer
from knowledge.store import Store

HERE = Path(__file__).parent
CATALOGUE = HERE.parent / "knowledge" / "catalogue"
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


POINTS = rows(HERE / "nearby" / "points.csv")
POSITIONS = rows(CATALOGUE / "positions.csv")
SPOTS = [(row["code"], float(row["latitude"]), float(row["longitude"])) for row in POSITIONS]
BAC_KAN, BAC_GIANG, HOAN_KIEM = (
    Point(22.147, 105.834),
    Point(21.28, 106.22),
    Point(21.029, 105.852),
)


def sent(point: Point, store: Store, language: str = "vi", memory: Memory | None = None) -> Reply:
    ask = Ask("", NOW, language, point=point, memory=memory or Memory())
    with store.town(NOW, reading=True) as town:
        return answer(ask, town)


def km(latitude: float, longitude: float, there: float, across: float) -> float:
    north = sin(radians(there - latitude) / 2) ** 2
    east = sin(radians(across - longitude) / 2) ** 2
    both = north + cos(radians(latitude)) * cos(radians(there)) * east
    return 2 * 6371 * asin(sqrt(min(1, both)))


def point(row: dict[str, str]) -> Point:
    return Point(float(row["latitude"]), float(row["longitude"]))


@pytest.mark.parametrize("row", POINTS, ids=lambda row: row["where"])
def test_a_place_is_answered_as_listed(row: dict[str, str], town_hall: Store) -> None:
    reply = sent(point(row), town_hall)
    assert row["says"] in reply.body
    assert (reply.outcome, reply.chosen_locality or "") == (row["outcome"], row["chosen"])


@pytest.mark.parametrize("row", POINTS, ids=lambda row: row["where"])
def test_every_answer_can_be_corrected(row: dict[str, str], town_hall: Store) -> None:
    reply = sent(point(row), town_hall, "en")
    assert reply.buttons[-1].label == "Another place"
    with town_hall.town(NOW, reading=True) as town:
        again = answer(Ask(reply.buttons[-1].says, NOW), town)
        assert {button.says for button in again.buttons} == set(town.library.localities)


@pytest.mark.parametrize("row", POINTS, ids=lambda row: row["where"])
def test_the_point_stands_in_nothing_that_is_kept(row: dict[str, str], town_hall: Store) -> None:
    kept = json.dumps(asdict(sent(point(row), town_hall)), default=str)
    assert not re.search(r"\d\d\.\d\d", kept)


def test_a_commune_is_never_more_than_a_guess(town_hall: Store) -> None:
    for row in POINTS:
        body = sent(point(row), town_hall).body
        assert "chỉ ước theo khoảng cách" in body or "chưa biết xã" in body


def test_a_chosen_place_comes_with_its_desk_and_how_old_its_plan_is(town_hall: Store) -> None:
    reply = sent(BAC_KAN, town_hall)
    assert "Bộ phận Một cửa thành phố Bắc Kạn" in reply.body
    assert "chưa được xác nhận là còn áp dụng" in reply.body
    assert reply.warnings == ("plan_unconfirmed",)
    assert reply.sources


def test_a_place_that_is_only_perhaps_meant_is_offered(town_hall: Store) -> None:
    reply = sent(BAC_GIANG, town_hall)
    assert (reply.chosen_locality, reply.buttons[0].says) == (None, "dinh-ke")
    with town_hall.town(NOW, reading=True) as town:
        assert answer(Ask("dinh-ke", NOW), town).chosen_locality == "dinh-ke"


def test_a_question_that_waits_for_a_place_can_be_pressed(town_hall: Store) -> None:
    with town_hall.town(NOW, reading=True) as town:
        asked = answer(Ask("thứ ba làm được gì", NOW), town)
        found = sent(BAC_KAN, town_hall, memory=asked.memory)
        pressed = Ask(found.buttons[0].says, NOW, locality="bac-kan", memory=found.memory)
        assert "Cấp bản sao từ sổ gốc" in answer(pressed, town).body


def test_where_no_plan_is_known_the_nearest_one_is_said_not_to_apply(town_hall: Store) -> None:
    reply = sent(HOAN_KIEM, town_hall, "en")
    assert (reply.outcome, reply.locality, reply.facts) == (Outcome.DECLINED, None, None)
    assert "about 47.2 km away in a straight line; that plan does not apply" in reply.body


def test_without_any_plan_nothing_is_called_near(store: Store) -> None:
    reply = sent(HOAN_KIEM, store)
    assert "Phường Hoàn Kiếm" in reply.body
    assert "km" not in reply.body


def test_all_communes_of_today_have_one_position() -> None:
    units = {row["code"] for row in rows(CATALOGUE / "units.csv")}
    assert len(POSITIONS) == len(units) == 3321
    assert {row["code"] for row in POSITIONS} == units


def test_no_two_communes_lie_on_one_point_and_all_lie_in_vietnam() -> None:
    assert max(Counter(spot[1:] for spot in SPOTS).values()) == 1
    for code, latitude, longitude in SPOTS:
        assert 8.3 < latitude < 23.4, code
        assert 102.1 < longitude < (114.5 if code in {"20333", "22736"} else 109.5), code


def test_every_position_has_three_decimals() -> None:
    degrees = re.compile(r"\d{1,3}\.\d{3}")
    assert all(degrees.fullmatch(row["latitude"]) for row in POSITIONS)
    assert all(degrees.fullmatch(row["longitude"]) for row in POSITIONS)


def test_every_commune_has_neighbours_of_its_own_province() -> None:
    """A point in quite another place would stand among strangers, as islands and one spit do."""
    alone = set()
    for code, latitude, longitude in SPOTS:
        beside = [
            (km(latitude, longitude, there, across), other)
            for other, there, across in SPOTS
            if abs(there - latitude) < 0.3 and abs(across - longitude) < 0.3 and other != code
        ]
        province = gazetteer().unit(code).province
        if all(gazetteer().unit(other).province != province for _, other in sorted(beside)[:6]):
            alone.add(gazetteer().unit(code).name)
    assert {name for name in alone if not name.startswith("Đặc khu ")} <= {"Xã Đại Phước"}


@given(st.floats(8, 23.5), st.floats(102, 110))
def test_the_candidates_are_those_that_measuring_all_finds(
    latitude: float, longitude: float
) -> None:
    away = {code: km(latitude, longitude, *there) for code, *there in SPOTS}
    nearest = min(away.values())
    found = {each.unit.code: each.km for each in positions().near(latitude, longitude)}
    if nearest > FARTHEST * 1.01:
        assert found == {}
    elif nearest < FARTHEST * 0.99:
        assert list(found.values()) == sorted(found.values())
        assert {code for code, far in away.items() if far < nearest * RATIO * 0.99} <= set(found)
        assert all(away[code] < nearest * RATIO * 1.01 + 0.01 for code in found)


@given(st.floats(), st.floats())
def test_no_number_breaks_the_search(latitude: float, longitude: float) -> None:
    assert isinstance(positions().near(latitude, longitude), tuple)


def names(codes: frozenset[str]) -> set[str]:
    return {gazetteer().unit(code).name for code in codes}


def test_a_plan_covers_a_commune_wholly_only_with_all_that_went_into_it(town_hall: Store) -> None:
    with town_hall.town(NOW, reading=True) as town:
        found = {slug: territory(place) for slug, place in town.library.localities.items()}
    assert names(found["bac-kan"].whole) == {"Phường Đức Xuân", "Phường Bắc Kạn"}
    assert names(found["bac-kan"].part) == {"Xã Phong Quang"}
    assert (found["dinh-ke"].whole, names(found["dinh-ke"].part)) == (set(), {"Phường Bắc Giang"})
    assert (len(found["dak-nong"].whole), found["dak-nong"].part) == (28, set())


@pytest.mark.parametrize(
    ("name", "province", "covered"),
    [
        ("xã Bạch Thông", "", {"Xã Bạch Thông"}),
        ("xã Tân Tiến", "", set()),
        ("xã Tân Tiến", "Tỉnh Lạng Sơn", {"Xã Tân Tiến"}),
        ("xã Không Có", "", set()),
    ],
)
def test_a_place_of_today_is_known_by_a_name_that_no_other_has(
    name: str, province: str, covered: set[str]
) -> None:
    assert names(territory(Locality("x", name, "", province)).whole) == covered


def test_a_province_of_today_holds_all_its_communes() -> None:
    found = territory(Locality("x", "tỉnh Thái Nguyên", "", ""))
    assert len(found.whole) == 92
    assert replace(found, whole=frozenset()) == Territory()
