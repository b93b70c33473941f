"""What each of Zalo's events means to us, and that no event can do harm."""

import csv
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Arrival, Event, Reach, TakenOver
from bot.channels.zalo_oa import events
from bot.inbox import Parcel

DATA = Path(__file__).with_name("zalo_oa")
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
CITIZEN = "246845883529197922"
MESSAGE = "96d3cdf3af150460909"

with (DATA / "meanings.csv").open(encoding="utf-8") as file:
    MEANINGS = {row[0]: tuple(row[1:]) for row in list(csv.reader(file))[1:]}


def body(name: str) -> bytes:
    return (DATA / "events" / f"{name}.json").read_bytes()


def parcel(body: bytes) -> Parcel:
    return Parcel("zalo", "key", "chat", body, NOW)


def meaning(event: Event | None) -> tuple[str, str]:
    match event:
        case Reach(sender, reachable):
            assert sender == CITIZEN
            return ("can be reached" if reachable else "cannot be reached"), ""
        case TakenOver(sender):
            assert sender == CITIZEN
            return "is written to by an official", ""
        case Arrival(ask):
            assert (ask.channel, ask.sender, ask.message) == ("zalo", CITIZEN, MESSAGE)
            assert ask.now == NOW
            if ask.point:
                return "is at", f"{ask.point.latitude} {ask.point.longitude}"
            if ask.media:
                article = "" if ask.media == "other" else "a "
                return f"sends {article}{ask.media}", ask.text
            return "says", ask.text
    return "needs nothing", ""


def test_every_kind_of_event_has_a_body_and_a_meaning() -> None:
    assert {path.stem for path in (DATA / "events").iterdir()} == set(MEANINGS)


@pytest.mark.parametrize("name", MEANINGS)
def test_an_event_means_what_the_table_says(name: str) -> None:
    assert meaning(events.read(parcel(body(name)))) == MEANINGS[name]


def test_repeats_have_the_same_key_and_other_events_of_a_message_another_one() -> None:
    text, image = (json.loads(body(f"user_send_{kind}")) for kind in ("text", "image"))
    assert events.key(text, b"1") == events.key(text, b"2") == f"user_send_text/{MESSAGE}"
    assert events.key(image, b"1") == f"user_send_image/{MESSAGE}"


@pytest.mark.parametrize("broken", [None, "", "mã số", "a" * 129, "a\ud800", ["1"], {}, True, 1.5])
def test_an_event_without_a_usable_id_is_known_by_its_body(broken: object) -> None:
    event = json.loads(body("user_send_text"))
    event["message"]["msg_id"] = broken
    raw = json.dumps(event).encode()
    assert events.key(event, raw) == events.key(event, raw) != events.key(event, raw + b" ")
    arrival = events.read(parcel(raw))
    assert isinstance(arrival, Arrival)
    assert arrival.ask.message == events.key(event, raw)


def test_numbers_may_come_as_ids_too() -> None:
    event = json.loads(body("user_send_text"))
    event["sender"]["id"] = int(CITIZEN)
    assert meaning(events.read(parcel(json.dumps(event).encode())))[0] == "says"


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [("90.1", "0"), ("0", "180.1"), ("NaN", "0"), (math.inf, 0), ("", "1"), (None, 1), (True, 1)],
)
def test_a_place_that_is_not_on_earth_is_none(latitude: object, longitude: object) -> None:
    event = json.loads(body("user_send_location"))
    event["message"]["attachments"][0]["payload"]["coordinates"] = {
        "latitude": latitude,
        "longitude": longitude,
    }
    assert events.read(parcel(json.dumps(event).encode())) is None


def test_only_an_event_about_data_is_for_the_officer() -> None:
    concerned = {name for name in MEANINGS if events.is_about_data_rights(json.loads(body(name)))}
    assert concerned == {"user_withdraw_personal_data"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mangled(draw: st.DrawFn) -> dict[str, Any]:
    """Take a real event and put anything in the place of one of its parts."""
    event = json.loads(body(draw(st.sampled_from(sorted(MEANINGS)))))
    place = event
    while True:
        name = draw(st.sampled_from(sorted(place)))
        if not (isinstance(place[name], dict) and place[name]) or draw(st.booleans()):
            place[name] = draw(ANYTHING)
            return event
        place = place[name]


@given(mangled())
def test_no_event_of_wrong_types_raises(event: dict[str, Any]) -> None:
    raw = json.dumps(event).encode()
    fields = events.parse(raw)
    assert fields is not None
    found = events.read(parcel(raw))
    assert found is None or events.citizen(fields)
    assert events.key(fields, raw).isascii()
    assert events.citizen(fields).isascii()


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps(text).encode()))
def test_no_other_body_means_anything(raw: bytes) -> None:
    assert events.read(parcel(raw)) is None


@pytest.mark.parametrize("raw", [b"[" * 500_000, b'{"a":' * 200_000, b"9" * 900_000])
def test_what_is_deep_or_long_without_end_means_nothing(raw: bytes) -> None:
    assert events.parse(raw) is None
