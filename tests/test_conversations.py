"""Conversations that an official can read, held on every channel with the real knowledge base.

A file in `conversations/` holds several, divided by blank lines. In each:
`#` names it; `@` sets place, language and time for what follows in it, `language=` for none, and
`on=telegram,zalo` the channels where it can be held, if not on all;
`>` is what the citizen writes, or sends: `[ảnh] words`, `[giọng nói]`, `[nhãn dán]`,
`[vị trí 22.147 105.834]`, and `[nhóm] words` in a group, where `@bot` is the bot's name;
`!` is the label of a button of the last answer that he presses;
then, for the answer to it: `=` its outcome and the procedures in it as recorded, alone if nothing
is recorded; `+` what it must say; `-` what it must not say, alone if nothing must be said.

On the page place and language are chosen in its fields, which go along with each question. A
messenger has none; there the citizen has chosen before his first message, and his row in the
database says so: were he to write it, it would be a question of its own, and answered.
"""

import asyncio
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tests.conversation_file import Conversation, Exchange, read
from tests.conversation_hall import Hall, Phone, Recorded, Shown, open_hall
from tests.conversation_telegram import Telegram
from tests.conversation_web import Page
from tests.conversation_zalo import Zalo
from tests.conversation_zalo_bot import ZaloBot

FILES = sorted((Path(__file__).parent / "conversations").glob("*.txt"))
CONVERSATIONS = [each for path in FILES for each in read(path)]
DEFAULTS = {"place": "", "language": "vi", "now": "2026-11-22T09:00:00+07:00"}
PHONES: Mapping[str, Callable[[Hall], Phone]] = {
    "web": Page,
    "telegram": Telegram,
    "zalo": Zalo,
    "zalobot": ZaloBot,
}


@dataclass(frozen=True, slots=True)
class Answer:
    shown: Shown
    recorded: Sequence[Recorded]

    @property
    def all(self) -> str:
        return "\n".join([*self.shown.texts, *self.shown.buttons, *self.shown.files])


Transcript = Sequence[Answer]


async def hold(conversation: Conversation, channel: str, hall: Hall) -> Transcript:
    phone = PHONES[channel](hall)
    answers: list[Answer] = []
    settings = DEFAULTS
    for exchange in conversation.exchanges:
        settings = settings | exchange.settings
        hall.now = datetime.fromisoformat(settings["now"]).astimezone(UTC)
        if not answers or exchange.settings.keys() & {"place", "language"}:
            await phone.choose(settings["place"], settings["language"])
        before = hall.last_question()
        await phone.send(exchange.kind, exchange.words)
        await hall.settled()
        answers.append(Answer(phone.shown(), hall.recorded(before)))
    assert hall.complaints() == []
    return answers


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Held"]:
    """Hold each conversation once on each channel, all in one service."""
    with asyncio.Runner() as runner:
        opening = open_hall(tmp_path_factory.mktemp("conversations"))
        hall = runner.run(opening.__aenter__())

        @cache
        def held(conversation: Conversation, channel: str) -> Transcript:
            return runner.run(hold(conversation, channel, hall))

        yield held
        runner.run(opening.__aexit__(None, None, None))


Held = Callable[[Conversation, str], Transcript]


# A conversation's channels one after the other: the same process has its measure already.
@pytest.mark.parametrize(
    ("conversation", "channel"),
    [
        pytest.param(each, channel, id=f"{each.title} [{channel}]")
        for each in CONVERSATIONS
        for channel in each.channels
    ],
)
def test_a_conversation_goes_as_written_and_alike_on_every_channel(
    conversation: Conversation, channel: str, held: Held
) -> None:
    answers, measure = held(conversation, channel), held(conversation, conversation.channels[0])
    for exchange, answer, right in zip(conversation.exchanges, answers, measure, strict=True):
        check(exchange, answer, channel)
        if channel in DIFFERENT.get((conversation.name, exchange.line), ()):
            with pytest.raises(AssertionError):
                compare(answer, right, channel)
        elif right is not answer:
            compare(answer, right, channel)


def check(exchange: Exchange, answer: Answer, channel: str) -> None:
    recorded = [word for each in answer.recorded for word in (each.outcome, *each.procedures)]
    about = f"{exchange.line!r} ended as {recorded} and was answered:\n{answer.all}"
    for sign, wanted in exchange.expected:
        match sign:
            case "=":
                assert recorded == wanted.split(), about
            case "+":
                assert named(wanted, channel) in answer.all, about
            case "-":
                assert wanted not in answer.all if wanted else not answer.all, about
            case _:
                pytest.fail(f"unknown sign {sign!r}")


NAMES = {"telegram": "Telegram", "zalo": "Zalo", "zalobot": "Zalo Bot"}


def named(text: str, channel: str) -> str:
    """Let a text that names the page name the channel instead."""
    return re.sub("trang web này|this web page", NAMES.get(channel, r"\g<0>"), text)


MESSENGERS = ("telegram", "zalo", "zalobot")
DIFFERENT = {
    # The page goes on sending the place that its field shows; a messenger's was deleted with all.
    ("Xóa hết, có hỏi lại một lần", "thế phí?"): MESSENGERS,
    ("Xóa hết, có hỏi lại một lần", "riêng tư"): MESSENGERS,
    # What he typed is kept, and that was a button's number; and the file comes as a message.
    ("Xem những gì được lưu, số giấy tờ đã che", "Tải về"): ("zalobot",),
}
"""Answers, by conversation and message, in which these channels do differ from the first one."""


def compare(answer: Answer, right: Answer, channel: str) -> None:
    assert answer.recorded == right.recorded
    ALIKE[channel](answer.shown, right.shown, channel)


def as_buttons(shown: Shown, right: Shown, channel: str) -> None:
    assert words(shown.texts) == words(named(each, channel) for each in right.texts)
    assert shown.buttons == right.buttons
    assert len(shown.files) == len(right.files)


def as_printed_choices(shown: Shown, right: Shown, channel: str) -> None:
    """Compare a text that ends with all choices that are not in it already."""
    written = {line for text in right.texts for line in text.split("\n")}
    labels = [each for each in right.buttons if each not in written]
    lines = "\n".join(shown.texts).split("\n")
    end = len(lines) - len(labels)
    assert words(lines[:end]) == words(named(each, channel) for each in right.texts)
    for line, label in zip(lines[end:], labels, strict=True):
        assert re.fullmatch(rf"\d+\. {re.escape(label)}", line)


def with_few_buttons(shown: Shown, right: Shown, channel: str) -> None:
    as_printed_choices(shown, right, channel)
    assert shown.buttons == [title(each) for each in right.buttons[:5]]
    assert len(shown.files) == len(right.files)


def title(label: str) -> str:
    """Cut a label as short as Zalo wants it."""
    return label if len(label) <= 100 else label[:99].rstrip() + "…"


ALIKE = {"telegram": as_buttons, "zalo": with_few_buttons, "zalobot": as_printed_choices}


def words(texts: Iterable[str]) -> list[str]:
    """Take a text apart, wherever a channel divides it."""
    return unicodedata.normalize("NFC", "\n".join(texts)).split()


def test_every_answer_to_a_conversation_is_checked() -> None:
    unchecked = [
        f"{conversation.title}: {exchange.line}"
        for conversation in CONVERSATIONS
        for exchange in conversation.exchanges
        if not exchange.expected
    ]
    assert unchecked == []
