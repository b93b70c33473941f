"""The one error that is told to people."""

from typing_extensions import override


class Refusal(Exception):  # noqa: N818 - it is not a fault but an answer
    """Something cannot be done as asked; `key` is a message id in `locales`, `values` fill it."""

    def __init__(self, key: str, **values: object) -> None:
        """Keep the message id and what fills it; said in the person's language at the edge."""
        super().__init__(key)
        self.key = key
        self.values = values

    @override
    def __str__(self) -> str:
        """Fill the message id itself, for log lines."""
        return self.key.format(**self.values)
