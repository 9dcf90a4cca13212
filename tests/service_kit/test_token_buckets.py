"""A bucket gives its burst at once, then its rate; there are only so many buckets."""

import pytest

from service_kit.http.token_buckets import TokenBuckets


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def count_taken(buckets: TokenBuckets, sender: str, wanted: int) -> int:
    return sum(buckets.take(sender) >= 0 for _ in range(wanted))


def test_the_burst_is_there_at_once_and_then_the_rate(clock: Clock) -> None:
    buckets = TokenBuckets(rate=2.0, burst=5, clock=clock)

    assert [buckets.take("a") for _ in range(5)] == pytest.approx([4, 3, 2, 1, 0])
    assert buckets.take("a") == pytest.approx(-1)
    clock.now += 0.25
    assert buckets.take("a") == pytest.approx(-0.5)
    clock.now += 0.25
    assert buckets.take("a") == pytest.approx(0)
    clock.now += 10
    assert count_taken(buckets, "a", 20) == 5


@pytest.mark.parametrize(("rate", "burst"), [(3000.0, 6000), (0.7, 3), (7.3, 1)])
def test_no_rounding_takes_a_token_away(clock: Clock, rate: float, burst: int) -> None:
    buckets = TokenBuckets(rate, burst, clock=clock)

    for _ in range(20):
        assert count_taken(buckets, "a", burst + 5) == burst
        clock.now += burst / rate
        assert buckets.missing("a") == 0


def test_what_is_refused_costs_nothing(clock: Clock) -> None:
    buckets = TokenBuckets(rate=1.0, burst=1, clock=clock)
    buckets.take("a")

    assert count_taken(buckets, "a", 100) == 0
    assert buckets.missing("a") == pytest.approx(1)
    clock.now += 1
    assert buckets.missing("a") == 0
    assert buckets.take("a") >= 0


def test_each_sender_has_a_bucket(clock: Clock) -> None:
    buckets = TokenBuckets(rate=1.0, burst=2, clock=clock)

    assert [count_taken(buckets, sender, 9) for sender in ("a", "b")] == [2, 2]


def test_a_part_of_a_token_can_be_taken(clock: Clock) -> None:
    buckets = TokenBuckets(rate=1.0, burst=1, clock=clock)

    assert [buckets.take("a", 0.25) for _ in range(4)] == pytest.approx([0.75, 0.5, 0.25, 0])
    assert buckets.take("a", 0.25) == pytest.approx(-0.25)
    assert buckets.take("a") == pytest.approx(-1)


def test_what_is_given_back_can_be_taken_again(clock: Clock) -> None:
    buckets = TokenBuckets(rate=1.0, burst=2, clock=clock)
    count_taken(buckets, "a", 2)

    buckets.give_back("a")
    assert count_taken(buckets, "a", 9) == 1
    # More than was ever taken: the bucket holds no more than its burst.
    for _ in range(9):
        buckets.give_back("a")
    assert count_taken(buckets, "a", 9) == 2


def test_of_too_many_senders_the_one_that_was_quiet_for_longest_is_forgotten(
    clock: Clock,
) -> None:
    buckets = TokenBuckets(rate=1.0, burst=1, most=2, clock=clock)
    for sender in ("a", "b"):
        buckets.take(sender)
    clock.now += 1
    for sender in ("a", "c"):
        buckets.take(sender)

    assert len(buckets) == 2
    assert [buckets.take(sender) >= 0 for sender in ("a", "c", "b")] == [False, False, True]
