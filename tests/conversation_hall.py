"""The whole service with all its doors on loopback, and the fakes of the platforms before them."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Protocol

from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from pydantic import AnyHttpUrl, SecretStr

from bot.app import make_app
from bot.channels.channel import Pace
from bot.channels.door import CHANNELS, DESK
from bot.channels.zalo_bot.channel import PATH as ZALO_BOT_PATH
from bot.channels.zalo_oa import PATH as ZALO_PATH
from bot.settings import Settings
from knowledge.records import citizens
from knowledge.store import Town
from tests.conversation_file import Kind
from tests.fake_telegram import TOKEN, UNPACED, FakeTelegram
from tests.fake_zalo import FakeZalo
from tests.fake_zalo_bot import FakeZaloBot
from tests.file_channel import until

PUBLIC = AnyHttpUrl("https://motcua.example.vn/")
UNHURRIED = 1_000_000
"""Messages that the platforms allow: these tests are about something else."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a citizen sees of an answer, message by message and without markup."""

    texts: Sequence[str]
    buttons: Sequence[str] = ()
    """Labels."""
    files: Sequence[str] = ()
    """Names, or what else can be known of them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the store has of a question."""

    outcome: str
    procedures: Sequence[str]
    intents: Sequence[str]
    locality: str | None


class Phone(Protocol):
    """One citizen on one channel; nobody has written under his name before."""

    async def choose(self, place: str, language: str) -> None:
        """Have a place and a language chosen, each empty for none."""

    async def send(self, kind: Kind, words: str) -> None:
        """Do something that is answered; raises LookupError for a button that is not there."""

    def shown(self) -> Shown:
        """Return what came since `send` began."""


@dataclass
class Hall:
    """The service at work; each conversation sets its clock."""

    folder: Path
    telegram: FakeTelegram
    zalo: FakeZalo
    zalo_bot: FakeZaloBot
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    numbers: "count[int]" = field(default_factory=lambda: count(1_000_000))
    """For whoever comes, one of his own."""
    patience: float = 15
    """Seconds for an answer; none after one that never came."""

    def settings(self) -> Settings:
        """Connect the service with the fakes, by webhooks."""
        return Settings(
            _env_file=None,
            data_dir=self.folder,
            public_url=PUBLIC,
            telegram_token=SecretStr(TOKEN),
            telegram_api=AnyHttpUrl(self.telegram.url),
            **self.zalo.settings,
            **self.zalo_bot.settings,
        )

    async def serve(self) -> None:
        """Start the service, and have its webhooks registered."""
        self.app = make_app(self.settings(), clock=lambda: self.now)
        for channel in self.app[CHANNELS]:
            channel.pace = Pace(per_second=UNHURRIED)
        self.client = TestClient(TestServer(self.app), cookie_jar=DummyCookieJar())
        await self.client.start_server()
        self.telegram.proxy = str(self.client.make_url("/"))
        self.zalo.webhook = str(self.client.make_url(ZALO_PATH))
        self.zalo_bot.local = str(self.client.make_url(ZALO_BOT_PATH))
        await until(lambda: bool(self.telegram.commands and self.zalo_bot.webhook))
        self._inbox = _reader(self.folder / "inbox.sqlite3")
        self._database = _reader(self.folder / "motcua.sqlite3")

    async def close(self) -> None:
        """Stop the service."""
        self._inbox.close()
        self._database.close()
        await self.client.close()

    async def settled(self) -> None:
        """Wait until nothing that came is unanswered, and no answer is on its way."""
        patience, self.patience = self.patience, 0.0
        async with asyncio.timeout(patience):
            while self._is_busy():  # noqa: ASYNC110 - the service tells nobody that it rests
                await asyncio.sleep(0.002)
        self.patience = patience

    def _is_busy(self) -> bool:
        # In this order: a parcel leaves the inbox when its letter is in the outbox.
        if self._inbox.execute("SELECT 1 FROM parcel LIMIT 1").fetchone():
            return True
        letters = {state for (state,) in self._database.execute("SELECT state FROM outbox")}
        assert letters <= {"waiting", "sending"}, f"a letter was set aside: {letters}"
        return bool(letters)

    def complaints(self) -> Sequence[object]:
        """Return what the platforms refused or missed since the last call."""
        zalos = (self.zalo, self.zalo_bot)
        refused = [call for fake in zalos for call in fake.calls if call.error]
        violated = [each for fake in zalos for each in fake.violations]
        found = [*self.telegram.refused, *self.telegram.lost, *refused, *violated]
        self.telegram.refused.clear()
        for fake in zalos:
            fake.calls.clear()
            fake.violations.clear()
        return found

    async def prepare(self, channel: str, sender: str, place: str, language: str) -> None:
        """Let a citizen have chosen before: messengers leave it to us to remember this."""

        def choose(town: Town) -> None:
            citizen = citizens.meet(town.session, channel, sender, town.now)
            citizen.locality, citizen.language = place or None, language or None

        if place or language:
            await self.app[DESK].do(choose)

    def last_question(self) -> int:
        """Return the id of the newest question in the store."""
        [(newest,)] = self._database.execute("SELECT coalesce(max(id), 0) FROM question")
        return int(newest)

    def recorded(self, after: int) -> Sequence[Recorded]:
        """Return what the store has of the questions after that one."""
        return [
            Recorded(outcome, json.loads(matched), json.loads(intents), locality)
            for outcome, matched, intents, locality in self._database.execute(
                "SELECT outcome, matched, intents, locality FROM question WHERE id > ?", [after]
            )
        ]


def _reader(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None)


@asynccontextmanager
async def open_hall(folder: Path) -> AsyncIterator[Hall]:
    """Open the hall; what the platforms would refuse for haste alone, these fakes take."""
    async with (
        FakeTelegram(UNPACED, https=True) as telegram,
        FakeZalo(rate=UNHURRIED) as zalo,
        FakeZaloBot() as zalo_bot,
    ):
        zalo_bot.quota = UNHURRIED
        hall = Hall(folder, telegram, zalo, zalo_bot)
        await hall.serve()
        yield hall
        await hall.close()
