"""Conversations that an official can read, held on the web channel with the real knowledge base.

A file in `conversations/` holds several, divided by blank lines. In each:
`#` names it; `@` sets place, language and time for what follows in it, `language=` for none;
`>` is what the citizen writes, `!` the label of a button of the last answer that he presses;
then, for the answer to it: `=` its outcome and the procedures in it as recorded,
`+` what it must say, `-` what it must not say.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from bot.app import make_app
from bot.settings import Settings

FILES = sorted((Path(__file__).parent / "conversations").glob("*.txt"))
DEFAULTS = {"place": "", "language": "vi", "now": "2026-11-22T09:00:00+07:00"}


@dataclass
class Exchange:
    says: str
    presses: bool
    settings: dict[str, str]
    expected: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Conversation:
    name: str
    exchanges: list[Exchange]


def read(path: Path) -> Iterator[Conversation]:
    for block in path.read_text("utf-8").strip().split("\n\n"):
        conversation = Conversation("", [])
        settings: dict[str, str] = {}
        for line in block.splitlines():
            sign, rest = line[0], line[1:].strip()
            if sign == "#":
                conversation.name += rest
            elif sign == "@":
                settings = dict(part.split("=") for part in rest.split())
            elif sign in ">!":
                exchange = Exchange(rest, sign == "!", settings)
                conversation.exchanges.append(exchange)
                settings = {}
            else:
                conversation.exchanges[-1].expected.append((sign, rest))
        if conversation.exchanges:
            yield conversation


CONVERSATIONS = [
    pytest.param(each, id=f"{path.stem}: {each.name}") for path in FILES for each in read(path)
]


class Desk:
    """One web service for all conversations, with a clock that each of them sets."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        """Take the folder of its database and the loop that it runs in."""
        self.now = datetime.now(UTC)
        self.folder = folder
        self.runner = runner
        self.visits = count()

    def open(self) -> None:
        settings = Settings(data_dir=self.folder, _env_file=None)
        self.client = self.runner.run(self._client(settings))

    async def _client(self, settings: Settings) -> TestClient:
        server = TestServer(make_app(settings, clock=lambda: self.now))
        client = TestClient(server, cookie_jar=DummyCookieJar())
        await client.start_server()
        return client

    def close(self) -> None:
        self.runner.run(self.client.close())

    def post(self, conversation: str, fields: dict[str, str]) -> dict:
        return self.runner.run(self._post(conversation, fields))

    async def _post(self, conversation: str, fields: dict[str, str]) -> dict:
        cookie = {"Cookie": f"conversation={conversation}"}
        async with self.client.post("/chat", json=fields, headers=cookie) as response:
            assert response.status == 200
            return await response.json()

    def recorded(self) -> list[str]:
        """Return the outcome and the procedures of the last question as the store has them."""
        with sqlite3.connect(self.folder / "motcua.sqlite3") as database:
            outcome, matched = database.execute(
                "SELECT outcome, matched FROM question ORDER BY id DESC LIMIT 1"
            ).fetchone()
            procedures = database.execute("SELECT value FROM json_each(?)", [matched])
            return [outcome, *(each for (each,) in procedures)]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with asyncio.Runner() as runner:
        opened = Desk(tmp_path_factory.mktemp("conversations"), runner)
        opened.open()
        yield opened
        opened.close()


class Page:
    """What the page's script keeps of a conversation: place, language and the last buttons."""

    def __init__(self, desk: Desk) -> None:
        """Begin a conversation of its own, with nothing chosen but what the page chooses."""
        self.desk = desk
        self.cookie = f"conversation-{next(desk.visits):08}"
        self.buttons: dict[str, str] = {}
        self.settings = dict(DEFAULTS)

    def say(self, exchange: Exchange) -> str:
        """Send a message as the script does and return all that is shown."""
        self.settings |= exchange.settings
        self.desk.now = datetime.fromisoformat(self.settings["now"]).astimezone(UTC)
        words = self.buttons[exchange.says] if exchange.presses else exchange.says
        place, language = self.settings["place"], self.settings["language"]
        fields = {"text": words, "locality": place, "language": language}
        reply = self.desk.post(self.cookie, fields)
        self.settings |= {"place": reply["locality"] or "", "language": reply["language"]}
        self.buttons = {each["label"]: each["says"] for each in reply["buttons"]}
        return "\n".join([reply["body"], *reply["sources"], *self.buttons])


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_a_conversation_goes_as_written(conversation: Conversation, desk: Desk) -> None:
    page = Page(desk)
    for exchange in conversation.exchanges:
        check(exchange, page.say(exchange), desk.recorded())


def check(exchange: Exchange, shown: str, recorded: list[str]) -> None:
    for sign, wanted in exchange.expected:
        about = f"{exchange.says!r} ended as {recorded} and was answered:\n{shown}"
        if sign == "=":
            assert recorded == wanted.split(), about
        elif sign == "+":
            assert wanted in shown, about
        else:
            assert sign == "-", f"unknown sign {sign!r}"
            assert wanted not in shown, about


def test_every_answer_to_a_conversation_is_checked() -> None:
    unchecked = [
        f"{path.stem}: {each.name}: {exchange.says}"
        for path in FILES
        for each in read(path)
        for exchange in each.exchanges
        if not exchange.expected
    ]
    assert unchecked == []
