"""Telegram as a channel: updates in, letters out."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from aiohttp import web

from bot.channels.channel import Event, Keep, Letter, Outcome, Pace, Part, SendError
from bot.channels.door import CLOCK, DESK, RECEPTION, SETTINGS
from bot.channels.telegram import updates
from bot.channels.telegram.bot_api import BotApi, parse
from bot.channels.telegram.commands import menus
from bot.channels.telegram.inline import articles
from bot.channels.telegram.parts import PRESS, instead, parts
from bot.inbox import Parcel
from knowledge.records import channels
from knowledge.store import Town

PATH = "/webhooks/telegram"

ALLOWED = ("message", "callback_query", "inline_query", "my_chat_member")
"""Kinds of updates that we ask for."""

LONG = 30
"""Seconds that Telegram holds a request for updates open while there is none."""

LONGEST = 30
"""Pause between attempts to reach Telegram, as a multiple of the first one."""

PRESSES = 1_000
"""Pressed buttons remembered, so that each is answered once."""

QUERIES = 8
"""Inline queries answered at once; whoever types on asks again anyway."""

FRESH = 60
"""Seconds for which Telegram may give an inline answer to others who type the same."""

WAYS = 4
"""Ways in which a part is tried to be sent."""

Json = Mapping[str, Any]
T = TypeVar("T")

_log = logging.getLogger(__name__)


class TelegramChannel:
    """One bot's account; it learns its own name and keeps it."""

    name = updates.NAME
    window = None

    def __init__(
        self, app: web.Application, token: str, secret: str, *, first_pause: float = 1
    ) -> None:
        """Take the service, the secret of the webhook, and the seconds before a second attempt."""
        settings = app[SETTINGS]
        self._app = app
        self._secret = secret
        self._first_pause = first_pause
        self._api = BotApi(token, str(settings.telegram_api).rstrip("/"))
        number = token.partition(":")[0]
        self._me = updates.Me(int(number) if number.isdecimal() else 0)
        self._pressed: OrderedDict[str, asyncio.Task[None]] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._queries = 0
        self.pace = Pace(settings.telegram_rate, per_chat_seconds=1, per_group_minute=20)

    async def open(self) -> None:
        """Recall the bot's name; contacts nobody."""
        await self._api.open()
        known = await self._app[DESK].look(lambda town: channels.learned(town.session, self.name))
        self._me = replace(self._me, username=str(known.get("username", "")))

    async def close(self) -> None:
        """Let go of what is answered beside the letters, and of the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._api.close()

    def read(self, parcel: Parcel) -> Event | None:
        """Say what an update means; what the library cannot read means nothing."""
        try:
            update, me, now = json.loads(parcel.body), self._me, parcel.received_at
            plain = updates.plain_text(update, me, now)
            return plain or updates.event(parse(update), me, now)
        except Exception as error:  # noqa: BLE001 - the library raises anything at what is wrong
            _log.info("an update of Telegram was not understood: %s", type(error).__name__)
            return None

    def parts(self, letter: Letter) -> Sequence[Part]:
        """Cut a letter into messages and files."""
        return parts(letter)

    def is_group(self, to: str) -> bool:
        """Tell groups by their negative ids."""
        return to.startswith("-")

    async def send(self, to: str, part: Part) -> None:
        """Send one part, in another way where Telegram does not take it as it is."""
        if press := part.fields.get(PRESS):
            await self._let_go(to, press)
        for way in range(1, WAYS + 1):
            fields = {name: value for name, value in part.fields.items() if name != PRESS}
            try:
                await self._api.call(part.method, {"chat_id": int(to), **fields})
            except SendError as error:
                other = instead(error.reason, part) if error.outcome is Outcome.REFUSED else part
                if other is None:
                    return
                if other is part or way == WAYS:
                    raise
                part = other
            else:
                return

    async def busy(self, to: str) -> None:
        """Show that we are typing."""
        if to.removeprefix("-").isdecimal():
            await self._quietly("sendChatAction", {"chat_id": int(to), "action": "typing"})

    async def listen(self, keep: Keep) -> None:
        """Register the webhook where there is a public address, else fetch updates for ever."""
        webhook = self._webhook()
        method = "setWebhook" if webhook else "deleteWebhook"
        await self._insist(partial(self._api.call, method, webhook))
        await self._introduce()
        offset = 0
        while not webhook:
            offset = await self._insist(partial(self._fetch, offset, keep))

    async def take(self, arrived: Sequence[tuple[Json, bytes]], keep: Keep) -> None:
        """Keep updates with their bodies, and answer beside it what needs no letter."""
        now = self._app[CLOCK]()
        lasting = [each for each in arrived if "inline_query" not in each[0]]
        await keep(
            [
                Parcel(self.name, str(update["update_id"]), updates.chat(update), body, now)
                for update, body in lasting
            ]
        )
        for update, _ in arrived:
            if "inline_query" in update:
                self._offer(update["inline_query"])
            elif query := updates.press(update):
                self._hear(query)

    # Buttons are heard at once: not everything that is pressed is answered by a letter.

    def _hear(self, query: str) -> asyncio.Task[None]:
        if query not in self._pressed:
            call = self._quietly("answerCallbackQuery", {"callback_query_id": query})
            self._pressed[query] = self._beside(call)
            if len(self._pressed) > PRESSES:
                self._pressed.popitem(last=False)
        return self._pressed[query]

    async def _let_go(self, to: str, press: Json) -> None:
        """End the wait of a pressed button, and take it away if its message stays."""
        heard = self._hear(press["callback"])
        if "keyboard" in press:
            left = {"inline_keyboard": press["keyboard"]}
            fields = {"chat_id": int(to), "message_id": press["message"], "reply_markup": left}
            await self._quietly("editMessageReplyMarkup", fields)
        await asyncio.wait([heard])

    async def _quietly(self, method: str, fields: Json) -> None:
        """Call what no answer depends on."""
        with suppress(SendError):
            await self._api.call(method, fields)

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _offer(self, query: object) -> None:
        if self._queries < QUERIES and (asked := updates.inline(query)):
            self._queries += 1
            self._beside(self._answer_inline(*asked))

    async def _answer_inline(self, query: str, text: str) -> None:
        now = self._app[CLOCK]()
        try:
            found = await self._app[RECEPTION].look(now, lambda town: articles(text, town))
            fields = {"inline_query_id": query, "results": found, "cache_time": FRESH}
            await self._quietly("answerInlineQuery", fields)
        except Exception:  # noqa: BLE001 - logged; nobody waits for the task
            _log.exception("an inline query was not answered")
        finally:
            self._queries -= 1

    # Where updates come from, and what the bot is called.

    def _webhook(self) -> Json:
        public = self._app[SETTINGS].public_url
        if public is None:
            return {}
        return {
            "url": str(public).rstrip("/") + PATH,
            "secret_token": self._secret,
            "allowed_updates": ALLOWED,
            "max_connections": 100,
        }

    async def _fetch(self, offset: int, keep: Keep) -> int:
        """Fetch updates and keep them; asking for the next ones lets Telegram drop them."""
        asked = {"offset": offset, "timeout": LONG, "allowed_updates": ALLOWED}
        fetched = await self._api.call("getUpdates", asked, wait=LONG)
        if not isinstance(fetched, list) or not all(map(updates.is_update, fetched)):
            raise SendError(Outcome.RETRY, "these are no updates")
        await self.take([(each, json.dumps(each).encode()) for each in fetched], keep)
        return max((each["update_id"] + 1 for each in fetched), default=offset)

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it until it succeeds; the log tells when trouble begins and when it has ended."""
        pause = 0.0
        while True:
            try:
                done = await work()
            except SendError as error:
                if not pause:
                    _log.warning("Telegram cannot be reached: %s", error.reason)
                pause = min(2 * pause or self._first_pause, LONGEST * self._first_pause)
                await asyncio.sleep(error.retry_after or pause)
            else:
                if pause:
                    _log.info("Telegram can be reached again")
                return done

    async def _introduce(self) -> None:
        """Learn the bot's name and list the commands; the bot also works where this fails."""
        try:
            me = await self._api.call("getMe", {})
            self._me = updates.Me(me["id"], me["username"])
            await self._app[DESK].do(self._learn)
            for code, commands in menus():
                fields = {"commands": commands, "language_code": code}
                await self._api.call("setMyCommands", fields)
        except (SendError, LookupError, TypeError) as error:
            _log.warning("name and commands of the bot are not in order: %s", error)

    def _learn(self, town: Town) -> None:
        channels.learn(town.session, self.name, username=self._me.username)
