"""Prices, rates and currencies in requests."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from sales_service.domain.currencies import WITH_CENTS
from service_kit.http.decimals import round_to

# What binary arithmetic adds to an amount is less.
NOISE = Decimal("0.000001")
NOISE_OF_RATES = Decimal("0.0000000001")


def _has_cents(code: str) -> str:
    if code not in WITH_CENTS:
        raise ValueError("Une devise ISO 4217 à deux décimales est attendue, comme CAD ou EUR.")
    return code


_Price = Annotated[Decimal, Field(ge=0, lt=1_000_000, decimal_places=4)]
UnitPrice = Annotated[_Price, round_to("0.0001")]
# A parameter is always a text.
PriceParameter = Annotated[_Price, round_to("0.0001", texts=True)]
Amount = Annotated[
    Decimal,
    Field(ge=0, le=100_000_000, decimal_places=2),
    round_to("0.01", by_at_most=NOISE),
]
Percentage = Annotated[Decimal, Field(gt=0, le=100, decimal_places=4), round_to("0.0001")]
# The largest receipt is less, with the highest taxes, too.
PaidAmount = Annotated[
    Decimal,
    Field(ge=0, lt=1_000_000_000, decimal_places=2),
    round_to("0.01", by_at_most=NOISE),
]
Rate = Annotated[
    Decimal,
    Field(ge=0, le=1, decimal_places=6),
    round_to("0.000001", by_at_most=NOISE_OF_RATES),
]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), AfterValidator(_has_cents)]
