"""What answers say of taxes, beside the receipt's own."""

import msgspec

from sales_service.api.words import FRENCH


class LineTaxOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A line's share of one tax."""

    code: str
    amount: float


class ExemptionOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """Why a sale has no taxes."""

    reason: str
