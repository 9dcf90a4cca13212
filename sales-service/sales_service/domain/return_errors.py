"""What can be wrong with a return, as facts; `api/return_problems.py` answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sales_service.domain.errors import SalesError

if TYPE_CHECKING:
    from uuid import UUID

    from sales_service.domain.catalogue import ProductId
    from sales_service.domain.sale import SaleStatus


class UnknownReturn(SalesError):
    """No return has this identifier."""


class NotReturnable(SalesError):
    """The sale is not confirmed, so nothing of it can come back."""

    def __init__(self, number: str, status: SaleStatus) -> None:
        super().__init__(f"sale {number} is {status}")
        self.number = number
        self.status = status


class UnknownLines(SalesError):
    """The receipt has no such lines; `lines` has their numbers by index."""

    def __init__(self, lines: Mapping[int, int]) -> None:
        super().__init__(f"{len(lines)} unknown lines")
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Excess:
    """A line of a return with more units than are left of those that were sold."""

    index: int
    sale_line_no: int
    left: int


class TooManyReturned(SalesError):
    """More would come back than was sold."""

    def __init__(self, excesses: Sequence[Excess]) -> None:
        super().__init__(f"{len(excesses)} lines with too many units")
        self.excesses = excesses


class NothingLeft(SalesError):
    """All goods of the sale have come back."""


class OtherCurrency(SalesError):
    """The store that takes the goods back has another currency than the sale."""

    def __init__(self, sold_in: str, returned_in: str) -> None:
        super().__init__(f"sold in {sold_in}, returned in {returned_in}")
        self.sold_in = sold_in
        self.returned_in = returned_in


class WrongRefund(SalesError):
    """The payments are not what is due back."""

    def __init__(self, due_cents: int, paid_cents: int) -> None:
        super().__init__(f"{due_cents} cents are due, not {paid_cents}")
        self.due_cents = due_cents
        self.paid_cents = paid_cents


class ReturnExists(SalesError):
    """A return with this identifier and another content was recorded before."""

    def __init__(self, return_id: UUID) -> None:
        super().__init__(f"return {return_id} has another content")
        self.return_id = return_id


class PaidByReturn(SalesError):
    """The sale is the new one of an exchange: a void would give back what the return refunded."""


class WithoutReceipt(SalesError):
    """The sender may not take goods back without receipt."""


class ReturnedGoodsUnknown(SalesError):
    """Goods without receipt are of unknown products; `products` has them by index."""

    def __init__(self, products: Mapping[int, ProductId]) -> None:
        super().__init__(f"{len(products)} lines of unknown products")
        self.products = products


class RefundPricesOverridden(SalesError):
    """These lines have other prices than the catalogue, and the sender may not set prices."""

    def __init__(self, lines: Sequence[int]) -> None:
        super().__init__(f"{len(lines)} lines have prices of their own")
        self.lines = lines


class Flaw(StrEnum):
    """What cannot be true of a return."""

    DATE = "date"
    BEFORE_SALE = "before the sale"
    ID_AHEAD = "id ahead"
    ID_OF_SALE = "id of a sale"
    UNITS = "units"
    TOTAL = "total"


class ImpossibleReturn(SalesError):
    """The return cannot have happened like that; a total is in cents."""

    def __init__(self, flaw: Flaw, value: Any) -> None:
        super().__init__(f"{flaw.value}: {value}")
        self.flaw = flaw
        self.value = value
