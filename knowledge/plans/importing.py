"""A file as the draft of a plan."""

from pathlib import Path
from typing import Any

from knowledge.plans import appendix, readers
from knowledge.plans.appendix import Draft
from knowledge.plans.readers import confined
from knowledge.refusal import Refusal

NOTHING = (
    "No procedures, tasks or targets were found in this file."
    " Choose the file that holds the plan with its appendices."
)


def load(path: Path) -> Draft:
    """Return the draft of a file, read within 30 s and 500 MB; raises `Refusal`, `OSError`."""
    return read(path.read_bytes(), path.name)


def read(data: bytes, name: str) -> Draft:
    """Return the draft of a file's content that came under a name.

    Raises `Refusal`, also for a file in which there is nothing to publish.
    """
    readers.format_of(data, name)
    draft = appendix.from_json(confined.run(f"{__name__}:read_as_json", data, name))
    if not draft.entries:
        raise Refusal(NOTHING)
    return draft


def read_as_json(data: bytes, name: str) -> dict[str, Any]:
    """Return the draft as plain values, without bounds: what the other process does."""
    return appendix.to_json(appendix.entries(readers.read(data, name), name))
