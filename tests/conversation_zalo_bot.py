"""A citizen who writes to a bot of the Zalo Bot Platform, where nothing can be pressed."""

from tests.conversation_file import Kind
from tests.conversation_hall import Hall, Shown
from tests.conversation_typing import typed

SENT = {Kind.PICTURE: "image", Kind.VOICE: "voice", Kind.STICKER: "sticker"}


class ZaloBot:
    """He types the number of what is offered."""

    def __init__(self, hall: Hall) -> None:
        """Begin a chat that is empty; as each is the first user, there are never 50."""
        self._hall, self._fake = hall, hall.zalo_bot
        self._fake.users.clear()
        self._user = str(next(hall.numbers))
        self._group = f"group-{self._user}"
        self._begin = 0

    async def choose(self, place: str, language: str) -> None:
        """Have chosen before; for the group this is another matter."""
        await self._hall.prepare("zalobot", self._user, place, language)

    async def send(self, kind: Kind, words: str) -> None:
        """Let Zalo deliver it."""
        before = self.shown()
        self._begin = len(self._fake.sent)
        match kind:
            case Kind.WORDS:
                await self._fake.says(self._user, words)
            case Kind.PRESS:
                await self._fake.says(self._user, typed(words, before))
            case Kind.GROUP:
                text = words.replace("@bot", f"@{self._fake.name}")
                await self._fake.says(self._user, text, group=self._group)
            case _ if kind in SENT:
                await self._fake.sends(self._user, SENT[kind], words)
            case _:
                raise LookupError(words)

    def shown(self) -> Shown:
        """Return the messages that came."""
        chats = (self._user, self._group)
        return Shown([each.text for each in self._fake.sent[self._begin :] if each.to in chats])
