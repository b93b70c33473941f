"""Commands fit the platforms' menus, and what comes without words gets one kind sentence."""

import re
from datetime import UTC, datetime

import pytest

from handlers import answer
from handlers.commands import COMMANDS
from handlers.talk import Ask, Media, Memory, Outcome, Wish
from knowledge.store import Store
from locales import LANGUAGES, translator

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_command_fits_telegrams_menu(command: object, language: str) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,32}", command.name)
    assert 1 <= len(translator(language)(command.description)) <= 256


def test_no_two_commands_have_the_same_name() -> None:
    names = [name for each in COMMANDS for name in (each.name, each.also) if name]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_every_command(town_hall: Store, language: str) -> None:
    with town_hall.town(NOW) as town:
        said = answer(Ask("/help", NOW, language), town).body
    assert [each.name for each in COMMANDS if f"/{each.name} – " not in said] == []


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        *(("/start", Wish.START), ("/dung", Wish.STOP), ("/stop", Wish.STOP)),
        *(("/tieptuc", Wish.RESUME), ("/DUNG@bot", Wish.STOP)),
        *(("Dừng lại!", Wish.STOP), ("dừng", Wish.STOP), ("Stop.", Wish.STOP)),
        *(("thôi đừng nhắn nữa nhé", Wish.STOP), ("huỷ nhận tin", Wish.STOP)),
        *(("dung lai di", Wish.STOP), ("dung", None), ("đúng", None), ("đúng rồi", None)),
        *(("dừng đỗ xe", None), ("dùng lại giấy cũ được không", None), ("đừng", None)),
        *(("tiếp tục", Wish.RESUME), ("Continue", Wish.RESUME), ("tiep tuc a", Wish.RESUME)),
        *(("tiếp tục thủ tục khai sinh", None), ("xin chào", None), ("", None)),
    ],
)
def test_who_wants_something_of_us_is_heard(
    town_hall: Store, text: str, wish: Wish | None
) -> None:
    with town_hall.town(NOW) as town:
        assert answer(Ask(text, NOW), town).wish == wish


def test_the_bot_goes_on_even_where_an_option_waits(town_hall: Store) -> None:
    memory = Memory(options=("BK2-19", "BK2-20"))
    with town_hall.town(NOW) as town:
        reply = answer(Ask("tiếp tục", NOW, memory=memory), town)
    assert (reply.wish, reply.outcome) == (Wish.RESUME, Outcome.ASKED_BACK)
    assert reply.memory.options == memory.options


@pytest.mark.parametrize("media", Media)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_no_words_gets_a_sentence_and_changes_no_conversation(
    town_hall: Store, media: Media, language: str
) -> None:
    memory = Memory(options=("BK2-19", "BK2-20"), question="hợp tác xã", language=language)
    with town_hall.town(NOW) as town:
        reply = answer(Ask("", NOW, language, memory=memory, media=media), town)
    assert reply.outcome is Outcome.INFORMED
    assert reply.body.count("\n") == 0
    assert reply.memory == memory


def test_each_kind_of_media_is_answered_in_its_own_words(town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        said = {answer(Ask("", NOW, media=media), town).body for media in Media}
    assert len(said) == len(Media)


def test_a_caption_is_answered_and_nothing_else(town_hall: Store) -> None:
    caption = "sao y học bạ ở Bắc Kạn ngày nào"
    with town_hall.town(NOW) as town:
        with_picture = answer(Ask(caption, NOW, media=Media.PICTURE), town)
        assert with_picture == answer(Ask(caption, NOW), town)
