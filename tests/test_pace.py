"""Turns to send, on a clock of the test's own: never too many in a second, and no bursts."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bot.channels.channel import Pace
from bot.pace import Pacer
from knowledge.records.outbox import Priority


class StalledLoop(asyncio.SelectorEventLoop):
    """Passes time at once instead of waiting, and stands still where it is told to."""

    def __init__(self, stalls: dict[int, float]) -> None:
        """Take the seconds to lose, by the number of the loop's turn."""
        super().__init__()
        self._now, self._turns, self._stalls = 1_000.0, 0, stalls
        waiting = self._selector.select
        self._selector.select = lambda timeout=None: self._pass(waiting, timeout)

    def _pass(self, select: Callable[[float], list], timeout: float | None) -> list:
        self._turns += 1
        self._now += (timeout or 0.0) + self._stalls.get(self._turns, 0.0)
        return select(0)

    @override
    def time(self) -> float:
        return self._now


def sent_at(rate: int, many: int, stalls: dict[int, float]) -> list[float]:
    """Return when so many letters of a broadcast left."""

    async def send() -> list[float]:
        pacer, left = Pacer(Pace(per_second=rate)), []

        async def letter() -> None:
            await pacer.turn(Priority.BROADCAST)
            left.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(letter() for _ in range(many)))
        return left

    with asyncio.Runner(loop_factory=lambda: StalledLoop(stalls)) as runner:
        return runner.run(send())


STALLS = st.dictionaries(st.integers(1, 2_000), st.floats(0.001, 0.3), max_size=20)


@given(rate=st.sampled_from([5, 30, 300]), stalls=STALLS)
def test_in_no_second_more_leave_than_allowed_whatever_stalls(
    rate: int, stalls: dict[int, float]
) -> None:
    left = sent_at(rate, rate * 3, stalls)
    for first, beyond in zip(left, left[rate:], strict=False):
        assert beyond - first > 1


def test_nearly_all_that_is_allowed_leaves() -> None:
    left = sent_at(300, 3_000, {})
    assert len(left) / (left[-1] - left[0]) > 0.99 * 300


def test_a_stall_is_made_up_for_without_a_burst() -> None:
    left = sent_at(300, 1_500, {600: 0.1})
    assert max(later - earlier for earlier, later in pairwise(left)) > 0.1
    assert all(
        later - earlier > 1 / 300 / 2 for earlier, later in zip(left, left[2:], strict=False)
    )
    assert len(left) / (left[-1] - left[0]) > 0.99 * 300
