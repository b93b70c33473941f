"""The conversation about reminders: what is understood, agreed, kept and never promised."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answers import Answers
from bot.serving import Errand, Served, Serving
from handlers import answer
from handlers.reminder_agreement import MOST
from handlers.reminder_sayings import (
    EARLIEST,
    LATEST,
    Act,
    Press,
    Terms,
    allowed,
    next_month,
    pause_end,
    plain,
    press,
    pressed,
    spoken,
    subject,
    terms,
)
from handlers.talk import LONGEST_SAYS, Ask, Outcome, Reply
from knowledge.plans.days import local_time
from knowledge.plans.understanding import Intent
from knowledge.records import citizens, subscriptions
from knowledge.records.subscriptions import Reminder
from knowledge.store import Store, open_store
from locales import LANGUAGES

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
TODAY = date(2026, 11, 22)
DATA = Path(__file__).parent / "reminders"


def rows(name: str) -> Sequence[Mapping[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("when.csv"), ids=lambda row: row["said"])
def test_when_and_how_often_is_understood(row: Mapping[str, str]) -> None:
    said = terms(plain(row["said"]), TODAY)
    once = {True: "yes", False: "no", None: ""}[said.once]
    wanted = (row["days_before"], row["hour"], row["once"])
    read = ("" if each is None else str(each) for each in (said.days_before, said.hour))
    assert (*read, once) == wanted


@pytest.mark.parametrize("row", rows("orders.csv"), ids=lambda row: row["said"])
def test_an_order_is_understood_with_its_subject(row: Mapping[str, str]) -> None:
    order = spoken(plain(row["said"]))
    assert (order[0].value if order else "") == row["act"]
    assert (subject(order[1]) if order else "") == row["subject"]


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_whatever_is_said_the_hours_are_hours(text: str) -> None:
    said = terms(plain(text), TODAY)
    spoken(plain(text))
    assert said.hour is None or 0 <= said.hour <= 24
    assert said.days_before is None or 0 <= said.days_before <= 7


@given(st.integers(0, 24))
def test_nothing_is_sent_at_night(hour: int) -> None:
    assert EARLIEST <= allowed(hour) <= LATEST
    assert allowed(hour) == hour or not EARLIEST <= hour <= LATEST


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_a_pause_ends_after_today(today: date) -> None:
    month = pause_end("", today)
    assert timedelta(28) <= month - today <= timedelta(31)
    assert next_month(today).day == 1
    assert today < next_month(today) <= today + timedelta(31)
    assert today < pause_end("tuan sau", today) <= today + timedelta(7)
    assert pause_end("2 tuan", today) == today + timedelta(14)


@given(
    st.lists(st.sampled_from(["BK1-02", "bac-kan", "abc-2024-1/2/3"]), min_size=1, max_size=3),
    st.sampled_from(["", "off", "pause", "on"]),
)
def test_a_button_is_read_as_it_was_written(abouts: list[str], act: str) -> None:
    assert pressed(press(tuple(abouts), act)) == Press(tuple(abouts), Act(act))


def test_a_button_may_set_the_time() -> None:
    assert pressed("BK1-02 reminder 0 7") == Press(("BK1-02",), terms=Terms(0, 7))
    assert pressed("BK1-02 reminder once") == Press(("BK1-02",), terms=Terms(once=True))
    assert pressed("BK1-02 reminder 1 22") is None
    assert pressed("set a reminder for tomorrow") is None


class Citizen:
    """Somebody who talks to the service on one channel."""

    numbers = count()

    def __init__(self, store: Store, channel: str = "telegram", now: datetime = NOW) -> None:
        """Come for the first time."""
        self.store, self.channel, self.now = store, channel, now
        self.sender = f"citizen {next(self.numbers)}"
        self.serving = Serving(Answers(answer), 30)

    def errand(self, text: str, language: str = "") -> Errand:
        message = f"{self.sender} {next(self.numbers)}"
        ask = Ask(text, self.now, language, "bac-kan", self.channel, self.sender, message)
        return Errand(ask, context={})

    def all_at_once(self, *texts: str) -> list[Served]:
        with self.store.town(self.now) as town:
            return self.serving.serve([self.errand(text) for text in texts], town)

    def says(self, *texts: str) -> Reply:
        """Say one thing after the other; return the last reply."""
        *_, last = [served for text in texts for served in self.all_at_once(text)]
        assert last.reply is not None
        return last.reply

    @property
    def reminders(self) -> Sequence[Reminder]:
        with self.store.town(self.now) as town:
            citizen = citizens.find(town.session, self.channel, self.sender)
            assert citizen is not None
            assert citizen.id is not None
            kept = subscriptions.of(town.session, citizen.id)
            return [subscriptions.reminder(each) for each in kept]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('hall') / 'motcua.sqlite3'}")
    yield opened
    opened.close()


def test_what_is_agreed_is_kept(hall: Store) -> None:
    citizen = Citizen(hall)
    assert citizen.says("nhắc tôi sao y học bạ").intents == (Intent.REMINDER,)
    assert citizen.reminders == [Reminder("BK1-02", 1, 19)]
    citizen.says("đổi sang 7 giờ sáng")
    assert citizen.reminders == [Reminder("BK1-02", 0, 7)]
    citizen.says("chỉ nhắc một lần")
    assert citizen.reminders == [Reminder("BK1-02", 0, 7, once=True)]
    citizen.says("tháng sau nhắc lại")
    paused = Reminder("BK1-02", 0, 7, once=True, paused_until=date(2026, 12, 1))
    assert citizen.reminders == [paused]
    citizen.says("nhắc lại đi", "nhắc mọi lần")
    assert citizen.reminders == [Reminder("BK1-02", 0, 7)]
    citizen.says("thôi đừng nhắc nữa")
    assert citizen.reminders == []


def test_one_day_is_one_reminder_from_that_day_on(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("nhắc tôi thứ năm tuần sau đi sao y học bạ nhé")
    day = date(2026, 11, 26)
    assert citizen.reminders == [Reminder("BK1-02", once=True, paused_until=day)]


def test_next_month_after_an_answer_is_a_reminder_from_then_on(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("sao y học bạ ngày nào", "tháng sau nhắc lại")
    assert citizen.reminders == [Reminder("BK1-02", paused_until=date(2026, 12, 1))]


def test_each_command_ends_what_it_names_and_no_more(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("nhắc tôi sao y học bạ", "nhắc tôi đăng ký kết hôn với người nước ngoài")
    citizen.says("nhắc tôi mọi ngày có lịch ở Đức Thịnh", "dừng nhắc việc này")
    assert [each.about for each in citizen.reminders] == ["BK1-02", "BK2-02"]
    citizen.says("dừng nhắc BK2-02")
    assert [each.about for each in citizen.reminders] == ["BK1-02"]
    citizen.says("/dung")
    assert [each.about for each in citizen.reminders] == ["BK1-02"]
    citizen.says("/nhac dừng")
    assert citizen.reminders == []


def test_the_command_takes_words(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("/nhac sao y học bạ 8 giờ sáng hôm đó")
    assert citizen.reminders == [Reminder("BK1-02", 0, 8)]
    citizen.says("/nhac tạm dừng")
    assert citizen.reminders == [Reminder("BK1-02", 0, 8, paused_until=date(2026, 12, 22))]


def test_messages_that_come_together_are_heard_in_their_order(hall: Store) -> None:
    citizen = Citizen(hall)
    served = citizen.all_at_once("nhắc tôi sao y học bạ", "đang nhắc gì", "dừng nhắc", "/nhac")
    said = [each.reply.body for each in served if each.reply]
    assert "Tôi đang nhắc" in said[1]
    assert "thôi không nhắc" in said[2]
    assert "chưa nhắc" in said[3]
    assert citizen.reminders == []


def test_nobody_hears_of_the_reminders_of_another(hall: Store) -> None:
    one, other = Citizen(hall), Citizen(hall)
    other.serving = one.serving
    one.says("nhắc tôi sao y học bạ")
    assert "Sao y" in one.says("/nhac").body
    assert "chưa nhắc" in other.says("/nhac").body
    assert one.says("/nhac").personal


def test_more_than_enough_is_refused(hall: Store) -> None:
    citizen = Citizen(hall)
    with hall.town(NOW) as town:
        served = [each.id for each in town.library.procedures_in("bac-kan") if each.rules]
    assert len(served) > MOST
    for each in served:
        citizen.now += timedelta(minutes=1)
        last = citizen.says(f"{each} reminder").body
        assert (f"nhiều nhất {MOST}" in last) == (each in served[MOST:])
    assert len(citizen.reminders) == MOST
    citizen.says(f"{served[0]} reminder 0 7")
    assert citizen.reminders[0] == Reminder(served[0], 0, 7)


def test_only_zalo_tells_of_its_seven_days(hall: Store) -> None:
    told = {
        channel: "7 ngày" in Citizen(hall, channel).says("nhắc tôi sao y học bạ").body
        for channel in ("telegram", "zalo", "zalobot")
    }
    assert told == {"telegram": False, "zalo": True, "zalobot": False}


def test_the_page_promises_nothing_that_it_cannot_keep(hall: Store) -> None:
    citizen = Citizen(hall, "web")
    reply = citizen.says("nhắc tôi sao y học bạ")
    assert (reply.outcome, reply.reminders) == (Outcome.INFORMED, ())
    assert "Telegram" in reply.body
    assert citizen.reminders == []


def test_where_nobody_can_be_reminded_there_is_no_button(hall: Store) -> None:
    with hall.town(NOW) as town:
        for text in ("sao y học bạ", "thứ năm làm được gì", "nhắc tôi sao y học bạ"):
            reply = answer(Ask(text, NOW, locality="bac-kan"), town)
            assert not any("reminder" in each.says for each in reply.buttons)
            assert reply.reminders == ()
        asked = answer(Ask("nhắc tôi sao y học bạ", NOW, locality="bac-kan"), town)
        assert asked.outcome is Outcome.ANSWERED
        for text in ("dừng nhắc", "/nhac", "đổi sang 7 giờ sáng"):
            reply = answer(Ask(text, NOW, locality="bac-kan"), town)
            assert (reply.outcome, reply.no_more) == (Outcome.INFORMED, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_with_a_coming_day_has_the_button_and_can_be_reminded_of(
    hall: Store, language: str
) -> None:
    asking = Ask("", NOW, language, channel="telegram", citizen=1)
    with hall.town(NOW) as town:
        citizens.meet(town.session, "telegram", "somebody", NOW)
        for id_ in town.library.procedures:
            card = answer(replace(asking, text=id_), town)
            says = [each.says for each in card.buttons if each.says.endswith(" reminder")]
            assert card.facts is not None
            assert says == ([f"{id_} reminder"] if card.facts.next_dates else [])
            reply = answer(replace(asking, text=f"{id_} reminder"), town)
            assert [each.about for each in reply.reminders] == ([id_] if says else [])
            assert reply.outcome is Outcome.INFORMED
            assert [match.id for match in reply.matches] == [id_]
            assert all(len(each.says.encode()) <= LONGEST_SAYS for each in reply.buttons)


def test_the_button_comes_after_what_was_there_before(hall: Store) -> None:
    with hall.town(NOW) as town:
        for facet in ("day", "papers", "fee", "duration", "place"):
            ask = Ask(f"BK1-02 {facet}", NOW, citizen=1)
            buttons = answer(ask, town).buttons
            assert [*buttons][:-1] == [*answer(replace(ask, citizen=None), town).buttons]
            assert len(buttons) <= 5


def test_the_button_of_a_procedure_that_is_gone_says_so(hall: Store) -> None:
    citizen = Citizen(hall)
    assert "BK9-99" in citizen.says("BK9-99 reminder").body
    assert citizen.reminders == []


def test_a_reminder_of_what_is_gone_can_still_be_seen_and_stopped(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("nhắc tôi sao y học bạ")
    with hall.town(NOW) as town:
        known = citizens.find(town.session, "telegram", citizen.sender)
        assert known is not None
        assert known.id is not None
        subscriptions.put(town.session, known.id, Reminder("BK9-99"), NOW)
    assert "BK9-99" in citizen.says("/nhac").body
    citizen.says("BK9-99 reminder pause", "BK9-99 reminder off")
    assert [each.about for each in citizen.reminders] == ["BK1-02"]


def test_after_a_long_silence_one_line_says_what_still_comes(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("nhắc tôi sao y học bạ")
    citizen.now += timedelta(days=61)
    assert "vẫn đang nhắc" in citizen.says("phí bao nhiêu").body
    assert "vẫn đang nhắc" not in citizen.says("xin chào").body
    citizen.says("dừng nhắc")
    citizen.now += timedelta(days=61)
    assert "vẫn đang nhận thông báo" in citizen.says("xin chào").body
    citizen.says("/dung")
    citizen.now += timedelta(days=61)
    assert "vẫn đang" not in citizen.says("xin chào").body


def test_a_cry_for_help_is_no_order(hall: Store) -> None:
    citizen = Citizen(hall)
    citizen.says("nhắc tôi sao y học bạ")
    assert "115" in citizen.says("đừng nhắc nữa tôi muốn chết").body
    assert len(citizen.reminders) == 1


@given(
    text=st.sampled_from(["nhắc tôi sao y học bạ", "nhắc tôi mọi ngày có lịch ở Đắk Nông"]),
    hour=st.integers(0, 23),
    minutes=st.integers(0, 60 * 24 * 700),
)
@settings(max_examples=60, deadline=None)
def test_the_first_reminder_is_still_to_come_and_never_at_night(
    hall: Store, text: str, hour: int, minutes: int
) -> None:
    now = NOW + timedelta(minutes=minutes)
    with hall.town(now) as town:
        ask = Ask(f"{text} lúc {hour} giờ", now, locality="bac-kan", channel="zalo", citizen=1)
        reply = answer(ask, town)
    [reminder] = reply.reminders
    assert EARLIEST <= reminder.hour <= LATEST
    line = next(each for each in reply.body.splitlines() if each.startswith("Lần tới"))
    clock = f"{reminder.hour:02}:00"
    assert clock in line
    said = local_time(now)
    assert said.strftime("%d/%m lúc ") + clock not in line or said.hour < reminder.hour


def test_a_subject_has_one_row_that_outlives_its_changes(store: Store) -> None:
    with store.town(NOW) as town:
        number = citizens.meet(town.session, "telegram", "1", NOW).id
        assert number is not None
        subscriptions.put(town.session, number, Reminder("a"), NOW)
        subscriptions.put(town.session, number, Reminder("b"), NOW)
        [first, _] = subscriptions.of(town.session, number)
        later = NOW + timedelta(hours=1)
        subscriptions.put(town.session, number, Reminder("a", 0, 7), later)
        [changed, other] = subscriptions.of(town.session, number)
        assert (changed.id, changed.hour, changed.created_at) == (first.id, 7, later)
        assert other.about == "b"
        subscriptions.end(town.session, number, ["a", "c"])
        assert [each.about for each in subscriptions.of(town.session, number)] == ["b"]


def test_a_reminder_wanted_once_begins_anew(store: Store) -> None:
    with store.town(NOW) as town:
        number = citizens.meet(town.session, "telegram", "1", NOW).id
        assert number is not None
        subscriptions.put(town.session, number, Reminder("a"), NOW)
        subscriptions.put(town.session, number, Reminder("b"), NOW)
        before = {each.id for each in subscriptions.of(town.session, number)}
        subscriptions.put(town.session, number, Reminder("a", once=True), NOW)
        [_, once] = subscriptions.of(town.session, number)
        assert (once.about, once.once) == ("a", True)
        assert once.id not in before


def test_reminders_go_with_their_citizen(store: Store) -> None:
    with store.town(NOW) as town:
        number = citizens.meet(town.session, "telegram", "1", NOW).id
        assert number is not None
        subscriptions.put(town.session, number, Reminder("a"), NOW)
        citizens.forget(town.session, number)
        assert subscriptions.of(town.session, number) == []
