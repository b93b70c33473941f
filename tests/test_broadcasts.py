"""Broadcasts: to whom they go, what they say, and how they are held, stopped and corrected."""

import asyncio
import csv
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlmodel import select

from bot import broadcasting
from bot.app import make_app
from bot.channels.channel import Letter, Pace, Window
from bot.channels.door import DESK
from bot.composing import compose
from bot.settings import Settings
from handlers.talk import Outcome
from knowledge import catalogue
from knowledge.plans.library import Library
from knowledge.plans.model import Contents, Edition
from knowledge.records import audiences, broadcasts, citizens, dispatch, officials, outbox
from knowledge.records.audiences import Audience, Kind
from knowledge.records.broadcasts import MAY, WAYS, Act, Announcement, Stage
from knowledge.records.officials import Role
from knowledge.records.outbox import Ended, Priority, State
from knowledge.records.tables import (
    Broadcast,
    Citizen,
    Official,
    Outgoing,
    Question,
    Subscription,
)
from knowledge.refusal import Refusal
from knowledge.store import Store, Town, open_store
from tests.file_channel import NAME, FileChannel, FileDoor, until

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
PDF = b"%PDF-1.7 thong bao"
MOTCUA = Path(sys.executable).with_name("motcua")
STATUS = {"state", "total", "sent", "failed", "unreachable", "waiting", "ambiguous"}


def contents() -> Contents:
    """Return the real places with two procedures."""
    whole = catalogue.contents()
    some = [each for each in whole.procedures if each.id in ("BK1-02", "DN-04")]
    return replace(whole, procedures=tuple(some))


@pytest.fixture
def hall(database_url: str) -> Iterator[Store]:
    """Open a store on both kinds of database, with one official of each role."""
    with open_store(database_url, contents) as store:
        with store.town(NOW) as town:
            for login, role in {"an": "editor", "binh": "approver", "chi": "operator"}.items():
                officials.add(town, login, Role(role))
            officials.add(town, "dung", Role.CLERK)
            officials.add(town, "em", Role.EDITOR, "bac-kan")
        yield store


def met(town: Town, sender: str, channel: str = "telegram", **more: object) -> int:
    fresh = {"first_seen": NOW, "last_seen": NOW, "reachable": True}
    citizen = Citizen(channel=channel, sender=sender, **{**fresh, **more})
    town.session.add(citizen)
    town.session.flush()
    assert citizen.id is not None
    return citizen.id


def asked(town: Town, citizen: int, about: str, at: datetime, outcome: str = "answered") -> None:
    question = Question(
        asked_at=at, channel="telegram", citizen=citizen, text="?", outcome=outcome,
        intents=[], matched=[about], scores=[1.0], edition=1,
    )  # fmt: skip
    town.session.add(question)


def approved(town: Town, text: str = "Mai nghỉ.", **more: Any) -> int:  # noqa: ANN401 - as announcements have
    id_ = broadcasts.draft(town, Announcement(text, **more), "an").id
    assert id_ is not None
    broadcasts.act(town, id_, Act.SUBMIT, "an")
    broadcasts.act(town, id_, Act.APPROVE, "binh")
    return id_


def tick(hall: Store, now: datetime = NOW) -> None:
    """Do all that the clock has to do now."""
    with hall.town(now, reading=True) as town:
        due = dispatch.pending(town.session, now)
    for id_ in due:
        more = True
        while more:
            with hall.town(now) as town:
                more = dispatch.advance(town, id_)


def deliver(
    hall: Store, channel: str = "telegram", most: int = 100, ends: State = State.SENT
) -> list[Letter]:
    """Send what may leave, as the postman does; return what was sent."""
    with hall.town(NOW) as town:
        rows = outbox.claim(town.session, channel, town.now, 0, most)
        written = [(row, compose(row, town)) for row in rows]
        ended = [
            Ended(row.id or 0, says if isinstance(says, State) else ends, channel, row.broadcast)
            for row, says in written
        ]
        outbox.end(town.session, ended, town.now)
    return [says for _, says in written if isinstance(says, Letter)]


def progress(hall: Store, id_: int) -> broadcasts.Progress:
    with hall.town(NOW, reading=True) as town:
        found = broadcasts.progress(town.session, id_)
    ends = (found.sent, found.failed, found.unreachable, found.cancelled, found.waiting)
    assert found.total == sum(ends)
    return found


