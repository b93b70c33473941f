"""The web chat in a real browser: on a phone and at a desk, with and without its script."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

MOTCUA = Path(sys.executable).with_name("motcua")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
SIZES = {"phone": (360, 740), "desk": (1280, 800)}
WAYS = list(product(SIZES, [True, False]))
CERTIFY = "thứ mấy làm chứng thực bản sao giấy tờ Việt Nam, cần mang gì, phí bao nhiêu?"

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve on a free port for all tests of this file."""
    folder = tmp_path_factory.mktemp("data")
    with subprocess.Popen(
        [MOTCUA, "serve"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "MOTCUA_DATA_DIR": str(folder), "MOTCUA_PORT": "0", "PYTHONUTF8": "1"},
    ) as process:
        assert process.stdout is not None
        yield re.search(r"http://\S+", process.stdout.readline())[0]
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; without one these tests are skipped, but not in CI."""
    program = shutil.which("chromium")
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("chromium is missing")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open the page as a new visitor; what a script or the policy complains of is a failure."""
    contexts, complaints = [], []

    def open_page(size: str = "phone", *, script: bool = True, **options: object) -> Page:
        width, height = SIZES[size]
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, java_script_enabled=script, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [each for each in complaints if "Failed to load resource" not in each]


def ask(page: Page, text: str, locality: str = "bac-kan") -> None:
    page.get_by_role("combobox").select_option(locality)
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Gửi").click()
    expect(page.locator(".desk[data-outcome=answered]").last).to_be_visible()


@pytest.mark.parametrize(("size", "script"), WAYS)
def test_a_citizen_asks_reads_the_answer_and_opens_its_sources(
    visit: Visit,
    size: str,
    script: bool,  # noqa: FBT001 - parametrized
) -> None:
    page = visit(size, script=script)
    ask(page, CERTIFY)
    answer = page.locator(".desk").last
    expect(answer).to_contain_text("Thứ Ba")
    expect(answer).to_contain_text("2.000")
    source = answer.locator(".sources li").first
    expect(source).not_to_be_visible()
    answer.get_by_text("Nguồn", exact=False).first.click()
    expect(source).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_mark_opens_the_sources_at_its_own(visit: Visit, script: bool) -> None:  # noqa: FBT001
    page = visit(script=script)
    ask(page, CERTIFY)
    page.locator(".desk sup a").first.click()
    expect(page.locator(".desk .sources li").first).to_be_in_viewport()


@pytest.mark.parametrize("script", [True, False])
def test_the_keyboard_alone_asks_and_presses_a_follow_up(
    visit: Visit,
    script: bool,  # noqa: FBT001 - parametrized
) -> None:
    page = visit("desk", script=script)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đến ô đặt câu hỏi")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("thứ mấy chứng thực bản sao giấy tờ Việt Nam ở Bắc Kạn?")
    if not script:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".desk[data-outcome=answered]")).to_be_visible()
    choice = page.locator(".choices button").first
    says = choice.text_content()
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if script else "Tab")
        if choice.evaluate("each => each === document.activeElement"):
            break
    expect(choice).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".citizen p").last).to_have_text(says if script else re.compile("."))
    expect(page.locator(".desk[data-outcome=answered]").last).to_be_visible()
    expect(page.locator(".waiting")).to_have_count(0)


