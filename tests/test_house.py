"""The house stays in order: rooms, lists, the wheel, the README and what must not be committed."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import handlers
from bot.app import DOORS
from bot.settings import Settings
from knowledge.plans.readers import READERS

ROOT = Path(__file__).parents[1]
NOT_HANDLERS = {"__init__", "talk", "card", "sayings", "sources", "standing", "reminding"}
NOT_HANDLERS |= {"reminder_agreement", "reminder_list", "reminder_sayings", "reminder_subjects"}
"""Modules of the room that answer nothing themselves: values, and what answers are made of."""

NOT_CHANNELS = {"__init__", "__pycache__", "door", "channel", "plain_text"}
"""What all channels share."""

FORBIDDEN = re.compile(
    r"index[-]url|--find[-]links|https?://[^\s\"]*/simple|/(?:root|home|work|farm)/\w"
    r"|BEGIN \w+ PRIVATE"
)


def committed() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in done.stdout.decode().split("\0") if name]


def test_every_handler_is_in_the_list() -> None:
    modules = {path.stem for path in (ROOT / "handlers").glob("*.py")} - NOT_HANDLERS
    listed = {each.__name__ for each in handlers.HANDLERS}
    listed |= {command.answer.__module__ for command in handlers.commands.COMMANDS}
    assert {name.removeprefix("handlers.") for name in listed} == modules


def test_every_channel_is_in_the_list() -> None:
    channels = {
        path.stem
        for path in (ROOT / "bot" / "channels").iterdir()
        if path.stem not in NOT_CHANNELS
    }
    assert {door.__name__.removeprefix("bot.channels.") for door in DOORS} == channels


def test_every_document_format_is_in_the_list() -> None:
    folder = ROOT / "knowledge" / "plans" / "readers"
    files = {path.stem for path in folder.glob("*.py")}
    assert set(READERS) <= files
    assert set(READERS) == {"txt", "docx", "pdf", "xlsx"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_four_rooms_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist() if ".dist-info" not in name}
    assert tops == {"bot", "handlers", "knowledge", "locales"}


@pytest.mark.parametrize("ending", [".po", ".toml", ".csv", ".html", ".css", ".js"])
def test_the_wheel_holds_the_data_of_the_rooms(wheel: zipfile.ZipFile, ending: str) -> None:
    rooms = ("bot/", "handlers/", "knowledge/", "locales/")
    data = {name for name in committed() if name.startswith(rooms) and name.endswith(ending)}
    assert data
    assert data <= set(wheel.namelist())


def test_no_registry_host_machine_path_or_key_is_committed() -> None:
    found = []
    for name in committed():
        if name.endswith((".png", ".docx", ".pdf", ".xlsx")) or name == "tests/test_house.py":
            continue
        text = (ROOT / name).read_text("utf-8", errors="replace")
        found += [f"{name}: {match[0]}" for match in FORBIDDEN.finditer(text)]
    assert found == []


def test_the_rooms_never_name_the_folder_beside_the_project() -> None:
    for name in committed():
        if name.startswith(("bot/", "handlers/", "knowledge/", "locales/")):
            assert "../shared" not in (ROOT / name).read_text("utf-8", errors="replace"), name


def test_every_requirement_is_locked_with_hashes_and_without_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock"):
        text = (ROOT / name).read_text("utf-8")
        pins = re.findall(r"^(\S+)==(\S+).*\\\n    --hash=sha256:", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE)) > 40
        assert "://" not in text


def test_the_settings_table_of_the_readme_is_that_of_the_code() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| `(MOTCUA_\w+)` \|", readme, re.MULTILINE)
    assert listed == [f"MOTCUA_{name.upper()}" for name in Settings.model_fields]