def planned(hall: Store, id_: int) -> list[str]:
    with hall.town(NOW, reading=True) as town:
        his = select(Outgoing.sender).where(Outgoing.broadcast == id_)
        return sorted(town.session.exec(his))


def test_an_approved_broadcast_reaches_everybody_once_and_is_done(hall: Store) -> None:
    with hall.town(NOW) as town:
        for sender in "abc":
            met(town, sender)
        id_ = approved(town)
    tick(hall)
    assert progress(hall, id_).waiting == 3
    tick(hall)
    assert sorted(letter.to for letter in deliver(hall)) == ["a", "b", "c"]
    tick(hall)
    assert deliver(hall) == []
    done = progress(hall, id_)
    assert (done.state, done.total, done.sent) == (Stage.DONE, 3, 3)


def advance_and_die(hall: Store, id_: int) -> None:
    with hall.town(NOW) as town:
        dispatch.advance(town, id_)
        raise InterruptedError


def test_planning_goes_on_where_it_was_interrupted(hall: Store) -> None:
    with hall.town(NOW) as town:
        ids = [met(town, str(chunk), id=chunk * dispatch.CHUNK + 1) for chunk in range(3)]
        id_ = approved(town)
    for total in (0, 1):
        with hall.town(NOW) as town:
            assert dispatch.advance(town, id_)
        assert progress(hall, id_).total == total
    with pytest.raises(InterruptedError):
        advance_and_die(hall, id_)
    assert progress(hall, id_).total == 1
    tick(hall)
    assert progress(hall, id_).total == len(ids)
    assert planned(hall, id_) == ["0", "1", "2"]


