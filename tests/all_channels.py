"""The whole service behind all its channels, with our fakes of their platforms before it.

    async with platforms() as those, service(those, folder) as hall:
        for citizen in hall.citizens("xuyenchi"):
            assert "Gần nhất" in await citizen.asks(QUESTION)

Nobody waits for a platform's pace here, and tests move the service's clock.
"""

import asyncio
import json
import logging
import sys
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import inspect, text
from sqlmodel import col, select
from typing_extensions import override

from bot import logs
from bot.app import DOORS, make_app
from bot.channels.channel import Pace
from bot.channels.door import CHANNELS, DESK, INBOX, RECEPTION, Door
from bot.settings import Settings
from knowledge.records import citizens
from knowledge.records.outbox import State
from knowledge.records.tables import Citizen, Outgoing, Question
from knowledge.store import Town
from tests.fake_telegram import TOKEN, UNPACED, FakeTelegram
from tests.fake_zalo import START, FakeZalo
from tests.fake_zalo_bot import FakeZaloBot
from tests.file_channel import until

QUESTION = "sao y học bạ ở Bắc Kạn ngày nào"
PUBLIC = "https://motcua.example.vn"
ROOMS = ("bot", "handlers", "knowledge", "locales")
NAMES = ("web", "telegram", "zalo", "zalobot")

Client = TestClient[web.Request, web.Application]


class ZaloWithFiles(FakeZalo):
    """Zalo that also remembers what was uploaded."""

    def __init__(self) -> None:
        """Know no limit of a minute."""
        super().__init__(rate=100_000)
        self.files: list[bytes] = []

    @override
    async def _upload(self, request: web.Request) -> dict[str, Any]:
        part = (await request.post())["file"]
        assert isinstance(part, web.FileField)
        self.files.append(part.file.read())
        part.file.seek(0)
        return await super()._upload(request)


@dataclass(frozen=True, slots=True)
class Platforms:
    """They outlive the service: it may be started anew behind them."""

    telegram: FakeTelegram
    zalo: ZaloWithFiles
    zalobot: FakeZaloBot


@asynccontextmanager
async def platforms() -> AsyncIterator[Platforms]:
    async with (
        FakeTelegram(UNPACED) as telegram,
        ZaloWithFiles() as zalo,
        FakeZaloBot() as zalobot,
    ):
        yield Platforms(telegram, zalo, zalobot)


class Hall:
    """A running service and what a test sees of it."""

    def __init__(
        self, app: web.Application, client: Client, folder: Path, those: Platforms
    ) -> None:
        """Take what `service` has put together."""
        self.app = app
        self.client = client
        self.folder = folder
        self.telegram, self.zalo, self.zalobot = those.telegram, those.zalo, those.zalobot
        self.now = START
        """What time it is for the service."""
        self.journal = StringIO()
        """What an operator reads."""

    def passes(self, **time: float) -> None:
        """Move the service's clock."""
        self.now += timedelta(**time)

    def citizens(self, name: str = "xuyenchi") -> "list[Person]":
        """Return a person on each channel, whose ids have this word, and so has his name."""
        return [kind(self, name) for kind in (OnTheWeb, OnTelegram, OnZalo, OnZaloBot)]

    def citizen(self, channel: str, name: str = "xuyenchi") -> "Person":
        return self.citizens(name)[NAMES.index(channel)]

    async def look(self, read: Callable[[Town], Any]) -> Any:  # noqa: ANN401 - whatever is read
        return await self.app[DESK].look(read)

    async def settled(self) -> None:
        """Wait until all that came is answered, and all answers have arrived."""
        while True:
            before = sum(self.app[RECEPTION].tally.values())
            await self.telegram.delivered()
            await self.worked_off()
            await self._emptied()
            await self.zalo.settled()
            # The echoes of our own answers come in as well.
            await self.worked_off()
            if before == sum(self.app[RECEPTION].tally.values()):
                return

    async def worked_off(self) -> None:
        """Wait until the inbox is empty."""
        await until_so(self._nothing_came)

    async def _nothing_came(self) -> bool:
        return not await self.app[INBOX].after(0, 1)

    async def _emptied(self) -> None:
        under_way = (State.WAITING, State.SENDING)

        def empty(town: Town) -> bool:
            waiting = select(Outgoing).where(col(Outgoing.state).in_(under_way))
            return town.session.exec(waiting.limit(1)).first() is None

        await until_so(lambda: self.look(empty))

    async def questions(self, channel: str = "") -> list[str]:
        """Return what is stored of all questions, in their order."""

        def read(town: Town) -> list[str]:
            asked = select(Question).order_by(col(Question.id))
            return [
                each.text for each in town.session.exec(asked) if channel in ("", each.channel)
            ]

        found: list[str] = await self.look(read)
        return found

    async def known(self, channel: str, sender: str) -> Citizen | None:
        """Return what is kept of a citizen."""
        found: Citizen | None = await self.look(
            lambda town: citizens.find(town.session, channel, sender)
        )
        return found

    def ended(self, channel: str, ending: str) -> int:
        """Return how many messages ended so."""
        return self.app[RECEPTION].tally[channel, ending]

    async def rows(self, table: str) -> list[str]:
        """Return all that a table holds, for a search."""

        def read(town: Town) -> list[str]:
            query = text(f'SELECT * FROM "{table}"')  # noqa: S608 - our own
            return [str(tuple(row)) for row in town.session.connection().execute(query)]

        found: list[str] = await self.look(read)
        return found

    async def everything(self) -> str:
        """Return all that the database holds, for a search."""
        tables = await self.look(lambda town: inspect(town.session.connection()).get_table_names())
        return "\n".join(["\n".join(await self.rows(each)) for each in tables])


