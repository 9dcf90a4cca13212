"""`Prefer` (RFC 7240) decides how long a posted sale waits for the stock."""

import pytest

from sales_service.api.sales import wait_seconds


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", 2),
        ("wait=5", 5),
        ("respond-async", 0),
        ("respond-async, wait=10", 10),
        ('handling=lenient; wait="7"', 7),
        ("wait=9999", 30),
        ("wait=0", 0),
        ("await=9", 2),
        ("wait=soon", 2),
    ],
)
def test_the_wait_follows_the_header_within_bounds(prefer: str, seconds: int) -> None:
    assert wait_seconds(prefer) == seconds
