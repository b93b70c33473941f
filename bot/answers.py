"""Answers that were given this minute are given again without thinking.

What a handler says depends on the message and the conversation, the minute, the edition and the
calendar, and on nothing else, unless it says that it is personal.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from threading import Lock

from handlers.talk import Ask, Reply
from knowledge.store import Town

LIMIT = 2_000
"""Answers kept in memory."""

Answer = Callable[[Ask, Town], Reply]


class Answers:
    """Says the same to the same; safe to share between threads."""

    def __init__(self, answer: Answer) -> None:
        """Take the function that thinks."""
        self._answer = answer
        self._lock = Lock()
        self._known: OrderedDict[Hashable, Reply] = OrderedDict()
        self._of: tuple[object, ...] = ()

    def __call__(self, ask: Ask, town: Town) -> Reply:
        """Answer one message."""
        of = (town.library, town.calendar)
        minute = ask.now.replace(second=0, microsecond=0)
        key = replace(ask, now=minute, channel="", sender="", message="", citizen=None)
        with self._lock:
            if of != self._of:
                self._known.clear()
                self._of = of
            if (known := self._known.get(key)) is not None:
                self._known.move_to_end(key)
                return known
        reply = self._answer(ask, town)
        if not reply.personal and reply.wish is None:
            with self._lock:
                if of == self._of:
                    self._known[key] = reply
                if len(self._known) > LIMIT:
                    self._known.popitem(last=False)
        return reply
