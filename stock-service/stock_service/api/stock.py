"""`/api/magasins/{magasin_id}/stock` and `/api/stock`: what is on hand."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from service_kit.database import ReadSession
from service_kit.routing import TimedRoute
from stock_service.api.pages import link_next, read_cursor
from stock_service.api.roles import Anyone
from stock_service.api.schemas import LARGEST_ID, PageQuery, StockOut, StockQuery
from stock_service.db.levels import list_stock, list_store_stock
from stock_service.domain.errors import UnknownStore
from stock_service.domain.levels import StoreId

router = APIRouter(tags=["stock"], route_class=TimedRoute)


@router.get("/api/magasins/{magasin_id}/stock")
@router.get("/api/magasins/{magasin_id}/stock/", include_in_schema=False)
async def get_store_stock(
    magasin_id: Annotated[StoreId, Path(ge=1, le=LARGEST_ID)],
    request: Request,
    response: Response,
    session: ReadSession,
    caller: Anyone,
    query: Annotated[PageQuery, Query()],
) -> list[StockOut]:
    (after,) = read_cursor(query.cursor, first=(0,))
    rows = await list_store_stock(session, magasin_id, after, query.limit + 1)
    if rows is None:
        raise UnknownStore(f"Aucun magasin n'a l'identifiant {magasin_id}.")
    page = rows[: query.limit]
    if len(rows) > len(page):
        link_next(request, response, page[-1].product_id)
    return [StockOut.of(row) for row in page]


@router.get("/api/stock/")
@router.get("/api/stock", include_in_schema=False)
async def get_stock(
    request: Request,
    response: Response,
    session: ReadSession,
    caller: Anyone,
    query: Annotated[StockQuery, Query()],
) -> list[StockOut]:
    after_product, after_store = read_cursor(query.cursor, first=(0, 0))
    after = (after_product, after_store)
    rows = await list_stock(session, query.product_id, after, query.limit + 1)
    page = rows[: query.limit]
    if len(rows) > len(page):
        link_next(request, response, page[-1].product_id, page[-1].store_id)
    return [StockOut.of(row) for row in page]
