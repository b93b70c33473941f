"""`motcua zalo token` and `motcua zalo check`: plain words for the operator, and no secret."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.plans.model import Contents
from knowledge.records import channels, credentials, windows
from knowledge.records.windows import Way
from knowledge.store import Store, open_store
from tests.fake_zalo import FakeZalo

MOTCUA = Path(sys.executable).with_name("motcua")
REASON = "-221 The OA needs to be verified to use this feature"


class Operator:
    """A person at the server's shell, and Zalo."""

    def __init__(self, fake: FakeZalo, folder: Path) -> None:
        """Set in the environment what the service needs."""
        self.fake, self.folder = fake, folder
        self.environment = {
            f"MOTCUA_{name.upper()}": str(value) for name, value in fake.settings.items()
        }
        self.environment["MOTCUA_DATA_DIR"] = str(folder)

    async def runs(self, *words: str, typing: str = "") -> tuple[int | None, list[str], list[str]]:
        """Run `motcua zalo …`; return status, lines printed and lines of errors."""
        process = await asyncio.create_subprocess_exec(
            MOTCUA,
            "zalo",
            *words,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **self.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(typing.encode())
        said = out.decode() + err.decode()
        secrets = [self.fake.access_token, self.fake.refresh_token, self.fake.app_secret]
        assert not [secret for secret in [*secrets, typing.strip()] if secret and secret in said]
        return process.returncode, out.decode().splitlines(), err.decode().splitlines()

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.folder / 'motcua.sqlite3'}", Contents)


def at_the_shell(folder: Path, act: Callable[[Operator], Awaitable[None]]) -> None:
    async def run() -> None:
        async with FakeZalo() as fake:
            await act(Operator(fake, folder))

    asyncio.run(run())


def test_check_says_what_the_account_is_and_may_do(tmp_path: Path) -> None:
    async def act(operator: Operator) -> None:
        operator.fake.government = True
        operator.environment["MOTCUA_PUBLIC_URL"] = "https://motcua.example.vn/"
        operator.fake.user("1001")
        status, lines, errors = await operator.runs("check")
        assert (status, errors) == (0, [])
        assert lines[:4] == [
            "Official Account: Một Cửa (cơ quan nhà nước).",
            "Đã xác thực với Zalo.",
            "Gói dịch vụ: Gói Tăng Trưởng.",
            "Số người quan tâm: 1.",
        ]
        text = "\n".join(lines)
        assert "https://motcua.example.vn/webhooks/zalo" in text
        assert "sẽ thử v3 trước" in text
        assert "48 giờ" in text
        assert "100 tin mỗi phút" in text

    at_the_shell(tmp_path, act)


def test_check_speaks_english_when_asked_to(tmp_path: Path) -> None:
    async def act(operator: Operator) -> None:
        with operator.store() as store, store.town(datetime.now(UTC)) as town:
            channels.learn(town.session, "zalo", endpoint="v3", buttonless=["v3"])
        status, lines, _ = await operator.runs("check", "--language", "en")
        assert (status, lines[0]) == (0, "Official Account: Một Cửa (a business).")
        assert "Sending: by v3, as Zalo wants it for this OA." in lines
        assert (
            "Buttons: Zalo does not take them; citizens type the number of their choice." in lines
        )

    at_the_shell(tmp_path, act)


