"""Serves `/api/magasins/{magasin_id}/stock` and `/api/stock`: the levels."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from service_kit.http.cached_response import Content
from service_kit.http.openapi import json_of
from service_kit.http.state import api_state, read_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.answers import StockOut, encode_stock
from stock_service.api.changes import ANY_LEVEL, CATALOGUE, level_of
from stock_service.api.pages import next_link, read_cursor
from stock_service.api.roles import StockReader
from stock_service.api.schemas import LARGEST_ID, PageQuery, StockQuery
from stock_service.db.levels import list_stock, list_store_stock
from stock_service.domain.errors import UnknownStore
from stock_service.domain.levels import StoreId

router = APIRouter(tags=["stock"], route_class=TimedRoute)


@router.get("/api/magasins/{magasin_id}/stock", responses={200: json_of(list[StockOut])})
async def get_store_stock(
    magasin_id: Annotated[StoreId, Path(ge=1, le=LARGEST_ID, examples=[1])],
    request: Request,
    caller: StockReader,
    query: Annotated[PageQuery, Query()],
) -> Response:
    if not caller.reaches(magasin_id):
        raise UnknownStore(magasin_id)
    (after,) = read_cursor(query.cursor, first=(0,))

    async def read() -> Content:
        async with read_session(request) as session:
            rows = await list_store_stock(session, magasin_id, after, query.limit + 1)
        if rows is None:
            raise UnknownStore(magasin_id)
        page = rows[: query.limit]
        headers = next_link(request, page[-1].product_id) if len(rows) > len(page) else {}
        return Content(encode_stock(page), headers=headers)

    names = (level_of(magasin_id), CATALOGUE)
    return await api_state(request.app).response_cache.read_through(request, caller, names, read)


@router.get("/api/stock/", responses={200: json_of(list[StockOut])})
async def get_stock(
    request: Request, caller: StockReader, query: Annotated[StockQuery, Query()]
) -> Response:
    after_product, after_store = read_cursor(query.cursor, first=(0, 0))

    async def read() -> Content:
        after = (after_product, after_store)
        async with read_session(request) as session:
            rows = await list_stock(session, caller.sites, query.product_id, after, query.limit + 1)
        page = rows[: query.limit]
        last = page[-1] if len(rows) > len(page) else None
        headers = next_link(request, last.product_id, last.store_id) if last else {}
        return Content(encode_stock(page), headers=headers)

    levels = [ANY_LEVEL] if caller.sites is None else map(level_of, map(StoreId, caller.sites))
    names = (*levels, CATALOGUE)
    return await api_state(request.app).response_cache.read_through(request, caller, names, read)
