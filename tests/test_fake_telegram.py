"""Our fake of Telegram speaks real Bot API: python-telegram-bot, unmodified, works with it."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import ClientSession, FormData, ServerDisconnectedError, web
from aiohttp.test_utils import TestServer
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    ContextTypes,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from tests.fake_telegram import SUPERGROUP, UNPACED, FakeTelegram, Limits
from tests.telegram_html import Malformed, parse

HOA, GROUP = 7, -55


class Hand:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def a_bot(fake: FakeTelegram, token: str = "") -> AsyncIterator[Bot]:
    address = {"base_url": f"{fake.url}/bot", "base_file_url": f"{fake.url}/file/bot"}
    async with Bot(token or fake.token, **address) as bot:
        yield bot


def with_a_bot(
    work: Callable[[FakeTelegram, Bot], Coroutine[Any, Any, None]],
    limits: Limits = UNPACED,
    **given: Any,  # noqa: ANN401 - what FakeTelegram takes
) -> None:
    """Run work(fake, bot), where the citizen Hoa has written before."""

    async def run() -> None:
        async with FakeTelegram(limits, **given) as fake, a_bot(fake) as bot:
            fake.says(HOA, "xin chào")
            await work(fake, bot)

    asyncio.run(run())


async def refusal(call: Awaitable[object]) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await call
    return caught.value


def keyboard(*labels: str, data: str = "x") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(each, callback_data=data) for each in labels]]
    )


def buttons(*labels: str, data: str = "x") -> dict[str, InlineKeyboardMarkup]:
    return {"reply_markup": keyboard(*labels, data=data)}


# A whole bot of python-telegram-bot, as its documentation writes it.


async def on_text(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    text = f"<b>{update.message.text}</b>"
    await update.message.reply_text(text, "HTML", reply_markup=keyboard("Nữa", data="more"))


async def on_button(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    await update.callback_query.answer("ok")
    await update.callback_query.edit_message_text(update.callback_query.data)


async def on_inline(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    content = InputTextMessageContent(update.inline_query.query)
    await update.inline_query.answer([InlineQueryResultArticle("1", "Thẻ", content)])


async def on_location(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    place = update.message.location
    await update.message.reply_location(place.latitude, place.longitude)


async def on_photo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    file = await update.message.photo[-1].get_file()
    content = bytes(await file.download_as_bytearray())
    await update.message.reply_document(content, "lại", filename="a.jpg")


async def on_contact(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    await update.message.reply_text(update.message.contact.phone_number)


async def on_member(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    context.application.bot_data["status"] = update.my_chat_member.new_chat_member.status


def echo(builder: ApplicationBuilder, fake: FakeTelegram) -> Application:
    builder.token(fake.token).base_url(f"{fake.url}/bot").base_file_url(f"{fake.url}/file/bot")
    application = builder.build()
    application.add_handlers(
        [
            MessageHandler(filters.TEXT, on_text),
            MessageHandler(filters.LOCATION, on_location),
            MessageHandler(filters.PHOTO, on_photo),
            MessageHandler(filters.CONTACT, on_contact),
            CallbackQueryHandler(on_button),
            InlineQueryHandler(on_inline),
            ChatMemberHandler(on_member, ChatMemberHandler.MY_CHAT_MEMBER),
        ]
    )
    return application


def test_an_application_answers_by_polling() -> None:
    async def run() -> None:
        async with FakeTelegram(UNPACED) as fake:
            application = echo(Application.builder(), fake)
            async with application:
                await application.updater.start_polling(timeout=5)
                await application.start()
                await everything_a_citizen_does(fake, application)
                await application.updater.stop()
                await application.stop()

    asyncio.run(run())


def test_an_application_answers_by_webhook() -> None:
    async def run() -> None:
        async with FakeTelegram(UNPACED) as fake:
            application = echo(Application.builder().updater(None), fake)

            async def take(request: web.Request) -> web.Response:
                assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "b1"
                update = Update.de_json(await request.json(), application.bot)
                await application.update_queue.put(update)
                return web.Response()

            async with application, hooked(take) as url:
                await application.bot.set_webhook(url, secret_token="b1")  # noqa: S106 - of a fake
                await application.start()
                await everything_a_citizen_does(fake, application)
                await application.stop()

    asyncio.run(run())


async def everything_a_citizen_does(fake: FakeTelegram, application: Application) -> None:
    fake.says(HOA, "học bạ")
    await fake.until(lambda: fake.sent)
    assert (fake.sent[0].text, fake.sent[0].labels) == ("học bạ", ["Nữa"])
    fake.presses(HOA, "Nữa")
    await fake.until(lambda: len(fake.sent) == 3)
    assert [each.method for each in fake.sent[1:]] == ["answerCallbackQuery", "editMessageText"]
    assert fake.shown(HOA)["text"] == "more"
    fake.asks_inline(HOA, "học bạ")
    await fake.until(lambda: len(fake.sent) == 4)
    assert fake.sent[3].params["results"][0]["title"] == "Thẻ"
    fake.location(HOA, 22.1, 105.8)
    await fake.until(lambda: len(fake.sent) == 5)
    fake.photo(HOA, b"a picture")
    await fake.until(lambda: len(fake.sent) == 6)
    assert fake.sent[5].params["document"].content == b"a picture"
    fake.contact(HOA, "0912345678")
    await fake.until(lambda: len(fake.sent) == 7)
    fake.blocks(HOA)
    await fake.delivered()
    await fake.until(lambda: application.bot_data.get("status") == "kicked")
    assert not fake.refused


@asynccontextmanager
async def hooked(
    take: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """Give the address of a server that takes updates."""
    app = web.Application()
    app.router.add_post("/hook", take)
    async with TestServer(app) as server:
        yield str(server.make_url("/hook"))


# What it refuses.

TO_NOTHING = {"reply_to_message_id": 99}
MARKED = {"parse_mode": "HTML"}
NO_END = 'Can\'t find end tag corresponding to start tag "b"'


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("send_message", {"text": "a" * 4097}, "Message is too long"),
        ("send_message", {"text": "😀" * 2049}, "Message is too long"),
        ("send_message", {"text": " \n "}, "Message text is empty"),
        ("send_message", {"text": "<b></b>", **MARKED}, "Message text is empty"),
        ("send_message", {"text": "<b>a", **MARKED}, f"Can't parse entities: c{NO_END[1:]}"),
        ("send_message", {"text": "a", **buttons("a", data="ă" * 33)}, "Button_data_invalid"),
        ("send_message", {"text": "a", **buttons("a", data="")}, "Button_data_invalid"),
        ("send_message", {"text": "a", **buttons(*"a" * 101)}, "Reply_markup_too_long"),
        ("send_message", {"text": "a", **TO_NOTHING}, "Message to be replied not found"),
        ("send_photo", {"photo": b"a", "caption": "a" * 1025}, "Message caption is too long"),
        ("send_message", {"text": "a", "message_thread_id": 9}, "Message thread not found"),
        ("edit_message_text", {"message_id": 99, "text": "a"}, "Message to edit not found"),
        ("edit_message_text", {"message_id": 1, "text": "a"}, "Message can't be edited"),
        ("delete_message", {"message_id": 99}, "Message to delete not found"),
        ("send_chat_action", {"action": "thinking"}, "Wrong parameter action in request"),
    ],
)  # fmt: skip
def test_it_refuses_in_telegrams_words(method: str, given: dict[str, Any], words: str) -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        error = await refusal(getattr(bot, method)(chat_id=HOA, **given))
        assert isinstance(error, BadRequest)
        assert error.message == words
        assert not fake.sent

    with_a_bot(work)


def test_it_takes_what_lies_just_within_the_limits() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        await bot.send_message(HOA, f"<b>{'&amp;' * 4096}</b>", parse_mode="HTML")
        await bot.send_message(HOA, "a", reply_markup=keyboard(*"a" * 100, data="ă" * 32))
        await bot.send_photo(HOA, b"a", "a" * 1024)
        assert [len(each.text) for each in fake.sent] == [4096, 1, 1024]

    with_a_bot(work)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>a", NO_END),
        ("<b><i>a</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("ă</b>", "Unexpected end tag at byte offset 2"),
        ("<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("2 < 3", 'Unsupported start tag "" at byte offset 2'),
        ('<a href="x"', "Unclosed start tag at byte offset 0"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<a =x>a</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)  # fmt: skip
def test_broken_markup_is_refused(source: str, words: str) -> None:
    with pytest.raises(Malformed, match=re.escape(words)):
        parse(source)


@pytest.mark.parametrize(
    ("source", "text", "kinds"),
    [
        ("a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#7873;", 'a < b && c > "d" ề', []),
        ("&nbsp; & &copy;", "&nbsp; & &copy;", []),
        ("<B>a</B> <strong>b</strong>", "a b", ["bold", "bold"]),
        ("<u><s>a</s></u>", "a", ["underline", "strikethrough"]),
        ('<a href="https://a.vn/?b=1&amp;c=2">d</a>', "d", ["text_link"]),
        ("<a>d</a>", "d", []),
        ("<blockquote>a</blockquote>", "a", ["blockquote"]),
        ("<blockquote expandable>a</blockquote>", "a", ["expandable_blockquote"]),
        ('<pre><code class="language-py">a</code></pre>', "a", ["pre", "code"]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", ["spoiler"] * 2),
    ],
)
def test_markup_is_read(source: str, text: str, kinds: list[str]) -> None:
    plain, entities = parse(source)
    assert plain == text
    assert [entity["type"] for entity in entities] == kinds


def test_an_edit_that_changes_nothing_is_refused() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        message = await bot.send_message(HOA, "<b>a</b>", "HTML", reply_markup=keyboard("x"))
        same = {"text": "<b>a</b> ", "parse_mode": "HTML", "reply_markup": keyboard("x")}
        error = await refusal(message.edit_text(**same))
        assert error.message.startswith("Message is not modified")
        await message.edit_text("a", reply_markup=keyboard("x"))
        await message.edit_reply_markup(keyboard("y"))
        await message.edit_text("a")
        assert "reply_markup" not in fake.shown(HOA)
        assert len(fake.sent) == 4

    with_a_bot(work)


def test_a_file_has_no_text_to_edit_and_a_topic_is_answered_in_itself() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        file = await bot.send_document(HOA, b"a")
        error = await refusal(file.edit_text("a"))
        assert error.message == "There is no text in the message to edit"
        fake.says(GROUP, "a", message_thread_id=9, is_topic_message=True)
        await bot.send_message(GROUP, "a", message_thread_id=9)
        assert fake.shown(GROUP)["message_thread_id"] == 9

    with_a_bot(work)


def test_only_who_lets_the_bot_in_can_be_written_to() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        fake.says(GROUP, "@motcua_bot học bạ", sender=8)
        for chat, kind, words in [
            (404, BadRequest, "Chat not found"),
            (8, Forbidden, "Forbidden: bot can't initiate conversation with a user"),
        ]:
            error = await refusal(bot.send_message(chat, "a"))
            assert (type(error), error.message) == (kind, words)
        fake.starts(8, "BK1-02")
        await bot.send_message(8, "a")
        fake.blocks(8)
        assert (await refusal(bot.send_message(8, "a"))).message.endswith("blocked by the user")
        fake.unblocks(8)
        await bot.send_message(8, "a")
        fake.deactivates(8)
        assert (await refusal(bot.send_message(8, "a"))).message.endswith("user is deactivated")
        fake.kicks(GROUP)
        assert (await refusal(bot.send_message(GROUP, "a"))).message.endswith(
            "from the group chat"
        )
        changes = [u.my_chat_member for u in await bot.get_updates() if u.my_chat_member]
        assert [each.new_chat_member.status for each in changes] == ["kicked", "member", "kicked"]

    with_a_bot(work)


def test_a_group_that_became_a_supergroup_names_its_new_id() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        fake.says(GROUP, "học bạ")
        new = fake.migrates(GROUP)
        assert new < SUPERGROUP
        error = await refusal(bot.send_message(GROUP, "a"))
        assert isinstance(error, ChatMigrated)
        assert error.new_chat_id == new
        await bot.send_message(new, "a")
        moved = [u.message.migrate_to_chat_id for u in await bot.get_updates()]
        assert moved == [None, None, new, None]

    with_a_bot(work)


def test_a_button_or_an_inline_query_is_answered_once_and_in_time() -> None:
    clock = Hand()

    async def work(fake: FakeTelegram, bot: Bot) -> None:
        await bot.send_message(HOA, "a", reply_markup=keyboard("Nữa"))
        first, late = fake.presses(HOA, "Nữa"), fake.presses(HOA, "x")
        await bot.answer_callback_query(first)
        assert (await refusal(bot.answer_callback_query(first))).message.startswith(
            "Query is too old"
        )
        clock.now += 16
        assert (await refusal(bot.answer_callback_query(late))).message.startswith(
            "Query is too old"
        )
        assert (await refusal(bot.answer_inline_query(fake.asks_inline(HOA, ""), [
            InlineQueryResultArticle("1", "a", InputTextMessageContent("<b>", "HTML"))
        ]))).message.startswith("Can't parse entities")  # fmt: skip
        with pytest.raises(LookupError):
            fake.presses(HOA, "no such button")

    with_a_bot(work, clock=clock)


def test_commands_are_checked_and_kept_by_language() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        await bot.set_my_commands([BotCommand("diaphuong", "Chọn nơi")], language_code="vi")
        assert fake.commands["default", "vi"][0]["command"] == "diaphuong"
        assert not await bot.get_my_commands()
        error = await refusal(bot.set_my_commands([("Địa-phương", "a")]))
        assert error.message == "Bot_command_invalid"
        await bot.set_my_short_description("Hỏi ngày", "vi")
        assert fake.about["short_description", "vi"] == "Hỏi ngày"

    with_a_bot(work)


# Its pace.


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
def test_one_message_a_second_to_a_chat_and_silence_after_a_429() -> None:
    clock = Hand()

    async def work(fake: FakeTelegram, bot: Bot) -> None:
        fake.says(8, "a")
        await bot.send_message(HOA, "1")
        await bot.send_message(8, "1")
        clock.now += 0.5
        error = await refusal(bot.send_message(HOA, "2"))
        assert isinstance(error, RetryAfter)
        assert error.retry_after == 1
        clock.now += 0.7  # The second is over, but not the one that we were told to wait.
        await refusal(bot.send_message(HOA, "2"))
        clock.now += 0.31
        await bot.send_message(HOA, "2")
        assert [(each.chat_id, each.at) for each in fake.sent] == [
            (7, 1000),
            (8, 1000),
            (7, 1001.51),
        ]

    with_a_bot(work, Limits(), clock=clock)


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
@pytest.mark.parametrize(
    ("chats", "seconds_apart", "taken", "retry_after"),
    [
        (range(1, 100), 0, 30, [1]),  # all together
        ([GROUP] * 99, 1, 20, [40]),  # a group: 20 in a minute, the first leaves after 59.95 s
        ([HOA] * 99, 1, 99, []),  # a person
    ],
)
def test_the_pace_is_that_of_all_of_a_group_or_of_a_person(
    chats: list[int], seconds_apart: float, taken: int, retry_after: list[int]
) -> None:
    clock = Hand()

    async def work(fake: FakeTelegram, bot: Bot) -> None:
        for chat in chats:
            fake.chat(chat)
            with suppress(RetryAfter):
                await bot.send_message(chat, "a")
            if fake.refused:
                break
            clock.now += seconds_apart
        told = [error.parameters["retry_after"] for _, error in fake.refused]
        assert (len(fake.sent), told) == (taken, retry_after)

    with_a_bot(work, Limits(), clock=clock)


# Updates.


def test_updates_stay_until_an_offset_confirms_them() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        for number in range(5):
            fake.says(HOA, f"{number}")
        texts = [u.message.text for u in await bot.get_updates(limit=2)]
        assert texts == ["xin chào", "0"]
        again = await bot.get_updates(limit=2)
        assert [u.message.text for u in again] == texts
        rest = await bot.get_updates(offset=again[-1].update_id + 1)
        assert [u.message.text for u in rest] == ["1", "2", "3", "4"]
        assert [u.message.text for u in await bot.get_updates(offset=-1)] == ["4"]
        assert len(fake.pending) == 1
        assert await bot.get_updates(offset=rest[-1].update_id + 1, timeout=0) == ()

    with_a_bot(work)


def test_a_long_poll_ends_with_an_update_or_with_another_poller() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        (first,) = await bot.get_updates()
        waiting = asyncio.create_task(bot.get_updates(offset=first.update_id + 1, timeout=20))
        await fake.until(lambda: not fake.pending)
        fake.says(HOA, "học bạ")
        assert [u.message.text for u in await waiting] == ["học bạ"]

        async with a_bot(fake) as other:
            after = fake.pending[-1]["update_id"] + 1
            waiting = asyncio.create_task(bot.get_updates(offset=after, timeout=20))
            await fake.until(lambda: not fake.pending)
            await other.get_updates(timeout=0)
            error = await refusal(waiting)
        assert isinstance(error, Conflict)
        assert "terminated by other getUpdates request" in error.message

    with_a_bot(work)


def test_nobody_polls_while_a_webhook_is_set() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        async def take(_: web.Request) -> web.Response:
            return web.Response()

        async with hooked(take) as url:
            await bot.set_webhook(url)
            error = await refusal(bot.get_updates())
            assert isinstance(error, Conflict)
            assert "webhook is active" in error.message
            assert (await bot.get_webhook_info()).url == url
            await fake.delivered()
            await bot.delete_webhook()
        assert await bot.get_updates() == ()

    with_a_bot(work)


def test_only_the_kinds_that_were_asked_for_come() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        await bot.get_updates(offset=-1, allowed_updates=["my_chat_member"])
        fake.says(HOA, "a")
        fake.blocks(HOA)
        assert [bool(u.my_chat_member) for u in await bot.get_updates()] == [False, True]

    with_a_bot(work)


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("http://bot.example.vn/a", "", "Bad webhook: an HTTPS URL must be provided for webhook"),
        ("https://bot.example.vn:8080/a", "", "Bad webhook: webhook can be set up only on ports"),
        ("https://bot.example.vn/a", "a" * 257, "Secret token is too long"),
        ("https://bot.example.vn/a", "a b", "Secret token contains unallowed characters"),
    ],
)
def test_a_webhook_is_checked_when_it_is_set(url: str, secret: str, words: str) -> None:
    async def work(_: FakeTelegram, bot: Bot) -> None:
        error = await refusal(bot.set_webhook(url, secret_token=secret))
        assert error.message.casefold().startswith(words.casefold())

    with_a_bot(work, https=True)


def test_a_webhook_that_fails_gets_the_update_again() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        got: Counter[int] = Counter()

        async def take(request: web.Request) -> web.Response:
            number = (await request.json())["update_id"]
            got[number] += 1
            return web.Response(status=500 if got[number] < 3 else 200)

        # As in reality: a public address, and a proxy that leads from there to the service.
        async with hooked(take) as url:
            fake.proxy = url.removesuffix("/hook")
            await bot.set_webhook("https://bot.example.vn/hook")
            await fake.delivered()
            assert [*got.values()] == [3]
            assert "500" in (await bot.get_webhook_info()).last_error_message

    with_a_bot(work, https=True)


def test_an_update_that_nobody_takes_is_lost_after_many_attempts() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        await bot.set_webhook("http://127.0.0.1:1/nobody")
        await fake.delivered()
        assert [each["message"]["text"] for each in fake.lost] == ["xin chào"]

    with_a_bot(work, Limits(webhook_attempts=3, webhook_pause=0.01))


def test_updates_come_twice_when_switched_so_and_again_when_told_to() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        got: list[str] = []

        async def take(request: web.Request) -> web.Response:
            got.append((await request.json())["message"]["text"])
            return web.Response()

        fake.delivery.duplicates = 1
        async with hooked(take) as url:
            await bot.set_webhook(url)
            again = fake.says(HOA, "học bạ")
            await fake.until(lambda: len(got) == 4)
            fake.delivery.duplicates = 0
            fake.redelivers(again)
            await fake.until(lambda: len(got) == 5)
        assert Counter(got) == {"xin chào": 2, "học bạ": 3}

    with_a_bot(work)


def test_updates_come_side_by_side_and_in_the_wrong_order_when_switched_so() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        got: list[str] = []
        inside = most = 0
        three_inside = asyncio.Event()

        async def take(request: web.Request) -> web.Response:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            got.append((await request.json())["message"]["text"])
            if got[-1] == "together":
                if inside == 3:
                    three_inside.set()
                await three_inside.wait()
            inside -= 1
            return web.Response()

        fake.delivery.newest_first = True
        for text in "123":
            fake.says(HOA, text)
        async with hooked(take) as url:
            await bot.set_webhook(url, max_connections=1)
            await fake.delivered()
            assert got == ["3", "2", "1", "xin chào"]
            assert most == 1
            await bot.set_webhook(url, max_connections=3)
            for _ in range(50):
                fake.says(HOA, "together")
            await fake.delivered()
            assert most == 3

    with_a_bot(work)


def test_an_answer_in_the_webhooks_response_is_carried_out() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        async def take(_: web.Request) -> web.Response:
            return web.json_response({"method": "sendMessage", "chat_id": HOA, "text": "chào"})

        async with hooked(take) as url:
            await bot.set_webhook(url)
            await fake.until(lambda: fake.sent)
            assert fake.sent[0].text == "chào"

    with_a_bot(work)


# Trouble on the way, and other clients.


def test_a_connection_breaks_before_or_after_the_effect() -> None:
    async def work(fake: FakeTelegram, bot: Bot) -> None:
        fake.drops(method="sendMessage")
        assert isinstance(await refusal(bot.send_message(HOA, "1")), NetworkError)
        assert not fake.sent
        fake.drops(method="sendMessage", after=True)
        assert isinstance(await refusal(bot.send_message(HOA, "2")), NetworkError)
        assert [each.text for each in fake.sent] == ["2"]
        fake.fails(502, "Bad Gateway", times=2)
        for _ in range(2):
            assert "Bad Gateway" in (await refusal(bot.send_message(HOA, "3"))).message
        await bot.send_message(HOA, "3")

    with_a_bot(work)


def test_another_token_is_refused() -> None:
    async def run() -> None:
        async with FakeTelegram() as fake:
            with pytest.raises(InvalidToken):
                async with a_bot(fake, "1:another"):
                    pass

    asyncio.run(run())


def test_calls_come_as_json_as_a_form_in_parts_or_in_the_address() -> None:
    async def work(fake: FakeTelegram, _: Bot) -> None:
        call = f"{fake.url}/bot{fake.token}/sendmessage"
        parts = FormData({"chat_id": "7", "text": "7"}, default_to_multipart=True)
        async with ClientSession() as session:
            answers = [
                await session.post(call, json={"chat_id": 7, "text": "7"}),
                await session.post(call, data={"chat_id": "7", "text": "7"}),
                await session.post(call, data=parts),
                await session.get(call, params={"chat_id": "7", "text": "7"}),
            ]
            assert [answer.status for answer in answers] == [200] * 4
            assert [each.params for each in fake.sent] == [{"chat_id": 7, "text": "7"}] * 4
            answer = await session.post(call.replace("sendmessage", "sendNothing"))
            assert (await answer.json())["description"] == "Not Found: method not found"
            fake.drops()
            with pytest.raises(ServerDisconnectedError):
                await session.post(call)

    with_a_bot(work)
