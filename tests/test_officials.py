"""Officials' logins: who they are, what their roles are, and which passwords are too weak."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.records import officials
from knowledge.records.officials import Role
from knowledge.refusal import Refusal
from knowledge.store import Store

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
GOOD = "bốn con trâu ăn cỏ"
MOTCUA = Path(sys.executable).with_name("motcua")
WEAK = [
    "ngan",
    "matkhau12345",
    "Password@2026",
    "123456789012",
    "012345678901",
    "aaaaaaaaaaaaaaaa",
    "abababababababab",
    "qwertyuiop123",
    "canbo-phuong-1",
    "motcua2026!!!",
    "20261122202611",
]


def test_an_official_is_entered_once_and_his_login_is_written_small(store: Store) -> None:
    with store.town(NOW) as town:
        assert officials.add(town, " Lan ", Role.EDITOR) == "lan"
        assert officials.acting(town.session, "LAN").role == Role.EDITOR
        with pytest.raises(Refusal, match="already"):
            officials.add(town, "lAN", Role.APPROVER)
        assert [each.role for each in officials.everyone(town.session)] == [Role.EDITOR]


@pytest.mark.parametrize("login", ["", "lan lan", "lán", "-lan", "x" * 65, "lan\n"])
def test_a_login_is_plain(store: Store, login: str) -> None:
    if login == "lan\n":
        login = "lan\nx"
    with store.town(NOW) as town, pytest.raises(Refusal, match="no login"):
        officials.add(town, login, Role.EDITOR)


def test_nobody_works_for_a_place_that_is_not_known(store: Store) -> None:
    with store.town(NOW) as town, pytest.raises(Refusal, match="not a place"):
        officials.add(town, "lan", Role.EDITOR, "atlantis")


def test_a_password_signs_in_however_its_letters_were_typed(store: Store) -> None:
    with store.town(NOW) as town:
        officials.add(town, "lan", Role.EDITOR, password=GOOD)
        decomposed = "bô\u0301n con trâu ăn co\u0309"
        assert officials.sign_in(town.session, "Lan", GOOD) is not None
        assert officials.sign_in(town.session, "lan", decomposed) is not None
        assert officials.sign_in(town.session, "lan", GOOD + "!") is None
        assert officials.sign_in(town.session, "nobody", GOOD) is None
        kept = officials.acting(town.session, "lan").password or ""
        assert kept.startswith("$argon2id$")
        assert GOOD not in kept


def test_without_a_password_an_official_acts_and_does_not_sign_in(store: Store) -> None:
    with store.town(NOW) as town:
        officials.add(town, "lan", Role.EDITOR)
        assert officials.acting(town.session, "lan").login == "lan"
        assert officials.sign_in(town.session, "lan", "") is None
        officials.set_password(town.session, "lan", GOOD)
        assert officials.sign_in(town.session, "lan", GOOD) is not None


def test_who_was_disabled_neither_acts_nor_signs_in_until_enabled(store: Store) -> None:
    with store.town(NOW) as town:
        officials.add(town, "lan", Role.EDITOR, password=GOOD)
        officials.disable(town.session, "lan", NOW)
        with pytest.raises(Refusal, match="any more"):
            officials.acting(town.session, "lan")
        assert officials.sign_in(town.session, "lan", GOOD) is None
        officials.enable(town.session, "lan")
        assert officials.acting(town.session, "lan").login == "lan"


def test_nobody_acts_under_a_login_that_was_not_entered(store: Store) -> None:
    with store.town(NOW) as town, pytest.raises(Refusal, match="no official"):
        officials.acting(town.session, "lan")


@pytest.mark.parametrize("password", WEAK)
def test_a_password_that_is_soon_guessed_is_refused(password: str) -> None:
    with pytest.raises(Refusal):
        officials.hashed(password, "canbo-phuong")


@pytest.mark.parametrize("password", ["nguyen.van.lan", "NGUYEN.VAN.LAN"])
def test_the_login_is_no_password(password: str) -> None:
    with pytest.raises(Refusal):
        officials.hashed(password, "nguyen.van.lan")


@pytest.mark.parametrize("password", [GOOD, "k7#Wq2vR9zLp", "nắng mưa chợ huyện"])
def test_a_few_words_of_ones_own_are_a_password(password: str) -> None:
    assert officials.hashed(password, "lan")


def test_the_command_takes_a_password_from_standard_input_and_refuses_with_status_2(
    tmp_path: Path,
) -> None:
    environment = {key: value for key, value in os.environ.items() if "MOTCUA" not in key}

    def run(*words: str, says: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [MOTCUA, "officials", *words],
            input=says,
            capture_output=True,
            text=True,
            check=False,
            env=environment | {"MOTCUA_DATA_DIR": str(tmp_path)},
            cwd=tmp_path,
        )

    weak = run("add", "lan", "--role", "editor", "--password-stdin", says="123456\n")
    assert weak.returncode == 2
    assert len(weak.stderr.splitlines()) == 1
    assert run("add", "lan", "--role", "mayor").returncode == 2
    added = run(
        "add", "lan", "--role", "editor", "--locality", "bac-kan", "--password-stdin",
        says=f"{GOOD}\n",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert run("add", "lan", "--role", "editor").returncode == 2
    assert run("list").stdout.split() == ["lan", "editor", "bac-kan"]
