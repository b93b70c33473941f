"""An approved ZBS template by user id: the one thing that reaches who was silent for a week.

By phone number it would reach more citizens, but we keep nobody's phone number, so that way is
not built.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from bot.channels.channel import Outcome, SendError, Shut
from bot.channels.zalo_oa.api import Answer, Api
from bot.channels.zalo_oa.errors import OUTCOMES, Decision, of_template
from bot.channels.zalo_oa.events import NAME
from bot.channels.zalo_oa.tokens import SHAPE, UNFIT, Tokens
from bot.channels.zalo_oa.writing import by_template
from knowledge.records import channels, credentials
from knowledge.records.windows import FOREVER, Way, next_morning
from knowledge.store import Store

SHAPES = ("user_id", "recipient")
"""How the citizen is named in the body: sources disagree, so what works is learned."""

NEXT_MINUTE = 30.0
"""Seconds after which some of a minute's requests are allowed again."""

_log = logging.getLogger(__name__)


class Template:
    """One OA's approved template; call it from the event loop only."""

    def __init__(
        self,
        id_: str,
        api: Api,
        tokens: Tokens,
        store: Callable[[], Store],
        clock: Callable[[], datetime],
    ) -> None:
        """Take the template's id; `store` is called in worker threads."""
        self._id = id_
        self._api, self._tokens, self._store, self._clock = api, tokens, store, clock
        self._shape = SHAPES[0]
        self._learned: str | None = None
        self._alone = asyncio.Lock()
        self._spent_until: datetime | None = None
        """When the day is over whose templates are all used."""

    def recall(self, learned: Mapping[str, str]) -> None:
        """Begin with what was learned before."""
        self._learned = learned.get(SHAPE)
        self._shape = self._learned or self._shape

    async def send(self, to: str, data: Mapping[str, str]) -> None:
        """Say by the template what is true now; each means of mending is tried once.

        One goes after the other: the answer to the day's last one says that it was the last.
        """
        async with self._alone:
            await self._send(to, data)

    async def _send(self, to: str, data: Mapping[str, str]) -> None:
        tried: set[Decision] = set()
        while True:
            if self._spent_until is not None and self._clock() < self._spent_until:
                raise Shut("the day's templates are used", Way.TEMPLATE, self._spent_until)
            access, shape = await self._tokens.access(), self._shape
            body = by_template(shape, to, self._id, data)
            answer = await self._api.template(access, body)
            if not answer.error:
                self._note_quota(answer)
                await self._learn(shape)
                return
            decision = of_template(answer.error)
            if decision in tried or not await self._mend(decision, access):
                raise self._failure(decision, str(answer).replace(access, "***"))
            tried.add(decision)

    async def _mend(self, decision: Decision, access: str) -> bool:
        """Remove the cause, if it is one that can be."""
        if decision is Decision.RENEW:
            await self._tokens.renewed(access)
        elif decision is Decision.PLAIN:
            self._shape = SHAPES[self._shape == SHAPES[0]]
        else:
            return False
        return True

    def _failure(self, decision: Decision, reason: str) -> SendError:
        """Say what the postman is to do: most of it holds for all templates, not for a letter."""
        now = self._clock()
        tomorrow = next_morning(now)
        if decision in (Decision.BARRED, Decision.QUOTA):
            until = tomorrow if decision is Decision.QUOTA else FOREVER
            return Shut(reason, Way.TEMPLATE, until)
        if decision is Decision.PLAIN:
            self._shape = self._learned or SHAPES[0]
            _log.error("Zalo takes the template in no shape: %s", reason)
            return SendError(Outcome.CLOSED, reason)
        seconds = (tomorrow - now).total_seconds()
        wait = {
            Decision.NIGHT: seconds,
            Decision.TOMORROW: seconds,
            Decision.SLOW_DOWN: NEXT_MINUTE,
        }.get(decision)
        said = UNFIT if decision is Decision.RENEW else reason
        return SendError(OUTCOMES[decision], said, wait)

    def _note_quota(self, answer: Answer) -> None:
        """Ask for none more today after the last one that the day allows."""
        quota = answer.data.get("quota")
        if isinstance(quota, dict) and str(quota.get("remainingQuota")) == "0":
            self._spent_until = next_morning(self._clock())

    async def _learn(self, shape: str) -> None:
        """Keep the shape that worked; one that cannot be kept is found out anew."""
        if shape == self._learned:
            return
        self._learned = shape
        try:
            await asyncio.to_thread(self._keep)
        except DBAPIError as error:
            _log.warning("what Zalo takes is not kept: %s", type(error).__name__)

    def _keep(self) -> None:
        with self._store().town(self._clock()) as town:
            credentials.take(town.session, NAME)
            channels.learn(town.session, NAME, **{SHAPE: self._learned})
