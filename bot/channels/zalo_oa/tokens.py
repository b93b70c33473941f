"""The OA's tokens: whoever renews them does so alone, and stores the new pair before he uses it.

An access token lives 25 hours. A refresh token works once; with its use the old access token dies
and a new pair is given. Between that answer and its storage lies the only moment at which a crash
loses the pair. So a mark is stored before each request and removed together with the storage: he
who finds the mark, alone as he is, knows that a renewal was broken off. He tries the refresh token
again, which is right if the request never arrived; is it refused, a person must get a new one.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from bot.channels.channel import Outcome, SendError
from bot.channels.zalo_oa.api import Answer, Api
from bot.channels.zalo_oa.errors import Decision, decide
from bot.channels.zalo_oa.events import NAME
from bot.settings import Settings
from knowledge.records import channels, credentials
from knowledge.records.tables import Credential
from knowledge.store import Store
from locales import Translator, message

MISSING = message(
    "There are no tokens yet. Get a refresh token in Zalo's API Explorer and enter it with: "
    "motcua zalo token"
)
SPENT = message(
    "Zalo refuses the refresh token. Get a new one in Zalo's API Explorer and enter it with: "
    "motcua zalo token"
)
LOST = message(
    "A renewal of the tokens was broken off and the new ones are lost. Get a new refresh token in "
    "Zalo's API Explorer and enter it with: motcua zalo token"
)
NO_SECRET = message("MOTCUA_ZALO_APP_SECRET is not set; without it no tokens can be had.")
UNFIT = message("Zalo refuses an access token that it has just given.")

DUE = 0.8
"""The part of its life after which an access token is renewed: 20 of 25 hours."""
LATER = timedelta(minutes=5)
"""After this a renewal that was not urgent and failed is tried again."""
BUSY = 1.0
"""Seconds after which another process will have renewed the tokens."""
LIFE = 90_000
"""Seconds, where Zalo does not say how long a token lives."""

T = TypeVar("T")

ENDPOINT, BUTTONLESS, SHAPE = "endpoint", "buttonless", "template"
"""What is learned of an OA: where it takes messages, where no buttons, and how a template."""
UNKNOWN: dict[str, object] = {ENDPOINT: None, BUTTONLESS: [], SHAPE: None}

_MARK = "renewing_since"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and the refresh token that was given with it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    obtained_at: datetime
    expires_at: datetime

    def is_due(self, now: datetime) -> bool:
        """Tell whether most of the access token's life is over."""
        return now >= self.obtained_at + DUE * (self.expires_at - self.obtained_at)

    def is_dead(self, now: datetime) -> bool:
        """Tell whether the access token can no longer be used."""
        return now >= self.expires_at


@dataclass(frozen=True, slots=True)
class _Claim:
    """A refresh token to be used now; `doubtful` if an earlier use of it was broken off."""

    refresh: str = field(repr=False)
    doubtful: bool


