"""What Telegram is to our tests: a Bot API server on loopback that refuses what Telegram refuses.

Each rule names the row of protocols.md §3 that it comes from; [words] marks a sentence of the
server that is not in that sheet but that bots in the field see. Where the sheet is unsure the
stricter reading is taken. Every limit is a parameter, so that benches may switch it off.

    async with FakeTelegram() as fake:
        fake.says(7, "xin chào")              # a citizen writes in the private chat 7
        await fake.until(lambda: fake.sent)   # the bot at fake.url has answered
"""

import asyncio
import json
import math
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from aiohttp import web

from tests.telegram_delivery import Delivery, Webhook
from tests.telegram_html import Malformed, parse, units
from tests.telegram_limits import REAL, UNPACED, Flood, Limits, Refused, bad, forbidden

__all__ = ["BOT", "SUPERGROUP", "TOKEN", "UNPACED", "FakeTelegram", "Limits", "Refused", "Sent"]

Json = dict[str, Any]

TOKEN = "4242424242:opens-nothing-but-this-fake-of-Telegram"  # noqa: S105 - opens only the fake
BOT = {"id": 4242424242, "is_bot": True, "first_name": "Một Cửa", "username": "motcua_bot"}
SUPERGROUP = -1_000_000_000_000
"""Ids of supergroups lie below, those of simple groups between it and 0."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A call of the bot that took effect; `at` is the fake's clock, in seconds."""

    method: str
    chat_id: int | None
    params: Json
    at: float
    message_id: int | None = None
    text: str = ""
    """What the citizen reads: without markup, trimmed."""

    @property
    def buttons(self) -> list[Json]:
        """All inline buttons, row by row."""
        return _buttons(self.params.get("reply_markup"))

    @property
    def labels(self) -> list[str]:
        """What stands on them."""
        return [button["text"] for button in self.buttons]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that the bot sent."""

    name: str
    media_type: str
    content: bytes


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` calls of a method; "" stands for all methods."""

    method: str
    times: int
    error: Refused | None = None
    """Answered instead of doing it; without one the connection is closed without an answer…"""
    after: bool = False
    """…before the effect, or after it."""


@dataclass(slots=True)
class Chat:
    """A private chat or a group, with the messages that still can be edited."""

    id: int
    profile: Json
    met: bool = True
    """False for one that exists but never wrote to the bot."""
    shut: str = ""
    """Why the bot cannot write there, in the words of the 403."""
    moved_to: int | None = None
    messages: dict[int, Json] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def keep(self, message: Json, history: int) -> None:
        """Remember a message; the oldest is forgotten when there are too many."""
        self.messages[message["message_id"]] = message
        if len(self.messages) > history:
            del self.messages[next(iter(self.messages))]


