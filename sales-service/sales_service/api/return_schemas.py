"""Requests about returns: French JSON outside, a draft of the domain inside."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationInfo,
    field_validator,
)
from uuid_utils.compat import uuid7

from sales_service.api.sale_schemas import (
    MOST_LINES,
    Moment,
    PaymentIn,
    RegisterId,
    is_of_a_store,
    is_uuid7,
    not_before_its_start,
)
from sales_service.api.schemas import (
    CURSOR_HINT,
    FRENCH_ONLY,
    LARGEST_ID,
    Identifier,
    Text,
    with_example,
)
from sales_service.db.return_lists import ReturnFilter
from sales_service.domain.catalogue import StoreId
from sales_service.domain.payments import MOST_PAYMENTS
from sales_service.domain.returns import ReturnedUnits, ReturnId, SaleReturnDraft
from sales_service.domain.sale import MOST_UNITS, SaleId
from service_kit.http.dates import CalendarDate
from service_kit.http.spelling import Spelling

# The return of the demo chain, for `/docs`.
EXAMPLE_RETURN_ID = UUID("0193a5d0-2c00-7000-8000-000000000010")
EXAMPLE_RETURN: dict[str, Any] = {
    "lignes": [{"ligne": 1, "quantite": 1}],
    "motif": "Ne convient pas",
    "retour_id": str(EXAMPLE_RETURN_ID),
}

Quantity = Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)]
IsRestocked = Annotated[
    bool, Field(strict=True, description="Whether the units can be sold again; false: lost")
]


class ReturnsQuery(BaseModel):
    """A page of returns, newest first; within a period by business date."""

    model_config = FRENCH_ONLY

    store_id: Annotated[
        int | None, Field(ge=1, le=LARGEST_ID, description="Only returns to this store")
    ] = None
    sale_id: Annotated[UUID | None, Field(description="Only returns of this sale")] = None
    number: Annotated[
        Annotated[
            str,
            Spelling(r"[1-9]\d{0,9}-R\d{6,19}", "Un numéro comme 3-R000007 est attendu."),
            AfterValidator(is_of_a_store),
        ]
        | None,
        Field(description="The return with this number, such as `3-R000007`"),
    ] = None
    start: Annotated[CalendarDate | None, Field(description="First business date")] = None
    end: Annotated[CalendarDate | None, Field(description="Last business date, included")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[UUID | None, Field(description=CURSOR_HINT)] = None

    @field_validator("end")
    @classmethod
    def _is_not_before_its_start(cls, end: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return not_before_its_start(end, info)

    def wanted(self) -> ReturnFilter:
        """Return the filter in the words of the domain."""
        return ReturnFilter(
            sale_id=self.sale_id, number=self.number, first_day=self.start, last_day=self.end
        )


class ReturnIn(BaseModel):
    """What all returns have: `date` defaults to now, local to the store if it has no offset.

    `paiements` are what is due back exactly; without them the return does not say how it is paid
    back. A date of more than a day ago needs the right `backdate`.
    """

    model_config = FRENCH_ONLY

    payments: Annotated[list[PaymentIn] | None, Field(max_length=MOST_PAYMENTS)] = None
    returned_at: Moment | None = None
    register_id: RegisterId | None = None
    return_id: Annotated[UUID, AfterValidator(is_uuid7)] | None = None

    def common(self) -> dict[str, Any]:
        """Return the fields of a draft that all returns have."""
        payments = self.payments
        return {
            "return_id": ReturnId(self.return_id or uuid7()),
            "has_chosen_id": self.return_id is not None,
            "returned_at": self.returned_at,
            "register_id": self.register_id,
            "payments": None if payments is None else tuple(each.to_payment() for each in payments),
        }


class SaleReturnLineIn(BaseModel):
    """Units of the receipt's line `ligne`. Two lines may name the same one."""

    model_config = FRENCH_ONLY

    line_no: Annotated[int, Field(strict=True, ge=1, le=MOST_LINES)]
    quantity: Quantity
    is_restocked: IsRestocked = True


class SaleReturnIn(ReturnIn):
    """Goods of a receipt; `magasin_id` takes them back, by default the store that sold them."""

    model_config = with_example(EXAMPLE_RETURN)

    lines: Annotated[list[SaleReturnLineIn], Field(min_length=1, max_length=MOST_LINES)]
    reason: Text | None = None
    store_id: Identifier | None = None

    def to_draft(self, sale_id: UUID, *, may_backdate: bool) -> SaleReturnDraft:
        """Return the request in the words of the domain, with what its sender may do."""
        return SaleReturnDraft(
            **self.common(),
            sale_id=SaleId(sale_id),
            store_id=None if self.store_id is None else StoreId(self.store_id),
            reason=self.reason,
            lines=tuple(
                ReturnedUnits(line.line_no, line.quantity, line.is_restocked) for line in self.lines
            ),
            may_backdate=may_backdate,
        )
