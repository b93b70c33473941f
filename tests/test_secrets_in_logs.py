"""No secret, no number and no word of a citizen in any log or HTTP response, whatever fails.

Issue 4: tokens never stand in a URL that is logged; what is refused leaves no trace but a
counter. The log is the operators' own, `bot.logs`, with our own lines from DEBUG on.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from typing_extensions import override

from bot import logs
from bot.app import DOORS, make_app
from bot.channels.channel import Event, Letter, Part
from bot.channels.door import SETTINGS
from bot.inbox import Parcel
from knowledge.refusal import Refusal
from knowledge.store import open_store
from tests.all_channels import (
    QUESTION,
    Hall,
    journal,
    platforms,
    service,
    settings,
)
from tests.fake_zalo import mac
from tests.file_channel import FileChannel, FileDoor, until

NAME = "xuyenchi"
NUMBERS = ("079203001234", "0912345678")
WORDS = f"{NAME} CCCD 079203001234 sđt 0912345678 hỏi {QUESTION}"
MOTCUA = Path(sys.executable).with_name("motcua")
PASSWORD = "mat-khau-cua-co-so-du-lieu"  # noqa: S105 - opens nothing
MORE = {
    "telegram_secret": "bi-mat-cua-webhook-telegram",
    "zalobot_secret": "bi-mat-cua-webhook-zalobot",
}

Visit = Callable[[Hall], Awaitable[None]]


def run(folder: Path, visit: Visit, **more: object) -> str:
    """Visit a service, and return its log when it has stopped."""

    async def in_service() -> str:
        async with platforms() as those:
            async with service(those, folder, **MORE, **more) as hall:
                known = secrets(hall)
                await visit(hall)
                known += secrets(hall)
            text = hall.journal.getvalue()
            assert revealed(text, known) == []
            return text

    return asyncio.run(in_service())


def secrets(hall: Hall) -> list[str]:
    """Return every value that opens something, also what the platforms gave since the start."""
    values = [value for _, value in hall.app[SETTINGS]]
    given = [each.get_secret_value() for each in values if isinstance(each, SecretStr)]
    halves = [each.partition(":")[2] for each in given if ":" in each]
    learned = [hall.telegram.webhook.secret, hall.zalo.access_token, hall.zalo.refresh_token]
    return [each for each in (*given, *halves, *learned) if each]


def revealed(text: str, known: Sequence[str]) -> list[str]:
    """Return what of a citizen or of ours stands in a text."""
    hidden = (*known, NAME, *NUMBERS, "học bạ")
    return [each for each in hidden if each in text or json.dumps(each)[1:-1] in text]


async def all_write(hall: Hall) -> None:
    for citizen in hall.citizens(NAME)[1:]:
        await citizen.says(WORDS)


POSTED = ("telegram", "zalo", "zalobot")


def test_platforms_that_hang_up_and_fail_bring_no_secret_into_the_log(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        hall.telegram.drops(method="sendMessage")
        hall.telegram.fails(500, f"Bad Gateway: {_called(hall)}", method="sendMessage")
        hall.telegram.fails(429, "Too Many Requests", 99, "sendMessage", retry_after=600)
        for fake, code in ((hall.zalo, -32), (hall.zalobot, 429)):
            fake.trouble("essage", drop="before")
            fake.trouble("essage", error=-200 if code < 0 else 500)
            fake.trouble("essage", times=99, error=code)
        await all_write(hall)
        await until(lambda: all(_failures(hall, each) >= 3 for each in POSTED))

    run(tmp_path, visit)


@pytest.mark.parametrize("error", [401, 404])
def test_platforms_that_know_us_no_more_bring_no_secret_into_the_log(
    tmp_path: Path, error: int
) -> None:
    async def visit(hall: Hall) -> None:
        # Their words name what was called, as the page of a proxy does.
        hall.telegram.fails(error, f"Not Found: {_called(hall)}", times=99)
        hall.zalo.access_token = hall.zalo.refresh_token = "another one"  # noqa: S105 - opens nothing
        hall.zalobot.trouble(times=99, error=error)
        await all_write(hall)
        await until(lambda: all(_failures(hall, each) for each in POSTED))

    run(tmp_path, visit)


def _called(hall: Hall) -> str:
    return f"/bot{hall.telegram.token}/sendMessage"


def _failures(hall: Hall, name: str) -> int:
    return hall.journal.getvalue().count(f"of {name}:")


def test_platforms_that_are_away_from_the_start_on_bring_no_secret_into_the_log(
    tmp_path: Path,
) -> None:
    nobody = "http://127.0.0.1:9"
    addresses = {f"{each}_api": nobody for each in POSTED}
    into = StringIO()

    async def in_service() -> None:
        async with platforms() as those:
            chosen = settings(those, tmp_path, **MORE, **addresses)
            with journal(chosen, into):
                async with TestClient(TestServer(make_app(chosen))):
                    wanted = ("Telegram cannot be reached", "zalobot tries to listen again")
                    await until(lambda: all(each in into.getvalue() for each in wanted))
            assert revealed(into.getvalue(), logs.secrets(chosen)) == []

    asyncio.run(in_service())


def posts(hall: Hall) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Return what strangers and broken platforms post to webhooks: path, headers, body."""
    words = json.dumps({"text": WORDS, "secrets": secrets(hall)}).encode()
    telegram, zalobot = "X-Telegram-Bot-Api-Secret-Token", "X-Bot-Api-Secret-Token"
    wrong = {telegram: "wrong", zalobot: "wrong", "X-ZEvent-Signature": "mac=" + 64 * "0"}
    right = {telegram: MORE["telegram_secret"], zalobot: MORE["zalobot_secret"]}
    odd: list[Any] = [
        WORDS,
        [WORDS],
        {"update_id": 1, "message": WORDS},
        {"update_id": 2, "message": {"text": {WORDS: 1}, "chat": {"id": WORDS}}},
        {"update_id": 3, "message": {"message_id": WORDS, "date": WORDS, "chat": WORDS}},
        {"update_id": 4, "callback_query": {"id": 1, "data": WORDS, "from": {"id": "x"}}},
        {"update_id": 5, "inline_query": {"id": WORDS, "query": WORDS, "from": WORDS}},
        {"event_name": WORDS, "message": {"text": [WORDS], "chat": {"id": 5}}},
        {"event_name": "message.text.received", "message": {"text": WORDS, "chat": {"id": "7"}}},
    ]
    bodies = [words, words[:-1], WORDS.encode(), b"\xff" + words, b'{"a":' * 5_000 + words]
    for path in ("telegram", "zalo", "zalobot"):
        for body in (*bodies, *(json.dumps(each).encode() for each in odd)):
            signed = mac(hall.zalo.app_id, body, "1", hall.zalo.oa_secret)
            genuine = {"X-ZEvent-Signature": f"mac={signed}", "X-ZEvent-Timestamp": "1"}
            for headers in ({}, wrong, right | genuine):
                yield path, headers, body


