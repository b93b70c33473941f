"""Reading in a process of its own, so that no file can take the service's time or memory."""

import json
import logging
import resource
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from knowledge.refusal import Refusal

_log = logging.getLogger(__name__)

_SECONDS = 28
_BYTES = 480_000_000
_ROOT = Path(__file__).parents[3]
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from knowledge.plans.readers.confined import main; main(*sys.argv[2:])"
)
_TOO_SLOW = (
    "Reading the file took longer than 30 seconds, so it was stopped."
    " Save the appendices alone as a new file and import that."
)
_TOO_MUCH = (
    "The file could not be read within the memory allowed."
    " Save the appendices alone as a new file and import that."
)


def run(work: str, data: bytes, name: str, seconds: float = _SECONDS) -> dict[str, Any]:
    """Return what a function like "package.module:read" made of a file in the other process.

    It takes the bytes and the name and returns plain values; raises `Refusal` whatever happens.
    What was no refusal there is logged with its traceback.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own words
            [sys.executable, "-I", "-c", _START, str(_ROOT), work, _plain(name)],
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refusal(_TOO_SLOW) from error
    answer = _answer(done.stdout)
    if answer is None:
        raise Refusal(_TOO_SLOW if -done.returncode in _OUT_OF_TIME else _TOO_MUCH)
    if "trace" in answer:
        _log.error("reading %r failed\n%s", name, answer["trace"])
    if "refusal" in answer:
        raise Refusal(str(answer["refusal"]), **answer["values"])
    return dict(answer["made"])


_OUT_OF_TIME = {9, 24}
"""SIGKILL and SIGXCPU: how the system ends a process past its processor time."""


def _plain(name: str) -> str:
    """Return a file's name as an argument may stand: no zero bytes, no lone surrogates."""
    return name.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[-255:]


def _answer(out: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(out)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def main(work: str, name: str) -> None:
    """Work on the file on standard input; write what was made, or the refusal, as JSON."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    module, function = work.split(":")
    answer: dict[str, Any]
    try:
        made = getattr(import_module(module), function)(sys.stdin.buffer.read(), name)
        answer = {"made": made}
    except Refusal as refusal:
        answer = {"refusal": refusal.key, "values": refusal.values}
    except MemoryError:
        answer = {"refusal": _TOO_MUCH, "values": {}}
    except Exception:  # noqa: BLE001 - libraries raise anything on broken files
        answer = {"refusal": _UNREADABLE, "values": {}, "trace": traceback.format_exc()}
    sys.stdout.write(json.dumps(answer))


_UNREADABLE = (
    "The file could not be read; it may be damaged."
    " Open it in the program that made it, save it anew and import that file."
)
