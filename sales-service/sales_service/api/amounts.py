"""Prices, rates and currencies in requests."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sales_service.domain.currencies import WITH_CENTS

MOST_DIGITS = 12
# What binary arithmetic adds to an amount is less.
NOISE = Decimal("0.000001")
NOISE_OF_RATES = Decimal("0.0000000001")


def _round_to(
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


def _has_cents(code: str) -> str:
    if code not in WITH_CENTS:
        raise ValueError("Une devise ISO 4217 à deux décimales est attendue, comme CAD ou EUR.")
    return code


_Price = Annotated[Decimal, Field(ge=0, lt=1_000_000, decimal_places=4)]
UnitPrice = Annotated[_Price, _round_to("0.0001")]
# A parameter is always a text.
PriceParameter = Annotated[_Price, _round_to("0.0001", texts=True)]
Amount = Annotated[
    Decimal,
    Field(ge=0, le=100_000_000, decimal_places=2),
    _round_to("0.01", by_at_most=NOISE),
]
Percentage = Annotated[Decimal, Field(gt=0, le=100, decimal_places=4), _round_to("0.0001")]
# The largest receipt is less, with the highest taxes, too.
PaidAmount = Annotated[
    Decimal,
    Field(ge=0, lt=1_000_000_000, decimal_places=2),
    _round_to("0.01", by_at_most=NOISE),
]
Rate = Annotated[
    Decimal,
    Field(ge=0, le=1, decimal_places=6),
    _round_to("0.000001", by_at_most=NOISE_OF_RATES),
]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(_has_cents)]
