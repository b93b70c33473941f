import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import literal, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlmodel import SQLModel

from knowledge import migrations
from knowledge.columns import UtcDateTime
from knowledge.plans import editions
from knowledge.plans.days import DayChange, DayKind
from knowledge.plans.model import Contents, Locality, Source
from knowledge.records import citizens, closures, seen
from knowledge.refusal import Refusal
from knowledge.store import Store, open_store

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BAC_KAN = Contents(localities=(Locality("bac-kan", "Bắc Kạn", "Bac Kan", "Thái Nguyên"),))
DRILL = DayChange(
    date(2026, 11, 25), DayKind.CLOSED, "bac-kan", "diễn tập", "drill", Source("thông báo")
)


def python(program: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(*processes: subprocess.Popen[str]) -> list[str]:
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


def publish(store: Store, contents: Contents) -> int:
    with store.town(NOW) as town:
        return editions.publish(town.session, contents, by="lan", reason="test", now=NOW)


def test_a_new_database_says_what_the_built_in_catalogue_says(database_url: str) -> None:
    store = open_store(database_url, lambda: BAC_KAN)
    with store.town(NOW, reading=True) as town:
        assert (town.library.edition.number, town.library.edition.contents) == (1, BAC_KAN)
    store.close()


def test_a_database_keeps_what_was_published_when_it_is_opened_again(database_url: str) -> None:
    with open_store(database_url, Contents) as store, store.town(NOW) as town:
        editions.publish(town.session, BAC_KAN, by="lan", reason="new plan", now=NOW)
    store = open_store(database_url, Contents)
    with store.town(NOW, reading=True) as town:
        assert town.library.edition.contents == BAC_KAN
    store.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.town(NOW) as town:
        context = MigrationContext.configure(town.session.connection())
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_newest_migration_is_the_one_that_alembic_calls_head() -> None:
    folder = Path(migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_heads() == [migrations.head()]


def test_a_second_start_does_without_alembic(database_url: str) -> None:
    open_store(database_url, Contents).close()
    program = """
import sys
from knowledge.store import open_store
open_store(sys.argv[1]).close()
print("alembic" in sys.modules)
"""
    assert finish(python(program, database_url)) == ["False\n"]


def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    store = open_store(database_url, Contents)
    with store.town(NOW) as town:
        town.session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(Refusal, match="9999"):
        open_store(database_url)


@pytest.mark.parametrize("url", ["mysql://localhost/motcua", "motcua.db", "", "sqlite://"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Refusal, match="must begin with"):
        open_store(url, Contents)


def test_many_processes_that_start_at_once_make_one_edition(database_url: str) -> None:
    program = """
import sys
from contextlib import closing
from datetime import UTC, datetime
from knowledge.plans import editions
from knowledge.plans.model import Contents
from knowledge.store import open_store
print("ready", flush=True)
sys.stdin.readline()
store = open_store(sys.argv[1], Contents)
with store.town(datetime.now(UTC)) as town:
    print(len(editions.history(town.session)))
store.close()
"""
    starts = [python(program, database_url) for _ in range(6)]
    assert [start.stdout and start.stdout.readline() for start in starts] == ["ready\n"] * 6
    for start in starts:
        print("go", file=start.stdin, flush=True)
    assert finish(*starts) == ["1\n"] * 6


def test_two_processes_write_side_by_side(database_url: str) -> None:
    open_store(database_url, Contents).close()
    program = """
import sys
from contextlib import closing
from datetime import UTC, datetime
from knowledge.records import citizens
from knowledge.store import open_store
store = open_store(sys.argv[1])
for number in range(200):
    with store.town(datetime.now(UTC)) as town:
        citizens.meet(town.session, "web", f"{sys.argv[2]}-{number}", town.now)
        citizens.meet(town.session, "web", f"both-{number}", town.now)
store.close()
"""
    finish(python(program, database_url, "one"), python(program, database_url, "two"))
    store = open_store(database_url)
    with store.town(NOW) as town:
        assert town.session.connection().scalar(text("SELECT count(*) FROM citizen")) == 600
    store.close()


def test_what_was_acknowledged_outlives_a_killed_process(database_url: str) -> None:
    open_store(database_url, Contents).close()
    program = """
import sys
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from knowledge.records import seen
from knowledge.store import open_store
store = open_store(sys.argv[1])
for number in count():
    with store.town(datetime.now(UTC)) as town:
        seen.first_times(town.session, [("web", str(number))], town.now)
    print(number, flush=True)
"""
    with python(program, database_url) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(50)]
        process.kill()
    store = open_store(database_url)
    with store.town(NOW) as town:
        assert not seen.first_times(town.session, [("web", each) for each in acknowledged], NOW)
    store.close()


def test_an_exception_undoes_the_whole_transaction(store: Store) -> None:
    def fail() -> None:
        with store.town(NOW) as town:
            citizens.meet(town.session, "web", "1", NOW)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.town(NOW) as town:
        assert citizens.find(town.session, "web", "1") is None


def test_a_reading_transaction_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError), store.town(NOW, reading=True) as town:
        citizens.meet(town.session, "web", "1", NOW)
    with store.town(NOW) as town:
        assert citizens.find(town.session, "web", "1") is None


def test_a_reader_does_not_wait_for_the_writer(store: Store) -> None:
    with store.town(NOW) as writing:
        citizens.meet(writing.session, "web", "1", NOW)
        with store.town(NOW, reading=True) as reading:
            assert citizens.find(reading.session, "web", "1") is None


def test_all_transactions_share_one_library(store: Store) -> None:
    with store.town(NOW) as one:
        first = one.library
    with store.town(NOW, reading=True) as other:
        assert other.library is first


def test_a_published_change_is_live_in_every_process_with_the_next_question(store: Store) -> None:
    other = Store(store._engine)  # noqa: SLF001 - what another process has is its own shelf
    with other.town(NOW, reading=True) as town:
        assert town.library.localities.get("bac-kan") is None
    publish(store, BAC_KAN)
    with other.town(NOW, reading=True) as town:
        assert town.library.localities.get("bac-kan") == BAC_KAN.localities[0]


def test_a_publication_that_was_undone_is_not_served(store: Store) -> None:
    undone = Contents(localities=(Locality("x", "X", "X", "X"),))

    def fail() -> None:
        with store.town(NOW) as town:
            editions.publish(town.session, undone, by="lan", reason="test", now=NOW)
            assert town.library.localities.get("x")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert publish(store, BAC_KAN) == 2
    with store.town(NOW) as town:
        assert (town.library.localities.get("x"), town.library.edition.number) == (None, 2)


def test_threads_that_ask_at_once_get_the_same_library(store: Store) -> None:
    publish(store, BAC_KAN)
    start, found = threading.Barrier(4), []

    def ask() -> None:
        start.wait()
        with store.town(NOW, reading=True) as town:
            found.append(town.library)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1


def test_the_calendar_knows_a_closure_from_the_next_transaction_on(store: Store) -> None:
    with store.town(NOW) as town:
        assert town.calendar.working(DRILL.day, "bac-kan")
        entered = closures.add(town.session, DRILL, "lan", NOW).id
    with store.town(NOW) as town:
        assert not town.calendar.working(DRILL.day, "bac-kan")
        assert entered is not None
        closures.remove(town.session, entered)
    with store.town(NOW, reading=True) as town:
        assert town.calendar.working(DRILL.day, "bac-kan")


def test_moments_come_back_in_utc_whatever_zone_they_had(store: Store) -> None:
    hanoi = NOW.astimezone(timezone(timedelta(hours=7)))
    with store.town(NOW) as town:
        citizens.meet(town.session, "web", "1", hanoi)
    with store.town(NOW) as town:
        citizen = citizens.find(town.session, "web", "1")
        assert citizen is not None
        assert citizen.first_seen.isoformat() == NOW.isoformat()


def test_a_moment_without_a_zone_is_not_stored(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="time zone"), store.town(NOW) as town:
        citizens.meet(town.session, "web", "1", naive)


def test_the_library_finds_what_its_edition_has(town_hall: Store) -> None:
    with town_hall.town(NOW, reading=True) as town:
        library, contents = town.library, town.library.edition.contents
        assert all(library.procedures[each.id] is each for each in contents.procedures)
        assert all(library.localities[each.slug] is each for each in contents.localities)
        assert all(library.plans[each.slug] is each for each in contents.plans)
        assert all(library.places[each.slug] is each for each in contents.places)
        listed = [
            each for place in contents.localities for each in library.procedures_in(place.slug)
        ]
        assert sorted(each.id for each in listed) == sorted(
            each.id for each in contents.procedures
        )


def test_the_library_has_nothing_that_its_edition_has_not(store: Store) -> None:
    with store.town(NOW, reading=True) as town:
        library = town.library
        found = [
            library.procedures.get("x"),
            library.localities.get("x"),
            library.plans.get("x"),
            library.places.get("x"),
        ]
        assert (found, library.procedures_in("x")) == ([None] * 4, ())
        assert library.topics.get("no such topic") is None


def test_the_library_understands_a_question(town_hall: Store) -> None:
    with town_hall.town(NOW, reading=True) as town:
        meaning = town.library.understand("Cấp bản sao từ sổ gốc", "bac-kan")
        assert "BK1-01" in [each.id for each in meaning.matches]
        assert town.library.index is town.library.index


def test_no_moment_is_stored_as_nothing(store: Store) -> None:
    with store.town(NOW, reading=True) as town:
        nothing = select(literal(None, UtcDateTime()))
        assert town.session.connection().scalar(nothing) is None


def test_a_new_file_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    file, opened = tmp_path / "motcua.db", []
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE something (id INTEGER)")
        waiting = threading.Thread(
            target=lambda: opened.append(open_store(f"sqlite:///{file}", Contents))
        )
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        other.execute("ROLLBACK")
    waiting.join()
    with opened[0].town(NOW, reading=True) as town:
        assert town.library.edition.number == 1
    opened[0].close()


def test_a_newer_release_brings_its_catalogue_until_officials_have_published(
    database_url: str,
) -> None:
    with open_store(database_url, Contents) as store, store.town(NOW) as town:
        assert town.library.edition.number == 1
    with open_store(database_url, lambda: BAC_KAN) as store, store.town(NOW) as town:
        assert town.library.edition.contents == BAC_KAN
        editions.publish(town.session, Contents(), by="lan", reason="empty", now=NOW)
    with open_store(database_url, lambda: BAC_KAN) as store, store.town(NOW) as town:
        assert town.library.edition.contents == Contents()
