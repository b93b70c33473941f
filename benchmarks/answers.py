"""How fast a question is answered, with 2,642 more procedure names than the five plans have.

Prints JSON lines {"name", "value", "unit", "compared_to", "ratio"}: medians, each beside
a figure of the same run. The names come from ../shared/data; without it they are made up.
"""

import csv
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rapidfuzz import fuzz, process

from handlers import answer
from handlers.talk import Ask
from knowledge import catalogue
from knowledge.plans import editions
from knowledge.plans.model import Contents, Procedure, Status
from knowledge.store import open_store

SHARED = Path(__file__).parents[2] / "shared"
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
MORE_NAMES = 2642
STARTS = 5


def names() -> list[str]:
    """Return 2,642 procedure names, real ones where the file is there."""
    path = SHARED / "data" / "national_procedures.csv"
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            return [row["name"] for row in csv.DictReader(file)][:MORE_NAMES]
    return [
        f"Thủ tục cấp giấy phép số {number} loại {number % 97}" for number in range(MORE_NAMES)
    ]


def questions() -> list[tuple[str, str | None]]:
    """Return citizens' questions with their places."""
    path = SHARED / "queries" / "dev.csv"
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            return [(r["query"], r["locality_context"] or None) for r in csv.DictReader(file)]
    return [(each.name, each.locality) for each in catalogue.contents().procedures]


def crowded() -> Contents:
    """Return the built-in edition with the national names in a locality of its own kind."""
    contents = catalogue.contents()
    more = tuple(
        Procedure(f"N{number:04}", "phuoc-long-2024", "phuoc-long", name, "", Status.UNDER_REVIEW)
        for number, name in enumerate(names())
    )
    return replace(contents, procedures=contents.procedures + more)


def median_ms(
    run: Callable[[str, str | None], object], asked: Iterable[tuple[str, str | None]]
) -> float:
    """Time each question once, after one round to warm up."""
    asked = list(asked)
    for text, place in asked[:20]:
        run(text, place)
    times = []
    for text, place in asked:
        start = time.perf_counter()
        run(text, place)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def show(name: str, value: float, unit: str, compared_to: str, other: float) -> None:
    """Print one figure beside the one it is compared to."""
    figure = {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "compared_to": compared_to,
        "ratio": round(value / other, 3) if other else None,
    }
    print(json.dumps(figure, ensure_ascii=False), flush=True)


def answering() -> None:
    """Time whole answers, database transaction included, on the small and the large edition."""
    asked = questions()
    small, large = (answers_ms(each, asked) for each in (catalogue.contents(), crowded()))
    titles = [each.name for each in crowded().procedures]
    fuzzy = median_ms(lambda text, _: process.extractOne(text, titles, scorer=fuzz.WRatio), asked)
    show("answer, 51 procedures", small, "ms", "WRatio over 2,693 titles", fuzzy)
    show("answer, 2,693 procedures", large, "ms", "WRatio over 2,693 titles", fuzzy)
    show("answer, 2,693 procedures", large, "ms", "answer, 51 procedures", small)


def answers_ms(contents: Contents, asked: list[tuple[str, str | None]]) -> float:
    """Return the median time of an answer from an edition, in milliseconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/bench.sqlite3") as store,
    ):
        with store.town(NOW) as town:
            editions.publish(town.session, contents, by="bench", reason="bench", now=NOW)

        def run(text: str, place: str | None) -> object:
            with store.town(NOW, reading=True) as town:
                return answer(Ask(text, NOW, locality=place), town)

        return median_ms(run, asked)


def starting() -> None:
    """Time process start to the first answered question over HTTP, first and second start."""
    with tempfile.TemporaryDirectory() as folder:
        times = [first_answer(folder) for _ in range(STARTS + 1)]
    second = statistics.median(times[1:])
    show("second start to first answer", second, "s", "first start", times[0])


def first_answer(folder: str) -> float:
    """Start the service on a free port, ask one question as the page does, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"MOTCUA_DATA_DIR": folder, "MOTCUA_PORT": str(port)}
    start = time.perf_counter()
    command = [str(Path(sys.executable).with_name("motcua")), "serve"]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ask_until_answered(port)
        return time.perf_counter() - start
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def ask_until_answered(port: int) -> None:
    """Post the question form until the answer page names the day."""
    data = urllib.parse.urlencode({"text": "chứng thực bản sao thứ mấy", "locality": "bac-kan"})
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/", data.encode(), timeout=30
            ) as page:
                if "Thứ Năm" in page.read().decode():
                    return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError("the service did not answer")


if __name__ == "__main__":
    answering()
    starting()
