"""What can be wrong with a request, as facts; `api/problems.py` answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sales_service.domain.catalogue import ProductId, StoreId
    from sales_service.domain.voids import Void


class SalesError(Exception):
    """A request cannot be fulfilled."""


class UnknownReferences(SalesError):
    """A basket names an unknown store or unknown products; `products` has them by line index."""

    def __init__(self, store_id: StoreId | None, products: Mapping[int, ProductId]) -> None:
        super().__init__(f"unknown store {store_id}, {len(products)} lines of unknown products")
        self.store_id = store_id
        self.products = products


class UnknownStore(SalesError):
    """No store has this identifier."""


class UnknownHomeStores(SalesError):
    """Products of a batch are made for unknown stores; `stores` has them by index."""

    def __init__(self, stores: Mapping[int, int]) -> None:
        super().__init__(f"{len(stores)} unknown stores")
        self.stores = stores


class CountWithoutStore(SalesError):
    """Units were counted of a product that was made for no store, and no store is given."""


class UnknownProduct(SalesError):
    """No product has this identifier."""


class UnknownSale(SalesError):
    """No sale has this identifier."""


class StoreNameTaken(SalesError):
    """Another store has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"store name {name!r} is taken")
        self.name = name


class CodeKind(StrEnum):
    """A code of a product. A SKU is of one product for ever, a bar code of one on sale."""

    SKU = "sku"
    BARCODE = "barcode"


@dataclass(frozen=True, slots=True)
class TakenCode:
    """A SKU or bar code of a batch that another product has, in the chain or in the batch."""

    index: int
    kind: CodeKind
    code: str
    product_id: int | None


class CodesTaken(SalesError):
    """SKUs or bar codes of a batch are taken."""

    def __init__(self, taken: Sequence[TakenCode]) -> None:
        super().__init__(f"{len(taken)} codes are taken")
        self.taken = taken


class CodeTaken(SalesError):
    """Another product has this SKU or bar code.

    Without `code` it is the bar code of a product that was retired, and took it along.
    """

    def __init__(self, kind: CodeKind, code: str | None, product_id: int | None = None) -> None:
        super().__init__(f"{kind} {code!r} is taken")
        self.kind = kind
        self.code = code
        self.product_id = product_id


class SkuInMotion(SalesError):
    """Another request took the SKU that was made up for a product, at the same moment."""


class SaleExists(SalesError):
    """A sale with this identifier and another content was recorded before.

    `differences` has the ways to the members that differ, such as `("basket", 0, "quantity")`.
    """

    def __init__(self, sale_id: UUID, differences: Sequence[tuple[str | int, ...]] = ()) -> None:
        super().__init__(f"sale {sale_id} has another content")
        self.sale_id = sale_id
        self.differences = differences


class AlreadyVoided(SalesError):
    """A till has voided the sale before."""

    def __init__(self, void: Void) -> None:
        super().__init__(f"voided by {void.by} at {void.at}")
        self.void = void


class SaleTimedOut(SalesError):
    """The sale was cancelled because the stock did not decide in time."""

    def __init__(self, void: Void) -> None:
        super().__init__(f"cancelled at {void.at}")
        self.void = void


class SaleRejected(SalesError):
    """The stock refused the sale."""


class AlreadyReturned(SalesError):
    """Goods of the sale came back: a void would give their money back twice."""


class DayClosed(SalesError):
    """The business day of the sale is closed: by somebody, or because the next one is over too."""

    def __init__(self, business_date: date) -> None:
        super().__init__(f"the day {business_date} is closed")
        self.business_date = business_date


class AbsurdDate(SalesError):
    """The sale happened too long ago, or too far in the future."""

    def __init__(self, sold_at: datetime | date) -> None:
        super().__init__(f"sold at {sold_at}")
        self.sold_at = sold_at


class IdAhead(SalesError):
    """The time in the sale's id is too far in the future."""

    def __init__(self, sale_id: UUID) -> None:
        super().__init__(f"sale id {sale_id}")
        self.sale_id = sale_id


class IdOfReturn(SalesError):
    """The sale's id is the id of a return."""

    def __init__(self, sale_id: UUID) -> None:
        super().__init__(f"sale id {sale_id}")
        self.sale_id = sale_id


class AbsurdUnits(SalesError):
    """A sale has more units than any real sale."""

    def __init__(self, units: int) -> None:
        super().__init__(units)
        self.units = units


class AbsurdTotal(SalesError):
    """The sale is worth more than any receipt can be."""

    def __init__(self, total_cents: int) -> None:
        super().__init__(f"{total_cents} cents")
        self.total_cents = total_cents


class DiscountsTooLarge(SalesError):
    """Discounts are larger than what they are taken off: of lines, by index, or of the receipt.

    Both say how many cents there are.
    """

    def __init__(self, lines: Mapping[int, int] | None = None, receipt: int | None = None) -> None:
        super().__init__(f"of {len(lines or ())} lines, of a receipt of {receipt} cents")
        self.lines = lines or {}
        self.receipt = receipt


class Underpaid(SalesError):
    """The payments do not cover what is due; in cash another amount may be lacking."""

    def __init__(
        self, *, total_cents: int, due_cents: int, paid_cents: int, lacking_in_cash_cents: int
    ) -> None:
        super().__init__(f"{paid_cents} of {due_cents} cents are paid")
        self.total_cents = total_cents
        self.due_cents = due_cents
        self.paid_cents = paid_cents
        self.lacking_in_cash_cents = lacking_in_cash_cents


class Overpaid(SalesError):
    """Payments other than cash exceed the total; `at_most` has what they may be, by index."""

    def __init__(self, total_cents: int, at_most: Mapping[int, int]) -> None:
        super().__init__(f"more than {total_cents} cents are paid without cash")
        self.total_cents = total_cents
        self.at_most = at_most


class EmptyPayments(SalesError):
    """These payments pay nothing, although something is due."""

    def __init__(self, payments: Sequence[int]) -> None:
        super().__init__(f"{len(payments)} payments of nothing")
        self.payments = payments


class StoreClosed(SalesError):
    """The store is closed."""


class ProductsRetired(SalesError):
    """A basket has retired products; `products` has them by line index."""

    def __init__(self, products: Mapping[int, ProductId]) -> None:
        super().__init__(f"{len(products)} lines of retired products")
        self.products = products


class Backdated(SalesError):
    """The sale is delivered too late for a sender without the right to backdate."""


class OfflineTooLong(SalesError):
    """The till brings a sale later than any till may be offline."""


class PricesOverridden(SalesError):
    """These lines have other prices than the catalogue, and the sender may not set prices."""

    def __init__(self, lines: Sequence[int]) -> None:
        super().__init__(f"{len(lines)} lines have prices of their own")
        self.lines = lines


class PlaceSellsNothing(SalesError):
    """The place is a logistics centre, which sells nothing."""
