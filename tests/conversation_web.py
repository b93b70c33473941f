"""A citizen at the web page, with what the page's script keeps for him."""

from tests.conversation_file import Kind
from tests.conversation_hall import Hall, Shown


class Page:
    """The page chooses nothing for him but shows itself in Vietnamese."""

    def __init__(self, hall: Hall) -> None:
        """Begin a conversation of its own."""
        self._hall = hall
        self._cookie = f"conversation-{next(hall.numbers)}"
        self._place = self._language = ""
        self._says: dict[str, str] = {}
        self._shown = Shown([])

    async def choose(self, place: str, language: str) -> None:
        """Choose in the page's own fields, which go along with each question."""
        self._place, self._language = place, language

    async def send(self, kind: Kind, words: str) -> None:
        """Send a question, or what a button says, as the script does."""
        if kind not in (Kind.WORDS, Kind.PRESS):
            raise LookupError(f"the page has no {kind}")
        text = self._says[words] if kind is Kind.PRESS else words
        fields = {"text": text, "locality": self._place, "language": self._language}
        cookie = {"Cookie": f"conversation={self._cookie}"}
        async with self._hall.client.post("/chat", json=fields, headers=cookie) as response:
            assert response.status == 200
            reply = await response.json()
        self._place, self._language = reply["locality"] or "", reply["language"]
        self._says = {each["label"]: each["says"] for each in reply["buttons"]}
        # The page numbers the sources itself.
        sources = [f"[{number}] {line}" for number, line in enumerate(reply["sources"], 1)]
        files = [each["name"] for each in reply.get("files", ())]
        self._shown = Shown([reply["body"], "\n".join(sources)], list(self._says), files)

    def shown(self) -> Shown:
        """Return the last answer."""
        return self._shown
