"""Costs in requests."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stock_service.domain.costs import COST_STEP

MOST_DIGITS = 12


def _read_number(value: Any) -> Any:
    """Return a number of JSON as a decimal; a float is rounded half up to four decimals.

    Programs compute in binary: they send 1.2500000000000002 for 1.25. A text is decimal already, so
    one with more places is refused.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return value
    # The bounds refuse it; it may have more digits than can be rounded.
    if not number.is_finite() or number.adjusted() > MOST_DIGITS:
        return number
    # -0 + 0 is 0
    return number.quantize(COST_STEP, ROUND_HALF_UP) + 0 if isinstance(value, float) else number


UnitCost = Annotated[
    Decimal,
    Field(
        ge=0,
        lt=1_000_000,
        decimal_places=4,
        description="Of one unit, in the store's currency, before taxes",
    ),
    BeforeValidator(_read_number),
]
