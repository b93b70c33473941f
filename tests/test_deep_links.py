"""Links and QR codes that open a conversation where they say, on every channel."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot import importing
from bot.links import Link, Missing, draw, links
from bot.settings import Settings
from handlers import answer
from handlers.deep_link import LONGEST, Target, payload, read
from handlers.talk import Ask, Memory, Reply, Wish
from knowledge.plans.library import Library
from knowledge.plans.model import Contents, Edition, Locality, Procedure, Status
from knowledge.records import channels
from knowledge.refusal import Refusal
from knowledge.store import Store, open_store
from tests.conftest import missing

MOTCUA = Path(sys.executable).with_name("motcua")
DOCUMENTS = Path(__file__).parent / "documents"
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ALLOWED = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=80)
SPECIAL = st.text("aZ9-_/. ", min_size=1, max_size=80)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Open a store in which plans were published that the built-in edition does not hold."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('links') / 'motcua.sqlite3'}")
    for path in sorted(DOCUMENTS.glob("*.txt")):
        file = importing.read(path)
        with store.town(NOW) as town:
            draft = importing.bring(file, town, keep=True).number
            assert draft
            importing.publish(draft, town, by="official")
    yield store
    store.close()


def opened(words: str, store: Store, **more: Any) -> Reply:  # noqa: ANN401 - fields of Ask
    with store.town(NOW, reading=True) as town:
        return answer(Ask(words, NOW, **more), town)


def library_of(procedures: set[str], localities: set[str]) -> Library:
    contents = Contents(
        procedures=tuple(
            Procedure(each, "", "", "", "", Status.SERVED) for each in sorted(procedures)
        ),
        localities=tuple(Locality(each, "", "", "") for each in sorted(localities)),
    )
    return Library(Edition(1, NOW, "", "", contents))


def test_every_link_is_read_back(imported: Store) -> None:
    with imported.town(NOW, reading=True) as town:
        library = town.library
        assert any("/" in each for each in library.procedures)
        for id_ in (None, *library.procedures):
            for slug in (None, *library.localities):
                if id_ or slug:
                    written = payload(id_, slug)
                    assert ALLOWED.fullmatch(written), written
                    assert read(written, library) == Target(id_, slug)


@given(st.sets(NAMES | SPECIAL, max_size=4), st.sets(NAMES | SPECIAL, max_size=4))
def test_links_of_any_names_are_read_back(ids: set[str], slugs: set[str]) -> None:
    slugs -= ids
    library = library_of(ids, slugs)
    for id_ in (None, *ids):
        for slug in (None, *slugs):
            if id_ or slug:
                written = payload(id_, slug)
                assert ALLOWED.fullmatch(written), written
                assert read(written, library) == Target(id_, slug)


@given(NAMES | SPECIAL)
def test_any_other_payload_opens_nothing(written: str) -> None:
    library = library_of({"BK1-02"}, {"bac-kan"})
    target = read(written, library)
    assert target is None or written.startswith(("BK1", "bac"))


def test_ordinary_links_can_be_read_by_people() -> None:
    assert payload("BK1-02") == "BK1-02"
    assert payload(locality="bac-kan") == "bac-kan"
    assert payload("BK1-02", "bac-kan") == "BK1-02--bac-kan"
    assert len(payload("x" * 200, "y" * 200)) <= LONGEST


def test_a_link_to_a_procedure_shows_its_card(town_hall: Store) -> None:
    reply = opened("/start BK1-02", town_hall)
    assert [match.id for match in reply.matches] == ["BK1-02"]
    assert (reply.outcome, reply.chosen_locality, reply.wish) == ("answered", None, Wish.START)
    assert "Thứ Ba và Thứ Năm hằng tuần" in reply.body
    assert reply.sources


def test_a_link_to_a_place_chooses_it_and_greets(town_hall: Store) -> None:
    reply = opened("/start bac-kan", town_hall)
    assert (reply.outcome, reply.chosen_locality, reply.wish) == (
        "informed",
        "bac-kan",
        Wish.START,
    )
    assert reply.body.startswith("Xin chào")
    assert "thành phố Bắc Kạn" in reply.body


def test_a_link_to_both_does_both(town_hall: Store) -> None:
    reply = opened("/start BK1-02--bac-kan", town_hall, locality="dak-nong")
    assert [match.id for match in reply.matches] == ["BK1-02"]
    assert reply.chosen_locality == "bac-kan"
    assert "other_place" not in reply.warnings


@pytest.mark.parametrize(
    "written", ["XX-99", "noi-cu", "BK1-02--noi-cu", "XX-99--noi-cu", "__0a", "a b", "--", "_ff"]
)
def test_a_link_that_is_out_of_date_greets_and_says_so(written: str, town_hall: Store) -> None:
    greeting = opened("/start", town_hall).body
    reply = opened(f"/start {written}", town_hall)
    assert reply.body.startswith(greeting)
    assert "không còn dùng được" in reply.body
    assert (reply.outcome, reply.chosen_locality, reply.wish) == ("informed", None, Wish.START)


def test_a_link_to_what_is_gone_keeps_the_place_that_it_names(town_hall: Store) -> None:
    reply = opened("/start XX-99--bac-kan", town_hall)
    assert "không còn dùng được" in reply.body
    assert reply.chosen_locality == "bac-kan"


def test_a_link_is_opened_also_in_a_group_and_in_the_middle_of_something(town_hall: Store) -> None:
    asked = opened("đăng ký kết hôn với người nước ngoài", town_hall).memory
    assert asked.options
    reply = opened("/start@motcua_bot BK1-02", town_hall, memory=asked)
    assert [match.id for match in reply.matches] == ["BK1-02"]
    assert opened("thế phí?", town_hall, memory=reply.memory).matches[0].id == "BK1-02"


def test_a_link_is_answered_in_the_language_that_was_chosen(town_hall: Store) -> None:
    assert opened("/start bac-kan", town_hall, language="en").body.startswith("Hello!")
    memory = Memory(language="en")
    assert opened("/start bac-kan", town_hall, memory=memory).body.startswith("Hello!")


SET = Settings.model_validate(
    {"telegram_token": "1:x", "zalo_app_id": "1", "public_url": "https://motcua.example.vn"}
)


@pytest.fixture
def learned(tmp_path: Path) -> Iterator[Store]:
    """Open a store in which the channels know how they are called."""
    store = open_store(f"sqlite:///{tmp_path / 'motcua.sqlite3'}")
    with store.town(NOW) as town:
        channels.learn(town.session, "telegram", username="motcua_bot")
        channels.learn(town.session, "zalo", oa_id="4318657068771012646")
    yield store
    store.close()


def found(store: Store, settings: Settings, target: Target) -> tuple[Link | Missing, ...]:
    with store.town(NOW, reading=True) as town:
        return links(target, settings, town)


def test_each_channel_has_its_link(learned: Store) -> None:
    assert found(learned, SET, Target("BK1-02", "bac-kan")) == (
        Link("telegram", "https://t.me/motcua_bot?start=BK1-02--bac-kan"),
        Link("zalo", "https://zalo.me/4318657068771012646", "BK1-02"),
        Link("web", "https://motcua.example.vn/?locality=bac-kan", "BK1-02"),
    )


def test_a_link_may_open_a_place_or_nothing_in_particular(learned: Store) -> None:
    addresses = ["https://t.me/motcua_bot", "https://zalo.me/4318657068771012646"]
    telegram, zalo, web = found(learned, SET, Target())
    assert [telegram, zalo] == [
        Link("telegram", addresses[0]),
        Link("zalo", addresses[1]),
    ]
    assert web == Link("web", "https://motcua.example.vn/")
    telegram, zalo, web = found(learned, SET, Target(locality="dak-nong"))
    assert telegram == Link("telegram", addresses[0] + "?start=dak-nong")
    assert zalo == Link("zalo", addresses[1], "tỉnh Đắk Nông")
    assert web == Link("web", "https://motcua.example.vn/?locality=dak-nong")


def test_what_is_to_be_sent_opens_what_the_link_would(learned: Store) -> None:
    _, zalo, _ = found(learned, SET, Target("BK1-02", "bac-kan"))
    assert isinstance(zalo, Link)
    assert opened(zalo.says, learned).matches[0].id == "BK1-02"
    _, zalo, _ = found(learned, SET, Target(locality="dak-nong"))
    assert isinstance(zalo, Link)
    assert opened(zalo.says, learned).chosen_locality == "dak-nong"


def test_a_channel_without_a_link_says_why(town_hall: Store) -> None:
    unset = found(town_hall, Settings(_env_file=None), Target())
    assert [each.channel for each in unset if isinstance(each, Missing)] == [
        "telegram",
        "zalo",
        "web",
    ]
    unlearned = found(town_hall, SET, Target())
    reasons = [each.because for each in unlearned if isinstance(each, Missing)]
    assert [("not known yet" in reason) for reason in reasons] == [True, True]


@pytest.mark.parametrize("target", [Target("XX-99"), Target(locality="noi-cu")])
def test_what_is_not_published_gets_no_link(target: Target, town_hall: Store) -> None:
    with pytest.raises(Refusal):
        found(town_hall, SET, target)


def test_a_code_is_read_as_its_link_by_another_program(tmp_path: Path, imported: Store) -> None:
    if find_spec("zxingcpp") is None:
        missing("zxing-cpp")
    import zxingcpp  # noqa: PLC0415 - only where it is installed

    with imported.town(NOW, reading=True) as town:
        last = [*town.library.procedures][-1]
        targets = [Target("BK1-02", "bac-kan"), Target(last, "thanh-binh-thinh")]
    for target in targets:
        address = f"https://t.me/motcua_bot?start={payload(target.procedure, target.locality)}"
        draw(address, tmp_path / "code.png")
        with Image.open(tmp_path / "code.png") as image:
            (code,) = zxingcpp.read_barcodes(image.convert("L"))
        assert (code.text, code.format) == (address, zxingcpp.BarcodeFormat.QRCode)
        assert code.ec_level in {"M", "Q", "H"}


def test_a_code_has_a_quiet_zone_of_four_and_modules_of_ten_pixels(tmp_path: Path) -> None:
    draw("https://t.me/motcua_bot?start=BK1-02", tmp_path / "code.png")
    with Image.open(tmp_path / "code.png") as image:
        page = image.convert("L")
    dark = page.point(lambda shade: 255 - shade).getbbox()
    assert dark is not None
    assert dark[:2] == (40, 40)
    assert dark[2:] == (page.width - 40, page.height - 40)
    corner = page.crop((40, 40, 110, 50))
    assert corner.getextrema() == (0, 0), "the finder pattern's upper edge is seven modules long"
    assert page.getpixel((111, 45)) == 255


def test_a_code_can_be_drawn_in_any_size(tmp_path: Path) -> None:
    draw("https://t.me/motcua_bot?start=BK1-02", tmp_path / "code.SVG")
    assert "<svg" in (tmp_path / "code.SVG").read_text("utf-8")


@pytest.mark.parametrize("name", ["code.pdf", "code", "nowhere/code.png"])
def test_a_file_that_cannot_hold_a_code_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        draw("https://t.me/motcua_bot", tmp_path / name)


def motcua(folder: Path, *words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if "MOTCUA" not in key}
    return subprocess.run(
        [MOTCUA, "link", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"MOTCUA_DATA_DIR": str(folder)} | settings,
        cwd=folder,
    )


def test_the_command_prints_links_and_reasons_and_draws_a_code(tmp_path: Path) -> None:
    address = "https://motcua.example.vn/?locality=bac-kan"
    done = motcua(
        tmp_path, "BK1-02", "--qr", "code.png", MOTCUA_PUBLIC_URL="https://motcua.example.vn"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Telegram: – Chưa đặt MOTCUA_TELEGRAM_TOKEN.",
        "Zalo: – Chưa đặt MOTCUA_ZALO_APP_ID.",
        f"Web: {address} Mở rồi gửi: BK1-02",
        f"Mã QR của {address} nằm trong code.png.",
    ]
    assert (tmp_path / "code.png").stat().st_size > 100


@pytest.mark.parametrize(
    "words",
    [
        ("XX-99",),
        ("--locality", "noi-cu"),
        ("--qr", "code.png"),
        ("--channel", "web", "--qr", "x"),
    ],
)
def test_the_command_refuses_in_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    done = motcua(tmp_path, *words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.glob("*.png")) == []
