"""One process at a time: a lease ends with the process that holds it, also by kill -9."""

import fcntl
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

_KEEPALIVE = """
SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
SET idle_session_timeout = 0
"""
"""A machine that vanished is noticed within 15 seconds, and its locks are free again."""


class Lease(Protocol):
    """The right to do something alone; every call may wait for the network a little."""

    def take(self) -> bool:
        """Try to get the right, and say whether it is ours now."""

    def lost(self) -> bool:
        """Say whether the right that was ours may belong to another one by now."""

    def release(self) -> None:
        """Give the right back."""


class FileLease:
    """A lock on a file beside the SQLite database: for processes of one machine."""

    def __init__(self, file: Path) -> None:
        """Take the path of a file that has no other use."""
        self._path = file
        self._file: IO[bytes] | None = None

    def take(self) -> bool:
        """Try to lock the file."""
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def lost(self) -> bool:
        """Say no as long as the file is open: its lock lives as long as the process."""
        return self._file is None

    def release(self) -> None:
        """Close the file, and with it the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


class AdvisoryLease:
    """A PostgreSQL advisory lock, held by a connection of its own."""

    def __init__(self, engine: Engine, name: str) -> None:
        """Take the name that all contenders share."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._name = f"motcua lease {name}"
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Try to get the lock; also False while the database is away."""
        try:
            connection = self._connection = self._engine.connect()
            for setting in _KEEPALIVE.strip().split(";"):
                connection.exec_driver_sql(setting)
            lock = text("SELECT pg_try_advisory_lock(hashtext(:name))")
            taken = bool(connection.execute(lock, {"name": self._name}).scalar())
        except DBAPIError:
            taken = False
        if not taken:
            self.release()
        return taken

    def lost(self) -> bool:
        """Ask the server: if it has lost our connection, our lock is gone too."""
        if self._connection is None:
            return True
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()
            return True
        return False

    def release(self) -> None:
        """Close the connection for good, and with it the lock."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