def test_nothing_that_is_posted_to_a_webhook_comes_back_or_stands_in_the_log(
    tmp_path: Path,
) -> None:
    async def visit(hall: Hall) -> None:
        known = secrets(hall)
        for path, headers, body in posts(hall):
            async with hall.client.post(
                f"/webhooks/{path}", data=body, headers=headers
            ) as response:
                assert response.status < 500
                told = f"{response.headers} {await response.text()}"
                assert revealed(told, known) == [], (path, body)
        await hall.worked_off()

    run(tmp_path, visit)


def test_no_page_shows_what_is_in_its_address_or_in_a_broken_question(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        known = secrets(hall)
        token = hall.telegram.token
        for path in (f"/{NAME}/bot{token}", "/healthz", "/metrics", f"/?{NAME}={token}", "/chat"):
            for method in ("GET", "POST", "PUT"):
                cookies = {"Cookie": f"conversation={NAME}-0123456789"}
                async with hall.client.request(
                    method, path, data=WORDS.encode(), headers=cookies
                ) as response:
                    told = f"{response.headers} {await response.text()}"
                    assert revealed(told, known) == [], (method, path)

    run(tmp_path, visit)


class Stumbling(FileChannel):
    """A channel with faults of ours, whose errors have the citizen's words in them."""

    @override
    def read(self, parcel: Parcel) -> Event | None:
        event = super().read(parcel)
        if parcel.key == "read":
            raise ValueError(json.loads(parcel.body)["text"])
        return event

    @override
    def parts(self, letter: Letter) -> Sequence[Part]:
        if letter.to == "parts":
            raise LookupError(f"{WORDS} {letter.body}")
        return super().parts(letter)

    @override
    async def send(self, to: str, part: Part) -> None:
        if to == "send":
            try:
                part = {"line": part}[WORDS]
            except KeyError as error:
                raise RuntimeError(WORDS) from error
        await super().send(to, part)


def test_faults_of_ours_are_logged_with_their_place_and_without_a_citizens_words(
    tmp_path: Path,
) -> None:
    door = FileDoor(tmp_path / "letters.txt")
    door.channel = Stumbling(door.channel.file)

    async def visit(hall: Hall) -> None:
        for number, who in enumerate(("read", "parts", "send")):
            key = who if who == "read" else str(number)
            said = {"id": key, "from": who, "text": WORDS}
            async with hall.client.post("/webhooks/file", json=said) as response:
                assert response.status == 200
        wanted = ("cannot be read", "letter 1 cannot be sent", "letter 2 cannot be sent")
        await until(lambda: all(each in hall.journal.getvalue() for each in wanted))

    text = run(tmp_path, visit, doors=[*DOORS, door])
    for name in ("ValueError", "LookupError", "KeyError", "RuntimeError", "in parts", "in send"):
        assert name in text


def test_what_the_system_says_of_a_fault_stays_in_the_log(tmp_path: Path) -> None:
    """An operator must read that the disk is full; a path may have a name in it."""
    logger, into = logging.getLogger("tests.operators"), StringIO()
    handler = logging.StreamHandler(into)
    handler.setFormatter(logs.Discreet([]))
    logger.addHandler(handler)
    logger.propagate = False
    try:
        (tmp_path / NAME / "file").read_bytes()
    except OSError:
        logger.exception("sweeping failed")
    logger.removeHandler(handler)
    assert "FileNotFoundError: No such file or directory" in into.getvalue()
    assert NAME not in into.getvalue()


def test_settings_show_no_secret_however_they_are_printed(tmp_path: Path) -> None:
    async def visit(hall: Hall) -> None:
        chosen, known = hall.app[SETTINGS], secrets(hall)
        assert len(known) > 8
        for shown in (repr(chosen), str(chosen), str(chosen.model_dump()), f"{chosen!r:s}"):
            assert revealed(shown, known) == []
        assert revealed(chosen.model_dump_json(), known) == []

    run(tmp_path, visit)


@pytest.mark.parametrize("name", ["MOTCUA_TELEGRAM_API", "MOTCUA_DATABASE_URL"])
def test_a_setting_that_cannot_be_used_is_not_shown(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [MOTCUA, "serve"],
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", name: f"no address but {PASSWORD}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip()
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://motcua:{PASSWORD}@127.0.0.1:1/motcua",
        f"postgresql://motcua:{PASSWORD}@nowhere.invalid/motcua",
        f"postgresql://motcua:x@{PASSWORD}:y@127.0.0.1/motcua",
        f"postgresql://motcua:x@127.0.0.1:{PASSWORD}/motcua",
        f"mysql://motcua:{PASSWORD}@127.0.0.1/motcua",
        f"{PASSWORD}",
    ],
)
def test_a_database_that_cannot_be_opened_does_not_tell_its_password(address: str) -> None:
    with pytest.raises(Refusal) as refusal:
        open_store(address)
    assert PASSWORD not in f"{refusal.value!r} {refusal.value} {refusal.value.values}"
