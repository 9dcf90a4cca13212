"""Rounding and shares, to the cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.money import apportion, line_amount_cents


@pytest.mark.parametrize(
    ("quantity", "unit_price", "cents"),
    [
        (1, "0.005", 1),
        (1, "0.0049", 0),
        (3, "0.335", 101),
        (1, "2.675", 268),
        (1_000_000, "999999.9999", 99_999_999_990_000),
    ],
)
def test_a_line_is_rounded_half_up_once(quantity: int, unit_price: str, cents: int) -> None:
    assert line_amount_cents(quantity, Decimal(unit_price)) == cents


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_shares_sum_up_to_the_whole_and_none_is_off_by_a_cent(
    amount: int, weights: list[int]
) -> None:
    parts = apportion(amount, weights)

    if sum(weights) == 0:
        assert parts == [0] * len(weights)
        return
    assert sum(parts) == amount
    exact = [Decimal(amount) * weight / sum(weights) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))
