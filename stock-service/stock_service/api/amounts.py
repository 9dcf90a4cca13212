"""Costs in requests."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from service_kit.http.decimals import round_to

UnitCost = Annotated[
    Decimal,
    # JSON has no decimals: a strict field would refuse its numbers and texts.
    Field(
        strict=False,
        ge=0,
        lt=1_000_000,
        decimal_places=4,
        description="Of one unit, in the store's currency, before taxes",
    ),
    round_to("0.0001"),
]
