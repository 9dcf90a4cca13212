"""Token buckets: how many requests each of many senders may still send."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

MOST_SENDERS = 10_000
# Sums of floats may miss a whole token by this much.
ROUNDING = 1e-3


class TokenBuckets:
    """A bucket for each sender. It holds at most `burst` tokens and gets `rate` tokens a second.

    A bucket is stored as the moment at which it will be full (the generic cell rate algorithm of
    ITU-T I.371). So no task fills it, and a full one need not be stored. Beyond `most` senders the
    one that took longest ago is forgotten: its bucket is full again.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        most: int = MOST_SENDERS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.rate = rate
        self._burst = burst
        self._most = most
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, sender: str, tokens: float = 1.0) -> float:
        """Take a token, or another number, and return how many are left.

        When there are fewer, nothing is taken: the result is negative, what is missing.
        """
        now = self._clock()
        full_at = max(self._full_at.get(sender, now), now) + tokens / self.rate
        left = self._burst - (full_at - now) * self.rate
        if left < -ROUNDING:
            return left
        self._full_at[sender] = full_at
        self._full_at.move_to_end(sender)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return max(left, 0.0)

    def missing(self, sender: str) -> float:
        """Return how much of a token is missing for `take`; 0 when there is one."""
        now = self._clock()
        lacking = max(self._full_at.get(sender, now) - now, 0.0) * self.rate
        missing = lacking + 1 - self._burst
        return missing if missing > ROUNDING else 0.0

    def give_back(self, sender: str) -> None:
        """Return a token to the bucket from which it was taken."""
        if sender in self._full_at:
            self._full_at[sender] -= 1 / self.rate
