"""What must never be stored: the numbers and addresses that tell who somebody is."""

import re

MARK = "[***]"

# What people put between the digits of one number.
_GAP = r"[\s.\-‐-―_·\u200b-\u200d\u2060\ufeff]*"

_PRIVATE = re.compile(
    "|".join(
        [
            r"(?<![\w.+\-])[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+",  # an e-mail address
            r"\b[A-Za-z]\d{7,8}\b",  # a passport
            rf"\(\+?\d{{2,5}}\){_GAP}\d(?:{_GAP}\d){{5,}}",  # (024) 3825 1234
            r"(?<!\d)0\d{2,3}/\d{2,4}/\d{2,4}(?:/\d{2,4})?(?!\d)",  # 0912/345/678
            rf"(?<!\d)\d(?:{_GAP}\d){{8,}}",  # identity, phone and account numbers
        ]
    )
)
_ACCOUNT = re.compile(
    rf"(\b(?:stk|tk|tài khoản|tai khoan|account)\b\D{{0,20}})\d(?:{_GAP}\d){{4,}}", re.IGNORECASE
)


def mask(text: str) -> str:
    """Put a mark in place of identity, passport, phone and account numbers and e-mail addresses.

    Nine or more digits never survive, however they are spaced; procedure codes (1.004873) and
    dates (24/11/2026) do.

    >>> mask("CCCD 001 099 012345, mã 1.004873, ngày 24/11/2026")
    'CCCD [***], mã 1.004873, ngày 24/11/2026'
    """
    return _ACCOUNT.sub(rf"\1{MARK}", _PRIVATE.sub(MARK, text))
