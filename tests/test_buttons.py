"""Buttons stay in the chat for ever: short enough for platforms, numbered, never out of date."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import answer
from handlers.card import FACETS
from handlers.conversation import remembering, spelled_out
from handlers.procedure import FOLLOW_UPS
from handlers.talk import LONGEST_SAYS, Ask, Button, Memory, Outcome, Reply, Turn
from knowledge.plans.understanding import Certainty, Understanding
from knowledge.records import citizens
from knowledge.store import Store, Town, open_store
from locales import LANGUAGES, translator

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ORDERS = (
    *("/start", "/help", "/diaphuong", "/ngonngu", "/riengtu", "/riengtu xem", "/riengtu tải về"),
    *("/riengtu xóa", "xin chào", "thứ ba làm được gì", "hôm nay có làm việc không", "công chứng"),
)


def questions(town: Town) -> Iterator[Ask]:
    """Ask for everything that there is, so that every kind of button is shown."""
    library = town.library
    for procedure in library.procedures.values():
        for asked in ("", *FACETS):
            yield Ask(f"{procedure.id} {asked}", NOW)
        for place in library.localities:
            yield Ask(procedure.short or procedure.name, NOW, locality=place)
    for place in library.localities:
        yield Ask(place, NOW)
        for text in ("thứ ba làm được gì", "ngày không viết là gì", "kết hôn", "hợp tác xã"):
            yield Ask(text, NOW, locality=place)
    for topic in library.topics.values():
        yield Ask(topic.vi, NOW)
    for text in ORDERS:
        yield Ask(text, NOW)


def replies(town: Town, language: str) -> Iterator[Reply]:
    citizen = citizens.meet(town.session, "telegram", "7", NOW)
    town.session.flush()
    for ask in questions(town):
        yield answer(replace(ask, language=language, citizen=citizen.id), town)


@pytest.fixture(scope="module", params=LANGUAGES)
def shown(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> list[Reply]:
    file = tmp_path_factory.mktemp("buttons") / "motcua.sqlite3"
    with closing(open_store(f"sqlite:///{file}")) as store, store.town(NOW) as town:
        return list(replies(town, request.param))


def test_what_a_button_says_fits_every_platform(shown: list[Reply]) -> None:
    buttons = [button for reply in shown for button in reply.buttons]
    assert len(buttons) > 1_000
    assert [b.says for b in buttons if not 1 <= len(b.says.encode()) <= LONGEST_SAYS] == []


def test_the_number_of_a_button_says_what_the_button_says(shown: list[Reply]) -> None:
    for reply in shown:
        for button in reply.buttons:
            typed = spelled_out(Ask(f"{button.number}", NOW, memory=reply.memory))
            assert typed.text == button.says


def test_options_have_the_numbers_that_are_printed_before_them(shown: list[Reply]) -> None:
    asked_back = [reply for reply in shown if reply.outcome is Outcome.ASKED_BACK]
    assert asked_back
    for reply in asked_back:
        for number, button in enumerate(reply.buttons, 1):
            assert (button.number, button.says) == (number, reply.matches[number - 1].id)
            assert button.label.startswith(f"{number}. ")


def test_a_button_pressed_long_after_asks_the_same_of_the_same(town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        other = Memory(("DN-03",), ("BK2-19", "BK2-20"), question="đăng ký hộ kinh doanh")
        for procedure in town.library.procedures:
            for facet in FOLLOW_UPS:
                for memory in (Memory(), other):
                    reply = answer(Ask(f"{procedure} {facet}", NOW, memory=memory), town)
                    assert [match.id for match in reply.matches] == [procedure]
                    assert reply.intents == (facet,)
                    assert reply.chosen_locality is None


def test_a_place_pressed_long_after_is_chosen(town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        for slug in town.library.localities:
            assert answer(Ask(slug, NOW), town).chosen_locality == slug


def test_an_option_keeps_what_was_asked_of_it(town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        asked = answer(Ask("hợp tác xã cần giấy tờ gì", NOW, locality="bac-kan"), town)
        pressed = Ask(asked.buttons[1].says, NOW, locality="bac-kan", memory=asked.memory)
        assert answer(pressed, town).intents == asked.intents


@settings(max_examples=200)
@given(
    options=st.lists(st.sampled_from(["BK1-02", "BK2-19", "PL-04"]), unique=True, max_size=3),
    says=st.lists(st.text(min_size=1, max_size=80).filter(str.strip), unique=True, max_size=5),
)
def test_buttons_are_numbered_after_the_options(options: list[str], says: list[str]) -> None:
    turn = Turn(Ask("?", NOW), Understanding(Certainty.NONE), translator("vi"))
    buttons = [Button(each, each) for each in (*options, *says)]
    reply = Reply("?", Outcome.INFORMED, buttons=buttons, memory=Memory(options=tuple(options)))
    kept = remembering(turn, reply)
    assert [each.number for each in kept.buttons] == list(range(1, len(buttons) + 1))
    assert kept.memory.choices == tuple(says)
    assert all(len(each.says.encode()) <= LONGEST_SAYS for each in kept.buttons)


@pytest.mark.parametrize("text", ["thứ 2", "2 bản", "2/9", "2 con", "thứ tư", "0", "99", "4.5"])
def test_what_is_no_number_of_a_button_stays_as_it_is(text: str) -> None:
    ask = Ask(text, NOW, memory=Memory(options=("a", "b"), choices=("c", "d")))
    assert spelled_out(ask) == ask


@pytest.mark.parametrize("text", ["3", "3.", "số 3", "chọn số 3 nhé", " 3 ạ!", "3)"])
def test_a_number_may_be_typed_politely(text: str) -> None:
    ask = Ask(text, NOW, memory=Memory(options=("a", "b"), choices=("c", "d")))
    assert spelled_out(ask).text == "c"


def test_what_the_conversation_keeps_has_no_private_number(town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        reply = answer(Ask("CCCD 001099012345 sao y ở Bắc Kạn ngày nào", NOW), town)
    assert "001099012345" not in str(reply.memory)