def test_check_names_what_is_not_set(tmp_path: Path) -> None:
    async def act(operator: Operator) -> None:
        del (
            operator.environment["MOTCUA_ZALO_OA_SECRET"],
            operator.environment["MOTCUA_ZALO_APP_ID"],
        )
        status, lines, errors = await operator.runs("check")
        assert (status, lines) == (2, [])
        assert errors == ["Chưa đặt: MOTCUA_ZALO_APP_ID, MOTCUA_ZALO_OA_SECRET. Xem README."]

    at_the_shell(tmp_path, act)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("REFRESH_TOKEN", "spent", "motcua zalo token [-14014 Invalid refresh token]"),
        ("REFRESH_TOKEN", "", "Chưa có mã truy cập nào."),
        ("APP_SECRET", "wrong", "[-14004 Invalid secret key]"),
        ("OAUTH", "http://127.0.0.1:9", "no answer"),
    ],
)
def test_check_says_in_one_sentence_why_zalo_is_of_no_use(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    async def act(operator: Operator) -> None:
        operator.environment[f"MOTCUA_ZALO_{variable}"] = value
        status, lines, errors = await operator.runs("check")
        assert (status, lines, len(errors)) == (2, [], 1)
        assert words in errors[0]

    at_the_shell(tmp_path, act)


def test_check_says_what_is_stopped_and_why_and_begins_again_when_told(tmp_path: Path) -> None:
    async def act(operator: Operator) -> None:
        with operator.store() as store, store.town(datetime.now(UTC)) as town:
            channels.stop(town.session, "zalo", REASON, datetime.now(UTC))
        status, lines, errors = await operator.runs("check")
        assert (status, bool(lines)) == (2, True)
        assert errors == [
            f"Đang ngừng gửi tin: {REASON} Khi đã khắc phục: motcua zalo check --resume"
        ]
        status, lines, errors = await operator.runs("check", "--resume")
        assert (status, lines[-1], errors) == (0, "Đã gửi tin trở lại.", [])
        status, _, errors = await operator.runs("check")
        assert (status, errors) == (0, [])

    at_the_shell(tmp_path, act)


def test_a_new_token_is_tried_stored_and_the_channel_goes_on(tmp_path: Path) -> None:
    async def act(operator: Operator) -> None:
        with operator.store() as store, store.town(datetime.now(UTC)) as town:
            channels.stop(town.session, "zalo", REASON, datetime.now(UTC))
        token = operator.fake.refresh_token
        status, lines, errors = await operator.runs("token", typing=f" {token}\n")
        assert (status, errors) == (0, [])
        assert lines[-1] == "Đã lưu mã truy cập; kênh Zalo hoạt động lại."
        with operator.store() as store, store.town(datetime.now(UTC), reading=True) as town:
            assert channels.stopped(town.session, "zalo") is None
            pair = credentials.get(town.session, "zalo")
            assert pair is not None
            assert pair.refresh == operator.fake.refresh_token != token

    at_the_shell(tmp_path, act)


@pytest.mark.parametrize("typing", ["", "\n", "two words\n", "x" * 5000])
def test_what_is_no_token_is_not_even_tried(tmp_path: Path, typing: str) -> None:
    async def act(operator: Operator) -> None:
        status, _, errors = await operator.runs("token", typing=typing)
        assert (status, errors) == (2, ["Đây không phải là refresh token."])
        assert operator.fake.calls == []

    at_the_shell(tmp_path, act)


def test_a_token_that_zalo_refuses_changes_nothing(tmp_path: Path) -> None:
    async def act(operator: Operator) -> None:
        status, _, errors = await operator.runs("token", typing="spent-token\n")
        assert (status, len(errors)) == (2, 1)
        assert "Invalid refresh token" in errors[0]
        with operator.store() as store, store.town(datetime.now(UTC), reading=True) as town:
            assert credentials.get(town.session, "zalo") is None

    at_the_shell(tmp_path, act)


def test_an_operator_reads_what_was_paid_and_lifts_what_zalo_barred(tmp_path: Path) -> None:
    now = datetime.now(UTC)

    async def act(operator: Operator) -> None:
        operator.environment["MOTCUA_ZALO_PAID"] = "500"
        with operator.store() as store, store.town(now) as town:
            windows.release(town.session, "zalo", windows.month_of(now), -37)
            windows.hold(town.session, "zalo", Way.PAID, windows.next_month(now))
            windows.hold(town.session, "zalo", Way.TEMPLATE, windows.FOREVER)
        _, said, _ = await operator.runs("quota", "--language", "en")
        assert said[0].endswith(": 37 of 500 (MOTCUA_ZALO_PAID).")
        assert [line.partition(":")[0] for line in said[1:]] == [
            "Zalo says that the quota is used up",
            "Zalo does not take the template; its own words are in the log. When it is mended",
        ]
        _, said, _ = await operator.runs("quota", "--language", "en", "--resume")
        assert len(said) == 1

    at_the_shell(tmp_path, act)
