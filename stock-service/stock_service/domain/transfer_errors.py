"""What can be wrong with a transfer, as facts; `api/transfer_problems.py` answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from stock_service.domain.errors import StockError

if TYPE_CHECKING:
    from stock_service.domain.levels import Shortage
    from stock_service.domain.transfers import TransferStatus


class UnknownTransfer(StockError):
    """No transfer has this identifier."""


class SameStore(StockError):
    """A transfer names one store twice."""


class TransferExists(StockError):
    """A transfer with this identifier has another content."""


class ReceptionExists(StockError):
    """A reception with this identifier has another content, or is of another transfer."""


class WrongStatus(StockError):
    """The transfer's status does not allow the step."""

    def __init__(self, transfer_id: UUID, status: TransferStatus) -> None:
        super().__init__(f"transfer {transfer_id} is {status}")
        self.status = status


class GoodsMissing(StockError):
    """The sender has less than it would ship; `shortages` has every product."""

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        super().__init__(f"{len(shortages)} products are short")
        self.shortages = shortages


class UnexpectedGoods(StockError):
    """More arrives than is on its way, without a reason.

    `expected` has, by line of the request, how many units of its product are on their way; None
    for a product that is not in the transfer, which no reason explains.
    """

    def __init__(self, expected: Mapping[int, int | None]) -> None:
        super().__init__(f"{len(expected)} lines")
        self.expected = expected


class NothingReceived(StockError):
    """A reception has neither goods nor a reason."""
