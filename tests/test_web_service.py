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


def test_a_port_in_use_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(data_dir=tmp_path, port=taken.getsockname()[1], _env_file=None)
        with pytest.raises(Refusal, match=r"Cannot listen on 127\.0\.0\.1"):
            serve(settings)
