"""The whole service on imitations of Telegram that nobody here wrote, and on ours beside them.

npm's telegram-test-api runs behind a small repair layer, PyPI's telemelya with stand-ins for its
databases; both are in tests/peers. One conversation runs on each, and says the same.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.conftest import missing
from tests.fake_telegram import TOKEN, FakeTelegram
from tests.telegram_html import parse

MOTCUA = Path(sys.executable).with_name("motcua")
PEERS = Path(__file__).with_name("peers")
HOA = 7
SECRET = "what-telegram-sends-with-each-update"  # noqa: S105 - of imitations
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the bot, as a peer keeps it; its text is without markup."""

    number: int
    text: str
    labels: dict[str, str]
    """The data of each button."""


def message(number: int, kept: Json) -> Message:
    """Read what the bot sent, in the words of its call."""
    rows = (kept.get("reply_markup") or {}).get("inline_keyboard", [])
    buttons = {button["text"]: button.get("callback_data", "") for row in rows for button in row}
    text, _ = parse(kept["text"]) if kept.get("parse_mode") else (kept["text"], [])
    return Message(number, text, buttons)


class Peer(Protocol):
    """A Telegram with one citizen, Hoa."""

    url: str

    async def says(self, text: str) -> None:
        """Let Hoa write."""

    async def presses(self, pressed: Message, label: str) -> None:
        """Let Hoa press a button."""

    async def answer(self) -> Message:
        """Wait for the bot's next message."""

    async def now(self, sent: Message) -> Message | None:
        """Return a message as it stands now, edits included; None where the peer cannot tell."""


class Ours:
    """The fake of tests/fake_telegram.py, with all its limits."""

    def __init__(self, fake: FakeTelegram) -> None:
        """Take it, entered."""
        self.fake, self.url, self.read = fake, fake.url, 0

    async def says(self, text: str) -> None:
        self.fake.says(HOA, text)

    async def presses(self, pressed: Message, label: str) -> None:
        self.fake.presses(HOA, pressed.labels[label])

    async def answer(self) -> Message:
        await self.fake.until(lambda: len(self.fake.messages(HOA)) > self.read, 20)
        self.read += 1
        sent = self.fake.messages(HOA)[self.read - 1]
        return message(sent.message_id or 0, sent.params)

    async def now(self, sent: Message) -> Message:
        return message(sent.number, self.fake.chats[HOA].messages[sent.number])


