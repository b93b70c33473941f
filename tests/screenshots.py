"""Make the picture in README: `python tests/screenshots.py README.png`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

MOTCUA = Path(sys.executable).with_name("motcua")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
WIDTH = 1180
QUESTION = "Thứ mấy làm chứng thực bản sao bằng tốt nghiệp, cần mang gì, phí bao nhiêu?"


def main(picture: Path) -> None:
    """Serve on a new database, ask the question of README in Chromium, and keep what is shown."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"MOTCUA_DATA_DIR": folder, "MOTCUA_PORT": "0", "PYTHONUTF8": "1"}
        with subprocess.Popen(
            [MOTCUA, "serve"],
            cwd=folder,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                address = re.search(r"http://\S+", process.stdout.readline())
                assert address is not None
                photograph(address[0], picture)
            finally:
                process.terminate()


def photograph(address: str, picture: Path) -> None:
    """Ask at the desk's size, about Bắc Kạn, and wait for the answer."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 800}, reduced_motion="reduce", color_scheme="light"
        )
        page.goto(address)
        page.get_by_role("combobox").select_option("bac-kan")
        page.get_by_role("textbox").fill(QUESTION)
        page.get_by_role("textbox").press("Enter")
        page.locator(".desk[data-outcome=answered]").wait_for()
        page.locator(".sources summary").click()
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": WIDTH, "height": height})
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "README.png"))
