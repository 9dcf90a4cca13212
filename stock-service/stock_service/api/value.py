"""Serves `/api/stock/valeur`: what the stock has cost."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Row

from service_kit.http.access import right_refused
from service_kit.http.cached_response import Content
from service_kit.http.openapi import json_of
from service_kit.http.state import api_state, read_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.changes import ANY_LEVEL, CATALOGUE, level_of
from stock_service.api.roles import SEE_COSTS, CostReader, sees_costs
from stock_service.api.schemas import FRENCH, LARGEST_ID
from stock_service.api.words import FRENCH as FRENCH_NAMES
from stock_service.db.values import sum_values
from stock_service.domain.errors import UnknownStore
from stock_service.domain.levels import StoreId

router = APIRouter(tags=["stock"], route_class=TimedRoute)


class ValueQuery(BaseModel):
    """Which stores are summed."""

    model_config = FRENCH

    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only this store")
    ] = None


class StoreValueOut(msgspec.Struct, frozen=True, rename=FRENCH_NAMES):
    """The value of a store's stock."""

    store_id: int
    value: float
    units: int
    levels_without_cost: int


class ValueOut(msgspec.Struct, frozen=True, rename=FRENCH_NAMES):
    """The value of the stock of stores, together and of each.

    It sums on hand × average cost of each product, rounded half up to the cent. What is below zero
    counts below zero. `niveaux_sans_cout` are the products with units whose cost nobody has told.
    """

    value: float
    units: int
    levels_without_cost: int
    stores: list[StoreValueOut]

    @classmethod
    def of(cls, rows: Sequence[Row[Any]]) -> Self:
        stores = [
            StoreValueOut(row.store_id, float(row.value), row.units, row.levels_without_cost)
            for row in rows
        ]
        return cls(
            float(sum(row.value for row in rows)),
            sum(row.units for row in rows),
            sum(row.levels_without_cost for row in rows),
            stores,
        )


@router.get("/api/stock/valeur", responses={200: json_of(ValueOut)})
async def get_stock_value(
    request: Request, caller: CostReader, query: Annotated[ValueQuery, Query()]
) -> Response:
    """Return what the stock has cost, of the key's stores or of one of them."""
    wanted = query.store_id
    if not sees_costs(caller):
        raise right_refused(SEE_COSTS)
    if wanted is not None and not caller.reaches(wanted):
        raise UnknownStore(wanted)

    async def read() -> Content:
        async with read_session(request) as session:
            rows = await sum_values(session, caller.narrow(wanted))
        if wanted is not None and not rows:
            raise UnknownStore(wanted)
        return Content(msgspec.json.encode(ValueOut.of(rows)), headers={})

    levels = [ANY_LEVEL] if wanted is None else [level_of(wanted)]
    names = (*levels, CATALOGUE)
    return await api_state(request.app).response_cache.read_through(request, caller, names, read)
