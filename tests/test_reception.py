"""Reception: one transaction, one record and one reply for each message."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.desk import Desk
from bot.reception import Reception
from bot.serving import LONGEST
from handlers.talk import Ask, Memory, Outcome, Reply
from knowledge.plans.model import Contents, Locality
from knowledge.records.tables import Question
from knowledge.store import Store, Town, open_store

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
OpenDesk = Callable[[Callable[[Ask, Town], Reply]], Reception]
PLACES = Contents(
    localities=(Locality("bac-kan", "Thành phố Bắc Kạn", "Bắc Kạn City", "Bắc Kạn"),)
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = open_store(database_url, lambda: PLACES)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store, database_url: str) -> Iterator[OpenDesk]:
    opened: list[Desk] = []
    lanes = 1 if database_url.startswith("sqlite") else 2

    def open_desk(answer: Callable[[Ask, Town], Reply]) -> Reception:
        opened.append(Desk(store, lambda: NOW, threads=lanes))
        return Reception(opened[-1], answer, lanes=lanes)

    yield open_desk
    for each in opened:
        each.close()


def echo(ask: Ask, _town: Town) -> Reply:
    """Say back what was asked, where and in which language."""
    return Reply(f"{ask.language or '-'} {ask.locality} {ask.text}", Outcome.ANSWERED)


def fail(ask: Ask, _town: Town) -> Reply:
    raise LookupError(f"no answer for {len(ask.text)} characters")


def ask(text: str = "khai sinh", **rest: object) -> Ask:
    return replace(Ask(text, NOW, channel="web", sender="an", message=""), **rest)


def tell(reception: Reception, *asks: Ask) -> list[Reply | None]:
    async def one_by_one() -> list[Reply | None]:
        return [await reception.receive(each) for each in asks]

    return asyncio.run(one_by_one())


def recorded(store: Store) -> list[Question]:
    with store.town(NOW, reading=True) as town:
        return list(town.session.exec(select(Question).order_by(Question.id)))


def test_a_question_is_recorded_with_its_outcome_when_the_reply_leaves(
    desk: OpenDesk, store: Store
) -> None:
    tell(desk(echo), ask("khai sinh", locality="bac-kan"))
    [question] = recorded(store)
    assert (question.text, question.outcome) == ("khai sinh", "answered")
    assert (question.channel, question.locality) == ("web", "bac-kan")
    assert question.latency_ms > 0


def test_a_telephone_number_is_not_recorded(desk: OpenDesk, store: Store) -> None:
    tell(desk(echo), ask("gọi tôi số 0912345678 nhé"))
    assert "0912345678" not in recorded(store)[0].text


def test_a_message_delivered_twice_is_answered_once_and_told_twice(
    desk: OpenDesk, store: Store
) -> None:
    first, second = tell(desk(echo), ask(message="m1"), ask(message="m1"))
    assert first == second
    assert len(recorded(store)) == 1


def test_a_message_from_before_a_restart_has_no_reply_again(desk: OpenDesk, store: Store) -> None:
    tell(desk(echo), ask(message="m1"))
    assert tell(desk(echo), ask(message="m1")) == [None]
    assert len(recorded(store)) == 1


def test_the_same_number_on_another_channel_is_another_message(
    desk: OpenDesk, store: Store
) -> None:
    tell(desk(echo), ask(message="m1"), ask(message="m1", channel="telegram"))
    assert len(recorded(store)) == 2


def test_a_fault_is_told_with_a_number_that_the_log_explains(
    desk: OpenDesk, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    [reply] = tell(desk(fail), ask("giấy tờ của tôi", message="m1"))
    [reference] = re.findall(r"\b[0-9a-f]{8}\b", reply.body)
    [entry] = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert reference in entry.getMessage()
    assert entry.exc_info[0] is LookupError
    assert "giấy tờ" not in caplog.text
    assert recorded(store) == []


def test_after_a_fault_the_same_message_may_come_again(desk: OpenDesk, store: Store) -> None:
    tell(desk(fail), ask(message="m1"))
    [reply] = tell(desk(echo), ask(message="m1"))
    assert reply.outcome is Outcome.ANSWERED
    assert len(recorded(store)) == 1


def test_the_journal_has_one_line_a_message_and_no_word_of_it(
    desk: OpenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tell(desk(echo), ask("con tôi tên Nguyễn Văn An"), ask("thứ mấy"))
    assert len(caplog.records) == 2
    assert "Nguyễn" not in caplog.text


def test_a_very_long_message_is_cut_before_anything_reads_it(desk: OpenDesk) -> None:
    [reply] = tell(desk(echo), ask("á" * 1_000_000))
    assert reply.body.count("á") == LONGEST


@pytest.mark.parametrize("text", ["", "\0", "a\0b", "\ud83d", "\u202egnp.exe", "😀" * 50, "'; --"])
def test_any_text_is_recorded(desk: OpenDesk, store: Store, text: str) -> None:
    [reply] = tell(desk(echo), ask(text))
    assert reply.outcome is Outcome.ANSWERED
    assert len(recorded(store)) == 1


def test_a_chosen_place_and_language_stay_with_the_citizen(desk: OpenDesk) -> None:
    later = ask(language="", locality=None)
    _, reply = tell(desk(echo), ask(language="en", locality="bac-kan"), later)
    assert reply.body.startswith("en bac-kan")


def test_choices_of_another_citizen_are_his_own(desk: OpenDesk) -> None:
    _, reply = tell(desk(echo), ask(locality="bac-kan"), ask(sender="binh", language=""))
    assert reply.body.startswith("- None")


def test_a_place_that_no_plan_knows_is_not_kept(desk: OpenDesk) -> None:
    assert tell(desk(echo), ask(locality="atlantis"))[0].body.startswith("- None")


def test_a_place_and_language_chosen_in_words_are_kept(desk: OpenDesk) -> None:
    def choose(ask: Ask, town: Town) -> Reply:
        if ask.text == "Bắc Kạn":
            chosen = {"chosen_locality": "bac-kan", "chosen_language": "en"}
            return Reply("ok", Outcome.INFORMED, **chosen)
        return echo(ask, town)

    _, reply = tell(desk(choose), ask("Bắc Kạn"), ask(language=""))
    assert reply.body.startswith("en bac-kan")


def test_the_conversation_is_remembered_for_half_an_hour(desk: OpenDesk) -> None:
    heard: list[Memory] = []

    def remember(ask: Ask, _town: Town) -> Reply:
        heard.append(ask.memory)
        return Reply("ok", Outcome.ANSWERED, memory=Memory(procedures=(ask.text,)))

    minutes = [0, 29, 60]
    tell(desk(remember), *(ask(f"q{m}", now=NOW + timedelta(minutes=m)) for m in minutes))
    assert heard == [Memory(), Memory(procedures=("q0",)), Memory()]


def test_many_citizens_at_once_each_get_their_own_answer(desk: OpenDesk, store: Store) -> None:
    reception = desk(echo)

    async def all_at_once() -> list[Reply | None]:
        asks = [ask(f"q{number}", sender=str(number)) for number in range(100)]
        return await asyncio.gather(*map(reception.receive, asks))

    replies = asyncio.run(all_at_once())
    bodies = [reply.body.partition("\n\n")[0] for reply in replies]
    assert bodies == [f"- None q{number}" for number in range(100)]
    assert len(recorded(store)) == 100


def test_endings_are_counted_by_channel(desk: OpenDesk) -> None:
    reception = desk(echo)
    tell(reception, ask(message="m1"), ask(message="m1"), ask(channel="telegram"))
    assert reception.tally == {
        ("web", "answered"): 1,
        ("web", "repeated"): 1,
        ("telegram", "answered"): 1,
    }
