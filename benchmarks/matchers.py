"""How well and how fast our matcher and others find the procedure that a question asks for.

Prints JSON lines as answers.py does, for 47 procedures, with the national names as neighbours
that nobody here serves, and with variations of these up to 100,000. Every matcher is measured in
a process of its own, on one core and in processor time, so that other work on the machine counts
little. The others search the titles; they are told the place that ours understood, and their
thresholds are chosen in their favour. A slow one is asked fewer questions (its figures say how
many) and then has no share of right and WRONG.
"""

import csv
import math
import multiprocessing
import os
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from typing import TypeVar

from answers import SHARED, names, show
from judging import ANSWERED, ASKED_BACK, DECLINED, Judged, Row, in_its_favour, verdict
from rivals import RIVALS

from knowledge import catalogue
from knowledge.plans.model import Contents, Fact, FactKind, Procedure, Source, State, Status
from knowledge.plans.search import Index
from knowledge.plans.understanding import Certainty
from knowledge.vietnamese import fold

Built = TypeVar("Built")
Found = TypeVar("Found")

OURS = "ours"
SIZES = (47, 2_689, 100_000)
MEDIAN_MS = dict(zip(SIZES, (1, 3, 15), strict=True))
BUILT_S, BUILT_MB = 5, 400
OPTIONS = 4
CORES = 2
"""Matchers that are measured at once."""
WARMING = 3
PATIENCE_S = 12
"""After so much processor time a matcher is asked no more."""
OUTCOME = {
    Certainty.SURE: ANSWERED,
    Certainty.UNSURE: ASKED_BACK,
    Certainty.NONE: DECLINED,
}
AGENCIES = ("cấp tỉnh", "cấp xã", "cấp bộ", "cơ quan khác", "các cấp")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Question:
    """A labelled question, the place it was asked with, and the places that count for it."""

    row: Row
    elsewhere: bool
    here: str | None

    @property
    def asked(self) -> tuple[str, str | None]:
        """Return the text and the place chosen before."""
        return self.row["query"], self.row["locality_context"] or None


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one matcher at one size; shares are of all questions."""

    name: str
    asked: int
    median_ms: float
    p99_ms: float
    built_s: float
    built_mb: float
    right: float | None = None
    wrong: float | None = None
    cautious: float | None = None
    """Right with no more WRONG than ours."""


def own() -> tuple[Procedure, ...]:
    """Return the procedures that citizens may ask for."""
    asked = catalogue.contents().procedures
    return tuple(each for each in asked if each.status is not Status.INTERNAL)


def neighbours() -> Iterator[Procedure]:
    """Make up procedures without end that no place serves: the national names, then varied."""
    with (Path(catalogue.__file__).parent / "units_provinces.csv").open(encoding="utf-8") as file:
        provinces = dict.fromkeys(row["today"] for row in csv.DictReader(file))
    endings = (f" thuộc thẩm quyền giải quyết của {each}" for each in (*provinces, *AGENCIES))
    numbers = count()
    for ending in ("", *endings):
        for name in names():
            number = next(numbers)
            code = f"{number % 10}.{number:06}"
            facts = {FactKind.CODE: Fact(State.KNOWN, code, source=Source("bench"))}
            yield Procedure(f"N{number:06}", "", "", name + ending, "", Status.SERVED, facts=facts)


def crowd(size: int) -> tuple[Procedure, ...]:
    """Return as many procedures, our own ones first."""
    return (*own(), *islice(neighbours(), size - len(own())))


def questions() -> list[Question]:
    """Return the developers' questions in random order; without ../shared, our own names."""
    path = SHARED / "queries" / "dev.csv"
    rows: list[Row] = [_named(each) for each in own()]
    if path.is_file():
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    random.Random(3).shuffle(rows)  # noqa: S311 - an order, no secret
    index = Index(catalogue.contents())
    return [_placed(row, index) for row in rows]


def _named(procedure: Procedure) -> Row:
    return {
        "query": procedure.name,
        "locality_context": procedure.locality,
        "expected_ids": procedure.id,
        "require": "any",
        "alt_ok": "",
    }


def _placed(row: Row, index: Index) -> Question:
    understood = index.understand(row["query"], row["locality_context"] or None)
    return Question(row, understood.elsewhere is not None, understood.locality)


def measure_ours(size: int, asked: Sequence[Question]) -> Figures:
    """Measure our matcher, decision included."""
    contents: Contents = replace(catalogue.contents(), procedures=crowd(size))
    index, built = _built(lambda: Index(contents))
    times, found = _timed(lambda question: index.understand(*question.asked), asked)
    verdicts = [
        verdict(one.row, OUTCOME[it.certainty], [match.id for match in it.matches])
        for one, it in zip(asked, found, strict=False)
    ]
    right, wrong = (verdicts.count(word) / len(verdicts) for word in ("right", "WRONG"))
    return Figures(OURS, len(times), *_spread(times), *built, right, wrong)


