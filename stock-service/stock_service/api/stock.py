"""Serves `/api/magasins/{magasin_id}/stock` and `/api/stock`: the levels."""

from collections.abc import Iterable, Sequence
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Row

from service_kit.http.cached_response import Content
from service_kit.http.callers import Caller
from service_kit.http.openapi import json_of
from service_kit.http.state import api_state, read_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.answers import CostedStockOut, encode_stock
from stock_service.api.changes import ANY_LEVEL, CATALOGUE, level_of
from stock_service.api.pages import next_link, read_cursor
from stock_service.api.roles import StockReader, sees_costs
from stock_service.api.schemas import LARGEST_ID, LevelQuery, StockQuery
from stock_service.db.level_lists import list_stock, list_store_stock
from stock_service.domain.errors import UnknownStore
from stock_service.domain.levels import StoreId

router = APIRouter(tags=["stock"], route_class=TimedRoute)


@router.get("/api/magasins/{magasin_id}/stock", responses={200: json_of(list[CostedStockOut])})
async def get_store_stock(
    magasin_id: Annotated[StoreId, Path(ge=1, le=LARGEST_ID, examples=[1])],
    request: Request,
    caller: StockReader,
    query: Annotated[LevelQuery, Query()],
) -> Response:
    if not caller.reaches(magasin_id):
        raise UnknownStore(magasin_id)
    (after,) = read_cursor(query.cursor, first=(0,))

    async def read() -> Content:
        async with read_session(request) as session:
            rows = await list_store_stock(
                session, magasin_id, after, query.limit + 1, query.wanted()
            )
        if rows is None:
            raise UnknownStore(magasin_id)
        page = rows[: query.limit]
        headers = next_link(request, page[-1].product_id) if len(rows) > len(page) else {}
        costed = encode_stock(page, with_costs=sees_costs(caller))
        return Content(costed, headers=headers, until=_fresh_until(page))

    names = (level_of(magasin_id), CATALOGUE)
    return await api_state(request.app).response_cache.read_through(request, caller, names, read)


@router.get("/api/stock/", responses={200: json_of(list[CostedStockOut])})
async def get_stock(
    request: Request, caller: StockReader, query: Annotated[StockQuery, Query()]
) -> Response:
    after_product, after_store = read_cursor(query.cursor, first=(0, 0))
    store_ids = _stores_of(caller, query.store_ids)

    async def read() -> Content:
        after = (after_product, after_store)
        async with read_session(request) as session:
            rows = await list_stock(session, store_ids, after, query.limit + 1, query.wanted())
        page = rows[: query.limit]
        last = page[-1] if len(rows) > len(page) else None
        headers = next_link(request, last.product_id, last.store_id) if last else {}
        costed = encode_stock(page, with_costs=sees_costs(caller))
        return Content(costed, headers=headers, until=_fresh_until(page))

    levels = [ANY_LEVEL] if store_ids is None else map(level_of, map(StoreId, store_ids))
    names = (*levels, CATALOGUE)
    return await api_state(request.app).response_cache.read_through(request, caller, names, read)


def _stores_of(caller: Caller, wanted: Iterable[int] | None) -> frozenset[int] | None:
    """Return the stores whose levels the list may have; None: all."""
    if wanted is None:
        return caller.sites
    return frozenset(wanted) if caller.sites is None else caller.sites & frozenset(wanted)


def _fresh_until(page: Sequence[Row[Any]]) -> float | None:
    """Return when the first reservation of these levels expires: nothing announces this moment."""
    seconds = [row.fresh_for for row in page if row.fresh_for is not None]
    return time() + min(seconds) if seconds else None
