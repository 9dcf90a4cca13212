"""Requests about alerts: French parameters outside."""

from collections.abc import Collection
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from stock_service.api.schemas import CURSOR_HINT, FRENCH, LARGEST_ID
from stock_service.api.words import ALERT_KINDS
from stock_service.db.alerts import AlertFilter
from stock_service.domain.levels import ProductId, StoreId

_IS_OPEN = {"ouverte": True, "fermee": False, "toutes": None}


class AlertQuery(BaseModel):
    """A page of alerts, newest first."""

    model_config = FRENCH

    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only of this store")
    ] = None
    product_id: Annotated[
        ProductId | None, Field(ge=1, le=LARGEST_ID, description="Only of this product")
    ] = None
    kind: Annotated[
        Literal["rupture", "stock_bas", "surstock", "negatif", "sous_reserve"] | None,
        Field(description="Only of this type"),
    ] = None
    status: Annotated[
        Literal["ouverte", "fermee", "toutes"],
        Field(description="Those that are open, those that have closed, or both"),
    ] = "ouverte"
    is_acknowledged: Annotated[
        bool | None, Field(description="Only those that somebody has acknowledged, or nobody")
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[UUID | None, Field(description=CURSOR_HINT)] = None

    def wanted(self, store_ids: Collection[int] | None) -> AlertFilter:
        """Return the filter in the words of the domain, for stores that the key reaches."""
        return AlertFilter(
            store_ids=store_ids,
            product_id=self.product_id,
            kind=None if self.kind is None else ALERT_KINDS[self.kind],
            is_open=_IS_OPEN[self.status],
            is_acknowledged=self.is_acknowledged,
        )