class TelegramTestApi:
    """Npm's; its citizens' side is HTTP as well."""

    def __init__(self, url: str, session: ClientSession) -> None:
        """Take the address that it told, and a session."""
        self.url, self.session = url, session

    async def says(self, text: str) -> None:
        if not text.startswith("/"):
            await self._post("sendMessage", {**self._hoa(), "text": text})
            return
        mark = {"type": "bot_command", "offset": 0, "length": len(text.split(" ", 1)[0])}
        await self._post("sendCommand", {**self._hoa(), "text": text, "entities": [mark]})

    async def presses(self, pressed: Message, label: str) -> None:
        rows = [[{"text": text, "callback_data": data}] for text, data in pressed.labels.items()]
        shown = {"text": pressed.text, "reply_markup": {"inline_keyboard": rows}}
        about = {**self._hoa(), "message_id": pressed.number, **shown}
        data = pressed.labels[label]
        await self._post("sendCallback", {**self._hoa(), "message": about, "data": data})

    async def answer(self) -> Message:
        unread = await self._post("getUpdates", {"token": TOKEN, "chatId": HOA})
        (first,) = unread["result"]
        return message(first["messageId"], first["message"])

    async def now(self, sent: Message) -> Message:
        history = await self._post("getUpdatesHistory", {"token": TOKEN})
        kept = [each for each in history["result"] if each["messageId"] == sent.number]
        return message(sent.number, kept[0]["message"])

    def _hoa(self) -> Json:
        who = {"id": HOA, "first_name": "Hoa"}
        return {
            "botToken": TOKEN,
            "from": {**who, "is_bot": False, "language_code": "vi"},
            "chat": {**who, "type": "private"},
            "date": 1_790_000_000,
        }

    async def _post(self, path: str, body: Json) -> Json:
        async with self.session.post(f"{self.url}/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


class Telemelya:
    """PyPI's; it knows webhooks only."""

    def __init__(self, url: str, session: ClientSession) -> None:
        """Take the address that it told, and a session."""
        self.url, self.session = url, session

    async def says(self, text: str) -> None:
        await self._update({"command" if text.startswith("/") else "text": text})

    async def presses(self, pressed: Message, label: str) -> None:
        data = pressed.labels[label]
        await self._update({"callback_data": data, "callback_message_id": pressed.number})

    async def answer(self) -> Message:
        while True:
            call = await self._next()
            if call["method"] == "sendMessage":
                return message(call["message_id"], call["raw"])

    async def now(self, _: Message) -> None:
        """Say nothing: its pressed buttons come without the message's other buttons."""

    async def _next(self) -> Json:
        """Wait for the bot's next call."""
        control = f"{self.url}/api/v1/test/responses/wait"
        async with self.session.get(control, params={"timeout": "20"}) as answer:
            return (await answer.json())["response"]

    async def _update(self, content: Json) -> None:
        control = f"{self.url}/api/v1/test/send_update"
        who = {"chat_id": HOA, "from_user": {"id": HOA, "first_name": "Hoa"}}
        about = {"bot_token": TOKEN}
        async with self.session.post(control, json={**who, **content}, params=about) as answer:
            assert answer.status == 200, await answer.text()
            assert (await answer.json())["delivery"]["status_code"] == 200


# How each of them is started.


@asynccontextmanager
async def ours(_: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    async with FakeTelegram() as fake:
        yield Ours(fake)
        assert not fake.refused


@asynccontextmanager
async def telegram_test_api(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    folder = request.getfixturevalue("node_peer")
    command = ["node", "telegram_test_api.js"]
    async with running(command, folder) as url, ClientSession() as session:
        yield TelegramTestApi(url, session)


@asynccontextmanager
async def telemelya(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    for package in ("telemelya", "fakeredis"):
        if find_spec(package) is None:
            missing(package)
    folder = request.getfixturevalue("tmp_path")
    command = [sys.executable, str(PEERS / "serve_telemelya.py")]
    headers = {"Authorization": "Bearer any"}
    async with running(command, folder) as url, ClientSession(headers=headers) as session:
        yield Telemelya(url, session)


@pytest.fixture(scope="session")
def node_peer(pytestconfig: pytest.Config) -> Path:
    """Install the npm peer as its lock says, once for each lock."""
    if not (shutil.which("node") and shutil.which("npm")):
        missing("node with npm")
    files = sorted(path for path in PEERS.iterdir() if path.suffix != ".py" and path.is_file())
    known = sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    cache = pytestconfig.cache.mkdir("peers")
    if not (cache / known).is_dir():
        # Apart and then renamed: other processes of this run may do the same.
        made = Path(tempfile.mkdtemp(dir=cache))
        for file in files:
            shutil.copy(file, made)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if not (cache / known).is_dir():
            made.rename(cache / known)
    return cache / known


@asynccontextmanager
async def running(
    command: Sequence[str | Path], folder: Path, **environment: str
) -> AsyncIterator[str]:
    """Start a server that first prints its address, and give that; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=PIPE, stdout=PIPE, env={**os.environ, **environment}
    )
    try:
        async with asyncio.timeout(60):
            announced = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", announced)
        assert found, announced
        yield found[0]
    finally:
        process.kill()
        await process.communicate()


class Front:
    """What stands before the service in the world: the public address, where TLS would end."""

    def __init__(self, secret: str) -> None:
        """Take the secret for a peer that sends none."""
        self.secret = secret
        self.service = ""
        self.passed = 0

    async def take(self, request: web.Request) -> web.Response:
        """Pass an update on."""
        headers = {SECRET_HEADER: request.headers.get(SECRET_HEADER, self.secret)}
        body = await request.read()
        async with ClientSession() as session:
            url = self.service + request.path
            async with session.post(url, data=body, headers=headers) as answer:
                self.passed += 1
                return web.Response(status=answer.status, body=await answer.read())


@asynccontextmanager
async def front(secret: str) -> AsyncIterator[tuple[str, Front]]:
    """Give the public address and what stands there."""
    before, app = Front(secret), web.Application()
    app.router.add_post("/{path:.+}", before.take)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/"), before


WAYS = [
    pytest.param(ours, False, "", id="ours by polling"),
    pytest.param(ours, True, "", id="ours by webhook"),
    pytest.param(telegram_test_api, False, "", id="telegram-test-api by polling"),
    pytest.param(telegram_test_api, True, "", id="telegram-test-api by webhook"),
    pytest.param(telemelya, True, SECRET, id="telemelya by webhook"),
]
"""The peer, whether by webhook, and the secret where the peer sends none."""


@pytest.mark.parametrize(("start", "by_webhook", "secret"), WAYS)
def test_a_citizen_talks_with_the_service(
    start: Callable[[pytest.FixtureRequest], Any],
    by_webhook: bool,  # noqa: FBT001 - a column of the table above
    secret: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            peer = await stack.enter_async_context(start(request))
            environment = {
                "MOTCUA_DATA_DIR": str(tmp_path),
                "MOTCUA_PORT": "0",
                "MOTCUA_TELEGRAM_API": peer.url,
                "MOTCUA_TELEGRAM_TOKEN": TOKEN,
                "MOTCUA_TELEGRAM_SECRET": SECRET,
                "PYTHONUTF8": "1",
            }
            if by_webhook:
                public, before = await stack.enter_async_context(front(secret))
                environment["MOTCUA_PUBLIC_URL"] = public
            service = running([MOTCUA, "serve"], tmp_path, **environment)
            address = await stack.enter_async_context(service)
            if by_webhook:
                before.service = address
            async with asyncio.timeout(60):
                await the_conversation(peer)
            assert not by_webhook or before.passed

    asyncio.run(run())


async def the_conversation(peer: Peer) -> None:
    """Ask for a day, press a button, ask in English, and ask what is kept."""
    await peer.says("sao y học bạ ngày nào ở Bắc Kạn")
    card = await peer.answer()
    assert "Thứ Ba và Thứ Năm" in card.text
    assert "Kế hoạch của UBND thành phố Bắc Kạn" in card.text
    assert "Phí bao nhiêu?" in card.labels

    await peer.presses(card, "Phí bao nhiêu?")
    fee = await peer.answer()
    assert "2.000" in fee.text
    if edited := await peer.now(card):
        assert set(edited.labels) == set(card.labels) - {"Phí bao nhiêu?"}

    await peer.says("when is a household business registered in Dak Nong?")
    english = await peer.answer()
    assert "Wednesday" in english.text

    await peer.says("/riengtu")
    kept = await peer.answer()
    assert "91/2025/QH15" in kept.text
    await peer.presses(kept, next(iter(kept.labels)))
    # Answers in one chat keep their order: after this one, the edit is done.
    await peer.says("/help")
    await peer.answer()
    if edited := await peer.now(kept):
        assert "sao y học bạ" in edited.text
