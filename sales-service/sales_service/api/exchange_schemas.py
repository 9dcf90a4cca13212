"""Requests about exchanges: French JSON outside, a draft of the domain inside."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from uuid_utils.compat import uuid7

from sales_service.api.return_schemas import SaleReturnLineIn
from sales_service.api.sale_schemas import (
    MOST_LINES,
    DiscountIn,
    ExemptionIn,
    LineIn,
    PaymentIn,
    RegisterId,
    is_uuid7,
)
from sales_service.api.schemas import FRENCH_ONLY, Identifier, Text, with_example
from sales_service.domain.catalogue import StoreId
from sales_service.domain.exchanges import ExchangeDraft
from sales_service.domain.payments import MOST_PAYMENTS
from sales_service.domain.returns import ReturnedUnits, ReturnId, SaleReturnDraft
from sales_service.domain.sale import SaleId

# The documents count as one payment beside these.
MOST_BESIDE = MOST_PAYMENTS - 1
ChosenId = Annotated[UUID, AfterValidator(is_uuid7)]


class TakenBackIn(BaseModel):
    """What comes back of the receipt, as for a return."""

    model_config = FRENCH_ONLY

    lines: Annotated[list[SaleReturnLineIn], Field(min_length=1, max_length=MOST_LINES)]
    reason: Text | None = None
    return_id: ChosenId | None = None


class NewSaleIn(BaseModel):
    """What is sold for it, as for a sale."""

    model_config = FRENCH_ONLY

    basket: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    discount: DiscountIn | None = None
    tax_exemption: ExemptionIn | None = None
    sale_id: ChosenId | None = None


class ExchangeIn(BaseModel):
    """A return and a new sale in `magasin_id`, by default in the store that sold the goods.

    Both happen now. `paiements` are about the difference alone: when the customer owes it, as for a
    sale; when it is paid back, as for a return. Without them neither document says how it is paid,
    unless there is no difference.
    """

    model_config = with_example(
        {
            "retour": {
                "lignes": [{"ligne": 1, "quantite": 1}],
                "retour_id": "0193a5d0-2c00-7000-8000-000000000012",
            },
            "vente": {
                "panier": [{"produit_id": 1, "quantite": 1}],
                "vente_id": "0193a5d0-2c00-7000-8000-000000000005",
            },
        }
    )

    returned: TakenBackIn
    sale: NewSaleIn
    payments: Annotated[list[PaymentIn] | None, Field(max_length=MOST_BESIDE)] = None
    store_id: Identifier | None = None
    register_id: RegisterId | None = None

    @property
    def has_chosen_ids(self) -> bool:
        return self.returned.return_id is not None and self.sale.sale_id is not None

    def to_draft(self, sale_id: UUID, *, may_override_prices: bool) -> ExchangeDraft:
        """Return the request in the words of the domain, with what its sender may do."""
        sale, payments = self.sale, self.payments
        return ExchangeDraft(
            taken_back=self._taken_back(sale_id),
            sale_id=SaleId(sale.sale_id or uuid7()),
            has_chosen_sale_id=sale.sale_id is not None,
            lines=tuple(line.to_line() for line in sale.basket),
            discount=sale.discount.to_discount() if sale.discount else None,
            tax_exemption=sale.tax_exemption.reason if sale.tax_exemption else None,
            payments=None if payments is None else tuple(each.to_payment() for each in payments),
            may_override_prices=may_override_prices,
        )

    def _taken_back(self, sale_id: UUID) -> SaleReturnDraft:
        returned = self.returned
        return SaleReturnDraft(
            return_id=ReturnId(returned.return_id or uuid7()),
            has_chosen_id=returned.return_id is not None,
            sale_id=SaleId(sale_id),
            store_id=None if self.store_id is None else StoreId(self.store_id),
            returned_at=None,
            register_id=self.register_id,
            reason=returned.reason,
            payments=None,
            lines=tuple(
                ReturnedUnits(line.line_no, line.quantity, line.is_restocked)
                for line in returned.lines
            ),
        )
