"""How many questions one conversation may ask in a minute."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


class Flood:
    """Counts in memory, for the latest conversations only; a restart forgives."""

    def __init__(self, limit: int = 20, conversations: int = 10_000) -> None:
        """Allow so many questions a minute to each of so many conversations."""
        self._limit = limit
        self._conversations = conversations
        self._asked: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._told: dict[str, datetime] = {}

    def allows(self, conversation: str, now: datetime) -> bool:
        """Count a question and say whether it may be asked now."""
        asked = self._asked.setdefault(conversation, deque())
        self._asked.move_to_end(conversation)
        if len(self._asked) > self._conversations:
            self._asked.popitem(last=False)
        while asked and now - asked[0] >= MINUTE:
            asked.popleft()
        if len(asked) >= self._limit:
            return False
        asked.append(now)
        return True

    def first_refusal(self, conversation: str, now: datetime) -> bool:
        """Say whether this is the minute's first refusal: one sentence is enough."""
        self._told = {who: at for who, at in self._told.items() if now - at < MINUTE}
        if conversation in self._told:
            return False
        self._told[conversation] = now
        return True
