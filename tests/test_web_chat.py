"""The web chat as a browser without a window meets it: its page, its form and its JSON."""

import asyncio
import html
import json
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lxml.html
import pytest
from aiohttp import ClientResponse, DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from bot.app import make_app
from bot.channels.web import page
from bot.flood import Flood
from bot.settings import Settings
from handlers.talk import Button, Outcome, Reply

TUESDAY = "thứ Ba làm được những thủ tục gì?"
CERTIFY = "thứ mấy làm chứng thực bản sao giấy tờ Việt Nam, cần mang gì, phí bao nhiêu?"
FORM = "application/x-www-form-urlencoded"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{{7*7}}</textarea>'"
Talk = Callable[[TestClient], Awaitable[None]]
Converse = Callable[..., None]


@pytest.fixture
def converse(tmp_path: Path) -> Converse:
    """Run a conversation with a service that has a database of its own."""

    def run(talk: Talk, **settings: object) -> None:
        async def talking() -> None:
            chosen = Settings(data_dir=tmp_path, _env_file=None, **settings)
            server = TestServer(make_app(chosen))
            async with TestClient(server, cookie_jar=Cookies()) as client:
                await talk(client)

        asyncio.run(talking())

    return run


class Cookies(DummyCookieJar):
    """Keeps nothing by itself: each test says which conversation it is in."""


async def submit(client: TestClient, conversation: str = "", **fields: str) -> ClientResponse:
    return await client.post("/", data=fields, headers=_cookie(conversation))


async def chat(client: TestClient, conversation: str = "", **fields: object) -> ClientResponse:
    return await client.post("/chat", json=fields, headers=_cookie(conversation))


def _cookie(conversation: str) -> dict[str, str]:
    return {"Cookie": f"conversation={conversation}"} if conversation else {}


async def read(response: ClientResponse) -> lxml.html.HtmlElement:
    """Return the page as it is without its script, which alone uses the templates."""
    document = lxml.html.document_fromstring(await response.text())
    for template in list(document.iter("template")):
        template.drop_tree()
    return document


def pick(element: lxml.html.HtmlElement, *path: str) -> list[lxml.html.HtmlElement]:
    """Find the elements under a path of tags and, after a dot, classes."""
    found = [element]
    for step in path:
        below = [each for parent in found for each in parent.iterdescendants()]
        found = [each for each in below if step == each.tag or step[1:] in classes(each, step)]
    return found


def classes(element: lxml.html.HtmlElement, step: str) -> list[str]:
    return element.get("class", "").split() if step.startswith(".") else []


def outcome(document: lxml.html.HtmlElement) -> str:
    return pick(document, ".desk")[0].get("data-outcome")


def chosen(document: lxml.html.HtmlElement) -> list[str]:
    return [each.get("value") for each in pick(document, "option") if "selected" in each.attrib]


def conversation_of(response: ClientResponse) -> str:
    return response.cookies["conversation"].value


def questions(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "motcua.sqlite3") as database:
        return [text for (text,) in database.execute("SELECT text FROM question ORDER BY id")]


# One question, one answer