@dataclass
class Person(ABC):
    """One citizen on one channel."""

    hall: Hall
    name: str
    channel: ClassVar[str]

    @property
    @abstractmethod
    def sender(self) -> str:
        """His id on the channel, as our database has it."""

    @abstractmethod
    async def says(self, words: str) -> object:
        """Write a message."""

    @abstractmethod
    def heard(self) -> list[str]:
        """Return all that he was told so far."""

    @abstractmethod
    def files(self) -> list[bytes]:
        """Return the files that he got."""

    async def asks(self, words: str) -> str:
        """Write a message, and return what he is told until all is quiet."""
        before = len(self.heard())
        await self.says(words)
        await self.hall.settled()
        return "\n".join(self.heard()[before:])


@dataclass
class OnTheWeb(Person):
    channel = "web"
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    @override
    def sender(self) -> str:
        return f"conversation-{self.name}"

    @override
    async def says(self, words: str) -> int:
        fields = {"text": words, "language": "", "locality": ""}
        cookie = {"Cookie": f"conversation={self.sender}"}
        async with self.hall.client.post("/chat", json=fields, headers=cookie) as response:
            self.told.append(await response.json())
            return response.status

    @override
    def heard(self) -> list[str]:
        return ["\n".join([each["body"], *each["sources"]]) for each in self.told]

    @override
    def files(self) -> list[bytes]:
        return [
            b64decode(file["address"].partition(",")[2])
            for each in self.told
            for file in each["files"]
        ]


def number(name: str) -> int:
    """Return a number of ten digits for a name, as platforms have it that number people."""
    return 5_000_000_000 + int.from_bytes(name.encode().ljust(4)[-4:], "big") % 4_000_000_000


@dataclass
class OnTelegram(Person):
    channel = "telegram"

    @property
    def user(self) -> int:
        return number(self.name)

    @property
    @override
    def sender(self) -> str:
        return str(self.user)

    @override
    async def says(self, words: str) -> object:
        self.hall.telegram.citizen(self.user, first_name=self.name, username=f"{self.name}_99")
        return self.hall.telegram.says(self.user, words)

    @override
    def heard(self) -> list[str]:
        texts = ("sendMessage", "editMessageText")
        sent = [each for each in self.hall.telegram.sent if each.chat_id == self.user]
        return [each.text for each in sent if each.method in texts]

    @override
    def files(self) -> list[bytes]:
        sent = [each for each in self.hall.telegram.sent if each.chat_id == self.user]
        files = [each.params for each in sent if each.method == "sendDocument"]
        given = [(each, str(each["document"]).removeprefix("attach://")) for each in files]
        return [each.get(name, each["document"]).content for each, name in given]


