"""A citizen on Telegram, alone with the bot and in a group with it."""

from tests.conversation_file import Kind
from tests.conversation_hall import Hall, Shown
from tests.fake_telegram import BOT

READ = ("sendMessage", "editMessageText", "sendDocument")


class Telegram:
    """His private chat has his own number, the group its negative."""

    def __init__(self, hall: Hall) -> None:
        """Begin a chat that is empty."""
        self._hall, self._fake = hall, hall.telegram
        self._chat = next(hall.numbers)
        self._begin = 0

    async def choose(self, place: str, language: str) -> None:
        """Have chosen before; for the group this is another matter."""
        await self._hall.prepare("telegram", str(self._chat), place, language)

    async def send(self, kind: Kind, words: str) -> None:
        """Let Telegram deliver it."""
        offered = self.shown().buttons
        self._begin = len(self._fake.sent)
        match kind:
            case Kind.WORDS:
                self._fake.says(self._chat, words)
            case Kind.GROUP:
                text = words.replace("@bot", f"@{BOT['username']}")
                self._fake.says(-self._chat, text, sender=self._chat)
            case Kind.PRESS if words in offered:
                self._fake.presses(self._chat, words)
            case Kind.PICTURE:
                self._fake.photo(self._chat, caption=words)
            case Kind.VOICE:
                self._fake.voice(self._chat)
            case Kind.STICKER:
                self._fake.sticker(self._chat)
            case Kind.LOCATION:
                self._fake.location(self._chat, *map(float, words.split()))
            case _:
                raise LookupError(words)
        await self._fake.delivered()

    def shown(self) -> Shown:
        """Return the messages that came, and those that were changed."""
        mine = [
            each
            for each in self._fake.sent[self._begin :]
            if each.method in READ and each.chat_id in (self._chat, -self._chat)
        ]
        texts = [each.text for each in mine if each.text]
        labels = [label for each in mine for label in each.labels]
        files = [each.params["document"].name for each in mine if "document" in each.params]
        return Shown(texts, labels, files)
