"""The answer to an exchange: both documents, and the difference that is paid."""

from typing import Annotated, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from sales_service.api.answers import money
from sales_service.api.return_answers import ReturnOut
from sales_service.api.sale_answers import SaleOut
from sales_service.api.words import FRENCH
from sales_service.domain.exchanges import Exchange

MESSAGE = "Échange enregistré"


class ExchangeAnswer(msgspec.Struct, frozen=True, rename=FRENCH):
    """An exchange. It has `a_payer` when the customer pays the difference, else `a_rembourser`."""

    message: str
    return_id: UUID
    sale_id: UUID
    exchanged: Annotated[
        float, msgspec.Meta(description="What the refund pays of the sale, with taxes")
    ]
    returned: ReturnOut
    sale: SaleOut
    difference: Annotated[
        float, msgspec.Meta(description="Sale less refund, with taxes; below 0 it is paid back")
    ]
    change: Annotated[float, msgspec.Meta(description="What the customer gets back, in cash")]
    cash_rounding: Annotated[
        float, msgspec.Meta(description="What rounding adds to what is paid, or paid back")
    ]
    amount_due: Annotated[
        float | UnsetType, msgspec.Meta(description="What the customer pays, with the rounding")
    ] = UNSET
    refund_due: Annotated[
        float | UnsetType, msgspec.Meta(description="What is paid back, with the rounding")
    ] = UNSET

    @classmethod
    def to(cls, exchange: Exchange) -> Self:
        sale, returned = exchange.sale, exchange.returned
        difference = exchange.difference_cents
        rounding = sale.paid.rounding_cents + returned.refund.rounding_cents
        return cls(
            MESSAGE,
            returned.id,
            sale.id,
            money(exchange.exchanged_cents),
            ReturnOut.of(returned),
            SaleOut.of(sale),
            money(difference),
            money(sale.paid.change_cents),
            money(rounding),
            money(difference + rounding) if difference >= 0 else UNSET,
            money(rounding - difference) if difference < 0 else UNSET,
        )
