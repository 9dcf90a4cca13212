"""Prices, rates and currencies in requests."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sales_service.domain.currencies import WITH_CENTS

MOST_DIGITS = 12


def _round_to(step: str) -> BeforeValidator:
    """Return a validator that rounds half up, before the bounds are checked.

    Programs compute in binary: they send 110.41499999999999 for 110.415, and -0.0 for nothing.
    """

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
        return number.quantize(Decimal(step), ROUND_HALF_UP) + 0  # -0 + 0 is 0

    return BeforeValidator(round_half_up)


def _has_cents(code: str) -> str:
    if code not in WITH_CENTS:
        raise ValueError("Une devise ISO 4217 à deux décimales est attendue, comme CAD ou EUR.")
    return code


UnitPrice = Annotated[Decimal, Field(ge=0, lt=1_000_000), _round_to("0.0001")]
Rate = Annotated[Decimal, Field(ge=0, le=1), _round_to("0.000001")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(_has_cents)]