def test_one_question_gets_one_answer_without_a_script(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        response = await submit(client, text=CERTIFY, locality="bac-kan", language="vi")
        document = await read(response)
        [turn] = pick(document, ".desk")
        assert response.status == 200
        assert turn.get("data-outcome") == "answered"
        assert pick(document, ".citizen", "p")[0].text == CERTIFY
        assert "Thứ Ba" in turn.text_content()
        assert "2.000" in turn.text_content()
        assert pick(turn, ".sources", "li")

    converse(talk)


def test_a_script_gets_the_same_answer_as_the_form(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        document = await read(await submit(client, text=CERTIFY, locality="bac-kan"))
        [turn] = pick(document, ".desk")
        reply = await (await chat(client, text=CERTIFY, locality="bac-kan")).json()
        assert set(reply) >= {"body", "sources", "buttons", "outcome"}
        assert [li.text for li in pick(turn, ".sources", "li")] == reply["sources"]
        assert [b.get("value") for b in pick(turn, "button")] == [
            button["says"] for button in reply["buttons"]
        ]
        assert len(pick(turn, ".body", "p")) == len(reply["lines"])

    converse(talk)


def test_every_mark_points_to_a_source_that_is_listed(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        document = await read(await submit(client, text=CERTIFY, locality="bac-kan"))
        marks = pick(document, "sup", "a")
        assert marks
        assert {mark.get("href")[1:] for mark in marks} <= {
            each.get("id") for each in document.iter()
        }

    converse(talk)


def test_pressing_a_button_says_its_words_without_a_script(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        first = await submit(
            client, text="thứ mấy chứng thực bản sao giấy tờ Việt Nam?", locality="bac-kan"
        )
        button = pick(await read(first), ".choices", "button")[0]
        assert (button.get("name"), button.get("form")) == ("says", "ask")
        second = await submit(client, conversation_of(first), says=button.get("value"), text="")
        document = await read(second)
        assert pick(document, ".citizen", "p")[0].text == button.get("value")
        assert pick(document, ".desk")[0].get("data-outcome") == "answered"

    converse(talk)


def test_nothing_asked_shows_the_greeting_again(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        response = await submit(client, text="   ")
        assert str(response.url.relative()) == "/"
        assert outcome(await read(response)) == "informed"
        assert (await chat(client, text=" ")).status == 400

    converse(talk)


# What stays and what does not


def test_no_cookie_is_set_before_a_question(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        assert not (await client.get("/")).cookies

    converse(talk)


@pytest.mark.parametrize(
    ("address", "secure"), [(None, False), ("https://motcua.example.vn", True)]
)
def test_the_cookie_is_a_random_id_that_scripts_cannot_read(
    converse: Converse, address: str | None, *, secure: bool
) -> None:
    async def talk(client: TestClient) -> None:
        first, second = [await chat(client, text="xin chào") for _ in range(2)]
        cookie = first.cookies["conversation"]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
        assert bool(cookie["secure"]) is secure
        assert cookie.value != conversation_of(second)
        assert len(first.cookies) == 1

    converse(talk, public_url=address)


def test_a_chosen_place_is_still_chosen_at_the_next_visit(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        first = await chat(client, text="xin chào", locality="dak-nong")
        assert (await first.json())["locality"] == "dak-nong"
        cookie = _cookie(conversation_of(first))
        again = await read(await client.get("/", headers=cookie))
        stranger = await read(await client.get("/"))
        assert (chosen(again), chosen(stranger)) == (["dak-nong"], [])

    converse(talk)


def test_a_place_said_in_words_is_chosen_and_used_from_then_on(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        first = await chat(client, text="tôi ở Bắc Kạn")
        conversation = conversation_of(first)
        assert (await first.json())["locality"] == "bac-kan"
        for address in ("/", "/?language=en"):
            page_ = await read(await client.get(address, headers=_cookie(conversation)))
            assert chosen(page_) == ["bac-kan"]
        reply = await (await chat(client, conversation, text=TUESDAY)).json()
        alone = await (await chat(client, text=TUESDAY)).json()
        assert (reply["locality"], alone["locality"]) == ("bac-kan", None)
        assert reply["body"].startswith("Thành phố Bắc Kạn, theo ngày")
        assert reply["body"] != alone["body"]
        assert len(alone["buttons"]) == 5

    converse(talk)


def test_an_address_may_carry_the_place_to_the_other_language(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        page_ = await read(await client.get("/?language=en&locality=bac-kan"))
        links = [link.get("href") for link in pick(page_, "nav", "a")]
        unknown = await read(await client.get("/?locality=%22%3Ebac-kan"))
        assert (chosen(page_), chosen(unknown)) == (["bac-kan"], [])
        assert links == ["/?language=vi&locality=bac-kan", "/?language=en&locality=bac-kan"]

    converse(talk)


def test_a_place_left_out_later_stays_chosen_and_is_shown(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        first = await chat(client, text="xin chào", locality="dak-nong")
        later = await chat(client, conversation_of(first), text="xin chào", locality="")
        unknown = await chat(client, conversation_of(first), text="xin chào", locality="x")
        assert [(await each.json())["locality"] for each in (later, unknown)] == ["dak-nong"] * 2

    converse(talk)


def test_a_second_conversation_knows_nothing_of_the_first(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        first = await chat(client, text=CERTIFY, locality="bac-kan")
        own = await (await chat(client, conversation_of(first), text="thế phí?")).json()
        other = await (await chat(client, text="thế phí?")).json()
        assert own["outcome"] == "answered"
        assert other["outcome"] != "answered"

    converse(talk)


def test_reloading_an_answered_page_does_not_ask_again(converse: Converse, tmp_path: Path) -> None:
    async def talk(client: TestClient) -> None:
        form = {"text": CERTIFY, "locality": "bac-kan", "message": "m" * 22}
        first = await submit(client, "c" * 32, **form)
        second = await submit(client, "c" * 32, **form)
        bodies = [
            (await read(each)).get_element_by_id("log").text_content() for each in (first, second)
        ]
        assert bodies[0] == bodies[1]
        assert len(questions(tmp_path)) == 1

    converse(talk)


def test_after_a_restart_a_reloaded_page_starts_anew(converse: Converse, tmp_path: Path) -> None:
    form = {"text": CERTIFY, "message": "m" * 22}

    async def before(client: TestClient) -> None:
        await submit(client, "c" * 32, **form)

    async def after(client: TestClient) -> None:
        assert str((await submit(client, "c" * 32, **form)).url.relative()) == "/"
        assert (await (await chat(client, "c" * 32, **form)).json())["outcome"] == "declined"

    converse(before)
    converse(after)
    assert len(questions(tmp_path)) == 1


def test_the_page_speaks_the_language_that_was_chosen(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        english = await read(await client.get("/?language=en"))
        answered = await submit(client, text="hello", language="en")
        later = await client.get("/", headers=_cookie(conversation_of(answered)))
        unknown = await read(await client.get("/?language=xx"))
        languages = [english, await read(answered), await read(later), unknown]
        assert [each.get("lang") for each in languages] == ["en", "en", "en", "vi"]

    converse(talk)


def test_each_place_is_offered_with_what_it_is_called_today(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        options = pick(await read(await client.get("/")), "option")
        assert all(option.get("data-today") for option in options if option.get("value"))

    converse(talk)


def test_a_province_is_shown_with_its_province_of_today_alone(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        for language, today in (("vi", "Nay thuộc tỉnh Lâm Đồng"), ("en", "Lâm Đồng")):
            page_ = await read(await client.get(f"/?language={language}"))
            [province] = [
                each for each in pick(page_, "option") if each.get("value") == "dak-nong"
            ]
            assert today in province.get("data-today")
            assert "Gia Nghĩa" not in province.get("data-today")

    converse(talk)


# Where there is no answer

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
EVIL = {"Origin": "https://evil.example"}
WITHOUT_ANSWER = {
    "no such page": ("GET", "/khong-co", {}, b"", 404),
    "a folder": ("GET", "/static/web/", {}, b"", 403),
    "another way": ("PUT", "/", {}, b"", 405),
    "another site": ("POST", "/", EVIL, b"", 403),
    "too much": ("POST", "/", {"Content-Type": FORM}, b"text=" + b"a" * 100_000, 413),
    "no form": ("POST", "/", {"Content-Type": "text/plain"}, b"a", 415),
    "a script's": ("POST", "/chat", {"Content-Type": "application/json"}, b"{", 400),
}


@pytest.mark.parametrize("case", WITHOUT_ANSWER.values(), ids=WITHOUT_ANSWER.keys())
def test_a_browser_is_shown_a_page_in_its_language_with_a_way_back(
    converse: Converse, case: tuple[str, str, dict[str, str], bytes, int]
) -> None:
    method, path, headers, body, status = case

    async def talk(client: TestClient) -> None:
        english = await chat(client, text="hello", language="en")
        kept = _cookie(conversation_of(english))
        ways = [
            ({}, "", "vi", "/"),
            ({"Accept-Language": "fr, en-GB;q=0.8, vi;q=0.5"}, "", "en", "/?language=en"),
            ({"Accept-Language": "en", **kept}, "?language=vi", "vi", "/?language=vi"),
            (kept, "", "en", "/?language=en"),
        ]
        for more, query, language, home in ways:
            sent = BROWSER | headers | more
            response = await client.request(method, path + query, headers=sent, data=body)
            document = await read(response)
            [heading] = pick(document, "h1")
            assert (response.status, document.get("lang")) == (status, language)
            assert [link.get("href") for link in pick(document, "main", "a")] == [home]
            assert heading.text
            assert str(status) not in heading.text
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert bool(response.headers.get("Allow")) is (status == 405)

    converse(talk)


def test_the_pages_script_is_told_as_json_what_it_can_show(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        headers = {"Content-Type": "application/json", "Accept-Language": "vi"}
        for body, status in ((b"{", 400), (b"{}", 400), (b"a" * 100_000, 413)):
            response = await client.post("/chat", data=body, headers=headers)
            reply = await response.json()
            assert (response.status, reply["outcome"]) == (status, "declined")
            assert [line["pieces"] for line in reply["lines"]] == [[reply["body"]]]
            assert (reply["sources"], reply["buttons"]) == ([], [])

    converse(talk)


def test_other_programs_are_told_in_plain_text(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        response = await client.get("/khong-co")
        assert response.content_type == "text/plain"
        assert await response.text() == "Không có trang này."

    converse(talk)


# Hostile input


def test_markup_in_a_question_stays_text(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        document = await read(await submit(client, text=HOSTILE, says="", locality=HOSTILE))
        assert pick(document, ".citizen", "p")[0].text == HOSTILE
        assert harmless(document)

    converse(talk)


def test_markup_in_a_reply_stays_text() -> None:
    front = page.Front("vi", "", None, HOSTILE, (page.Choice(HOSTILE, HOSTILE, HOSTILE),))
    body = f"{HOSTILE}\n📅 {HOSTILE}: {HOSTILE} [1]\n• {HOSTILE}"
    reply = Reply(
        body,
        Outcome.ANSWERED,
        source_lines=(f"[1] {HOSTILE}",),
        buttons=[Button(HOSTILE + "!", HOSTILE)],
    )
    document = lxml.html.document_fromstring(page.render(front, HOSTILE, reply))
    assert harmless(document)
    assert pick(document, ".sources", "li")[0].text == HOSTILE
    assert pick(document, ".choices", "button")[0].get("value") == HOSTILE
    assert pick(document, ".body")[0].text_content().count("<script>") == 4


def harmless(document: lxml.html.HtmlElement) -> bool:
    scripts = [each.get("src", "") for each in document.iter("script")]
    names = {name for element in document.iter() for name in element.attrib}
    return (
        len(scripts) == 1
        and scripts[0].startswith("/static/web/chat.js")
        and not pick(document, "main", "img")
        and not any(name.startswith("on") or name == "style" for name in names)
    )


NOT_FORMS = [
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "a/b; charset=zz",
]


@pytest.mark.parametrize("content_type", NOT_FORMS)
def test_a_form_of_another_kind_is_refused(converse: Converse, content_type: str) -> None:
    async def talk(client: TestClient) -> None:
        response = await client.post("/", data=b"text=a", headers={"Content-Type": content_type})
        assert response.status == 415

    converse(talk)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_must_say_that_it_is_json(converse: Converse, content_type: str) -> None:
    async def talk(client: TestClient) -> None:
        headers = {"Content-Type": content_type}
        assert (await client.post("/chat", data=b'{"text":"a"}', headers=headers)).status == 415

    converse(talk)


BROKEN = {
    "nothing": b"",
    "half an object": b'{"text":',
    "a list": b'["text"]',
    "a number": b"7",
    "null": b"null",
    "deep": b'{"text":' + b"[" * 30_000,
    "deep and closed": b'{"text":' + b"[" * 15_000 + b"]" * 15_000 + b"}",
    "a long number": b'{"text":' + b"9" * 10_000 + b"}",
    "not UTF-8": b'{"text":"\xff\xfe"}',
    "text is a list": b'{"text":["a"]}',
    "text is missing": b"{}",
    "another encoding's mark": "{}".encode("utf-16"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_json_is_refused(
    converse: Converse, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(client: TestClient) -> None:
        headers = {"Content-Type": "application/json"}
        assert (await client.post("/chat", data=body, headers=headers)).status == 400

    converse(talk)
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


def test_a_huge_body_is_refused(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        assert (await chat(client, text="á" * 100_000)).status == 413
        assert (await submit(client, text="a" * 100_000)).status == 413
        assert (await submit(client, **{f"f{n}": "" for n in range(1000)})).status == 400

    converse(talk)


ODD = [
    "\0",
    "\ud83d",
    "a\u202eb",
    "😀" * 500,
    "x" * 9_000,
    "<b>",
    "'; DROP TABLE question; --",
    "*_[`",
]


def test_odd_questions_get_an_answer(converse: Converse, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(client: TestClient) -> None:
        for number, text in enumerate(ODD):
            body = json.dumps({"text": text, "locality": text, "language": text, "message": text})
            headers = {"Content-Type": "application/json", **_cookie(f"{number:032}")}
            response = await client.post("/chat", data=body, headers=headers)
            assert response.status == 200, number

    converse(talk)
    assert not [entry for entry in caplog.records if entry.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "value", ["", "short", "a" * 65, "../../../../etc/passwd", "%00" * 8, '"']
)
def test_a_cookie_that_we_did_not_give_starts_a_new_conversation(
    converse: Converse, value: str
) -> None:
    async def talk(client: TestClient) -> None:
        given = conversation_of(await chat(client, value, text="xin chào"))
        assert re.fullmatch(r"[\w-]{32}", given)
        assert (await client.get("/", headers=_cookie(value))).status == 200

    converse(talk)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://127.0.0.1.evil.vn"]
)
@pytest.mark.parametrize("path", ["/", "/chat"])
def test_another_site_cannot_ask_in_a_citizens_name(
    converse: Converse, origin: str, path: str, tmp_path: Path
) -> None:
    async def talk(client: TestClient) -> None:
        body = {"data": {"text": "a"}} if path == "/" else {"json": {"text": "a"}}
        response = await client.post(path, headers={"Origin": origin}, **body)
        assert response.status == 403

    converse(talk)
    assert questions(tmp_path) == []


def test_our_own_page_may_ask_here_and_at_the_public_address(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        here = f"http://{client.host}:{client.port}"
        for origin in (here, "https://motcua.example.vn"):
            response = await client.post("/chat", json={"text": "a"}, headers={"Origin": origin})
            assert response.status == 200

    converse(talk, public_url="https://motcua.example.vn/")


def test_the_twenty_first_question_in_a_minute_is_asked_to_wait(
    converse: Converse, tmp_path: Path
) -> None:
    async def talk(client: TestClient) -> None:
        for _ in range(20):
            assert (await chat(client, "c" * 32, text="xin chào")).status == 200
        refused = await chat(client, "c" * 32, text="xin chào")
        page_ = await submit(client, "c" * 32, text="xin chào")
        assert (refused.status, page_.status) == (429, 429)
        assert (await refused.json())["body"]
        assert outcome(await read(page_)) == "declined"
        assert (await chat(client, "d" * 32, text="xin chào")).status == 200

    converse(talk)
    assert len(questions(tmp_path)) == 21


def test_the_pace_forgets_after_a_minute_and_keeps_only_so_many_conversations() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    flood = Flood(limit=2, conversations=2)
    seconds = [0, 30, 59, 60, 61, 90]
    allowed = [flood.allows("a", now + timedelta(seconds=second)) for second in seconds]
    assert allowed == [True, True, False, True, False, True]
    assert all(flood.allows(each, now) for each in "bcbc")


# The service around it


@pytest.mark.parametrize("path", ["/", "/nowhere", "/healthz", "/static/web/chat.css"])
def test_every_response_is_protected(converse: Converse, path: str) -> None:
    async def talk(client: TestClient) -> None:
        headers = (await client.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert ("no-store" in headers["Cache-Control"]) is ("static" not in path)

    converse(talk)


def test_the_page_takes_everything_from_its_own_server(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        document = await read(await client.get("/"))
        assert harmless(document)
        for name in ("src", "href"):
            assert {each.get(name)[:1] for each in document.iter() if name in each.attrib} <= {
                "/",
                "#",
            }
        for path in ("chat.css", "chat.js", "icons.svg", "icon.svg", "chevron.svg"):
            assert (await client.get(f"/static/web/{path}")).status == 200

    converse(talk)


def test_files_outside_the_static_folder_are_not_served(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        for path in ("/static/web/../page.html", "/static/web/%2e%2e/page.html", "/static/web/"):
            assert (await client.get(path)).status in {403, 404}

    converse(talk)


def test_health_names_the_edition_and_metrics_count_the_endings(converse: Converse) -> None:
    async def talk(client: TestClient) -> None:
        await chat(client, text="xin chào")
        assert await (await client.get("/healthz")).json() == {"status": "ok", "edition": 1}
        metrics = await (await client.get("/metrics")).text()
        assert 'motcua_messages_total{channel="web",ending="informed"} 1\n' in metrics

    converse(talk)


def test_a_broken_database_is_told_with_a_number_that_the_log_explains(
    converse: Converse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(client: TestClient) -> None:
        with sqlite3.connect(tmp_path / "motcua.sqlite3") as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("ALTER TABLE edition RENAME TO lost")
        unhealthy, broken = await client.get("/healthz"), await client.get("/")
        reply = await (await chat(client, text="xin chào")).json()
        shown = await client.get("/", headers=BROWSER | _cookie("c" * 32))
        assert (unhealthy.status, broken.status, shown.status) == (503, 500, 500)
        heading = pick(await read(shown), "h1")[0].text
        for text in (await broken.text(), reply["body"], heading):
            [reference] = re.findall(r"\b[0-9a-f]{8}\b", text)
            assert reference in caplog.text
            assert "edition" not in html.unescape(text)

    converse(talk)
