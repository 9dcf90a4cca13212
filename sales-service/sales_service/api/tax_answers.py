"""What answers say of taxes, beside the receipt's own."""

from datetime import date
from typing import Self

import msgspec

from sales_service.api.words import FRENCH, FRENCH_OF_RATE
from sales_service.db.taxes import RateRow


class RateOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_RATE):
    """A rate of a tax for a class of goods at a place, from a business date."""

    id: int
    place: str
    tax_class: str
    code: str
    rate: float
    valid_from: date

    @classmethod
    def of(cls, row: RateRow) -> Self:
        return cls(row.id, row.place, row.tax_class, row.code, float(row.rate), row.valid_from)


class LineTaxOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A line's share of one tax."""

    code: str
    amount: float


class ExemptionOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """Why a sale has no taxes."""

    reason: str
