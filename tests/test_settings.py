"""What the environment decides."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings


def read_in(folder: Path, **variables: str) -> str:
    """Read the settings in a process of their own, in a folder and with these variables only."""
    program = "from bot.settings import Settings; s = Settings(); print(s.port, s.database, s)"
    environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **variables}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout


def test_without_any_setting_the_database_is_a_file_under_the_current_folder(
    tmp_path: Path,
) -> None:
    assert f"8080 sqlite:///{tmp_path}/.data/motcua.sqlite3" in read_in(tmp_path)


def test_a_variable_beats_the_file_and_the_file_beats_the_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MOTCUA_PORT=9001\nMOTCUA_DATA_DIR=/srv/motcua\nOTHER=1\n")
    assert read_in(tmp_path).startswith("9001 sqlite:////srv/motcua/")
    assert read_in(tmp_path, MOTCUA_PORT="9002").startswith("9002 ")


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert "8080 sqlite" in read_in(tmp_path, MOTCUA_PORT="", MOTCUA_DATABASE_URL="")


def test_the_password_in_the_database_address_is_not_printed(tmp_path: Path) -> None:
    address = "postgresql://motcua:s3cret@db/motcua"
    _, database, shown = read_in(tmp_path, MOTCUA_DATABASE_URL=address).split(" ", 2)
    assert database == address
    assert "s3cret" not in shown


def test_settings_do_not_change_after_the_start() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings(_env_file=None).port = 1


@pytest.mark.parametrize("port", [-1, 65536, "http"])
def test_an_impossible_port_is_refused(port: object) -> None:
    with pytest.raises(ValidationError):
        Settings(port=port, _env_file=None)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_described_in_one_sentence(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description[:1].isupper()
    assert description.endswith(".")