def test_who_begins_to_write_after_the_planning_gets_nothing(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        id_ = approved(town)
    tick(hall)
    with hall.town(NOW) as town:
        met(town, "b")
    tick(hall)
    assert planned(hall, id_) == ["a"]


def test_nobody_gets_it_who_did_not_begin_who_stopped_or_who_cannot_be_written_to(
    hall: Store,
) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        met(town, "b", stopped_at=NOW)
        met(town, "c", reachable=False)
        met(town, "d", channel="web")
        id_ = approved(town)
    tick(hall)
    assert planned(hall, id_) == ["a"]


AUDIENCES = {
    "all": "abcdefghi",
    "locality:bac-kan": "abc",
    "locality:dak-nong": "d",
    "procedure:BK1-02": "ce",
    "procedure:DN-04": "",
    "channel:zalo": "i",
    "language:en": "h",
    "language:vi": "abcdefgi",
}


@pytest.mark.parametrize("spelled", AUDIENCES)
def test_an_audience_is_exactly_who_is_meant(hall: Store, spelled: str) -> None:
    with hall.town(NOW) as town:
        met(town, "a", locality="bac-kan")
        for sender, about in {"b": "bac-kan", "c": "BK1-02"}.items():
            reminded = Subscription(
                citizen=met(town, sender), about=about, days_before=1, hour=19, created_at=NOW
            )
            town.session.add(reminded)
        met(town, "d", locality="dak-nong")
        asked(town, met(town, "e"), "BK1-02", NOW - timedelta(days=89))
        asked(town, met(town, "f"), "BK1-02", NOW - timedelta(days=91))
        asked(town, met(town, "g"), "BK1-02", NOW, Outcome.ASKED_BACK)
        met(town, "h", language="en")
        met(town, "i", channel="zalo", language="vi")
        audience = audiences.parse(spelled, town.library, ["telegram", "zalo"])
        assert str(audience) == spelled
        id_ = approved(town, audience=audience)
    tick(hall)
    assert "".join(planned(hall, id_)) == AUDIENCES[spelled]


@pytest.mark.parametrize(
    "spelled", ["", "everybody", "locality:atlantis", "procedure:X", "channel:web", "received:1"]
)
def test_an_audience_that_means_nobody_is_refused(hall: Store, spelled: str) -> None:
    with hall.town(NOW, reading=True) as town, pytest.raises(Refusal):
        audiences.parse(spelled, town.library, ["telegram", "web"])


def test_a_place_takes_in_those_that_lie_in_it_today() -> None:
    whole = catalogue.contents()
    old = next(each for each in whole.localities if each.slug == "bac-kan")
    ward = replace(old, slug="duc-xuan", name="phường Đức Xuân", province="tỉnh Thái Nguyên",
                   ended=None, lineage=())  # fmt: skip
    both = replace(whole, localities=(*whole.localities, ward))
    library = Library(Edition(1, NOW, "motcua", "", both))
    assert audiences.places("bac-kan", library) == {"bac-kan", "duc-xuan"}
    assert audiences.places("duc-xuan", library) == {"duc-xuan"}


def test_who_stopped_or_was_forgotten_after_the_planning_gets_nothing(hall: Store) -> None:
    with hall.town(NOW) as town:
        stopped, forgotten, _ = (met(town, sender) for sender in "abc")
        id_ = approved(town)
    tick(hall)
    with hall.town(NOW) as town:
        town.session.get_one(Citizen, stopped).stopped_at = NOW
        citizens.forget(town.session, forgotten)
    assert [letter.to for letter in deliver(hall)] == ["c"]
    tick(hall)
    done = progress(hall, id_)
    assert (done.state, done.total, done.sent, done.cancelled) == (Stage.DONE, 3, 1, 2)


def test_a_letter_says_its_words_who_speaks_and_how_to_hear_no_more(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a", locality="bac-kan")
        met(town, "b", locality="bac-kan", language="en")
        file = broadcasts.keep_file(town.session, "lich.pdf", PDF, NOW)
        said = Announcement(
            "Mai nghỉ.", Audience(Kind.LOCALITY, "bac-kan"), english="Closed.", file=file
        )
        id_ = broadcasts.draft(town, said, "em").id or 0
        broadcasts.act(town, id_, Act.SUBMIT, "em")
        broadcasts.act(town, id_, Act.APPROVE, "binh")
    tick(hall)
    letters = {letter.to: letter for letter in deliver(hall)}
    assert letters["a"].body.startswith("Mai nghỉ.\n\n— Thành phố Bắc Kạn\n")
    assert letters["b"].body.startswith("Closed.\n\n— ")
    assert all("/dung" in each.body for each in letters.values())
    assert [(each.name, each.media_type) for each in letters["a"].attachments] == [
        ("lich.pdf", "application/pdf")
    ]


def test_who_reads_english_gets_vietnamese_where_there_is_no_english(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a", language="en")
        approved(town)
    tick(hall)
    [letter] = deliver(hall)
    assert letter.body.startswith("Mai nghỉ.\n\n")


@pytest.mark.parametrize("content", [b"MZ\x90", b"", b"<html>", PDF + b"x" * broadcasts.LARGEST])
def test_only_a_picture_or_a_pdf_of_some_size_goes_along(hall: Store, content: bytes) -> None:
    with hall.town(NOW) as town, pytest.raises(Refusal):
        broadcasts.keep_file(town.session, "x.pdf", content, NOW)


@pytest.mark.parametrize("text", ["", " \n ", "\0", "x" * 4001])
def test_an_announcement_has_words_but_no_book_of_them(hall: Store, text: str) -> None:
    with hall.town(NOW) as town, pytest.raises(Refusal):
        broadcasts.draft(town, Announcement(text), "an")


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Mai làm."},
        {"english": "Open."},
        {"file": "file"},
        {"audience": Audience(Kind.CHANNEL, "telegram")},
        {"send_at": NOW + timedelta(hours=1)},
        {"urgent": True},
    ],
)
def test_any_edit_voids_the_approval(hall: Store, change: dict[str, Any]) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        id_ = approved(town)
        if "file" in change:
            change = {"file": broadcasts.keep_file(town.session, "x.pdf", PDF, NOW)}
        said = replace(broadcasts.announcement(broadcasts.get(town.session, id_)), **change)
        broadcasts.edit(town, id_, said, "an")
    tick(hall, NOW + timedelta(hours=2))
    assert planned(hall, id_) == []
    assert progress(hall, id_).state == Stage.DRAFT


def test_what_was_changed_behind_the_approval_is_neither_planned_nor_sent(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        before, after = approved(town), approved(town)
        broadcasts.get(town.session, before).text = "Mai làm."
    tick(hall)
    assert progress(hall, before).state == Stage.DRAFT
    assert planned(hall, before) == []
    with hall.town(NOW) as town:
        broadcasts.get(town.session, after).text = "Mai làm."
    assert deliver(hall) == []
    assert progress(hall, after).cancelled == 1


def test_nobody_approves_what_he_wrote_whatever_he_has_become(hall: Store) -> None:
    with hall.town(NOW) as town:
        id_ = broadcasts.draft(town, Announcement("Mai nghỉ."), "an").id or 0
        broadcasts.edit(town, id_, Announcement("Mai làm."), "an")
        officials.add(town, "giang", Role.EDITOR)
        broadcasts.edit(town, id_, Announcement("Mai nghỉ."), "giang")
        broadcasts.act(town, id_, Act.SUBMIT, "an")
        for login in ("an", "giang"):
            town.session.get_one(Official, login).role = Role.APPROVER
            with pytest.raises(Refusal, match="another person"):
                broadcasts.act(town, id_, Act.APPROVE, login)
        broadcasts.act(town, id_, Act.APPROVE, "binh")


def test_what_changed_since_it_was_seen_is_not_approved(hall: Store) -> None:
    with hall.town(NOW) as town:
        id_ = broadcasts.draft(town, Announcement("Mai nghỉ."), "an").id or 0
        seen = broadcasts.get(town.session, id_).digest
        broadcasts.edit(town, id_, Announcement("Mai làm."), "an")
        broadcasts.act(town, id_, Act.SUBMIT, "an")
        with pytest.raises(Refusal, match="changed"):
            broadcasts.act(town, id_, Act.APPROVE, "binh", seen[:12])
        new = broadcasts.get(town.session, id_).digest
        broadcasts.act(town, id_, Act.APPROVE, "binh", new[:12])


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("what", [act for act in Act if act in WAYS])
def test_each_role_does_what_it_may_and_nothing_else(role: Role, what: Act) -> None:
    official = Official(login="an", role=role, created_at=NOW)
    stage, after = next(iter(WAYS[what].items()))
    everybody = Audience().as_json()
    row = Broadcast(
        text="x", audience=everybody, state=stage, digest="", drafted_by="lan", created_at=NOW
    )
    if what in MAY[role]:
        broadcasts.take(row, what, official, ())
        assert row.state == after
    else:
        with pytest.raises(Refusal):
            broadcasts.take(row, what, official, ())
        assert row.state == stage


def test_who_works_for_a_place_writes_only_to_its_citizens(hall: Store) -> None:
    with hall.town(NOW) as town:
        for spelled in ("locality:bac-kan", "procedure:BK1-02"):
            audience = audiences.parse(spelled, town.library, ())
            broadcasts.draft(town, Announcement("x", audience), "em")
        for spelled in ("all", "locality:dak-nong", "procedure:DN-04", "language:en"):
            audience = audiences.parse(spelled, town.library, ())
            with pytest.raises(Refusal, match="only to citizens of"):
                broadcasts.draft(town, Announcement("x", audience), "em")


def test_a_scheduled_broadcast_waits_for_its_hour(hall: Store) -> None:
    at = NOW + timedelta(hours=2)
    with hall.town(NOW) as town:
        met(town, "a")
        id_ = approved(town, send_at=at)
    tick(hall)
    assert progress(hall, id_).state == Stage.SCHEDULED
    tick(hall, at - timedelta(seconds=1))
    assert planned(hall, id_) == []
    tick(hall, at)
    assert planned(hall, id_) == ["a"]


def test_an_urgent_broadcast_leaves_before_reminders_and_other_broadcasts(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        approved(town, "thường")
        tell = {"body": "nhắc", "sources": [], "buttons": [], "attachments": [],
                "language": "vi", "context": {}}  # fmt: skip
        post = outbox.Post("x:1", "telegram", "a", tell, priority=Priority.REMINDER)
        outbox.put(town.session, [post], NOW)
        approved(town, "bão", urgent=True)
    tick(hall)
    first = [letter.body.split("\n")[0] for letter in deliver(hall)]
    assert first == ["bão", "nhắc", "thường"]


def test_what_is_paused_is_neither_planned_nor_sent_until_it_is_resumed(hall: Store) -> None:
    with hall.town(NOW) as town:
        for chunk in range(2):
            met(town, str(chunk), id=chunk * dispatch.CHUNK + 1)
        id_ = approved(town)
    for _ in range(2):
        with hall.town(NOW) as town:
            dispatch.advance(town, id_)
    with hall.town(NOW) as town:
        broadcasts.act(town, id_, Act.PAUSE, "chi")
    tick(hall)
    assert deliver(hall) == []
    assert planned(hall, id_) == ["0"]
    with hall.town(NOW) as town:
        broadcasts.act(town, id_, Act.RESUME, "chi")
    tick(hall)
    assert len(deliver(hall)) == 2


def test_what_was_paused_before_its_hour_waits_for_it_again(hall: Store) -> None:
    at = NOW + timedelta(hours=2)
    with hall.town(NOW) as town:
        met(town, "a")
        id_ = approved(town, send_at=at)
        broadcasts.act(town, id_, Act.PAUSE, "chi")
    tick(hall, at)
    with hall.town(NOW) as town:
        broadcasts.act(town, id_, Act.RESUME, "chi")
    tick(hall)
    assert planned(hall, id_) == []
    tick(hall, at)
    assert planned(hall, id_) == ["a"]


def test_a_cancelled_broadcast_leaves_an_exact_list_of_who_got_it(hall: Store) -> None:
    with hall.town(NOW) as town:
        for sender in "abcde":
            met(town, sender)
        id_ = approved(town)
    tick(hall)
    got = sorted(letter.to for letter in deliver(hall, most=2))
    deliver(hall, most=1, ends=State.CLOSED)
    with hall.town(NOW) as town:
        broadcasts.act(town, id_, Act.CANCEL, "chi")
    assert deliver(hall) == []
    tick(hall, NOW + timedelta(seconds=5))
    over = progress(hall, id_)
    assert (over.state, over.sent, over.cancelled, over.waiting) == (Stage.CANCELLED, 2, 3, 0)
    with hall.town(NOW) as town:
        found = [row.sender for row, _ in broadcasts.recipients(town.session, id_)]
        assert broadcasts.get(town.session, id_).ended_at is not None
    assert sorted(found) == got


def test_what_a_postman_gives_back_after_the_cancelling_is_cancelled_too(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        met(town, "b")
        id_ = approved(town)
    tick(hall)
    with hall.town(NOW) as town:
        [claimed] = outbox.claim(town.session, "telegram", NOW, 0, 1)
        broadcasts.act(town, id_, Act.CANCEL, "chi")
    tick(hall, NOW + timedelta(seconds=5))
    assert progress(hall, id_).waiting == 1
    with hall.town(NOW) as town:
        outbox.give_back(town.session, [claimed.id or 0])
    tick(hall, NOW + timedelta(seconds=6))
    over = progress(hall, id_)
    assert (over.waiting, over.cancelled) == (0, 2)


def test_a_correction_goes_to_exactly_those_who_got_what_it_corrects(hall: Store) -> None:
    with hall.town(NOW) as town:
        for sender in "abcd":
            met(town, sender)
        wrong = approved(town)
    tick(hall)
    got = sorted(letter.to for letter in deliver(hall, most=2))
    with hall.town(NOW) as town:
        with pytest.raises(Refusal, match="not over"):
            broadcasts.correct(town, wrong, Announcement("Mai làm."), "an")
        broadcasts.act(town, wrong, Act.CANCEL, "binh")
        right = broadcasts.correct(town, wrong, Announcement("Mai làm."), "an").id or 0
        broadcasts.act(town, right, Act.SUBMIT, "an")
        town.session.get_one(Official, "an").role = Role.APPROVER
        with pytest.raises(Refusal, match="another person"):
            broadcasts.act(town, right, Act.APPROVE, "an")
        broadcasts.act(town, right, Act.APPROVE, "binh")
    tick(hall, NOW + timedelta(seconds=5))
    assert planned(hall, right) == got


def test_who_could_not_be_reached_is_told_when_he_writes_even_after_the_end(hall: Store) -> None:
    with hall.town(NOW) as town:
        citizen = met(town, "a", channel="zalo")
        id_ = approved(town)
    tick(hall)
    deliver(hall, "zalo", ends=State.CLOSED)
    tick(hall)
    over = progress(hall, id_)
    assert (over.state, over.unreachable) == (Stage.DONE, 1)
    with hall.town(NOW) as town:
        outbox.reopen(town.session, [citizen])
    assert [letter.to for letter in deliver(hall, "zalo")] == ["a"]
    tick(hall)
    over = progress(hall, id_)
    assert (over.state, over.sent, over.unreachable) == (Stage.DONE, 1, 0)


@pytest.mark.parametrize(("urgent", "days"), [(False, 30), (True, 2)])
def test_old_news_is_not_told_any_more(hall: Store, urgent: bool, days: int) -> None:  # noqa: FBT001
    with hall.town(NOW) as town:
        met(town, "a", channel="zalo")
        id_ = approved(town, urgent=urgent)
    tick(hall)
    deliver(hall, "zalo", ends=State.CLOSED)
    tick(hall)
    tick(hall, NOW + timedelta(days=days))
    assert progress(hall, id_).unreachable == 1
    tick(hall, NOW + timedelta(days=days, minutes=1))
    assert progress(hall, id_).failed == 1


def test_nobody_is_told_what_a_correction_has_overtaken(hall: Store) -> None:
    with hall.town(NOW) as town:
        citizen = met(town, "a", channel="zalo")
        met(town, "b", channel="telegram")
        wrong = approved(town)
    tick(hall)
    deliver(hall, "zalo", ends=State.CLOSED)
    deliver(hall)
    tick(hall)
    with hall.town(NOW) as town:
        right = broadcasts.correct(town, wrong, Announcement("Mai làm."), "an").id or 0
        broadcasts.act(town, right, Act.SUBMIT, "an")
        broadcasts.act(town, right, Act.APPROVE, "binh")
    tick(hall)
    with hall.town(NOW) as town:
        outbox.reopen(town.session, [citizen])
    assert deliver(hall, "zalo") == []
    assert progress(hall, wrong).cancelled == 1


def test_what_may_have_arrived_twice_is_counted_once_and_listed(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        id_ = approved(town)
    tick(hall)
    for _ in range(2):
        with hall.town(NOW) as town:
            outbox.claim(town.session, "telegram", NOW, 0, 1)
        with hall.town(NOW) as town:
            assert len(outbox.adopt(town.session, "telegram")) == 1
    assert progress(hall, id_).ambiguous == 1
    with hall.town(NOW) as town:
        [(row, _)] = broadcasts.recipients(town.session, id_)
    assert (row.state, row.ambiguous) == (State.WAITING, True)


def test_a_broadcast_to_nobody_is_done_at_once(hall: Store) -> None:
    with hall.town(NOW) as town:
        id_ = approved(town)
    tick(hall)
    tick(hall)
    assert progress(hall, id_).state == Stage.DONE


def test_the_forecast_counts_by_channel_what_is_free_paid_closed_and_how_long_it_takes(
    hall: Store, tmp_path: Path
) -> None:
    channel = FileChannel(tmp_path / "letters.txt")
    channel.window = Window(timedelta(hours=48), timedelta(days=7), allowance=1)
    channel.pace = Pace(per_second=2)
    with hall.town(NOW) as town:
        for sender, days in {"a": 0, "b": 1, "c": 4, "d": 5, "e": 30}.items():
            met(town, sender, NAME, last_seen=NOW - timedelta(days=days))
        met(town, "f", NAME, stopped_at=NOW)
        met(town, "g", NAME, reachable=False)
        met(town, "h", "telegram")
        met(town, "i", "web")
        id_ = broadcasts.draft(town, Announcement("Mai nghỉ."), "an").id or 0
        there, shut = broadcasting.forecast(id_, town, [channel])
    assert (there.channel, there.reachable, there.unreachable, there.stopped) == (NAME, 5, 1, 1)
    assert (there.free, there.paid, there.closed) == (2, 1, 2)
    assert (there.cost, there.left, there.seconds) == (1, 1, 1.5)
    assert (shut.channel, shut.reachable, shut.seconds) == ("telegram", 1, None)


def test_a_test_letter_goes_to_one_who_wrote_to_the_bot_and_is_on_record(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a")
        id_ = broadcasts.draft(town, Announcement("Mai nghỉ."), "an").id or 0
        with pytest.raises(Refusal, match="Nobody"):
            broadcasting.send_test(id_, "telegram:b", "an", town)
        with pytest.raises(Refusal, match="not for dung"):
            broadcasting.send_test(id_, "telegram:a", "dung", town)
        broadcasting.send_test(id_, "telegram:a", "an", town)
        [row] = outbox.claim(town.session, "telegram", NOW, 9, 0)
        says = compose(row, town)
        assert isinstance(says, Letter)
        assert "Mai nghỉ." in says.body
        assert not says.body.startswith("Mai nghỉ.")
        assert broadcasts.acts(town.session, id_)[-1].note == "telegram:a"


def test_the_report_counts_by_place_and_channel(hall: Store) -> None:
    with hall.town(NOW) as town:
        met(town, "a", locality="bac-kan")
        met(town, "b")
        id_ = approved(town)
    tick(hall)
    deliver(hall)
    with hall.town(NOW, reading=True) as town:
        found = sorted(broadcasts.outcome(town.session, id_), key=str)
    assert found == [("bac-kan", "telegram", "sent", 1), (None, "telegram", "sent", 1)]


def run(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if "MOTCUA" not in key}
    return subprocess.run(
        [MOTCUA, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"MOTCUA_DATA_DIR": str(folder)},
        cwd=folder,
    )


def test_the_commands_keep_their_contract(tmp_path: Path) -> None:
    for login, role in {"an": "editor", "binh": "approver", "chi": "operator"}.items():
        assert run(tmp_path, "officials", "add", login, "--role", role).returncode == 0
    made = run(tmp_path, "broadcast", "draft", "--text", "Mai nghỉ.", "--by", "an", "--json")
    assert json.loads(made.stdout) == {"id": 1}
    refused = run(tmp_path, "broadcast", "approve", 1, "--by", "an")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1
    acts = [("submit", "an"), ("approve", "binh"), ("pause", "chi"), ("resume", "chi")]
    for act, login in acts:
        assert run(tmp_path, "broadcast", act, 1, "--by", login).returncode == 0
    status = run(tmp_path, "broadcast", "status", 1, "--json")
    found = json.loads(status.stdout)
    assert set(found) >= STATUS
    assert found["state"] == "approved"
    assert "Mai nghỉ." in run(tmp_path, "broadcast", "preview", 1).stdout
    assert run(tmp_path, "broadcast", "forecast", 1).returncode == 0
    assert run(tmp_path, "broadcast", "cancel", 1, "--by", "chi").returncode == 0
    listed = run(tmp_path, "broadcast", "report", 1, "--csv").stdout
    assert list(csv.reader(listed.splitlines())) == [
        ["channel", "sender", "place", "at", "state", "ambiguous"]
    ]
    assert run(tmp_path, "broadcast", "watch", 1).returncode == 0
    assert run(tmp_path, "broadcast", "status", 2).returncode == 2


def test_in_service_an_approved_broadcast_leaves_a_pause_holds_it_and_it_comes_to_its_end(
    tmp_path: Path,
) -> None:
    door = FileDoor(tmp_path / "letters.txt")
    door.channel.pace = Pace(per_second=20)
    settings = Settings(data_dir=tmp_path, _env_file=None)
    app = make_app(settings, clock=lambda: datetime.now(UTC), doors=[door])

    def prepare(town: Town) -> None:
        for login, role in {"an": "editor", "binh": "approver"}.items():
            officials.add(town, login, Role(role))
        for number in range(100):
            met(town, str(number), NAME)
        approved(town)

    def state() -> str:
        with sqlite3.connect(tmp_path / "motcua.sqlite3") as database:
            return str(database.execute("SELECT state FROM broadcast").fetchone()[0])

    async def visit() -> None:
        async with TestClient(TestServer(app)):
            desk = app[DESK]
            await desk.do(prepare)
            await until(lambda: len(door.channel.sent_at) >= 10)
            await desk.do(lambda town: broadcasts.act(town, 1, Act.PAUSE, "binh"))
            await asyncio.sleep(2)
            held = len(door.channel.sent_at)
            await asyncio.sleep(1)
            assert len(door.channel.sent_at) == held < 100
            await desk.do(lambda town: broadcasts.act(town, 1, Act.RESUME, "binh"))
            await until(lambda: state() == "done", 30)

    asyncio.run(visit())
    assert len({to for to, _ in door.channel.sent_at}) == len(door.channel.sent_at) == 100