def test_after_a_follow_up_the_next_tab_is_in_the_new_answer(visit: Visit) -> None:
    page = visit("desk")
    ask(page, CERTIFY)
    page.locator(".choices button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".desk")).to_have_count(3)
    page.keyboard.press("Tab")
    assert page.locator(".desk").last.evaluate("each => each.contains(document.activeElement)")


def test_choices_of_an_older_answer_are_gone(visit: Visit) -> None:
    page = visit()
    ask(page, CERTIFY)
    page.locator(".choices button").first.click()
    expect(page.locator(".desk")).to_have_count(3)
    assert page.locator(".desk:not(:last-child) .choices").count() == 0


def test_enter_that_ends_a_composed_letter_does_not_send(visit: Visit) -> None:
    page = visit()
    page.get_by_role("textbox").fill("chứng thự")
    page.evaluate(
        """document.getElementById("question").dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    assert page.locator(".citizen").count() == 0
    page.get_by_role("textbox").press("Shift+Enter")
    assert page.get_by_role("textbox").input_value() == "chứng thự\n"


def test_a_lost_connection_is_said_and_the_question_can_be_sent_again(visit: Visit) -> None:
    page = visit()
    page.context.set_offline(True)
    page.get_by_role("textbox").fill(CERTIFY)
    page.get_by_role("textbox").press("Enter")
    again = page.get_by_role("button", name="Gửi lại")
    expect(again).to_be_visible()
    page.context.set_offline(False)
    again.click()
    expect(page.locator(".desk[data-outcome]").nth(1)).to_be_visible()
    assert page.locator(".citizen").count() == 1
    expect(page.locator(".failure")).to_have_count(0)


def test_markup_in_a_question_stays_text(visit: Visit) -> None:
    page = visit()
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    page.get_by_role("textbox").fill(hostile)
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".desk")).to_have_count(2)
    expect(page.locator(".citizen p")).to_have_text(hostile)
    assert page.locator("#log img, #log script").count() == 0


def test_the_place_of_today_is_shown_with_the_choice(visit: Visit) -> None:
    page = visit()
    page.get_by_role("combobox").select_option("bac-kan")
    expect(page.locator("#today")).to_contain_text("Đức Xuân")


def test_the_place_outlives_a_reload_and_a_change_of_language(visit: Visit) -> None:
    page = visit()
    place = page.get_by_role("combobox")
    place.select_option("dak-nong")
    page.reload()
    expect(place).to_have_value("dak-nong")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(place).to_have_value("dak-nong")
    say(page, "my place is Bắc Kạn")
    expect(place).to_have_value("bac-kan")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(place).to_have_value("bac-kan")
    page.get_by_role("link", name="Tiếng Việt").click()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(place).to_have_value("bac-kan")
    say(page, "thứ Ba làm được những thủ tục gì?")
    expect(page.locator(".desk").last).to_contain_text("Thành phố Bắc Kạn, theo ngày")
    page.goto(page.url.partition("?")[0])
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(place).to_have_value("bac-kan")
    cookies = [cookie["name"] for cookie in page.context.cookies()]
    assert cookies == ["conversation"]
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def say(page: Page, text: str) -> None:
    shown = page.locator(".desk").count()
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")
    expect(page.locator(".desk")).to_have_count(shown + 1)


def test_a_place_asked_about_without_a_script_is_kept_by_the_other_language(visit: Visit) -> None:
    page = visit(script=False)
    ask(page, CERTIFY)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("combobox")).to_have_value("bac-kan")


HEIGHTS = {"a phone": 740, "a phone with its keyboard": 420, "a phone on its side": 360}


@pytest.mark.parametrize("height", HEIGHTS.values(), ids=HEIGHTS.keys())
@pytest.mark.parametrize("size", ["100%", "225%"])
def test_a_long_question_scrolls_in_its_box_and_can_be_sent(
    visit: Visit, height: int, size: str
) -> None:
    page = visit()
    page.set_viewport_size({"width": 360, "height": height})
    page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
    box = page.get_by_role("textbox")
    box.click()
    page.keyboard.insert_text("Tôi muốn hỏi việc chứng thực bản sao.\n" * 60)
    assert box.evaluate("each => each.clientHeight <= innerHeight * 0.4 + 1")
    assert box.evaluate("each => each.scrollHeight > 2 * each.clientHeight")
    for each in (page.get_by_role("button", name="Gửi"), page.locator("#privacy")):
        expect(each).to_be_in_viewport(ratio=0.99)


@pytest.mark.parametrize(("size", "scheme"), list(product(SIZES, ["light", "dark"])))
def test_a_page_that_does_not_exist_is_readable_and_leads_back(
    visit: Visit, size: str, scheme: str
) -> None:
    page = visit(size, color_scheme=scheme, locale="vi-VN")
    page.goto(f"{page.url}khong-co")
    expect(page.get_by_role("heading", level=1)).to_have_text("Không có trang này.")
    assert sideways(page) == 0
    assert [each for each in page.evaluate(CONTRAST) if each[0] < 4.5] == []
    page.get_by_role("main").get_by_role("link").click()
    expect(page.get_by_role("textbox")).to_be_visible()


# Everyone can read it


@pytest.mark.parametrize(("size", "script"), WAYS)
def test_nothing_scrolls_sideways(visit: Visit, size: str, script: bool) -> None:  # noqa: FBT001
    page = visit(size, script=script)
    ask(page, f"{CERTIFY} {'w' * 300}")
    page.locator(".sources summary").last.click()
    assert sideways(page) == 0


@pytest.mark.parametrize("size", SIZES)
def test_nothing_scrolls_sideways_at_twice_the_size(visit: Visit, size: str) -> None:
    """A magnified page is a window of half the width with the same letters."""
    page = visit(size)
    width, height = SIZES[size]
    page.set_viewport_size({"width": max(width // 2, 320), "height": height // 2})
    ask(page, CERTIFY)
    assert sideways(page) == 0
    page.evaluate("document.documentElement.style.setProperty('font-size', '225%')")
    page.set_viewport_size({"width": width, "height": height})
    assert sideways(page) == 0


def sideways(page: Page) -> int:
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


CONTRAST = """
() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgb(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    const pair = [rgb(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    found.push([Math.round(ratio * 100) / 100, texts.currentNode.textContent.trim()]);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    ask(page, CERTIFY)
    page.locator(".sources summary").last.click()
    found = page.evaluate(CONTRAST)
    assert len(found) > 20
    assert [each for each in found if each[0] < 4.5] == []


NAMELESS = """
() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea")]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()
    || each.labels?.length))
  .map((each) => each.outerHTML)
"""
TWICE = """
() => { const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
        return ids.filter((id, index) => ids.indexOf(id) !== index); }
"""
SMALL = """
() => [...document.querySelectorAll("button, select, textarea, summary, nav a")]
  .filter((each) => each.checkVisibility())
  .map((each) => [each.getBoundingClientRect(), each.outerHTML])
  .filter(([box]) => box.height < 40 || box.width < 40).map(([, html]) => html)
"""


@pytest.mark.parametrize("script", [True, False])
def test_a_screen_reader_finds_names_landmarks_and_a_live_log(
    visit: Visit,
    script: bool,  # noqa: FBT001 - parametrized
) -> None:
    page = visit(script=script)
    ask(page, CERTIFY)
    assert page.locator("html").get_attribute("lang") == "vi"
    for role in ("banner", "main", "navigation", "complementary", "log"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.get_by_role("log").get_attribute("aria-live") == "polite"
    assert page.get_by_role("textbox", name="Câu hỏi của anh/chị").count() == 1
    assert page.get_by_role("combobox", name="Anh/chị làm thủ tục ở đâu?").count() == 1


def test_every_control_has_a_name_a_place_of_its_own_and_room_for_a_thumb(visit: Visit) -> None:
    page = visit()
    ask(page, CERTIFY)
    ask(page, CERTIFY)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(TWICE) == []
    assert page.evaluate(SMALL) == []


def test_whatever_has_the_focus_shows_it(visit: Visit) -> None:
    page = visit("desk")
    ask(page, CERTIFY)
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    unseen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => { const each = document.activeElement;
            const box = each.closest(".composer:has(textarea:focus)") ?? each;
            const { outlineStyle, outlineWidth } = getComputedStyle(box);
            return each === document.body || outlineStyle !== "none" && outlineWidth !== "0px"
              ? null : each.outerHTML; }"""
        )
        unseen += [shown] if shown else []
    assert unseen == []


def test_the_page_and_its_words_turn_english(visit: Visit) -> None:
    page = visit()
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("combobox").select_option("bac-kan")
    page.get_by_role("textbox").fill("Which day is the voluntary dissolution of a cooperative?")
    page.get_by_role("textbox").press("Enter")
    answer = page.locator(".desk").last
    expect(answer).to_contain_text("Tuesday")
    expect(answer.locator(".sources summary")).to_contain_text("Sources")
