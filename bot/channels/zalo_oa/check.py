"""What the OA is and may do, in plain words for its operator."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.channels.channel import Outcome, SendError
from bot.channels.zalo_oa import PATH
from bot.channels.zalo_oa.api import Answer, Api
from bot.channels.zalo_oa.errors import Decision, decide
from bot.channels.zalo_oa.events import NAME
from bot.channels.zalo_oa.tokens import BUTTONLESS, ENDPOINT, Tokens, in_words
from bot.settings import Settings
from knowledge.plans.days import local_time
from knowledge.records import channels, windows
from knowledge.records.windows import Way
from knowledge.refusal import Refusal
from knowledge.store import Store
from locales import Translator, message

KINDS = {
    "2": message("a business"),
    "4": message("a government agency"),
}
"""Kinds of OA by Zalo's number; all others are said to be of another kind."""

NEEDED = ("zalo_app_id", "zalo_app_secret", "zalo_oa_secret")
"""Settings without which the channel cannot receive or cannot send."""

BARRED = (
    (
        Way.PAID,
        message(
            "Zalo says that the quota is used up: nothing paid is sent before {moment}. "
            "If there is quota again: motcua zalo quota --resume"
        ),
        message(
            "Zalo says that there is no money for paid messages. "
            "When there is: motcua zalo quota --resume"
        ),
    ),
    (
        Way.TEMPLATE,
        message("Zalo allows no more templates before {moment}."),
        message(
            "Zalo does not take the template; its own words are in the log. "
            "When it is mended: motcua zalo quota --resume"
        ),
    ),
)
"""Ways that Zalo has barred: what is said where that ends by itself, and where it does not."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: Zalo's own record of the OA, and ours of the channel."""

    profile: Mapping[str, Any]
    renewed_at: datetime | None
    """When the access token was obtained."""
    learned: Mapping[str, Any]
    stopped: str | None


def require(settings: Settings) -> None:
    """Raise Refusal unless all is set that the channel needs."""
    missing = [f"MOTCUA_{name.upper()}" for name in NEEDED if not getattr(settings, name)]
    if missing:
        raise Refusal("Not set yet: {names}. See the README.", names=", ".join(missing))


async def examine(settings: Settings, store: Store, clock: Clock) -> Findings:
    """Try the access token and ask Zalo who the OA is; raises SendError."""
    api = Api(settings)
    tokens = Tokens(settings, api, lambda: store, clock)
    await api.open()
    try:
        answer = await _profile(api, tokens)
        pair = await tokens.pair()
    finally:
        await tokens.close()
        await api.close()
    if answer.error:
        raise SendError(Outcome.REFUSED, str(answer))
    learned, stopped = await asyncio.to_thread(_ours, store, clock())
    return Findings(answer.data, pair.obtained_at if pair else None, learned, stopped)


async def adopt(settings: Settings, store: Store, clock: Clock, refresh: str) -> None:
    """Exchange a refresh token that a person brought, keep the pair, and send again."""
    api = Api(settings)
    tokens = Tokens(settings, api, lambda: store, clock)
    await api.open()
    try:
        await tokens.adopt(refresh)
    finally:
        await tokens.close()
        await api.close()


def report(found: Findings, settings: Settings, say: Translator) -> Iterator[str]:
    """Say what was found, a line each."""
    yield from _account(found.profile, say)
    if found.renewed_at:
        moment = f"{local_time(found.renewed_at):%d/%m/%Y %H:%M}"
        yield say("Access: works; tokens obtained on {moment}.", moment=moment)
    yield _webhook(settings, say)
    yield from _ways(found.learned, say)
    yield say("To a citizen who wrote within 48 hours: free, without limit.")
    yield say(
        "To one who wrote within 7 days: on the package's quota, or 55 đ a message; later Zalo "
        "refuses it."
    )
    yield say("At most {rate} messages a minute (MOTCUA_ZALO_RATE).", rate=settings.zalo_rate)


def ledger(settings: Settings, session: Session, now: datetime, say: Translator) -> Iterator[str]:
    """Say what letters that nobody asked for have cost this month, and what is barred."""
    used = windows.used(session, NAME, windows.month_of(now))
    yield say(
        "Paid messages in {month}: {used} of {allowance} (MOTCUA_ZALO_PAID).",
        month=f"{local_time(now):%m/%Y}",
        used=used,
        allowance=settings.zalo_paid,
    )
    for way, barred, until_mended in BARRED:
        until = windows.held(session, NAME, way, now)
        if until == windows.FOREVER:
            yield say(until_mended)
        elif until is not None:
            yield say(barred, moment=f"{local_time(until):%d/%m/%Y %H:%M}")


def trouble(error: SendError, say: Translator) -> Refusal:
    """Say in one sentence why Zalo is of no use now."""
    return Refusal("Zalo: {reason}", reason=in_words(error.reason, say))


def stopped(reason: str, say: Translator) -> Refusal:
    """Say in one sentence why nothing is sent although Zalo answers."""
    return Refusal(
        "Nothing is sent: {reason} When it is mended: motcua zalo check --resume",
        reason=in_words(reason, say),
    )


async def _profile(api: Api, tokens: Tokens) -> Answer:
    access = await tokens.access()
    answer = await api.profile(access)
    if decide(answer.error) is Decision.RENEW and answer.error:
        answer = await api.profile(await tokens.renewed(access))
    return answer


def _ours(store: Store, now: datetime) -> tuple[Mapping[str, Any], str | None]:
    with store.town(now, reading=True) as town:
        return channels.learned(town.session, NAME), channels.stopped(town.session, NAME)


def _account(profile: Mapping[str, Any], say: Translator) -> Iterator[str]:
    kind = say(KINDS.get(str(profile.get("oa_type")), message("of another kind")))
    yield say("Official Account: {name} ({kind}).", name=profile.get("name", "?"), kind=kind)
    yield (
        say("Verified by Zalo: yes.")
        if profile.get("is_verified")
        else say("Verified by Zalo: no. Zalo may refuse to send until it is.")
    )
    yield say("Package: {package}.", package=profile.get("package_name") or "?")
    yield say("Followers: {count}.", count=profile.get("num_follower", "?"))


def _webhook(settings: Settings, say: Translator) -> str:
    if settings.public_url is None:
        return say("Webhook: none, for MOTCUA_PUBLIC_URL is not set: nothing is received.")
    address = str(settings.public_url).rstrip("/") + PATH
    return say("Webhook: {address} (enter it in Zalo's console).", address=address)


def _ways(learned: Mapping[str, Any], say: Translator) -> Iterator[str]:
    endpoint = learned.get(ENDPOINT)
    if endpoint is None:
        yield say("Sending: nothing was sent yet; v3 is tried first, then v2.")
        return
    yield say("Sending: by {endpoint}, as Zalo wants it for this OA.", endpoint=endpoint)
    if endpoint in learned.get(BUTTONLESS, ()):
        yield say("Buttons: Zalo does not take them; citizens type the number of their choice.")