@dataclass
class OnZalo(Person):
    channel = "zalo"

    @property
    @override
    def sender(self) -> str:
        return f"8{number(self.name)}00"

    @override
    async def says(self, words: str) -> object:
        return await self.hall.zalo.says(self.sender, words)

    @override
    def heard(self) -> list[str]:
        return [each.text for each in self.hall.zalo.sent if each.to == self.sender and each.text]

    @override
    def files(self) -> list[bytes]:
        sent = [each.attachment or {} for each in self.hall.zalo.sent if each.to == self.sender]
        return self.hall.zalo.files if any(each.get("type") == "file" for each in sent) else []


@dataclass
class OnZaloBot(Person):
    channel = "zalobot"

    @property
    @override
    def sender(self) -> str:
        return f"6ede{number(self.name)}"

    @override
    async def says(self, words: str) -> object:
        author = {"id": self.sender, "display_name": self.name, "is_bot": False}
        return await self.hall.zalobot.says(self.sender, words, **{"from": author})

    @override
    def heard(self) -> list[str]:
        return [each.text for each in self.hall.zalobot.sent if each.to == self.sender]

    @override
    def files(self) -> list[bytes]:
        return []


async def until_so(holds: Callable[[], Any], seconds: float = 15) -> None:
    """Wait until an awaitable answer is yes."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - nobody there could set an event of ours
            await asyncio.sleep(0.02)


def settings(those: Platforms, folder: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return the settings that open all channels, by webhook where there is a choice."""
    return Settings(
        **{
            "data_dir": folder,
            "public_url": PUBLIC,
            "telegram_token": TOKEN,
            "telegram_api": those.telegram.url,
            **those.zalo.settings,
            **those.zalobot.settings,
            "zalo_rate": 60_000,
            **more,
        },
        _env_file=None,
    )


@asynccontextmanager
async def service(
    those: Platforms,
    folder: Path,
    *,
    now: datetime = START,
    doors: Sequence[Door] = DOORS,
    **more: Any,  # noqa: ANN401 - any setting
) -> AsyncIterator[Hall]:
    """Run the service behind the platforms, with a log as operators have it, in all detail."""
    chosen = settings(those, folder, **more)
    clock: list[Hall] = []
    app = make_app(chosen, lambda: clock[0].now if clock else now, doors)
    for channel in app[CHANNELS]:
        channel.pace = Pace(1_000)
    server = TestServer(app)
    client = TestClient(server, cookie_jar=DummyCookieJar())
    hall = Hall(app, client, folder, those)
    hall.now = now
    clock.append(hall)
    with journal(chosen, hall.journal):
        # Its address is known before it listens: it registers its webhooks at the start.
        async with client:
            those.telegram.proxy = str(server.make_url("/"))
            those.zalo.webhook = str(server.make_url("/webhooks/zalo"))
            those.zalobot.local = str(server.make_url("/webhooks/zalobot"))
            await until(lambda: bool(those.telegram.webhook.url and those.zalobot.webhook))
            try:
                yield hall
            except BaseException:
                sys.stderr.write(hall.journal.getvalue())
                raise


@contextmanager
def journal(chosen: Settings, into: StringIO) -> Iterator[None]:
    """Log as the service does, but our own lines from DEBUG on."""
    root = logging.getLogger()
    ours = [logging.getLogger(each) for each in ROOMS]
    before, levels = root.handlers, [each.level for each in ours]
    root.handlers = []
    logs.configure(chosen)
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(into)
    for each in ours:
        each.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.handlers = before
        for each, level in zip(ours, levels, strict=True):
            each.setLevel(level)


def spellings(word: str) -> Sequence[bytes]:
    """Return how a word may stand in a file: as it is, and in JSON."""
    escaped = json.dumps(word)[1:-1]
    return [word.casefold().encode(), escaped.casefold().encode()]


def found(words: Sequence[str], folder: Path) -> list[str]:
    """Search all files of a folder, byte by byte."""
    return [
        f"{word} in {file.name}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for content in [file.read_bytes().lower()]
        for word in words
        if any(each in content for each in spellings(word))
    ]


def run(folder: Path, visit: Callable[[Hall], Awaitable[None]], **settings: object) -> None:
    """Visit a service behind all platforms, in a folder of its own."""

    async def in_service() -> None:
        async with platforms() as those, service(those, folder, **settings) as hall:
            await visit(hall)

    asyncio.run(in_service())
