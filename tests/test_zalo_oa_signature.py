"""Zalo's signature: the known vector, and two programs that are not ours on random bodies."""

import random
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from bot.channels.zalo_oa.signature import digits, is_genuine, mac, timestamps

DATA = Path(__file__).with_name("zalo_oa")

APP, STAMP, SECRET = "360846524940903967", "1540390853474", "OAsecretKey-test"
BODY = (
    '{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},'
    '"user_id_by_app":"552177279717587730","recipient":{"id":"388613280878808645"},'
    '"event_name":"user_send_text","message":{"text":"Xin chào","msg_id":"96d3cdf3af150460909"},'
    '"timestamp":"1540390853474"}'
).encode()
MAC = "42b8f71ed5fb6be69c4838792da17d630f04359830e713857369e804bba25597"

LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxy ắằẳẵặ\n\t\"'\\{}[]:,0123456789📅👨‍👩‍👧\u0301\u0000"
Terms = tuple[str, str, str, str]


def signed_texts(count: int) -> list[Terms]:
    """Make app ids, bodies, timestamps and secrets, the same ones in every run."""
    chance = random.Random(2026)  # noqa: S311 - no secret
    return [
        (
            str(chance.randrange(10**18, 10**19)),
            "".join(chance.choices(LETTERS, k=chance.randrange(600))),
            str(chance.randrange(10**12, 10**13)),
            "".join(chance.choices("abcXYZ019-_", k=chance.randrange(1, 40))),
        )
        for _ in range(count)
    ]


def ours(texts: list[Terms]) -> list[str]:
    return [mac(app, body.encode(), stamp, secret) for app, body, stamp, secret in texts]


def test_the_vector_of_the_official_algorithm_is_signed_as_known() -> None:
    assert len(BODY) == 266
    assert mac(APP, BODY, STAMP, SECRET) == MAC


def test_sha256sum_agrees_on_a_thousand_random_bodies(tmp_path: Path) -> None:
    texts = signed_texts(1000)
    files = [tmp_path / f"{number:04}" for number in range(len(texts))]
    for file, terms in zip(files, texts, strict=True):
        file.write_bytes("".join(terms).encode())
    said = subprocess.run(["sha256sum", *files], check=True, capture_output=True, text=True)
    assert [line.split()[0] for line in said.stdout.splitlines()] == ours(texts)


@pytest.mark.skipif(shutil.which("javac") is None, reason="sha256sum is the oracle without Java")
def test_java_agrees_on_a_thousand_random_bodies(tmp_path: Path) -> None:
    subprocess.run(["javac", "-d", tmp_path, DATA / "MacUtils.java"], check=True)
    texts = signed_texts(1000)
    lines = "\n".join(" ".join(b64encode(t.encode()).decode() for t in terms) for terms in texts)
    said = subprocess.run(
        ["java", "-cp", tmp_path, "MacUtils"],
        input=lines,
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == ours(texts)


@pytest.mark.parametrize("header", [MAC, f"mac={MAC}", f" mac={MAC.upper()} "])
def test_a_signature_may_have_a_prefix_and_capitals(header: str) -> None:
    assert digits(header) == MAC


@pytest.mark.parametrize(
    "header", ["", "mac=", MAC[:-1], MAC + "0", f"sha256={MAC}", f"mac={MAC[:-1]}g", "mac=ệ" * 32]
)
def test_what_is_no_signature_is_told_at_a_glance(header: str) -> None:
    assert digits(header) is None


def test_the_timestamp_may_stand_in_the_header_or_in_the_body() -> None:
    assert timestamps("1540390853474", 17) == ["1540390853474", "17"]
    assert timestamps(None, "17") == ["17"]
    assert timestamps("17", "17") == ["17"]
    assert timestamps("", "1e3", "-1", "１７", 1.5, [], {}, "1" * 21) == []


def test_any_expected_signature_will_do_and_none_but_those() -> None:
    assert is_genuine(MAC, ["0" * 64, MAC])
    assert not is_genuine(MAC, ["0" * 64])
    assert not is_genuine(MAC, [])
