"""The README's conversation is still true: every question in it is asked and compared."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
MOTCUA = Path(sys.executable).with_name("motcua")


def conversations() -> list[tuple[str, str]]:
    blocks = re.findall(r"```console\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts if part.strip()]


def test_every_question_of_the_readme_is_answered_as_printed(tmp_path: Path) -> None:
    asked = conversations()
    assert asked
    environment = os.environ | {"MOTCUA_DATA_DIR": str(tmp_path)}
    for command, printed in asked:
        words = shlex.split(command)
        assert words[0] == "motcua"
        done = subprocess.run(
            [MOTCUA, *words[1:]], env=environment, cwd=tmp_path, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert done.stdout.strip() == printed.strip()
