"""What Telegram's updates mean to us; the cases stand in `tests/telegram/`."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import Arrival, Event, Moved, Reach
from bot.channels.telegram.bot_api import parse
from bot.channels.telegram.updates import Me, chat, event, inline, is_update, plain_text, press
from handlers.talk import Ask, Media, Point

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ME = Me(4242424242, "motcua_bot")
CASES = {
    f"{file.stem}: {name}": case
    for file in sorted((Path(__file__).parent / "telegram").glob("*.json"))
    for name, case in json.loads(file.read_text("utf-8")).items()
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("id", "chat", "from", "message", "text", "data", "type")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def meant(case: dict[str, Any]) -> Event | None:
    match case["means"]:
        case {"arrival": {"context": context, **asked}}:
            media, point = asked.pop("media", None), asked.pop("point", None)
            ask = Ask(
                now=NOW,
                channel="telegram",
                message=str(case["update"]["update_id"]),
                media=Media(media) if media else None,
                point=Point(*point) if point else None,
                **asked,
            )
            return Arrival(ask, context)
        case {"reach": reach}:
            return Reach(**reach)
        case {"moved": moved}:
            return Moved(**moved)
    return None


@pytest.mark.parametrize("name", CASES)
def test_an_update_means_what_the_case_says(name: str) -> None:
    case = CASES[name]
    assert event(parse(case["update"]), ME, NOW) == meant(case)


@pytest.mark.parametrize("name", CASES)
def test_the_short_way_for_plain_texts_leads_to_the_same(name: str) -> None:
    update = CASES[name]["update"]
    short = plain_text(update, ME, NOW)
    assert short is None or short == event(parse(update), ME, NOW)


def test_a_plain_text_takes_the_short_way() -> None:
    taken = [name for name, each in CASES.items() if plain_text(each["update"], ME, NOW)]
    assert any(name.startswith("private") for name in taken), taken


def test_before_the_bot_knows_its_name_it_hears_commands_and_replies_in_groups() -> None:
    nameless = replace(ME, username="")
    called = CASES["groups: called by name"]["update"]
    commanded = CASES["groups: a command"]["update"]
    answered = CASES["groups: a reply to the bot"]["update"]
    assert event(parse(called), nameless, NOW) is None
    assert isinstance(event(parse(commanded), nameless, NOW), Arrival)
    assert isinstance(event(parse(answered), nameless, NOW), Arrival)


def test_what_belongs_to_one_chat_stays_in_its_order() -> None:
    groups = CASES["groups: a command"]["update"]
    button = CASES["buttons: in a group the group is answered"]["update"]
    blocked = CASES["doors: a citizen blocks the bot"]["update"]
    elsewhere = CASES["buttons: a button under a card that somebody sent elsewhere"]["update"]
    assert [chat(each) for each in (groups, button, blocked, elsewhere)] == [
        "-55",
        "-1000000000055",
        "7",
        "7",
    ]


def test_a_pressed_button_is_known_before_the_update_is_read() -> None:
    assert press(CASES["buttons: a menu turns into the answer"]["update"]) == "55"
    assert press(CASES["private: only the bot's name asks for help"]["update"]) == ""


@pytest.mark.parametrize("content", [None, [], {}, {"update_id": True}, {"update_id": "1"}, 7])
def test_what_has_no_number_is_no_update(content: object) -> None:
    assert not is_update(content)


@given(JSON, st.sampled_from(("message", "callback_query", "my_chat_member", "inline_query")))
def test_whatever_stands_in_an_update_it_has_a_chat_and_perhaps_a_press(
    content: object, kind: str
) -> None:
    update = {"update_id": 5, kind: content}
    assert is_update(update)
    assert chat(update)
    assert isinstance(press(update), str)
    assert inline(content) is None or all(isinstance(each, str) for each in inline(content) or ())
