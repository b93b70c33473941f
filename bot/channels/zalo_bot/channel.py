"""One bot as a channel."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from time import monotonic

from aiohttp import ClientSession

from bot.channels.channel import Arrival, Keep, Letter, Pace, Part, SendError
from bot.channels.door import derived
from bot.channels.plain_text import cut, pages
from bot.channels.zalo_bot import updates
from bot.channels.zalo_bot.api import IDLE, NOT_FOUND, PATIENCE, Api, CallError
from bot.inbox import Parcel
from bot.settings import Settings
from handlers.talk import Attachment
from locales import translator

PATH = f"/webhooks/{updates.NAME}"

LONGEST = 2000
"""Characters of a message."""

POLL = 30
"""Seconds that the platform waits for an update before it says that there is none."""

SHORTEST_POLL = 1.0
"""Seconds between two polls, should it not wait at all."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds between attempts to listen; each one is twice as long as the last."""

TO_KEEP = 5.0
"""Seconds in which an update that was fetched is to be on disk when the service stops."""

READABLE = {"text/plain", "text/csv", "application/json"}
"""Files that a citizen can read as messages."""

PAGES = 10
"""The most messages that a file may become."""

_log = logging.getLogger(__name__)


class ZaloBot:
    """Reads, sends and listens for the bot whose token the settings hold."""

    name = updates.NAME
    window = None

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        """Take settings with a token; `clock` returns aware UTC."""
        assert settings.zalobot_token  # noqa: S101 - without it the door stays shut
        self._token = settings.zalobot_token.get_secret_value().strip()
        self._address = str(settings.zalobot_api)
        # Zalo states no rate, only a quota a month: five a second serve the 50 users that a free
        # bot may have, and nobody reads more than a message a second.
        self.pace = Pace(per_second=settings.zalobot_rate, per_chat_seconds=1)
        self._public_url = str(settings.public_url or "").rstrip("/")
        given = settings.zalobot_secret
        self.secret = given.get_secret_value() if given else derived(self._token, PATH.encode())
        """What the platform sends with each update."""
        self._clock = clock
        self._names: Sequence[str] = ()

    async def open(self) -> None:
        """Make the connections; contacts nobody yet."""
        self._session = ClientSession()
        self._api = Api(self._address, self._token, self._session)

    async def close(self) -> None:
        """Give them back."""
        await self._session.close()

    def read(self, parcel: Parcel) -> Arrival | None:
        """Read a message; None for one that needs no answer."""
        try:
            return updates.arrival(parcel, self._names)
        except (ValueError, RecursionError):
            return None

    def parts(self, letter: Letter) -> Sequence[Part]:
        """Print the choices with their numbers, and files as text where that can be read."""
        texts = pages(letter, LONGEST)
        for attachment in letter.attachments:
            texts += _written(attachment, letter.language)
        return [Part("sendMessage", {"text": text}) for text in texts or ["…"]]

    def is_group(self, _to: str) -> bool:
        """Say no: the platform states no limits of their own for groups."""
        return False

    async def send(self, to: str, part: Part) -> None:
        """Send one message; raises SendError."""
        await self._api.call(part.method, chat_id=to, **part.fields)

    async def busy(self, to: str) -> None:
        """Show that the bot types; never raises."""
        try:
            await self._api.call("sendChatAction", chat_id=to, action="typing")
        except SendError as error:
            _log.debug("zalobot shows no typing: %s", error.reason)

    async def listen(self, keep: Keep) -> None:
        """Register the webhook, or fetch updates one by one until cancelled.

        What is fetched is gone from the platform, so it is on disk before the next call.
        """
        await _persist(self._learn_names)
        if self._public_url:
            await _persist(self._register)
            return
        await _persist(self._unregister)
        while True:
            await _persist(lambda: self._fetch(keep))

    async def _learn_names(self) -> None:
        me = await self._api.call("getMe")
        known = updates.inner({"me": me}, "me")
        names = (known.get("display_name"), known.get("account_name"))
        self._names = [name for name in names if isinstance(name, str) and name]

    async def _register(self) -> None:
        url = self._public_url + PATH
        result = await self._api.call("setWebhook", url=url, secret_token=self.secret)
        if updates.inner(result, "verification").get("ok") is False:
            _log.warning("zalobot's webhook is set, but Zalo did not reach %s", url)

    async def _unregister(self) -> None:
        try:
            await self._api.call("deleteWebhook")
        except CallError as error:
            if error.code != NOT_FOUND:
                raise

    async def _fetch(self, keep: Keep) -> None:
        began = monotonic()
        try:
            result = await self._api.call("getUpdates", patience=POLL + PATIENCE, timeout=POLL)
        except CallError as error:
            if error.code != IDLE:
                raise
            await asyncio.sleep(SHORTEST_POLL - (monotonic() - began))
            return
        fetched = result if isinstance(result, list) else [result]
        bodies = [json.dumps(each).encode() for each in fetched if isinstance(each, dict)]
        parcels = [updates.parcel(body, self._clock()) for body in bodies]
        await _keep_whole([each for each in parcels if each], keep)


def _written(attachment: Attachment, language: str) -> Sequence[str]:
    """Write a file as messages, or say that it cannot be sent here."""
    if attachment.media_type.partition(";")[0] in READABLE:
        text = attachment.content.decode("utf-8-sig", errors="replace")
        texts = cut(f"📎 {attachment.name}\n\n{text}", LONGEST)
        if len(texts) <= PAGES:
            return texts
    say = translator(language)
    return [say("📎 {name}: files cannot be sent in this chat.", name=attachment.name)]


async def _persist(work: Callable[[], Awaitable[None]]) -> None:
    """Do something until it succeeds, with longer and longer pauses."""
    pause = FIRST_PAUSE
    while True:
        try:
            await work()
        except SendError as error:
            wait = min(error.retry_after or pause, LONGEST_PAUSE)
            _log.warning("zalobot tries to listen again in %.0f s: %s", wait, error.reason)
            await asyncio.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return


async def _keep_whole(parcels: Sequence[Parcel], keep: Keep) -> None:
    """Keep what exists nowhere else any more, also if we are told to stop meanwhile."""
    keeping = asyncio.ensure_future(_keep(parcels, keep))
    try:
        await asyncio.shield(keeping)
    except asyncio.CancelledError:
        await asyncio.wait([keeping], timeout=TO_KEEP)
        keeping.cancel()
        raise


async def _keep(parcels: Sequence[Parcel], keep: Keep) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            await keep(parcels)
        except Exception:  # noqa: BLE001 - whatever it is, the update must not be lost
            _log.exception("zalobot's update cannot be kept yet")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return
