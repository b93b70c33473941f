"""A citizen who writes to the Official Account on Zalo."""

from tests.conversation_file import Kind
from tests.conversation_hall import Hall, Shown
from tests.conversation_typing import typed
from tests.fake_zalo import Sent

SENT = {Kind.PICTURE: "image", Kind.VOICE: "audio", Kind.STICKER: "sticker"}


class Zalo:
    """He taps a button where there is one, and types its number where there is none."""

    def __init__(self, hall: Hall) -> None:
        """Begin a chat that is empty."""
        self._hall, self._fake = hall, hall.zalo
        self._user = str(next(hall.numbers))
        self._begin = 0

    async def choose(self, place: str, language: str) -> None:
        """Have chosen before."""
        await self._hall.prepare("zalo", self._user, place, language)

    async def send(self, kind: Kind, words: str) -> None:
        """Let Zalo deliver it."""
        before = self.shown()
        self._begin = len(self._fake.sent)
        match kind:
            case Kind.WORDS:
                await self._fake.says(self._user, words)
            case Kind.PRESS if words in before.buttons:
                await self._fake.taps(self._user, words)
            case Kind.PRESS:
                await self._fake.says(self._user, typed(words, before))
            case Kind.LOCATION:
                await self._locate(*words.split())
            case _ if kind in SENT:
                await self._fake.sends(self._user, SENT[kind], words)
            case _:
                raise LookupError(words)

    async def _locate(self, latitude: str, longitude: str) -> None:
        degrees = {"coordinates": {"latitude": latitude, "longitude": longitude}}
        attachments = [{"type": "location", "payload": degrees}]
        await self._fake.deliver(
            self._fake.message_event(self._user, "user_send_location", attachments=attachments)
        )

    def shown(self) -> Shown:
        """Return the messages that came."""
        mine = [each for each in self._fake.sent[self._begin :] if each.to == self._user]
        texts = [each.text for each in mine if each.text]
        titles = [button["title"] for each in mine for button in each.buttons]
        return Shown(texts, titles, [token for each in mine if (token := _file(each))])


def _file(sent: Sent) -> str:
    """Return what stands for a file at Zalo; its name was told when it was uploaded."""
    attachment = sent.attachment or {}
    return str(attachment["payload"]["token"]) if attachment.get("type") == "file" else ""
