"""What answers say of the prices of a product."""

from datetime import date, datetime
from typing import Annotated, Self

import msgspec

from sales_service.api.words import FRENCH, WORD_OF_PHASE
from sales_service.use_cases.manage_prices import Price


class PriceOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A price from a business date until that of the next one."""

    store_id: Annotated[int | None, msgspec.Meta(description="Null: of the chain")]
    valid_from: Annotated[
        date | None, msgspec.Meta(description="Null: the price that the product began with")
    ]
    unit_price: Annotated[
        float | None, msgspec.Meta(description="Null: the store has the chain's price again")
    ]
    status: Annotated[
        str,
        msgspec.Meta(description="`prevu`, `en_vigueur` (of the chain, or the store's) or `passe`"),
    ]
    by: Annotated[str | None, msgspec.Meta(description="The client that set it, if it is known")]
    at: Annotated[datetime | None, msgspec.Meta(description="When it was set, if that is known")]

    @classmethod
    def of(cls, price: Price) -> Self:
        row = price.row
        return cls(
            row.store_id,
            None if row.valid_from == date.min else row.valid_from,
            None if row.unit_price is None else float(row.unit_price),
            WORD_OF_PHASE[price.phase],
            row.set_by,
            row.set_at,
        )
