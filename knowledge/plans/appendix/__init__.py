"""Sheets as drafts of a plan: its head, its procedures, tasks and targets, what is uncertain."""

from knowledge.plans.appendix.draft import Draft, Entry, Head, Remark, as_json, from_json, to_json
from knowledge.plans.appendix.rows import NO_PLACE, entries

__all__ = [
    "NO_PLACE",
    "Draft",
    "Entry",
    "Head",
    "Remark",
    "as_json",
    "entries",
    "from_json",
    "to_json",
]
