"""The Official Account as a channel: sends letters, and mends what it can when Zalo refuses."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from bot.channels.channel import (
    Event,
    Keep,
    Letter,
    Outcome,
    Pace,
    Part,
    SendError,
    Shut,
    Window,
)
from bot.channels.zalo_oa import events, writing
from bot.channels.zalo_oa.api import Answer, Api
from bot.channels.zalo_oa.errors import OUTCOMES, Decision, decide
from bot.channels.zalo_oa.template import NEXT_MINUTE, Template
from bot.channels.zalo_oa.tokens import BUTTONLESS, ENDPOINT, UNFIT, Tokens
from bot.inbox import Parcel
from bot.settings import Settings
from handlers.talk import Attachment
from knowledge.records import channels, credentials, windows
from knowledge.records.windows import FOREVER, Way, month_of, next_month, next_morning
from knowledge.store import Store

FREE, PAID = timedelta(hours=48), timedelta(days=7)
"""After a citizen's last message (protocol section 1.6)."""
GRATIS = {"reply", "welcome_msg"}
"""Zalo's names of the quotas on which a message costs nothing."""
WITHOUT_MONEY = {-115, -320, -321}
NEXT_HOUR = 3600.0
"""Seconds after which an answer that is owed is tried again on a used-up quota."""
UPLOADS = 100
"""Attachments that are remembered, so that a broadcast uploads its file once."""