class Tokens:
    """The newest pair, in memory as long as Zalo takes it; call it from the event loop only."""

    def __init__(
        self,
        settings: Settings,
        api: Api,
        store: Callable[[], Store],
        clock: Callable[[], datetime],
    ) -> None:
        """Touch nothing yet; `store` is called in worker threads."""
        first, secret = settings.zalo_refresh_token, settings.zalo_app_secret
        self._first = first.get_secret_value() if first else ""
        self._can_renew = bool(secret and secret.get_secret_value())
        self._api, self._store, self._clock = api, store, clock
        self._pair: Pair | None = None
        self._unstored: Pair | None = None
        """What Zalo gave while the database was away."""
        self._renewing: asyncio.Task[Pair] | None = None
        self._not_before: datetime | None = None

    async def access(self) -> str:
        """Return an access token, renewed when most of its life is over; raises SendError."""
        pair, now = await self.pair(), self._clock()
        if pair is None or pair.is_dead(now):
            return (await self._renew(pair)).access
        if pair.is_due(now) and (self._not_before is None or now >= self._not_before):
            try:
                pair = await self._renew(pair)
            except SendError as error:
                # The old one still works for hours: citizens need not wait for the new one.
                _log.warning("Zalo's tokens are not renewed yet: %s", error.reason)
                self._not_before = now + LATER
        return pair.access

    async def pair(self) -> Pair | None:
        """Return the newest pair that we know of, None before the first."""
        if self._pair is None:
            self._learn(await _in_thread(self._load))
        return self._pair

    def _learn(self, loaded: Pair | None) -> None:
        """Take what was read, unless a renewal has come to its end meanwhile and knows better."""
        if self._pair is None:
            self._pair = loaded

    async def renewed(self, refused: str) -> str:
        """Return an access token newer than one that Zalo refused; raises SendError."""
        if self._pair is not None and self._pair.access != refused:
            return self._pair.access
        return (await self._renew(self._pair)).access

    async def adopt(self, refresh: str) -> None:
        """Begin anew with a refresh token that a person brought, and send again."""
        await self._renew(None, refresh)

    async def close(self) -> None:
        """Wait for a renewal under way: what Zalo gives must not be lost."""
        if self._renewing is not None:
            await asyncio.wait([self._renewing])

    async def _renew(self, stale: Pair | None, brought: str = "") -> Pair:
        """Renew once for all who wait; whoever stops waiting does not break it off."""
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew_alone(stale, brought))
            self._renewing.add_done_callback(_seen)
        return await asyncio.shield(self._renewing)

    async def _renew_alone(self, stale: Pair | None, brought: str) -> Pair:
        lease = self._store().lease(f"{NAME}-tokens")
        if not await asyncio.to_thread(lease.take):
            raise SendError(Outcome.RETRY, "another process renews Zalo's tokens", BUSY)
        try:
            pair = self._pair = await self._exchange(stale, brought)
        finally:
            await asyncio.to_thread(lease.release)
        self._not_before = None
        return pair

    async def _exchange(self, stale: Pair | None, brought: str) -> Pair:
        """Mark, ask, store: the two transactions are short, and none is open while Zalo thinks."""
        if self._unstored is None:
            claim = await _in_thread(lambda: self._claim(stale, brought))
            if isinstance(claim, Pair):
                return claim
            self._unstored = await self._ask(claim)
        pair = self._unstored
        await _in_thread(lambda: self._keep(pair, anew=bool(brought)))
        self._unstored = None
        return pair

    async def _ask(self, claim: _Claim) -> Pair:
        answer = await self._api.renew(claim.refresh)
        pair = _read(answer, self._clock())
        if pair is not None:
            return pair
        said = str(answer).replace(claim.refresh, "***")
        if decide(answer.error) is Decision.STOP:
            raise SendError(Outcome.STOPPED, said)
        if not claim.doubtful:
            await _in_thread(self._unmark)
        raise SendError(Outcome.STOPPED, f"{LOST if claim.doubtful else SPENT} [{said}]")

    def _load(self) -> Pair | None:
        with self._store().town(self._clock(), reading=True) as town:
            return _pair(credentials.get(town.session, NAME))

    def _claim(self, stale: Pair | None, brought: str) -> Pair | _Claim:
        """Return the pair that another process has obtained meanwhile, or mark and go ahead."""
        if not self._can_renew:
            raise SendError(Outcome.STOPPED, NO_SECRET)
        now = self._clock()
        with self._store().town(now) as town:
            newest = _pair(credentials.take(town.session, NAME))
            if newest and newest != stale and not newest.is_dead(now) and not brought:
                return newest
            refresh = brought or (newest.refresh if newest else self._first)
            if not refresh:
                raise SendError(Outcome.STOPPED, MISSING)
            since = channels.learned(town.session, NAME).get(_MARK)
            if since:
                _log.warning("a renewal of Zalo's tokens, begun at %s, was broken off", since)
            channels.learn(town.session, NAME, **{_MARK: since or now.isoformat()})
            return _Claim(refresh, doubtful=bool(since) and not brought)

    def _unmark(self) -> None:
        with self._store().town(self._clock()) as town:
            credentials.take(town.session, NAME)
            channels.learn(town.session, NAME, **{_MARK: None})

    def _keep(self, pair: Pair, *, anew: bool) -> None:
        """Store a pair; one that a person brought may be another OA's: what we know is void."""
        with self._store().town(self._clock()) as town:
            credentials.take(town.session, NAME)
            credentials.put(town.session, Credential(channel=NAME, **asdict(pair)))
            channels.learn(town.session, NAME, **{_MARK: None})
            if anew:
                channels.learn(town.session, NAME, **UNKNOWN)
                channels.resume(town.session, NAME)


def in_words(reason: str, say: Translator) -> str:
    """Say why a channel stopped; Zalo's own words stay as they are."""
    sentence, bracket, words = reason.partition(" [")
    return say(sentence) + bracket + words


async def _in_thread(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except DBAPIError as error:
        raise SendError(Outcome.RETRY, "the database is away") from error


def _seen(task: asyncio.Task[Pair]) -> None:
    """Look at a task's error even if all who waited for it have gone."""
    if not task.cancelled():
        task.exception()


def _pair(row: Credential | None) -> Pair | None:
    return Pair(row.access, row.refresh, row.obtained_at, row.expires_at) if row else None


def _read(answer: Answer, now: datetime) -> Pair | None:
    """Read what OAuth gave; its refusals have a code or only a name."""
    access, refresh = answer.data.get("access_token"), answer.data.get("refresh_token")
    if answer.error or not (isinstance(access, str) and isinstance(refresh, str)):
        return None
    try:
        seconds = int(answer.data.get("expires_in", LIFE))
    except (TypeError, ValueError):
        seconds = LIFE
    return Pair(access, refresh, now, now + timedelta(seconds=seconds))
