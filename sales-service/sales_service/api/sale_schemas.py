"""Requests about sales: French JSON outside, a basket of the domain inside."""

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.types import StringConstraints
from uuid_utils.compat import uuid7

from sales_service.api.amounts import Amount, PaidAmount, Percentage, UnitPrice
from sales_service.api.schemas import (
    CURSOR_HINT,
    FRENCH_ONLY,
    LARGEST_ID,
    Identifier,
    Text,
    with_example,
)
from sales_service.api.words import METHODS, STATUSES, translate_of_line
from sales_service.db.sale_lists import SaleFilter
from sales_service.domain.catalogue import ProductId, StoreId
from sales_service.domain.discounts import Discount
from sales_service.domain.payments import MOST_PAYMENTS, Payment
from sales_service.domain.sale import MOST_UNITS, DraftLine, SaleDraft, SaleId
from sales_service.domain.search_keys import fold
from service_kit.http.dates import CalendarDate, is_written_instant
from service_kit.http.spelling import Spelling

MOST_LINES = 1200
# The sales of the demo chain, for `/docs`: one to read, one to void and one to delete.
EXAMPLE_ID = UUID("0193a5d0-2c00-7000-8000-000000000001")
VOIDED_EXAMPLE_ID = UUID("0193a5d0-2c00-7000-8000-000000000002")
DELETED_EXAMPLE_ID = UUID("0193a5d0-2c00-7000-8000-000000000003")


def is_day_alone(given: Any) -> bool:
    """Return whether a date of a request names a day without a time."""
    return isinstance(given, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", given) is not None


def _moment_or_day(given: Any, parse: ValidatorFunctionWrapHandler) -> dt.date:
    """Return a date alone as a date. A union would put its members into the pointers of errors."""
    given = is_written_instant(given)
    if is_day_alone(given):
        parse(given)  # it may be no date
        return dt.date.fromisoformat(given)
    moment: dt.datetime = parse(given)
    return moment


# A date alone is a business day, not its midnight.
Moment = Annotated[
    dt.datetime,
    WrapValidator(_moment_or_day),
    Field(description="In the store's local time if it has no offset; a date alone is the day"),
]


def _is_printable(label: str) -> str:
    # Control characters and ends of lines would spoil a receipt.
    if any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in label):
        raise ValueError("Un texte d'une ligne est attendu.")
    return label


RegisterId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_is_printable),
]
Status = Literal["en_attente", "confirmee", "rejetee", "annulee"]


def is_of_a_store(number: str) -> str:
    """Return the number; raise `ValueError` when no store can have given it."""
    if store_of(number) > LARGEST_ID:
        raise ValueError("Aucun magasin ne donne ce numéro.")
    return number


def store_of(number: str) -> int:
    """Return the store that gave a receipt its number: it stands before the hyphen."""
    return int(number.partition("-")[0])


def not_before_its_start(end: dt.date | None, info: ValidationInfo) -> dt.date | None:
    """Return the end of a period; raise `ValueError` when it is before the start."""
    start = info.data.get("start")
    if start and end and end < start:
        raise ValueError(f"La date de fin {end} est avant la date de début {start}.")
    return end


