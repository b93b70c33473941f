"""A citizen sees what is kept about him, takes it with him, and has it deleted for good."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from sqlalchemy import inspect, text

from handlers import answer
from handlers.privacy import FILE, SHOWN, notice
from handlers.talk import Ask, Memory, Reply, Wish
from knowledge.records import citizens, dialogues, outbox, questions
from knowledge.records.outbox import Post
from knowledge.records.tables import Citizen
from knowledge.store import Store, Town
from locales import LANGUAGES, translator

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
WORDS = "hoa hong bach"
"""Words that only this citizen says."""


def meet(town: Town, sender: str = "zalo-4711") -> Citizen:
    citizen = citizens.meet(town.session, "zalo", sender, NOW)
    town.session.flush()
    return citizen


def ask(town: Town, citizen: Citizen, *texts: str) -> None:
    """Keep questions of a citizen, a minute between them."""
    row = {"channel": "zalo", "citizen": citizen.id, "locality": None, "outcome": "declined"}
    row |= {"intents": [], "matched": ["BK1-02"], "scores": [0.9], "edition": 1, "latency_ms": 1}
    moments = (NOW + timedelta(minutes=number) for number in range(len(texts)))
    asked = [
        {**row, "text": each, "asked_at": moment}
        for each, moment in zip(texts, moments, strict=True)
    ]
    questions.record(town.session, asked)


def told(town: Town, citizen: Citizen | None, *says: str, language: str = "vi") -> Reply:
    """Hold a conversation and return the last reply."""
    memory, number = Memory(), citizen.id if citizen else None
    for each in says:
        reply = answer(Ask(each, NOW, language, memory=memory, citizen=number), town)
        memory = reply.memory
    return reply


def everything(town: Town) -> str:
    """Return all rows of all tables of the database."""
    connection = town.session.connection()
    return "\n".join(
        str(tuple(row))
        for table in inspect(connection).get_table_names()
        for row in connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - its own name
    )


def test_who_was_forgotten_has_left_no_word_in_any_table(store: Store) -> None:
    with store.town(NOW) as town:
        for sender, words in (("zalo-4711", WORDS), ("zalo-4712", "cuc vang")):
            citizen = meet(town, sender)
            ask(town, citizen, f"{words} ngày nào")
            dialogues.put(town.session, {citizen.id: {"question": words}}, NOW)
            letter = Post(f"reply:{sender}", "zalo", sender, {"body": words}, citizen.id)
            outbox.put(town.session, [letter], NOW)
    with store.town(NOW) as town:
        assert everything(town).count(WORDS) == 3
        citizens.forget(town.session, meet(town).id)
    with store.town(NOW) as town:
        kept = everything(town)
        assert WORDS not in kept
        assert "zalo-4711" not in kept
        assert kept.count("cuc vang") == 3


def test_what_is_kept_is_shown_with_its_law_and_the_operators_days(store: Store) -> None:
    with store.town(NOW) as town:
        citizen = meet(town)
        ask(town, citizen, "một", "hai")
        asked = Ask("/riengtu", NOW, "vi", citizen=citizen.id, named_days=30)
        body = answer(asked, town).body
    for words in ("câu hỏi: 2", "Zalo", "30 ngày", "91/2025/QH15", "356/2025/NĐ-CP"):
        assert words in body


def test_the_last_questions_are_shown_as_stored(store: Store) -> None:
    with store.town(NOW) as town:
        citizen = meet(town)
        ask(town, citizen, *(f"câu {number}" for number in range(SHOWN)), "sđt 0912345678\nnhé")
        lines = told(town, citizen, "/riengtu", "xem câu hỏi").body.splitlines()[1:]
    assert len(lines) == SHOWN
    assert lines[0] == "• Chủ Nhật 22/11, 09:10: sđt [***] nhé"
    assert "câu 0" not in "\n".join(lines)


@pytest.mark.parametrize("count", [1, SHOWN, SHOWN + 1])
def test_the_file_has_every_question_and_excel_reads_it(store: Store, count: int) -> None:
    texts = [f'câu "{number}", ở đâu;\ncòn gì' for number in range(count)]
    with store.town(NOW) as town:
        citizen = meet(town)
        ask(town, citizen, *texts)
        reply = told(town, citizen, "/riengtu", "tải về")
    (file,) = reply.attachments
    assert (file.name, file.media_type) == (FILE, "text/csv")
    assert file.content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(StringIO(file.content.decode("utf-8-sig"), newline=""))
    assert "Câu hỏi" in head
    assert [row[head.index("Câu hỏi")] for row in rows] == texts[::-1]
    assert rows[-1][0] == "2026-11-22 09:00"
    assert ("còn gì" in reply.body) == (count <= SHOWN)


def test_where_nothing_is_kept_there_is_nothing_to_take(store: Store) -> None:
    with store.town(NOW) as town:
        assert told(town, meet(town), "/riengtu", "tải về").attachments == ()


def test_questions_of_others_are_never_shown(store: Store) -> None:
    with store.town(NOW) as town:
        ask(town, meet(town, "1"), WORDS)
        for step in ("", "xem", "tải về", "xóa"):
            reply = told(town, meet(town, "2"), f"/riengtu {step}")
            assert WORDS not in str(reply)


@pytest.mark.parametrize(
    ("says", "forgets"),
    [
        *((["/riengtu", "3", "1"], True), (["/riengtu", "xóa hết", "xóa hết"], True)),
        *((["xóa dữ liệu của tôi", "vâng"], True), (["xoá hết thông tin về em", "có ạ"], True)),
        *((["xóa dữ liệu của tôi", "đồng ý xóa hết dữ liệu của tôi"], True),),
        *((["delete my data", "yes, please delete it all"], True), (["forget me", "sure"], True)),
        *((["/riengtu", "1"], False), (["/riengtu", "3"], False), (["/riengtu", "3", "2"], False)),
        *((["xóa dữ liệu của tôi", "không"], False), (["xóa dữ liệu của tôi", "dung"], False)),
        *((["xóa dữ liệu của tôi", "cảm ơn", "vâng"], False), (["đồng ý xóa hết"], False)),
        *((["xóa dữ liệu của tôi", "không", "vâng"], False), (["/riengtu dong y"], False)),
        *((["đồng ý xóa hết dữ liệu của tôi"], False), (["vâng"], False)),
    ],
)
def test_nothing_is_deleted_without_a_yes_to_the_question_just_asked(
    store: Store, says: list[str], *, forgets: bool
) -> None:
    with store.town(NOW) as town:
        citizen = meet(town)
        ask(town, citizen, WORDS)
        assert (told(town, citizen, *says).wish is Wish.FORGET) == forgets


def test_what_is_told_about_a_citizen_is_for_him_alone(store: Store) -> None:
    with store.town(NOW) as town:
        citizen = meet(town)
        ask(town, citizen, "sao y ngày nào")
        for says in (["/riengtu"], ["/riengtu xem"], ["/riengtu tai ve"], ["/riengtu xoa"]):
            assert told(town, citizen, *says).personal
        assert told(town, citizen, "/riengtu xoa", "vâng").personal


def test_on_the_command_line_nothing_is_kept(store: Store) -> None:
    with store.town(NOW) as town:
        for says in (["/riengtu"], ["xóa dữ liệu của tôi"], ["/riengtu tai ve"]):
            reply = told(town, None, *says)
            assert (reply.body, reply.wish) == ("Ở đây tôi không lưu gì về anh/chị.", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_is_one_short_line_with_the_days_and_the_way_out(language: str) -> None:
    line = notice(translator(language), 45)
    assert "\n" not in line
    assert len(line) <= 220
    assert all(words in line for words in ("45", "/riengtu", "91/2025/QH15"))
