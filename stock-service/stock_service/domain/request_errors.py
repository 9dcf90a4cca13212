"""What can be wrong with a replenishment request, as facts; `api/request_problems.py` answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stock_service.domain.errors import StockError

if TYPE_CHECKING:
    from stock_service.domain.levels import ProductId, StoreId
    from stock_service.domain.requests import Centre, RequestStatus


class UnknownRequest(StockError):
    """No request has this identifier, or it is finished and the step is not told apart."""


class WrongRequestStatus(StockError):
    """The request's status does not allow the step."""

    def __init__(self, request_id: int, status: RequestStatus) -> None:
        super().__init__(f"request {request_id} is {status}")
        self.status = status


class NoCentre(StockError):
    """The chain has no open logistics centre that the goods could leave."""


class CentreNotNamed(StockError):
    """Several centres could send the goods, and the request names none."""

    def __init__(self, centres: Sequence[Centre]) -> None:
        super().__init__(f"{len(centres)} centres")
        self.centres = centres


class NotACentre(StockError):
    """The place that was named is no open logistics centre, or it is the store that asks."""

    def __init__(self, centre_id: StoreId) -> None:
        super().__init__(f"store {centre_id} is no open centre")
        self.centre_id = centre_id


class CentreIsShort(StockError):
    """The centre has less than the request wants."""

    def __init__(
        self, centre_id: StoreId, product_id: ProductId, requested: int, available: int
    ) -> None:
        super().__init__(f"centre {centre_id} has {available} of product {product_id}")
        self.centre_id = centre_id
        self.product_id = product_id
        self.requested = requested
        self.available = available