class SalesQuery(BaseModel):
    """A page of sales, newest first; within a period by business date."""

    model_config = FRENCH_ONLY

    store_id: Annotated[
        int | None, Field(ge=1, le=LARGEST_ID, description="Only sales of this store")
    ] = None
    number: Annotated[
        Annotated[
            str,
            Spelling(r"[1-9]\d{0,9}-\d{6,19}", "Un numéro comme 3-000042 est attendu."),
            AfterValidator(is_of_a_store),
        ]
        | None,
        Field(
            description="The sale with this number, such as `3-000042`. Who sells finds the sales"
            " of other stores by it"
        ),
    ] = None
    start: Annotated[CalendarDate | None, Field(description="First business date")] = None
    end: Annotated[CalendarDate | None, Field(description="Last business date, included")] = None
    register_id: Annotated[RegisterId | None, Field(description="Only sales of this till")] = None
    status: Annotated[Status | None, Field(description="Only sales with this status")] = None
    product_id: Annotated[
        int | None, Field(ge=1, le=LARGEST_ID, description="Only sales with this product")
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[UUID | None, Field(description=CURSOR_HINT)] = None

    @field_validator("end")
    @classmethod
    def _is_not_before_its_start(cls, end: dt.date | None, info: ValidationInfo) -> dt.date | None:
        return not_before_its_start(end, info)

    def wanted(self) -> SaleFilter:
        """Return the filter in the words of the domain."""
        return SaleFilter(
            number=self.number,
            first_day=self.start,
            last_day=self.end,
            register_id=self.register_id,
            statuses=STATUSES[self.status] if self.status else None,
            product_id=self.product_id,
        )


def is_uuid7(value: UUID) -> UUID:
    """Return the UUID; raise `ValueError` for one of another version."""
    if value.version != 7:
        raise ValueError("Un UUID de version 7 est attendu.")
    return value


class DiscountIn(BaseModel):
    """What is taken off a line or a receipt, and why: `montant` or `pourcentage`."""

    model_config = FRENCH_ONLY

    amount: Amount | None = None
    percentage: Percentage | None = None
    reason: Text

    @model_validator(mode="after")
    def _is_an_amount_or_a_percentage(self) -> Self:
        if (self.amount is None) == (self.percentage is None):
            raise ValueError("montant ou pourcentage est attendu : l'un des deux.")
        return self

    def to_discount(self) -> Discount:
        """Return the discount in the words of the domain."""
        cents = None if self.amount is None else int(self.amount * 100)
        return Discount(self.reason, cents, self.percentage)


class LineIn(BaseModel):
    """A line of a basket; `prix_unitaire` defaults to the catalogue's price.

    Another price needs the right `price-override`. A discount needs none.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=translate_of_line)

    product_id: Identifier
    quantity: Annotated[int, Field(strict=True, ge=1, le=MOST_UNITS)]
    unit_price: UnitPrice | None = None
    discount: DiscountIn | None = None

    def to_line(self) -> DraftLine:
        """Return the line in the words of the domain."""
        return DraftLine(
            ProductId(self.product_id),
            self.quantity,
            self.unit_price,
            self.discount.to_discount() if self.discount else None,
        )


def _plain(word: Any) -> Any:
    return fold(word).replace("-", "_").replace(" ", "_") if isinstance(word, str) else word


class PaymentIn(BaseModel):
    """A part of what the customer pays; `moyen` may have accents and hyphens.

    `montant` is what the customer hands over. In cash it may be more than what is due.
    """

    model_config = FRENCH_ONLY

    method: Annotated[
        Literal["comptant", "debit", "credit", "carte_cadeau", "compte"], BeforeValidator(_plain)
    ]
    amount: PaidAmount

    def to_payment(self) -> Payment:
        return Payment(METHODS[self.method], int(self.amount * 100))


class ExemptionIn(BaseModel):
    """Why a sale has no taxes, such as the number of the customer's certificate."""

    model_config = FRENCH_ONLY

    reason: Text


class SaleIn(BaseModel):
    """A basket; `date` defaults to now, and is in the store's local time if it has no offset.

    A date of more than a day ago needs the right `backdate`. The receipt's `remise` is taken off
    what the lines' own leave. With `exemption_taxes` the sale has no taxes. `paiements` cover what
    is due exactly, but for cash, of which the answer tells the change; without them nothing is
    rounded.
    """

    model_config = with_example({"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 2}]})

    store_id: Identifier
    basket: Annotated[list[LineIn], Field(min_length=1, max_length=MOST_LINES)]
    discount: DiscountIn | None = None
    sold_at: Moment | None = None
    register_id: RegisterId | None = None
    sale_id: Annotated[UUID, AfterValidator(is_uuid7)] | None = None
    tax_exemption: ExemptionIn | None = None
    payments: Annotated[list[PaymentIn] | None, Field(max_length=MOST_PAYMENTS)] = None
    reservation_id: Annotated[
        UUID | None,
        Field(
            description="A reservation of this store, from `POST /api/stock/reservations`. A strict"
            " store is refused with one that is not open"
        ),
    ] = None

    def to_draft(self, *, may_override_prices: bool, may_backdate: bool) -> SaleDraft:
        """Return the basket in the words of the domain, with what its sender may do."""
        return SaleDraft(
            sale_id=SaleId(self.sale_id or uuid7()),
            has_chosen_id=self.sale_id is not None,
            store_id=StoreId(self.store_id),
            sold_at=self.sold_at,
            register_id=self.register_id,
            lines=tuple(line.to_line() for line in self.basket),
            discount=self.discount.to_discount() if self.discount else None,
            may_override_prices=may_override_prices,
            may_backdate=may_backdate,
            tax_exemption=self.tax_exemption.reason if self.tax_exemption else None,
            payments=(
                None
                if self.payments is None
                else tuple(payment.to_payment() for payment in self.payments)
            ),
            reservation_id=self.reservation_id,
        )
