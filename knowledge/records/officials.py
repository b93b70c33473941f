"""Who works here: logins with a role, perhaps for one place only, and their passwords."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlmodel import Session, col, select

from knowledge.concurrency import insert_once
from knowledge.records.tables import Official
from knowledge.refusal import Refusal
from knowledge.store import Town

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")

SHORTEST, LONGEST = 12, 1_000
"""Characters of a password."""

VARIED = 5
"""Different characters that a password has at least."""

COMMON = re.compile(
    r"(?:mat ?khau|pass ?word|passwd|qwert[yz]?(?:uiop)?|asdf(?:ghjkl)?|zxcv(?:bnm)?|admin"
    r"|administrator|welcome|letmein|iloveyou|anhyeuem|emyeuanh|vietnam|viet ?nam|hanoi|saigon"
    r"|mot ?cua|abc|abcd|user|login|test|root|canbo|chinh ?quyen|[\W\d_])"
)
"""What stands in the first thousand guesses; a password is not made of this alone."""

LEFT = 4
"""Characters that a password has at least besides the login and what is common."""

_hasher = PasswordHasher()


class Role(StrEnum):
    """What an official is here for; the names are part of the command line's contract."""

    EDITOR = "editor"
    APPROVER = "approver"
    CLERK = "clerk"
    OPERATOR = "operator"


def add(
    town: Town, login: str, role: Role, locality: str | None = None, password: str | None = None
) -> str:
    """Enter an official and return his login in small letters; Refusal where that cannot be.

    Without a password he can act on the command line, but not sign in.
    """
    name = spelled(login)
    if not LOGIN.fullmatch(name):
        raise Refusal("“{login}” is no login: a to z, 0 to 9, dot, dash, at most 64.", login=login)
    if locality is not None and locality not in town.library.localities:
        known = ", ".join(town.library.localities)
        raise Refusal(
            "“{slug}” is not a place I know; I know {known}.", slug=locality, known=known
        )
    row = {
        "login": name,
        "role": role,
        "locality": locality,
        "password": None if password is None else hashed(password, name),
        "created_at": town.now,
    }
    if not insert_once(town.session, Official, row):
        raise Refusal("There is an official {login} already.", login=name)
    return name


def acting(session: Session, login: str) -> Official:
    """Return an official who may act; Refusal for one whom nobody knows, or who was disabled."""
    official = _named(session, login)
    if official.disabled_at is not None:
        raise Refusal("{login} may not act any more.", login=official.login)
    return official


def everyone(session: Session) -> Sequence[Official]:
    """Return all officials by login."""
    return session.exec(select(Official).order_by(col(Official.login))).all()


def disable(session: Session, login: str, now: datetime) -> None:
    """Let an official act and sign in no more; what he has done stays."""
    _named(session, login).disabled_at = now
    session.flush()


def enable(session: Session, login: str) -> None:
    """Let an official act again."""
    _named(session, login).disabled_at = None
    session.flush()


def set_password(session: Session, login: str, password: str) -> None:
    """Give an official a password, in place of any that he had."""
    official = _named(session, login)
    official.password = hashed(password, official.login)
    session.flush()


def sign_in(session: Session, login: str, password: str) -> Official | None:
    """Return the official with this login and password, None for a wrong one.

    It takes as long for a login that nobody has: about a tenth of a second.
    """
    official = session.get(Official, spelled(login))
    known = official.password if official is not None and not official.disabled_at else None
    try:
        _hasher.verify(known or _nobodys(), _normal(password))
    except VerificationError:
        return None
    if official is None or known is None:
        return None
    if _hasher.check_needs_rehash(known):
        official.password = _hasher.hash(_normal(password))
        session.flush()
    return official


def spelled(login: str) -> str:
    """Write a login in the one way in which it is kept: An and an are the same person."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def hashed(password: str, login: str) -> str:
    """Return a password's argon2 hash; Refusal for a weak one."""
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise Refusal("A password has at least {least} characters.", least=SHORTEST)
    if _is_guessed(text.lower(), login):
        raise Refusal("This password would soon be guessed. Take a few words of your own.")
    return _hasher.hash(text)


def _is_guessed(small: str, login: str) -> bool:
    """Tell whether a password is among the first that somebody would try."""
    steps = {ord(later) - ord(earlier) for earlier, later in pairwise(small)}
    left = COMMON.sub("", small if len(login) < LEFT else small.replace(login, ""))
    return small == login or len(set(small)) < VARIED or len(steps) == 1 or len(left) < LEFT


def _normal(password: str) -> str:
    """Make of all ways to type the same Vietnamese letter one."""
    return unicodedata.normalize("NFKC", password)


def _named(session: Session, login: str) -> Official:
    official = session.get(Official, spelled(login))
    if official is None:
        raise Refusal("There is no official {login}.", login=login)
    return official


@cache
def _nobodys() -> str:
    """Return what is verified for an unknown login: the time tells nobody which there are."""
    return _hasher.hash("a password that no official has")
