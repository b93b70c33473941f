"""The service as a process: it starts, stops when asked to, and survives being killed."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.app import serve
from bot.settings import Settings
from knowledge.refusal import Refusal
from locales import translator

MOTCUA = Path(sys.executable).with_name("motcua")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a service on a free port; it is killed at the end if it still runs."""
    with subprocess.Popen(
        [MOTCUA, "serve"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MOTCUA_DATA_DIR": str(folder), "MOTCUA_PORT": "0", "PYTHONUTF8": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            announced = process.stdout.readline()
            assert announced, process.stderr.read()
            yield process, int(re.search(r"http://127\.0\.0\.1:(\d+)/", announced)[1])
        finally:
            process.kill()


def ask(port: int, text: str) -> str | None:
    """Ask in a conversation of its own and return the outcome, None when nobody answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(
            "POST", "/chat", json.dumps({"text": text}), {"Content-Type": "application/json",
            "Cookie": f"conversation={text:0>32}"}
        )  # fmt: skip
        return json.loads(connection.getresponse().read())["outcome"]
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def recorded(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "motcua.sqlite3") as database:
        return {text for (text,) in database.execute("SELECT text FROM question")}


def test_sigterm_ends_it_cleanly_and_those_who_wait_get_their_answers(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, port), ThreadPoolExecutor(8) as citizens:
        assert ask(port, "q0")
        asked = citizens.map(lambda number: ask(port, f"q{number}"), range(1, 60))
        assert next(asked)
        process.send_signal(signal.SIGTERM)
        answered = {f"q{number}" for number, outcome in enumerate(asked, start=2) if outcome}
        assert process.wait(timeout=20) == 0
        assert "Traceback" not in process.stderr.read()
    assert answered <= recorded(tmp_path)


def test_killed_in_the_middle_it_has_recorded_every_question_that_was_answered(
    tmp_path: Path,
) -> None:
    answered: set[str] = set()
    for life in range(3):
        with serving(tmp_path) as (process, port), ThreadPoolExecutor(8) as citizens:
            texts = [f"life{life}q{number}" for number in range(80)]
            outcomes = citizens.map(lambda text, port=port: ask(port, text), texts)
            for text, outcome in zip(texts, outcomes, strict=True):
                if outcome:
                    answered.add(text)
                if text.endswith("q20"):
                    process.kill()
    assert len(answered) > 60
    assert answered <= recorded(tmp_path)


LOADED = ["typer", "aiohttp.web", "alembic"]
"""Libraries after whose loading a service that has not opened yet is told to stop."""


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("library", LOADED)
def test_told_to_stop_while_it_starts_it_ends_without_a_word(
    tmp_path: Path, library: str, told: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "bot", "serve"],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "MOTCUA_DATA_DIR": str(tmp_path), "MOTCUA_PORT": "0"},
    ) as process:
        assert process.stdout is not None
        lines = (line.split("|")[-1].strip() for line in process.stdout)
        last = next(line for line in lines if line == library or "http:" in line)
        process.send_signal(told)
        said = [line for line in process.stdout if not line.startswith("import time:")]
        assert (last, said, process.wait()) == (library, [], 0)


def test_told_to_stop_again_and_again_it_still_ends_cleanly(tmp_path: Path) -> None:
    """As under `make`, which passes on what the whole process group has already heard."""
    with serving(tmp_path) as (process, port):
        assert ask(port, "q0")
        for told in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            process.send_signal(told)
        assert process.wait(timeout=20) == 0
        assert "Traceback" not in process.stderr.read()


def refusal(folder: Path, **address: object) -> str:
    """Return why the service does not start, in Vietnamese."""
    settings = Settings(data_dir=folder, _env_file=None).model_copy(update=address)
    with pytest.raises(Refusal) as refused:
        serve(settings)
    return translator("vi")(refused.value.key, **refused.value.values)


def test_why_a_port_cannot_be_had_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "chương trình khác" in refusal(tmp_path, port=port)
    assert refusal(tmp_path, host="192.0.2.1").startswith("Không mở được cổng")
