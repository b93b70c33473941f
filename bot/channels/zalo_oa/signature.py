"""Zalo's signature of a webhook: a plain SHA-256, no HMAC, over the body as it came.

The order of the terms is that of `MacUtils.buildMac` in Zalo's own Java SDK.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable

SIGNATURE = "X-ZEvent-Signature"
TIMESTAMP = "X-ZEvent-Timestamp"

_SIGNATURE = re.compile(r"(?:mac=)?([0-9a-f]{64})", re.IGNORECASE)
_TIMESTAMP = re.compile(r"[0-9]{1,20}", re.ASCII)


def mac(app_id: str, body: bytes, timestamp: str, secret: str) -> str:
    """Compute the signature in small hex digits; `secret` is the OA's, not the app's."""
    return hashlib.sha256(
        b"".join((app_id.encode(), body, timestamp.encode(), secret.encode()))
    ).hexdigest()


def digits(header: str) -> str | None:
    """Return the hex digits of a signature header, None for one that is no signature."""
    found = _SIGNATURE.fullmatch(header.strip())
    return found[1].lower() if found else None


def timestamps(*candidates: object) -> list[str]:
    """Return those that can be a timestamp: which of two Zalo signs is written nowhere."""
    texts = (str(each) for each in candidates if isinstance(each, str | int))
    return list(dict.fromkeys(text for text in texts if _TIMESTAMP.fullmatch(text)))


def is_genuine(given: str, expected: Iterable[str]) -> bool:
    """Compare with each expected signature in a time that tells nothing about them."""
    return any(hmac.compare_digest(given, each) for each in expected)
