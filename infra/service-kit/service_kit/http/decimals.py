"""Decimals in requests: what binary arithmetic adds to a number is taken off."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pydantic import BeforeValidator

MOST_DIGITS = 12


def round_to(
    step: str, *, texts: bool = False, by_at_most: Decimal | None = None
) -> BeforeValidator:
    """Return a validator that rounds numbers half up, and texts too if they stand for numbers.

    Programs compute in binary: they send 110.41499999999999 for 110.415, and -0.0 for 0. A text in
    JSON is decimal already, so one with more places is refused. So is a number that rounding would
    change by more than `by_at_most`.
    """

    quantum = Decimal(step)

    def round_half_up(value: Any) -> Any:
        if not isinstance(value, float | str):
            return value
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return value
        # The bounds refuse it; it may have more digits than can be rounded.
        if not number.is_finite() or number.adjusted() > MOST_DIGITS:
            return value
        rounded = number.quantize(quantum, ROUND_HALF_UP) + 0  # -0 + 0 is 0
        is_exact = rounded == number
        if by_at_most is not None and abs(rounded - number) > by_at_most:
            return value
        return rounded if is_exact or texts or isinstance(value, float) else value

    return BeforeValidator(round_half_up)