class FakeTelegram:
    """One bot's Telegram: citizens write with the methods of the third person, the bot by HTTP."""

    def __init__(
        self,
        limits: Limits = REAL,
        *,
        token: str = TOKEN,
        https: bool = False,
        proxy: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make it; `https` refuses other webhooks, as Telegram does.

        `proxy` is what stands at the public address of the webhook: updates are posted there, to
        the webhook's path, whatever its host is.
        """
        self.limits = limits
        self.token = token
        self.clock = clock
        self.url = ""
        self.sent: list[Sent] = []
        """Messages, edits, deletions and answers to queries that took effect, in order."""
        self.refused: list[tuple[str, Refused]] = []
        """Calls that were answered with an error: method, error."""
        self.calls: Counter[str] = Counter()
        """All calls by method, as they came."""
        self.commands: dict[tuple[str, str], list[Json]] = {}
        """By scope type and language code; "" is every language."""
        self.about: dict[tuple[str, str], str] = {}
        """Names and descriptions that the bot gave itself, by method and language code."""
        self.files: dict[str, bytes] = {}
        """Contents by file_id."""
        self.delay = 0.0
        """Seconds by which answers come later than effects."""
        self.history = 1000
        """Messages kept in each chat."""
        self.delivery = Delivery(limits, self._tick, self._call)
        """How updates come to the bot, with the switches of what goes wrong there."""
        self.delivery.https = https
        self.delivery.proxy = proxy
        self.chats: dict[int, Chat] = {}
        self._users: dict[int, Json] = {}
        self._flood = Flood(limits)
        self._faults: list[Fault] = []
        self._queries: dict[str, float] = {}
        self._update_ids = count(900_000_001)
        self._query_ids = count(5_000_000_000_000_001)
        self._changed = asyncio.Event()
        self._methods: dict[str, Callable[[Json], Any]] = {
            "getupdates": self.delivery.get_updates,
            "setwebhook": self.delivery.set_webhook,
            "deletewebhook": self.delivery.delete_webhook,
            "getwebhookinfo": self.delivery.get_webhook_info,
            **{name.lower(): getattr(self, "_" + _snake(name)) for name in METHODS},
        }

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        app = web.Application(client_max_size=self.limits.file_bytes + 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        await self.delivery.open()
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop delivering and listening."""
        await self.delivery.close()
        await self._runner.cleanup()

    # What a test looks at and waits for.

    async def until(self, true: Callable[[], object], seconds: float = 10) -> None:
        """Wait until something holds, looked at after each call and each delivery."""
        async with asyncio.timeout(seconds):
            while not true():
                await self._changed.wait()

    async def delivered(self, seconds: float = 10) -> None:
        """Wait until every update was taken by the bot."""
        await self.until(lambda: not self.delivery.pending, seconds)

    @property
    def pending(self) -> Sequence[Json]:
        """Updates that the bot has not confirmed, oldest first."""
        return list(self.delivery.pending.values())

    @property
    def lost(self) -> Sequence[Json]:
        """Updates that Telegram gave up on."""
        return self.delivery.lost

    @property
    def webhook(self) -> Webhook:
        """What the bot has registered; an empty address where it polls."""
        return self.delivery.webhook

    @property
    def proxy(self) -> str:
        """What stands at the public address of the webhook."""
        return self.delivery.proxy

    @proxy.setter
    def proxy(self, address: str) -> None:
        self.delivery.proxy = address

    def messages(self, chat: int) -> list[Sent]:
        """Return what the bot has sent to a chat, without edits and deletions."""
        return [each for each in self.sent if each.chat_id == chat and each.method in SENDING]

    def shown(self, chat: int) -> Json:
        """Return the bot's newest message in a chat as it stands there now, edits included."""
        mine = [m for m in self.chats[chat].messages.values() if m["from"]["id"] == BOT["id"]]
        return mine[-1]

    def forget(self) -> None:
        """Empty the records of calls, for long runs."""
        self.sent.clear()
        self.refused.clear()

    # Things that go wrong.

    def drops(self, times: int = 1, method: str = "", *, after: bool = False) -> None:
        """Close the connection of the next calls without an answer, before or after the effect."""
        self._faults.append(Fault(method.lower(), times, None, after))

    def fails(
        self, code: int, description: str, times: int = 1, method: str = "", **parameters: int
    ) -> None:
        """Answer the next calls with an error and do nothing."""
        error = Refused(code, description, **parameters)
        self._faults.append(Fault(method.lower(), times, error))

    # What citizens do.

    def citizen(self, user: int, **profile: Any) -> Json:  # noqa: ANN401 - fields of User
        """Return a user, with these fields of Telegram's User changed."""
        known = self._users.setdefault(
            user,
            {"id": user, "is_bot": False, "first_name": f"Dân {user}", "language_code": "vi"},
        )
        known.update(profile)
        return known

    def says(self, chat: int, text: str, **more: Any) -> Json:  # noqa: ANN401 - fields of Message
        """Write a text in a chat; `sender` in groups; commands and mentions become entities."""
        return self.sends(chat, text=text, **{"entities": _marks(text), **more})

    def starts(self, user: int, payload: str = "") -> Json:
        """Open t.me/<bot>?start=<payload> and press Start (row "deep link")."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", payload):
            raise ValueError(f"t.me takes no such payload: {payload}")
        return self.says(user, f"/start {payload}".strip())

    def sends(self, chat: int, sender: int | None = None, **content: Any) -> Json:  # noqa: ANN401
        """Write a message of any content: these fields of Telegram's Message."""
        content = {name: value for name, value in content.items() if value or value == 0}
        message = self._message(chat, self._sender(chat, sender), content)
        self.chats[chat].met = True
        return self.arrives("message", message)

    def edits(self, chat: int, message_id: int, text: str) -> Json:
        """Change a text that a citizen wrote before."""
        message = self.chats[chat].messages[message_id]
        message |= {"text": text, "entities": _marks(text), "edit_date": int(time.time())}
        return self.arrives("edited_message", message)

    def photo(self, chat: int, content: bytes = b"\xff\xd8\xff", **more: Any) -> Json:  # noqa: ANN401
        """Send a picture; `caption` may be given."""
        file = self._file(content)
        return self.sends(chat, photo=[{**file, "width": 90, "height": 90}], **more)

    def voice(self, chat: int, content: bytes = b"OggS", **more: Any) -> Json:  # noqa: ANN401
        """Send a spoken message."""
        file = self._file(content)
        return self.sends(chat, voice={**file, "duration": 3, "mime_type": "audio/ogg"}, **more)

    def document(self, chat: int, content: bytes, name: str, **more: Any) -> Json:  # noqa: ANN401
        """Send a file."""
        return self.sends(chat, document={**self._file(content), "file_name": name}, **more)

    def sticker(self, chat: int, **more: Any) -> Json:  # noqa: ANN401
        """Send a sticker."""
        looks = {"type": "regular", "width": 9, "height": 9, "is_animated": False}
        return self.sends(
            chat, sticker={**self._file(b"RIFF"), **looks, "is_video": False}, **more
        )

    def location(self, chat: int, latitude: float, longitude: float, **more: Any) -> Json:  # noqa: ANN401
        """Send where the citizen is, in degrees."""
        where = {"latitude": latitude, "longitude": longitude}
        return self.sends(chat, location=where, **more)

    def contact(self, chat: int, phone: str, **more: Any) -> Json:  # noqa: ANN401
        """Send a phone number from the address book."""
        who = {"phone_number": phone, "first_name": "Hoa", "user_id": chat}
        return self.sends(chat, contact=who, **more)

    def presses(self, chat: int, label: str, sender: int | None = None) -> str:
        """Press the newest button of the bot with this label or data, and return the query's id.

        A button that opens an address tells the bot nothing, so it is a LookupError as well.
        """
        for message in reversed(self.chats[chat].messages.values()):
            for button in _buttons(message.get("reply_markup")):
                data = button.get("callback_data")
                if data is not None and label in (button["text"], data):
                    return self._press(message, button, self._sender(chat, sender))
        raise LookupError(f"no button {label} in chat {chat}")

    def asks_inline(self, user: int, query: str, offset: str = "") -> str:
        """Type "@bot query" in some chat, and return the query's id (row "inline mode")."""
        if len(query) > 256:
            raise ValueError("Telegram lets nobody type so much")
        number = self._query()
        asked = {"id": number, "from": self.citizen(user), "query": query, "offset": offset}
        self.arrives("inline_query", {**asked, "chat_type": "private"})
        return number

    def blocks(self, user: int) -> Json:
        """Block the bot (row "403")."""
        return self._bot_is(user, "member", "kicked", "bot was blocked by the user")

    def unblocks(self, user: int) -> Json:
        """Let the bot write again; what was said before is still there."""
        return self._bot_is(user, "kicked", "member", "")

    def adds(self, group: int, by: int = 7) -> Json:
        """Bring the bot into a group."""
        return self._bot_is(group, "left", "member", "", by)

    def kicks(self, group: int, by: int = 7) -> Json:
        """Throw the bot out of a group."""
        kind = "supergroup" if group < SUPERGROUP else "group"
        why = f"bot was kicked from the {kind} chat"
        return self._bot_is(group, "member", "kicked", why, by)

    def deactivates(self, user: int) -> None:
        """Delete an account; the bot hears nothing of it before it writes."""
        self.chat(user).shut = "user is deactivated"

    def migrates(self, group: int) -> int:
        """Make a supergroup of a group and return its id (row "group → supergroup")."""
        old, new = self.chat(group), SUPERGROUP + group
        self.arrives("message", self._message(group, self.citizen(7), {"migrate_to_chat_id": new}))
        old.moved_to = new
        self.chat(new)
        self.arrives(
            "message", self._message(new, self.citizen(7), {"migrate_from_chat_id": group})
        )
        return new

    def arrives(self, kind: str, content: Json) -> Json:
        """Deliver an update of any kind; for what has no method of its own."""
        # A copy: later edits of the message are not in the update.
        update = {"update_id": next(self._update_ids), kind: json.loads(json.dumps(content))}
        self.delivery.bring(kind, update)
        return update

    def redelivers(self, update: Json) -> None:
        """Send an update once more that was delivered already (row "delivery")."""
        self.delivery.bring(_kind(update), update)

    # Chats, messages and updates.

    def chat(self, number: int, *, met: bool = True) -> Chat:
        """Return a chat, made if there is none; the bot may write only where it `met` someone."""
        if number not in self.chats:
            self.chats[number] = Chat(number, self._profile(number), met)
        return self.chats[number]

    def _profile(self, number: int) -> Json:
        if number > 0:
            name = self.citizen(number)["first_name"]
            return {"id": number, "type": "private", "first_name": name}
        kind = "supergroup" if number < SUPERGROUP else "group"
        return {"id": number, "type": kind, "title": f"Nhóm {-number}"}

    def _sender(self, chat: int, sender: int | None) -> Json:
        user = sender or (chat if chat > 0 else 7)
        if user != chat:
            self.chat(user, met=user in self.chats and self.chats[user].met)
        return self.citizen(user)

    def _message(self, chat: int, sender: Json, content: Json) -> Json:
        place = self.chat(chat)
        message = {
            "message_id": next(place.ids),
            "from": sender,
            "chat": place.profile,
            "date": int(time.time()),
            **content,
        }
        place.keep(message, self.history)
        return message

    def _file(self, content: bytes) -> Json:
        name = f"AgAD{len(self.files):08}"
        self.files[name] = content
        return {"file_id": name, "file_unique_id": name[::-1], "file_size": len(content)}

    def _query(self) -> str:
        number = str(next(self._query_ids))
        self._queries[number] = self.clock() + self.limits.query_seconds
        return number

    def _press(self, message: Json, button: Json, sender: Json) -> str:
        number = self._query()
        pressed = {"id": number, "from": sender, "message": message, "chat_instance": "-1"}
        self.arrives("callback_query", {**pressed, "data": button["callback_data"]})
        return number

    def _bot_is(self, chat: int, was: str, now: str, shut: str, by: int | None = None) -> Json:
        place, user = self.chat(chat), self.citizen(by or chat)
        place.shut = shut
        until = {"until_date": 0}
        change = {
            "chat": place.profile,
            "from": user,
            "date": int(time.time()),
            "old_chat_member": {"user": BOT, "status": was, **(until if was == "kicked" else {})},
            "new_chat_member": {"user": BOT, "status": now, **(until if now == "kicked" else {})},
        }
        return self.arrives("my_chat_member", change)

    def _tick(self) -> None:
        """Wake whoever waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    # The Bot API, as the bot sees it.

    async def _serve(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self.token:
            return Refused(401, "Unauthorized").answer()
        method = request.match_info["method"]
        params = await _params(request)
        fault = self._fault(method.lower())
        if fault and fault.error is None and not fault.after:
            self.calls[method] += 1
            return self._hang_up(request)
        done = await self._call(method, params, fault.error if fault else None, request)
        if self.delay:
            await asyncio.sleep(self.delay)
        if fault and fault.after:
            return self._hang_up(request)
        if isinstance(done, Refused):
            return done.answer()
        return web.json_response({"ok": True, "result": done})

    async def _call(
        self,
        method: str,
        params: Json,
        error: Refused | None = None,
        request: web.Request | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON
        """Carry out a call and return its result, or what it was refused with."""
        self.calls[method] += 1
        try:
            if error is not None:
                raise error
            return await self._perform(method, params)
        except Refused as refused:
            # A poll that another one ended, when nobody listens any more, is no refusal.
            if request is None or request.transport is not None:
                self.refused.append((method, refused))
            return refused
        finally:
            self._tick()

    async def _perform(self, method: str, params: Json) -> Any:  # noqa: ANN401 - any JSON
        perform = self._methods.get(method.lower())
        if perform is None:
            raise Refused(404, "Not Found: method not found")
        result = perform(params)
        return await result if isinstance(result, Awaitable) else result

    def _fault(self, method: str) -> Fault | None:
        for fault in self._faults:
            if fault.method in ("", method):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    def _hang_up(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _download(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["path"].rpartition("/")[2])
        if request.match_info["token"] != self.token or content is None:
            return Refused(404, "Not Found").answer()
        return web.Response(body=content)

    # Messages.

    def _send_message(self, params: Json) -> Json:
        text, entities = self._text(params, "text", "message is too long", self.limits.text)
        if not text:
            raise bad("message text is empty")
        return self._send("sendMessage", params, text, {"text": text, "entities": entities})

    def _send_photo(self, params: Json) -> Json:
        return self._send_file("sendPhoto", "photo", params, self.limits.photo_bytes)

    def _send_document(self, params: Json) -> Json:
        return self._send_file("sendDocument", "document", params, self.limits.file_bytes)

    def _send_file(self, method: str, kind: str, params: Json, most: int) -> Json:
        """Row "files"; an upload, a file_id or an address."""
        given = params.get(kind)
        if isinstance(given, str) and given.startswith("attach://"):
            given = params.get(given.removeprefix("attach://"))
        if not given:
            raise bad(f"there is no {kind} in the request")
        if isinstance(given, Upload) and len(given.content) > most:
            raise Refused(413, "Request Entity Too Large")
        caption, entities = self._text(
            params, "caption", "message caption is too long", self.limits.caption
        )
        file = self._file(given.content if isinstance(given, Upload) else b"")
        content = {kind: file if kind == "document" else [{**file, "width": 90, "height": 90}]}
        marks = {"caption": caption, "caption_entities": entities} if caption else {}
        return self._send(method, params, caption, {**content, **marks})

    def _send_location(self, params: Json) -> Json:
        where = {"latitude": params["latitude"], "longitude": params["longitude"]}
        return self._send("sendLocation", params, "", {"location": where})

    def _send_venue(self, params: Json) -> Json:
        where = {"latitude": params["latitude"], "longitude": params["longitude"]}
        venue = {"location": where, "title": params["title"], "address": params["address"]}
        return self._send("sendVenue", params, str(params["title"]), {"venue": venue, **venue})

    def _send(self, method: str, params: Json, text: str, content: Json) -> Json:
        chat = self._reachable(params)
        markup = self._markup(params)
        quoted = self._quoted(chat, params) | self._thread(chat, params)
        self._flood.pass_one(chat.id, self.clock())
        content = {name: value for name, value in (content | quoted).items() if value}
        if "inline_keyboard" in markup:
            content["reply_markup"] = markup
        message = self._message(chat.id, BOT, content)
        self._record(method, params, chat.id, message["message_id"], text)
        return message

    def _edit_message_text(self, params: Json) -> Json | bool:
        text, entities = self._text(params, "text", "MESSAGE_TOO_LONG", self.limits.text)
        if not text:
            raise bad("message text is empty")
        return self._edit("editMessageText", params, {"text": text, "entities": entities})

    def _edit_message_caption(self, params: Json) -> Json | bool:
        text, entities = self._text(params, "caption", "MESSAGE_TOO_LONG", self.limits.caption)
        return self._edit(
            "editMessageCaption", params, {"caption": text, "caption_entities": entities}
        )

    def _edit_message_reply_markup(self, params: Json) -> Json | bool:
        return self._edit("editMessageReplyMarkup", params, {})

    def _edit(self, method: str, params: Json, changes: Json) -> Json:
        """Edit in place; only the bot's own messages, and only if something changes [words]."""
        chat = self._reachable(params)
        message = self._own_message(chat, params, "message to edit not found")
        if message["from"]["id"] != BOT["id"]:
            raise bad("message can't be edited")
        if "text" in changes and "text" not in message:
            raise bad("there is no text in the message to edit")
        # Without a keyboard in the call the old one goes.
        markup = self._markup(params) if params.get("reply_markup") else None
        wanted = {
            **changes,
            "reply_markup": markup if (markup or {}).get("inline_keyboard") else None,
        }
        if all((message.get(name) or None) == (value or None) for name, value in wanted.items()):
            raise bad(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        message |= {**wanted, "edit_date": int(time.time())}
        for name in [name for name, value in message.items() if value in (None, [])]:
            del message[name]
        text = str(changes.get("text") or changes.get("caption") or "")
        self._record(method, params, chat.id, message["message_id"], text)
        return message

    def _delete_message(self, params: Json) -> bool:
        chat = self._reachable(params)
        message = self._own_message(chat, params, "message to delete not found")
        del chat.messages[message["message_id"]]
        self._record("deleteMessage", params, chat.id, message["message_id"])
        return True

    def _send_chat_action(self, params: Json) -> bool:
        self._reachable(params)
        if params.get("action") not in ACTIONS:
            raise bad("wrong parameter action in request")
        return True

    def _own_message(self, chat: Chat, params: Json, missing: str) -> Json:
        number = params.get("message_id")
        if number is None:
            raise bad("message identifier is not specified")
        message = chat.messages.get(int(number))
        if message is None:
            raise bad(missing)
        return message

    def _record(
        self, method: str, params: Json, chat: int | None, message: int | None, text: str = ""
    ) -> None:
        self.sent.append(Sent(method, chat, params, self.clock(), message, text))

    # What every message must fulfil.

    def _reachable(self, params: Json) -> Chat:
        """Rows "403", "proactive" and "group → supergroup"."""
        number = params.get("chat_id")
        if number in (None, ""):
            raise bad("chat_id is empty")
        chat = self.chats.get(number) if isinstance(number, int) else None
        if chat is None:
            raise bad("chat not found")
        if chat.moved_to is not None:
            raise bad(
                "group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to
            )
        if chat.shut:
            raise forbidden(chat.shut)
        if not chat.met:
            raise forbidden("bot can't initiate conversation with a user")
        return chat

    def _text(self, params: Json, name: str, too_long: str, most: int) -> tuple[str, list[Json]]:
        """Rows "message text / caption" and "HTML parse mode"."""
        source = str(params.get(name) or "")
        mode = str(params.get("parse_mode") or "").lower()
        if mode not in ("", "html"):
            raise bad("unsupported parse_mode: this fake knows HTML only")
        try:
            text, entities = parse(source) if mode else (source, params.get("entities") or [])
        except Malformed as why:
            raise bad(f"can't parse entities: {why}") from None
        text, entities = _trim(text, entities)
        if units(text) > most:
            raise bad(too_long)
        return text, entities

    def _markup(self, params: Json) -> Json:
        """Rows "callback_data" and "inline keyboard"; other keyboards pass unread."""
        markup = params.get("reply_markup") or {}
        if not isinstance(markup, dict):
            raise bad("can't parse reply keyboard markup JSON object")
        buttons = _buttons(markup)
        if len(buttons) > self.limits.buttons:
            raise bad("REPLY_MARKUP_TOO_LONG")
        for button in buttons:
            self._check_button(button)
        return markup

    def _check_button(self, button: Json) -> None:
        if not str(button.get("text", "")).strip():
            raise bad('Field "text" of a button must be non-empty')
        kinds = [kind for kind in BUTTONS if kind in button]
        if not kinds:
            raise bad("Text buttons are unallowed in the inline keyboard")
        if len(kinds) > 1:
            raise bad("BUTTON_TYPE_INVALID")
        data = button.get("callback_data")
        if data is not None and not 1 <= len(str(data).encode()) <= self.limits.callback_bytes:
            raise bad("BUTTON_DATA_INVALID")
        if "url" in button and not re.match(r"(https?|tg)://[^/\s]+", button["url"]):
            raise bad("BUTTON_URL_INVALID")

    def _quoted(self, chat: Chat, params: Json) -> Json:
        reply = params.get("reply_parameters") or {}
        number = reply.get("message_id", params.get("reply_to_message_id"))
        if number is None:
            return {}
        message = chat.messages.get(int(number))
        if message is None and not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        # One level, as Telegram shows it.
        return {
            "reply_to_message": {
                k: v for k, v in (message or {}).items() if k != "reply_to_message"
            }
        }

    def _thread(self, chat: Chat, params: Json) -> Json:
        """Topics of a group; one exists where somebody wrote in it [words]."""
        number = params.get("message_thread_id")
        if number is None:
            return {}
        if all(each.get("message_thread_id") != number for each in chat.messages.values()):
            raise bad("message thread not found")
        return {"message_thread_id": number, "is_topic_message": True}

    # Answers to buttons and to inline queries.

    def _answer_callback_query(self, params: Json) -> bool:
        """Row "answerCallbackQuery": in time, and once."""
        if units(str(params.get("text") or "")) > self.limits.callback_text:
            raise bad("MESSAGE_TOO_LONG")
        self._close_query(str(params.get("callback_query_id") or ""))
        self._record("answerCallbackQuery", params, None, None, str(params.get("text") or ""))
        return True

    def _answer_inline_query(self, params: Json) -> bool:
        """Row "inline mode"; what a result would write is checked as any message."""
        results = params.get("results") or []
        if len(results) > self.limits.inline_results:
            raise bad("RESULTS_TOO_MUCH")
        if len({str(each.get("id")) for each in results}) < len(results):
            raise bad("RESULT_ID_DUPLICATE")
        if len(str(params.get("next_offset") or "").encode()) > 64:
            raise bad("NEXT_OFFSET_INVALID")
        for result in results:
            self._check_result(result)
        self._close_query(str(params.get("inline_query_id") or ""))
        self._record("answerInlineQuery", params, None, None)
        return True

    def _check_result(self, result: Json) -> None:
        if not 1 <= len(str(result.get("id") or "").encode()) <= 64:
            raise bad("RESULT_ID_INVALID")
        if result.get("type") != "article":
            return
        if not result.get("title"):
            raise bad("can't parse InlineQueryResult: Can't find field \"title\"")
        content = result.get("input_message_content") or {}
        content = {**content, "text": content.get("message_text")}
        text, _ = self._text(content, "text", "MESSAGE_TOO_LONG", self.limits.text)
        if not text:
            raise bad("message text is empty")
        self._markup(result)

    def _close_query(self, number: str) -> None:
        if self._queries.pop(number, -math.inf) < self.clock():
            raise bad("query is too old and response timeout expired or query ID is invalid")

    # The bot itself.

    def _get_me(self, _params: Json) -> Json:
        can = {"can_join_groups": True, "can_read_all_group_messages": True}
        return {**BOT, **can, "supports_inline_queries": True}

    def _set_my_commands(self, params: Json) -> bool:
        """Row "commands"."""
        commands = params.get("commands") or []
        if len(commands) > self.limits.commands:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for each in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", each.get("command", "").removeprefix("/")):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(each.get("description", "")) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[self._audience(params)] = commands
        return True

    def _get_my_commands(self, params: Json) -> list[Json]:
        return self.commands.get(self._audience(params), [])

    def _delete_my_commands(self, params: Json) -> bool:
        self.commands.pop(self._audience(params), None)
        return True

    def _audience(self, params: Json) -> tuple[str, str]:
        language = str(params.get("language_code") or "")
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise bad("invalid language code specified")
        return (params.get("scope") or {}).get("type", "default"), language

    def _set_my_name(self, params: Json) -> bool:
        return self._describe("name", params, 64)

    def _set_my_description(self, params: Json) -> bool:
        return self._describe("description", params, 512)

    def _set_my_short_description(self, params: Json) -> bool:
        return self._describe("short_description", params, 120)

    def _describe(self, name: str, params: Json, most: int) -> bool:
        text = str(params.get(name) or "")
        if len(text) > most:
            raise bad(f"bot {name.replace('_', ' ')} is too long")
        self.about[name, self._audience(params)[1]] = text
        return True

    def _set_chat_menu_button(self, _params: Json) -> bool:
        return True

    def _get_file(self, params: Json) -> Json:
        """Row "files": at most 20 MB come back."""
        name = str(params.get("file_id") or "")
        if name not in self.files:
            raise bad("invalid file_id")
        if len(self.files[name]) > self.limits.download_bytes:
            raise bad("file is too big")
        size = len(self.files[name])
        return {
            "file_id": name,
            "file_unique_id": name[::-1],
            "file_size": size,
            "file_path": f"files/{name}",
        }

    def _get_chat(self, params: Json) -> Json:
        chat = self._reachable(params)
        return {
            **chat.profile,
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {},
        }

    def _leave_chat(self, params: Json) -> bool:
        chat = self._reachable(params)
        chat.shut = "bot is not a member of the group chat"
        self._record("leaveChat", params, chat.id, None)
        return True


METHODS = [
    "sendMessage",
    "sendPhoto",
    "sendDocument",
    "sendLocation",
    "sendVenue",
    "editMessageText",
    "editMessageCaption",
    "editMessageReplyMarkup",
    "deleteMessage",
    "sendChatAction",
    "answerCallbackQuery",
    "answerInlineQuery",
    "getMe",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "setMyName",
    "setMyDescription",
    "setMyShortDescription",
    "setChatMenuButton",
    "getFile",
    "getChat",
    "leaveChat",
]
"""All that it knows beside those of delivery; any other is 404, as an unknown method is."""

SENDING = frozenset(("sendMessage", "sendPhoto", "sendDocument", "sendLocation", "sendVenue"))

ACTIONS = frozenset(("typing", "upload_photo", "upload_document", "find_location"))

BUTTONS = (
    "callback_data",
    "url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "web_app",
    "login_url",
)
"""What a button may do; it does exactly one of these."""

TEXTS = frozenset(
    (
        "text",
        "caption",
        "parse_mode",
        "url",
        "secret_token",
        "callback_query_id",
        "inline_query_id",
        "next_offset",
        "action",
        "language_code",
        "title",
        "address",
        "name",
        "description",
        "short_description",
        "file_id",
    )
)
"""Parameters that are texts even where they look like JSON."""


def _kind(update: Json) -> str:
    return next(name for name in update if name != "update_id")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda capital: "_" + capital[0].lower(), name)


def _buttons(markup: Mapping[str, Any] | None) -> list[Json]:
    return [button for row in (markup or {}).get("inline_keyboard", []) for button in row]


def _marks(text: str) -> list[Json]:
    """Return the entities that Telegram finds by itself: commands, mentions, addresses."""
    found = re.finditer(r"(?<!\S)(/\w+(?:@\w+)?)|(?<!\S)(@\w{4,})|(https?://\S+)", text)
    kinds = {1: "bot_command", 2: "mention", 3: "url"}
    return [
        {
            "type": kinds[each.lastindex or 1],
            "offset": units(text[: each.start()]),
            "length": units(each[0]),
        }
        for each in found
    ]


def _trim(text: str, entities: Iterable[Json]) -> tuple[str, list[Json]]:
    """Drop the space around a text as Telegram does, and move the entities along."""
    before = units(text) - units(text.lstrip())
    end = units(text.strip())
    moved = []
    for entity in entities:
        start = max(entity["offset"] - before, 0)
        length = min(entity["offset"] - before + entity["length"], end) - start
        if length > 0:
            moved.append({**entity, "offset": start, "length": length})
    return text.strip(), moved


async def _params(request: web.Request) -> Json:
    """Read a call's parameters, from the query string, a form, a multipart form or JSON."""
    params: Json = {name: _value(name, value) for name, value in request.query.items()}
    if request.content_type == "application/json":
        body = await request.read()
        return params | (json.loads(body) if body else {})
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            params[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            params[name] = _value(name, value)
    return params


def _value(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if name in TEXTS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
