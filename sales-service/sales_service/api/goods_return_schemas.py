"""Requests about returns without receipt: French JSON outside, a draft of the domain inside."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sales_service.api.amounts import UnitPrice
from sales_service.api.return_schemas import IsRestocked, Quantity, ReturnIn
from sales_service.api.sale_schemas import MOST_LINES
from sales_service.api.schemas import Identifier, Text, with_example
from sales_service.api.words import translate_of_line
from sales_service.domain.catalogue import ProductId, StoreId
from sales_service.domain.goods_back import GoodsReturnDraft, ReturnedGoods


class GoodsReturnLineIn(BaseModel):
    """Goods without receipt; `prix_unitaire` defaults to the catalogue's price.

    Another price needs the right `price-override`.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=translate_of_line)

    product_id: Identifier
    quantity: Quantity
    unit_price: UnitPrice | None = None
    is_restocked: IsRestocked = True


class GoodsReturnIn(ReturnIn):
    """Goods without receipt, refunded with the taxes that the store charges today."""

    model_config = with_example(
        {
            "magasin_id": 1,
            "lignes": [{"produit_id": 1, "quantite": 1}],
            "motif": "Cadeau sans reçu",
            "retour_id": "0193a5d0-2c00-7000-8000-000000000011",
        }
    )

    store_id: Identifier
    lines: Annotated[list[GoodsReturnLineIn], Field(min_length=1, max_length=MOST_LINES)]
    reason: Text

    def to_draft(
        self, *, may_return: bool, may_override_prices: bool, may_backdate: bool
    ) -> GoodsReturnDraft:
        """Return the request in the words of the domain, with what its sender may do."""
        return GoodsReturnDraft(
            **self.common(),
            store_id=StoreId(self.store_id),
            reason=self.reason,
            lines=tuple(
                ReturnedGoods(
                    ProductId(line.product_id), line.quantity, line.unit_price, line.is_restocked
                )
                for line in self.lines
            ),
            may_return=may_return,
            may_override_prices=may_override_prices,
            may_backdate=may_backdate,
        )
