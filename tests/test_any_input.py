"""Whatever is typed gets an answer and never a traceback: 10,000 inputs of every bad kind."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import answer
from handlers.talk import Ask, Memory, Outcome
from knowledge.plans.understanding import Intent
from knowledge.store import Store

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
CASES = 10_000
SPITE = [
    "'; DROP TABLE procedures; --",
    "<script>alert(1)</script>",
    "<b>đậm</b> &amp; *đậm* _nghiêng_ `mã` [nút](tg://user?id=1)",
    "{procedure} {0} %s %(name)s {{}}",
    "\u202edảo ngược\u202c \u200f\u200e",
    "👨‍👩‍👧‍👦🇻🇳" * 40,
    "\x00\x01\x07\x1b[31m\r\n\t",
    "a\u0301\u0323\u0302" * 200,
    "khai sinh " * 500,
    "1.000 2.000815 9" * 60,
    "ﷺ﷽" * 30,
    "/start\\/diaphuong @bot",
    "\ud800 lone surrogate",
]
PLACES = [None, "bac-kan", "dak-nong", "phuoc-long", "dinh-ke", "thanh-binh-thinh", "nowhere"]
SENTENCE = "chứng thực bản sao khai sinh kết hôn nước ngoài thứ ba phí mấy giờ ở Hà Nội xóa lại"
WORDS = SENTENCE.split()


def concoctions(seed: int, count: int) -> list[str]:
    """Mix spiteful strings, random characters and real words."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible dice, no secret
    made = []
    for _ in range(count):
        letters = "".join(chr(dice.randrange(1, 0x2FFF)) for _ in range(dice.randrange(30)))
        parts = [dice.choice(SPITE), letters, " ".join(dice.choices(WORDS, k=5))]
        made.append("".join(dice.sample(parts, dice.randrange(1, 4))))
    return made


def test_ten_thousand_inputs_get_an_answer(town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        for number, text in enumerate(concoctions(20261122, CASES)):
            ask = Ask(text, NOW, "vi" if number % 2 else "en", PLACES[number % len(PLACES)])
            reply = answer(ask, town)
            assert reply.text.strip(), repr(text)


@pytest.mark.parametrize(
    "line", ["x" * 100_000, "đăng ký " * 12_500, "\n" * 100_000, "𝕶" * 50_000]
)
def test_a_line_of_a_hundred_kilobytes_gets_an_answer(line: str, town_hall: Store) -> None:
    with town_hall.town(NOW) as town:
        assert answer(Ask(line, NOW), town).text


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(max_size=300),
    options=st.lists(st.sampled_from(["BK1-02", "PL-04", "gone"]), max_size=4),
    question=st.text(max_size=40),
)
def test_any_text_with_any_memory_gets_an_answer(
    town_hall: Store, text: str, options: list[str], question: str
) -> None:
    memory = Memory(tuple(options), tuple(options), (Intent.DAY,), question)
    with town_hall.town(NOW) as town:
        assert answer(Ask(text, NOW, memory=memory), town).outcome in Outcome
