"""What officials read about broadcasts: how far they have come, and what is to be expected."""

import csv
import sys

from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text
from typing_extensions import override

from bot.broadcasting import Expected
from bot.channels.channel import Part
from bot.channels.telegram.markup import plain
from knowledge.plans.days import local_time
from knowledge.records import broadcasts
from knowledge.records.broadcasts import Progress
from knowledge.store import Town
from locales import Translator, message

STATES = {
    "draft": message("draft"),
    "submitted": message("submitted, waits for approval"),
    "approved": message("approved"),
    "scheduled": message("approved, waits for its hour"),
    "sending": message("being sent"),
    "done": message("done"),
    "paused": message("paused"),
    "cancelled": message("cancelled"),
    "rejected": message("rejected"),
}

ENDS = {
    "waiting": message("waiting"),
    "sending": message("being sent"),
    "sent": message("sent"),
    "refused": message("refused by the platform"),
    "unreachable": message("cannot be reached"),
    "closed": message("told when they next write"),
    "expired": message("too late"),
    "cancelled": message("cancelled"),
}
"""The states of letters."""


class Rate(ProgressColumn):
    """Letters a second."""

    @override
    def render(self, task: Task) -> Text:
        """Write it behind the bar."""
        return Text(f"{task.speed or 0:.0f}/s")


def title(id_: int, state: str, say: Translator) -> str:
    """Name a broadcast and its state."""
    return say("Broadcast {id} ({state})", id=id_, state=say(STATES[state]))


def summary(id_: int, found: Progress, say: Translator) -> str:
    """Say in a line how far a broadcast has come."""
    return f"{title(id_, found.state, say)}: {counts(found, say)}"


def counts(found: Progress, say: Translator) -> str:
    """Say how many letters are where."""
    sentence = say(
        "{sent} of {total} sent, {waiting} waiting, {unreachable} cannot be reached, "
        "{failed} failed, {cancelled} cancelled",
        sent=found.sent,
        total=found.total,
        waiting=found.waiting,
        unreachable=found.unreachable,
        failed=found.failed,
        cancelled=found.cancelled,
    )
    if found.ambiguous:
        sentence += say(", {number} perhaps twice", number=found.ambiguous)
    return sentence


def expectation(each: Expected, say: Translator) -> str:
    """Say what would happen on one channel."""
    parts = [
        say(
            "{channel}: {reachable} reachable, {unreachable} unreachable, {stopped} want none",
            channel=each.channel,
            reachable=each.reachable,
            unreachable=each.unreachable,
            stopped=each.stopped,
        )
    ]
    if each.left is not None:
        parts.append(
            say(
                "now free {free}, paid {paid} (costs {cost} of {left} messages left this month), "
                "only when they write {closed}",
                free=each.free,
                paid=each.paid,
                cost=each.cost,
                left=each.left,
                closed=each.closed,
            )
        )
    if each.seconds is None:
        parts.append(say("this channel is not open here"))
    else:
        minutes, seconds = divmod(round(each.seconds), 60)
        parts.append(say("takes {minutes} min {seconds} s", minutes=minutes, seconds=seconds))
    return "; ".join(parts)


def shown(part: Part) -> str:
    """Write what a citizen sees of one message: its words, and the names of its files."""
    words = str(part.fields.get("text") or "")
    if "parse_mode" in part.fields:
        words = plain(words)
    files = (part.fields.get(name) for name in ("document", "photo", "attachment"))
    names = [f"[{file.name}]" for file in files if file is not None]
    return "\n".join(filter(None, [words, *names]))


def list_recipients(town: Town, id_: int) -> None:
    """Write CSV: exactly who got it, and who may have got it."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["channel", "sender", "place", "at", "state", "ambiguous"])
    for row, place in broadcasts.recipients(town.session, id_):
        at = (
            local_time(row.not_before).isoformat(timespec="seconds") if row.state == "sent" else ""
        )
        doubt = "yes" if row.ambiguous else ""
        table.writerow([row.channel, row.sender, place or "", at, row.state, doubt])


def bar() -> Bar:
    """Return a progress bar with rate and time left; use it in a `with`."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Bar(*columns, Rate(), TimeRemainingColumn(), speed_estimate_period=20)
