"""A channel of one's own, in one file: letters become lines, messages are posted as JSON."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from bot.channels.channel import Arrival, Event, Keep, Letter, Pace, Part, Window
from bot.channels.door import CHANNELS, CLOCK, INBOX, update
from bot.inbox import Parcel
from handlers.talk import Ask

NAME = "file"


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for what another process, thread or machine brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nobody there could set an event of ours
            await asyncio.sleep(0.02)


class FileChannel:
    name = NAME
    window: Window | None = None
    pace = Pace(per_second=1_000)

    def __init__(self, file: Path) -> None:
        """Take the file that letters are written to."""
        self.file = file
        self.troubles: list[Exception] = []
        """What the next sendings end with, instead of a line in the file."""
        self.sent_at: list[tuple[str, float]] = []

    async def open(self) -> None:
        self.file.touch()

    async def close(self) -> None:
        pass

    def read(self, parcel: Parcel) -> Event | None:
        text, now = json.loads(parcel.body)["text"], parcel.received_at
        return Arrival(Ask(text, now, channel=NAME, sender=parcel.chat, message=parcel.key))

    def parts(self, letter: Letter) -> Sequence[Part]:
        return [Part("line", {"text": "\n".join([letter.body, *letter.sources])})]

    def is_group(self, _to: str) -> bool:
        return False

    async def send(self, to: str, part: Part) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent_at.append((to, asyncio.get_running_loop().time()))
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"to": to, **part.fields}, ensure_ascii=False) + "\n")

    async def busy(self, to: str) -> None:
        pass

    async def listen(self, keep: Keep) -> None:
        pass

    def letters(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]


class FileDoor:
    """Mounts like a module does."""

    def __init__(self, file: Path) -> None:
        """Take the channel's file."""
        self.channel = FileChannel(file)

    def mount(self, app: web.Application) -> None:
        app[CHANNELS].append(self.channel)
        app.router.add_post("/webhooks/file", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        said = json.loads(body := await update(request))
        now = request.app[CLOCK]()
        await request.app[INBOX].keep([Parcel(NAME, said["id"], said["from"], body, now)])
        return web.Response()