def measure(name: str, size: int, asked: Sequence[Question], our_wrong: float) -> Figures:
    """Measure another matcher on the titles."""
    procedures = crowd(size)
    titles = [_plain(procedure.name) for procedure in procedures]
    search, built = _built(lambda: RIVALS[name](titles))
    enough = OPTIONS + len(own())
    times, found = _timed(lambda one: search(_plain(one.row["query"]), enough), asked)
    figures = Figures(name, len(times), *_spread(times), *built)
    if len(times) < len(asked):
        return figures
    judged = [
        _judged(one, [(score, procedures[at]) for score, at in it])
        for one, it in zip(asked, found, strict=True)
    ]
    counts = in_its_favour(judged, math.inf)
    safe, _ = in_its_favour(judged, our_wrong * len(asked))
    right, wrong, cautious = (each / len(asked) for each in (*counts, safe))
    return replace(figures, right=right, wrong=wrong, cautious=cautious)


def _judged(question: Question, found: Sequence[tuple[float, Procedure]]) -> Judged:
    """Judge what may be said here: a neighbour found first means that nothing is served."""
    fits = [
        (score, procedure)
        for score, procedure in found
        if not question.here or procedure.locality in ("", question.here)
    ]
    declined = verdict(question.row, DECLINED, [])
    if question.elsewhere or not fits:
        return Judged(-math.inf, (declined, declined, declined))
    ids = [procedure.id for _, procedure in fits[:OPTIONS]]
    served = bool(fits[0][1].locality)
    answered = verdict(question.row, ANSWERED, ids[:1]) if served else declined
    return Judged(fits[0][0], (answered, verdict(question.row, ASKED_BACK, ids), declined))


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(fold(text)))


def _built(build: Callable[[], Built]) -> tuple[Built, tuple[float, float]]:
    """Build an index; return it with the seconds and the megabytes that it took at most."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak so far
    before = _status("VmRSS")
    start = time.process_time()
    built = build()
    return built, (time.process_time() - start, _status("VmHWM") - before)


def _status(field: str) -> float:
    """Return one of Linux's figures of this process, in megabytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


def _timed(
    run: Callable[[Question], Found], asked: Sequence[Question]
) -> tuple[list[float], list[Found]]:
    """Ask until patience ends; return milliseconds and what was found."""
    for question in asked[:WARMING]:
        run(question)
    times: list[float] = []
    found: list[Found] = []
    for question in asked:
        start = time.process_time()
        found.append(run(question))
        times.append(1000 * (time.process_time() - start))
        if sum(times) > 1000 * PATIENCE_S:
            break
    return times, found


def _spread(times: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    return statistics.median(times), sorted(times)[int(0.99 * len(times))]


def compare(size: int, asked: Sequence[Question]) -> None:
    """Measure all matchers at one size, each in a fresh process, and print their figures."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, context, max_tasks_per_child=1) as apart:
        ours = apart.submit(measure_ours, size, asked).result()
        running = [apart.submit(measure, name, size, asked, ours.wrong or 0) for name in RIVALS]
        others = [figures.result() for figures in running]
    for figures in others:
        _show_other(figures, ours, size)
    _show_ours(ours, others, size)


def _show_other(other: Figures, ours: Figures, size: int) -> None:
    name, us = f"{other.name}, {size:,} procedures", f"{OURS}, {size:,} procedures"
    show(f"{name}, median of {other.asked} questions", other.median_ms, "ms", us, ours.median_ms)
    show(f"{name}, p99 of {other.asked} questions", other.p99_ms, "ms", us, ours.p99_ms)
    show(f"{name}, index built", other.built_s, "s", us, ours.built_s)
    show(f"{name}, index built", other.built_mb, "MB", us, ours.built_mb)
    if other.right is None or other.wrong is None or other.cautious is None:
        return
    right, wrong = 100 * (ours.right or 0), 100 * (ours.wrong or 0)
    show(f"{name}, right", 100 * other.right, "%", us, right)
    show(f"{name}, WRONG", 100 * other.wrong, "%", us, wrong)
    show(f"{name}, right with no more WRONG than ours", 100 * other.cautious, "%", us, right)


def _show_ours(ours: Figures, others: Sequence[Figures], size: int) -> None:
    name, limit = f"{OURS}, {size:,} procedures", MEDIAN_MS[size]
    median = f"{name}, median of {ours.asked} questions"
    fastest = min(others, key=lambda other: other.median_ms)
    show(median, ours.median_ms, "ms", fastest.name, fastest.median_ms)
    show(median, ours.median_ms, "ms", f"limit {limit}", limit)
    show(f"{name}, p99 of {ours.asked} questions", ours.p99_ms, "ms", median, ours.median_ms)
    show(f"{name}, index built", ours.built_s, "s", f"limit {BUILT_S}", BUILT_S)
    show(f"{name}, index built", ours.built_mb, "MB", f"limit {BUILT_MB}", BUILT_MB)
    best = max(others, key=lambda other: other.right or 0)
    safe = max(others, key=lambda other: other.cautious or 0)
    right, wrong = 100 * (ours.right or 0), 100 * (ours.wrong or 0)
    show(f"{name}, right", right, "%", best.name, 100 * (best.right or 0))
    show(f"{name}, WRONG", wrong, "%", best.name, 100 * (best.wrong or 0))
    cautious = f"{safe.name}, right with no more WRONG than ours"
    show(f"{name}, right", right, "%", cautious, 100 * (safe.cautious or 0))


def main() -> None:
    """Compare at every size."""
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    asked = questions()
    for size in SIZES:
        compare(size, asked)


if __name__ == "__main__":
    main()
