from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, select

from knowledge.plans.days import DayChange, DayKind
from knowledge.plans.model import Source, Weekday
from knowledge.plans.understanding import Intent
from knowledge.records import citizens, closures, dialogues, drafts, questions, seen
from knowledge.records.tables import Citizen, Closure, Question
from knowledge.store import Store, Town

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
DRAFT: dict[str, Any] = {
    "document": {"title": "Kế hoạch một cửa", "number": "36/KH-UBND"},
    "entries": [{"row": "14", "weekdays": ["tue"], "fee": None}],
}


def meet(town: Town, sender: str = "1") -> Citizen:
    return citizens.meet(town.session, "web", sender, NOW)


def asked(town: Town, words: str = "thứ mấy chứng thực?", **more: object) -> Question:
    question = {
        "asked_at": NOW,
        "channel": "web",
        "text": words,
        "outcome": Intent.DAY,
        "intents": [Intent.DAY],
        "matched": ["BK1-02"],
        "scores": [0.97],
        "edition": 1,
        **more,
    }
    questions.record(town.session, [question])
    return town.session.exec(select(Question).order_by(Question.id.desc())).first()


def rows(town: Town, table: str) -> int:
    counted = town.session.connection().scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
    return int(counted or 0)


def test_a_citizen_who_writes_again_is_the_same_one(store: Store) -> None:
    with store.town(NOW) as town:
        first = meet(town).id
    with store.town(LATER) as town:
        again = citizens.meet(town.session, "web", "1", LATER)
        assert (again.id, again.first_seen, again.last_seen) == (first, NOW, LATER)


def test_the_same_sender_on_another_channel_is_another_citizen(store: Store) -> None:
    with store.town(NOW) as town:
        assert meet(town).id != citizens.meet(town.session, "telegram", "1", NOW).id


def test_an_unreachable_citizen_is_reachable_again_when_he_writes(store: Store) -> None:
    with store.town(NOW) as town:
        citizens.unreachable(town.session, meet(town))
    with store.town(LATER) as town:
        found = citizens.find(town.session, "web", "1")
        assert found is not None
        assert not found.reachable
        assert meet(town).reachable


def test_who_never_wrote_is_not_found(store: Store) -> None:
    with store.town(NOW) as town:
        assert citizens.find(town.session, "web", "1") is None


def test_forgetting_a_citizen_leaves_nothing_of_him_and_all_of_the_others(store: Store) -> None:
    with store.town(NOW) as town:
        for sender in ("1", "2"):
            citizen = meet(town, sender)
            asked(town, citizen=citizen.id)
            dialogues.put(town.session, {citizen.id: {"waits": "locality"}}, NOW)
    with store.town(LATER) as town:
        citizens.forget(town.session, meet(town, "1").id)
        assert citizens.find(town.session, "web", "1") is None
        assert [rows(town, each) for each in ("citizen", "question", "dialogue")] == [1, 1, 1]
        assert citizens.find(town.session, "web", "2") is not None


def test_every_table_that_names_a_citizen_forgets_with_him() -> None:
    pointing = [
        key
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "citizen"
    ]
    assert pointing
    assert {key.ondelete for key in pointing} == {"CASCADE"}


def test_a_dialogue_waits_for_its_citizen_only(store: Store) -> None:
    state = {"waits": "locality", "offered": ["BK1-02", "BK1-03"]}
    with store.town(NOW) as town:
        one, other = meet(town, "1").id, meet(town, "2").id
        dialogues.put(town.session, {one: {"waits": "day"}}, NOW)
        dialogues.put(town.session, {one: state}, NOW)
        assert dialogues.get(town.session, [one, other], NOW) == {one: state}


@pytest.mark.parametrize(("minutes", "waits"), [(0, True), (29, True), (30, False), (31, False)])
def test_a_dialogue_ends_after_half_an_hour(store: Store, minutes: int, waits: bool) -> None:  # noqa: FBT001
    then = NOW + timedelta(minutes=minutes)
    with store.town(NOW) as town:
        who = meet(town).id
        dialogues.put(town.session, {who: {"waits": "day"}}, NOW)
        assert (who in dialogues.get(town.session, [who], then)) == waits
        assert dialogues.sweep(town.session, then) == (0 if waits else 1)


