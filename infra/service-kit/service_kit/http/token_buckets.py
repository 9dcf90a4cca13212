"""Token buckets: how many requests each of many senders may still send."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

MOST_SENDERS = 10_000
# What the sums of floats may lack of a whole token.
ROUNDING = 1e-6


class TokenBuckets:
    """A bucket for each sender. It holds at most `burst` tokens and gets `rate` tokens a second.

    What is stored of a bucket is how much it lacked, and when. So nothing fills it, and a full one
    need not be stored. Beyond `most` senders the one that took longest ago is forgotten: its bucket
    is full again.
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
        self._lacking: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._lacking)

    def take(self, sender: str) -> float:
        """Take a token and return how many are left.

        When there is less than one, nothing is taken: the result is negative, what is missing.
        """
        now = self._clock()
        lacks = self._lacks(sender, now) + 1
        left = self._burst - lacks
        if left < -ROUNDING:
            return left
        self._lacking[sender] = lacks, now
        self._lacking.move_to_end(sender)
        if len(self._lacking) > self._most:
            self._lacking.popitem(last=False)
        return max(left, 0.0)

    def missing(self, sender: str) -> float:
        """Return how much of a token is missing for `take`; 0 when there is one."""
        missing = self._lacks(sender, self._clock()) + 1 - self._burst
        return missing if missing > ROUNDING else 0.0

    def give_back(self, sender: str, tokens: float = 1.0) -> None:
        """Return tokens to the bucket from which they were taken."""
        if sender in self._lacking:
            lacks, since = self._lacking[sender]
            self._lacking[sender] = max(lacks - tokens, 0.0), since

    def _lacks(self, sender: str, now: float) -> float:
        lacks, since = self._lacking.get(sender, (0.0, now))
        return max(lacks - (now - since) * self.rate, 0.0)