_OTHER_ENDPOINT = {Decision.USE_V2: "v2", Decision.USE_V3: "v3"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One call that delivers a part, with what it was made with and what Zalo said."""

    part: Part
    access: str
    endpoint: str
    answer: Answer
    has_buttons: bool

    @property
    def decision(self) -> Decision:
        return decide(self.answer.error)


class ZaloOA:
    """One Official Account; its webhook is set in Zalo's console, so it fetches nothing."""

    name = events.NAME

    def __init__(
        self, settings: Settings, store: Callable[[], Store], clock: Callable[[], datetime]
    ) -> None:
        """Open nothing yet; `store` is called in worker threads, `clock` returns aware UTC."""
        self.pace = Pace(settings.zalo_rate / 60)
        self.window = Window(FREE, PAID, settings.zalo_paid, settings.zalo_template)
        self._store, self._clock = store, clock
        self._api = Api(settings)
        self._tokens = Tokens(settings, self._api, store, clock)
        self._template = Template(settings.zalo_template, self._api, self._tokens, store, clock)
        self._endpoint = "v3"
        self._learned: str | None = None
        """The endpoint that has taken a message, as the database knows it."""
        self._buttonless: set[str] = set()
        self._uploads: OrderedDict[bytes, str] = OrderedDict()

    async def open(self) -> None:
        """Recall what was learned of the OA."""
        await self._api.open()
        await asyncio.to_thread(self._recall)

    async def close(self) -> None:
        """Let a renewal of the tokens come to its end."""
        await self._tokens.close()
        await self._api.close()

    def read(self, parcel: Parcel) -> Event | None:
        """Say what an event means."""
        return events.read(parcel)

    def parts(self, letter: Letter) -> list[Part]:
        """Cut a letter to Zalo's limits."""
        return writing.parts(letter)

    def is_group(self, to: str) -> bool:  # noqa: ARG002 - the channel's contract
        """Say no: an OA talks to one person at a time."""
        return False

    async def busy(self, to: str) -> None:
        """Show nothing: Zalo has no sign for it."""

    async def listen(self, keep: Keep) -> None:
        """Return at once."""

    async def send(self, to: str, part: Part) -> None:
        """Send a part; each means of mending is tried once."""
        if part.method == writing.TEMPLATE:
            await self._template.send(to, part.fields["data"])
            return
        tried: set[Decision] = set()
        suspects: set[str] = set()
        while True:
            attempt = await self._try(to, part)
            if not attempt.answer.error:
                await self._believe(attempt)
                await self._learn(attempt.endpoint, buttonless=suspects)
                return
            decision = attempt.decision
            if decision is Decision.SPLIT and (halves := writing.halves(part)):
                # Fails one of them, the whole part is sent again: better than losing it.
                for half in halves:
                    await self.send(to, half)
                return
            mended = None if decision in tried else await self._mend(attempt)
            if mended is None:
                raise self._failure(attempt)
            if decision is Decision.PLAIN and attempt.has_buttons:
                suspects.add(attempt.endpoint)
            tried.add(decision)
            part = mended

    async def _try(self, to: str, part: Part) -> _Attempt:
        access, endpoint = await self._tokens.access(), self._endpoint
        buttons = endpoint not in self._buttonless and "buttons" in part.fields
        uploaded: str | Answer = ""
        if _is_file(part):
            uploaded = await self._upload(access, part.method, part.fields["attachment"])
        if isinstance(uploaded, Answer):
            return _Attempt(part, access, endpoint, uploaded, has_buttons=False)
        message = writing.message(part, buttons=buttons, attachment=uploaded)
        body = {"recipient": {"user_id": to}, "message": message}
        answer = await self._api.message(access, endpoint, body)
        return _Attempt(part, access, endpoint, answer, buttons)

    async def _upload(self, access: str, kind: str, attachment: Attachment) -> str | Answer:
        """Return what stands for an attachment at Zalo, or the refusal."""
        digest = hashlib.sha256(attachment.content).digest()
        if digest in self._uploads:
            return self._uploads[digest]
        answer = await self._api.upload(access, kind, attachment.name, attachment.content)
        token = answer.data.get("token") or answer.data.get("attachment_id")
        if answer.error:
            return answer
        if not isinstance(token, str):
            raise SendError(Outcome.RETRY, "an upload without a token")
        self._uploads[digest] = token
        if len(self._uploads) > UPLOADS:
            self._uploads.popitem(last=False)
        return token

    async def _mend(self, attempt: _Attempt) -> Part | None:
        """Return what to send instead, or the same when the cause is mended; None if nothing."""
        part, decision = attempt.part, attempt.decision
        if decision is Decision.RENEW:
            await self._tokens.renewed(attempt.access)
            return part
        if decision is Decision.PLAIN or (decision is Decision.SPLIT and _is_file(part)):
            return writing.plain(part) if attempt.has_buttons or _is_file(part) else None
        if decision is Decision.UPLOAD and _is_file(part):
            attachment = part.fields["attachment"]
            self._uploads.pop(hashlib.sha256(attachment.content).digest(), None)
            return part
        if decision in _OTHER_ENDPOINT and _OTHER_ENDPOINT[decision] != attempt.endpoint:
            self._endpoint = _OTHER_ENDPOINT[decision]
            return part
        return None

    def _failure(self, attempt: _Attempt) -> SendError:
        """Say what the postman is to do; the letter's own circumstances decide for two codes."""
        decision, reason = attempt.decision, str(attempt.answer).replace(attempt.access, "***")
        if decision is Decision.QUOTA:
            _log.error("Zalo's quota is used up: %s", reason)
            if attempt.part.fields.get(writing.ASKED):
                return SendError(Outcome.RETRY, reason, NEXT_HOUR)
            return Shut(reason, Way.PAID, self._until_quota(attempt.answer.error))
        if decision is Decision.CLOSED:
            return Shut(reason)
        now = self._clock()
        wait = {
            Decision.NIGHT: (next_morning(now) - now).total_seconds(),
            Decision.SLOW_DOWN: NEXT_MINUTE,
        }.get(decision)
        said = UNFIT if decision is Decision.RENEW else reason
        return SendError(OUTCOMES[decision], said, wait)

    def _until_quota(self, error: int) -> datetime:
        """Return when there may be quota again; an account without money waits for a person."""
        return FOREVER if error in WITHOUT_MONEY else next_month(self._clock())

    async def _believe(self, attempt: _Attempt) -> None:
        """Correct the ledger where Zalo says that a message cost something else than expected."""
        quota = attempt.answer.data.get("quota")
        kind = quota.get("quota_type") if isinstance(quota, dict) else None
        counted, cost = bool(attempt.part.fields.get(writing.COUNTED)), kind not in GRATIS
        if kind is None or counted == cost:
            return
        try:
            await asyncio.to_thread(self._correct, 1 if counted else -1)
        except DBAPIError as error:
            _log.warning("what a message cost is not kept: %s", type(error).__name__)

    def _correct(self, messages: int) -> None:
        now = self._clock()
        with self._store().town(now) as town:
            windows.release(town.session, self.name, month_of(now), messages)

    async def _learn(self, endpoint: str, *, buttonless: set[str]) -> None:
        """Keep what a success has shown; one that cannot be kept is found out anew."""
        if endpoint == self._learned and buttonless <= self._buttonless:
            return
        self._learned = endpoint
        self._buttonless |= buttonless
        try:
            await asyncio.to_thread(self._keep)
        except DBAPIError as error:
            _log.warning("what Zalo takes is not kept: %s", type(error).__name__)

    def _recall(self) -> None:
        with self._store().town(self._clock(), reading=True) as town:
            learned = channels.learned(town.session, self.name)
        self._learned = learned.get(ENDPOINT)
        self._endpoint = self._learned or self._endpoint
        self._buttonless = set(learned.get(BUTTONLESS) or ())
        self._template.recall(learned)

    def _keep(self) -> None:
        with self._store().town(self._clock()) as town:
            credentials.take(town.session, self.name)
            values = {ENDPOINT: self._learned, BUTTONLESS: sorted(self._buttonless)}
            channels.learn(town.session, self.name, **values)


def _is_file(part: Part) -> bool:
    return part.method != writing.TEXT
