"""The one database, and one transaction on it at a time."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError
from threading import Lock
from typing import Self

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session

from knowledge import catalogue, migrations
from knowledge.concurrency import take_turn
from knowledge.leases import AdvisoryLease, FileLease, Lease
from knowledge.plans import editions
from knowledge.plans.days import Calendar
from knowledge.plans.library import Library
from knowledge.plans.model import Contents
from knowledge.plans.tables import EditionRow
from knowledge.records import closures
from knowledge.refusal import Refusal

BUILT_IN_AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
"""The day to which the built-in catalogue was researched; its edition bears this date."""

BUILT_IN = "motcua"
"""Who publishes the built-in catalogue; a newer release's one replaces it until officials act."""

UNKNOWN_ADDRESS = "The database address must begin with sqlite:/// or postgresql://."

LONGEST_WAIT = 30
"""Seconds that a transaction waits for SQLite's other writers before it fails."""


class Town:
    """One transaction: a session, the moment it happens at (UTC), and what is published then."""

    def __init__(self, session: Session, now: datetime, shelf: "_Shelf") -> None:
        """Open no book yet: library and calendar are fetched when first asked for."""
        self.session = session
        self.now = now
        self._shelf = shelf
        self._library: Library | None = None
        self._days: Calendar | None = None

    @property
    def library(self) -> Library:
        """The newest published edition, loaded once per process; it stays the same in a Town."""
        if self._library is None:
            self._library = self._shelf.newest(self.session)
        return self._library

    @property
    def calendar(self) -> Calendar:
        """The calendar with all changes that officials have entered so far, read once."""
        if self._days is None:
            self._days = _calendar(closures.changes(self.session))
        return self._days


class _Shelf:
    """The newest edition as last loaded, shared by all transactions of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._digest: tuple[int, str] | None = None
        self._library: Library | None = None

    def newest(self, session: Session) -> Library:
        header = editions.newest(session)
        assert header is not None  # noqa: S101 - a store opens with an edition
        with self._lock:
            # The number alone would not do: one published and undone may be given out again.
            if self._library is None or self._digest != (header.number, header.digest):
                self._library = Library(editions.load(session, header.number))
                self._digest = (header.number, header.digest)
            return self._library


_calendar = lru_cache(maxsize=4)(Calendar)


class Store:
    """An open database; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        """Take over a migrated database."""
        self._engine = engine
        self._reading = engine.execution_options(reading=True, postgresql_readonly=True)
        self._shelf = _Shelf()

    @contextmanager
    def town(self, now: datetime, *, reading: bool = False) -> Iterator[Town]:
        """Run one transaction: committed at the end, undone by an exception.

        On SQLite it is the only writer meanwhile; `reading` forbids itself to write and waits for
        no one.
        """
        engine = self._reading if reading else self._engine
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield Town(session, now, self._shelf)

    def lease(self, name: str) -> Lease:
        """Return a contender for the right to do something alone on this database."""
        file = self._engine.url.database
        if self._engine.dialect.name == "sqlite" and file is not None:
            return FileLease(Path(f"{file}.{name}.lock"))
        return AdvisoryLease(self._engine, name)

    def tidy(self) -> None:
        """Let nothing that was deleted stay on the disk: SQLite's log keeps it for a while."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert isinstance(raw, SQLiteConnection)  # noqa: S101 - as the dialect says
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Give back all connections; also done at the end of `with store:`."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close, whatever happened."""
        self.close()


def open_store(url: str, builtin: Callable[[], Contents] | None = None) -> Store:
    """Open sqlite:///… or postgresql://…, migrated, with the built-in edition if it had none.

    Any number of processes may start at once. Raises Refusal for an address of another kind and
    for a database that a newer release has migrated.
    """
    store = Store(_engine(url))
    try:
        _prepare(store, builtin or catalogue.contents)
    except DBAPIError as error:
        store.close()
        reason = str(error.orig).strip().splitlines()[0]
        raise Refusal("The database cannot be opened: {reason}.", reason=reason) from error
    except BaseException:
        store.close()
        raise
    return store


def _prepare(store: Store, builtin: Callable[[], Contents]) -> None:
    """Ask first, for hardly any start has something to do and then nobody needs to wait."""
    with store.town(BUILT_IN_AS_OF, reading=True) as town:
        ready = _ready(town.session, builtin)
    if not ready:
        with store.town(BUILT_IN_AS_OF) as town:
            _establish(town.session, builtin)


def _engine(url: str) -> Engine:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        # A port that is no number may be a part of the password.
        raise Refusal(UNKNOWN_ADDRESS) from None
    match address.get_backend_name():
        case "sqlite" if address.database:
            return _sqlite(address)
        case "postgresql":
            return create_engine(
                address.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                hide_parameters=True,
                json_serializer=_as_json,
            )
    raise Refusal(UNKNOWN_ADDRESS)


def _sqlite(address: URL) -> Engine:
    try:
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "?"
        raise Refusal("The database cannot be opened: {reason}.", reason=reason) from error
    engine = create_engine(
        address,
        connect_args={"timeout": LONGEST_WAIT},
        hide_parameters=True,
        json_serializer=_as_json,
    )
    event.listen(engine, "connect", _connect)
    event.listen(engine, "begin", _begin)
    return engine


def _as_json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Half surrogates and numbers beyond 64 bits are for the slower one.
        return json.dumps(value)


def _connect(connection: SQLiteConnection, _record: object) -> None:
    """Make SQLite fit for a service: readers beside one writer, nothing acknowledged is lost."""
    connection.isolation_level = None  # we say BEGIN ourselves, see `_begin`
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")


def _use_wal(connection: SQLiteConnection) -> None:
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except OperationalError:
            # Of all statements this one does not wait for other processes: wait with another.
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        else:
            return


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a transaction that asks for it later may be refused it."""
    reading = bool(connection.get_execution_options().get("reading"))
    connection.exec_driver_sql(f"PRAGMA query_only = {reading}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _ready(session: Session, builtin: Callable[[], Contents]) -> bool:
    """Tell whether the database needs nothing; revisions are numbers, so a newer one shows."""
    has, needs = migrations.revision(session.connection()), migrations.head()
    if has and has > needs:
        raise Refusal("This database was made by a newer release (schema {has}).", has=has)
    return has == needs and _is_current(editions.newest(session), builtin)


def _is_current(newest: EditionRow | None, builtin: Callable[[], Contents]) -> bool:
    """Tell whether what is published stands: an official's word, or this release's catalogue."""
    if newest is None:
        return False
    return newest.published_by != BUILT_IN or newest.digest == editions.digest(builtin())


def _establish(session: Session, builtin: Callable[[], Contents]) -> None:
    """Migrate, and publish the catalogue, unless another process has just done so."""
    take_turn(session, "start")
    if migrations.revision(session.connection()) != migrations.head():
        migrations.upgrade(session.connection())
    if not _is_current(editions.newest(session), builtin):
        editions.publish(
            session, builtin(), by=BUILT_IN, reason="built-in catalogue", now=BUILT_IN_AS_OF
        )