def test_a_question_is_kept_with_its_outcome_and_without_private_numbers(store: Store) -> None:
    with store.town(NOW) as town:
        number = asked(town, "CCCD 001099012345 làm chứng thực\0 \ud800thứ mấy?").id
    with store.town(NOW) as town:
        kept = town.session.get_one(Question, number)
        assert kept.text == "CCCD [***] làm chứng thực thứ mấy?"
        assert (kept.outcome, kept.intents) == ("day", ["day"])
        assert (kept.matched, kept.scores, kept.asked_at) == (["BK1-02"], [0.97], NOW)


def test_a_very_long_question_is_cut(store: Store) -> None:
    with store.town(NOW) as town:
        assert len(asked(town, "đơn " * 30_000).text) == questions.LONGEST


def test_old_questions_lose_their_citizen_and_nothing_else(store: Store) -> None:
    with store.town(NOW) as town:
        citizen = meet(town).id
        asked(town, "cũ", citizen=citizen, asked_at=NOW - questions.NAMED_FOR - timedelta(1))
        asked(town, "mới", citizen=citizen)
        assert questions.anonymise(town.session, NOW - questions.NAMED_FOR) == 1
        assert questions.anonymise(town.session, NOW - questions.NAMED_FOR) == 0
    with store.town(NOW) as town:
        kept = town.session.exec(select(Question).order_by(Question.text)).all()
        assert [(each.text, each.citizen) for each in kept] == [("cũ", None), ("mới", citizen)]


def test_a_message_is_new_once_on_each_channel_for_a_week(store: Store) -> None:
    with store.town(NOW) as town:
        assert seen.first_times(town.session, [("web", "7")], NOW)
        assert seen.first_times(town.session, [("telegram", "7")], NOW)
    with store.town(LATER) as town:
        assert not seen.first_times(town.session, [("web", "7")], LATER)
        assert seen.sweep(town.session, NOW + seen.KEPT_FOR) == 0
        assert seen.sweep(town.session, NOW + seen.KEPT_FOR + timedelta(seconds=1)) == 2
        assert seen.first_times(town.session, [("web", "7")], LATER)


def test_the_same_file_twice_changes_nothing(store: Store) -> None:
    with store.town(NOW) as town:
        first = drafts.keep(town.session, DRAFT, "ke-hoach.docx", b"PK...", NOW).id
    with store.town(LATER) as town:
        again = drafts.keep(town.session, {"document": {}}, "copy.docx", b"PK...", LATER)
        assert (again.id, again.draft, again.kept_at) == (first, DRAFT, NOW)
        assert [each.id for each in drafts.waiting(town.session)] == [first]
        file = drafts.document(town.session, again)
        assert (file.name, file.size, file.content) == ("ke-hoach.docx", 5, b"PK...")
        assert (file.title, file.number) == ("Kế hoạch một cửa", "36/KH-UBND")
        assert file.media is not None
        assert "word" in file.media


def test_a_discarded_draft_may_be_made_anew(store: Store) -> None:
    with store.town(NOW) as town:
        first = drafts.keep(town.session, DRAFT, "a.txt", b"a", NOW)
        other = drafts.keep(town.session, DRAFT, "b.txt", b"b", NOW)
        assert first.id is not None
        assert other.id is not None
        drafts.discard(town.session, first.id)
        assert drafts.waiting(town.session) == [other]
    with store.town(LATER) as town:
        assert drafts.get(town.session, first.id) is None
        drafts.keep(town.session, DRAFT, "a.txt", b"a", LATER)
        assert len(drafts.waiting(town.session)) == 2


def test_a_day_change_comes_back_as_it_was_entered(store: Store) -> None:
    source = Source("Thông báo", "12/TB-UBND", "2026-11-20")
    swap = DayChange(
        date(2026, 11, 28), DayKind.WORKING, None, "làm bù", "made up", source, Weekday.TUE
    )
    drill = DayChange(date(2026, 11, 25), DayKind.CLOSED, "bac-kan", "diễn tập", "drill", source)
    with store.town(NOW) as town:
        closures.add(town.session, swap, "lan", NOW)
        closures.add(town.session, drill, "hoa", NOW)
    with store.town(NOW) as town:
        assert closures.changes(town.session) == (swap, drill)
        assert [each.entered_by for each in closures.entered(town.session)] == ["lan", "hoa"]
        assert town.session.exec(select(Closure.as_weekday)).all() == ["tue", None]
