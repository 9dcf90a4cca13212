"""`/api/magasins`."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from sales_service.api.answers import StoreOut, respond, respond_made, respond_version
from sales_service.api.roles import Anyone, HeadOffice
from sales_service.api.schemas import LARGEST_ID, PathId
from sales_service.api.state import sales_state
from sales_service.api.store_schemas import StoreChange, StoreIn, StoresQuery
from sales_service.db.stores import list_stores, read_store
from sales_service.domain.errors import UnknownStore
from sales_service.use_cases.manage_stores import change_store, close_store, open_store
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import json_of
from service_kit.http.pages import link_next
from service_kit.http.preconditions import IfMatch, require_match
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["magasins"], route_class=TimedRoute)

STORES = "/api/magasins/"


@router.get("/api/magasins/", responses={200: json_of(list[StoreOut])})
async def get_stores(
    request: Request, session: ReadSession, caller: Anyone, query: Annotated[StoresQuery, Query()]
) -> Response:
    stores = await list_stores(session, query.is_active, query.cursor, query.limit + 1)
    page = stores[: query.limit]
    headers = link_next(request, str(page[-1].id)) if len(stores) > len(page) else {}
    return respond([StoreOut.of(store) for store in page], headers=headers)


@router.post("/api/magasins/", status_code=201, responses={201: json_of(StoreOut)})
async def post_store(body: StoreIn, request: Request, caller: HeadOffice, keyed: Keyed) -> Response:
    settings = sales_state(request.app).settings
    defaults = {
        "timezone": settings.default_timezone,
        "currency": settings.default_currency,
        "tax_place": settings.default_tax_place,
        "taxes": [],
    }
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return respond_made(former.answer, STORES, REPLAYED)
        store = await open_store(session, defaults | body.columns())
        answer = msgspec.json.encode(StoreOut.of(store))
        await keyed.record(session, status=201, body=answer)
    return respond_made(answer, STORES)


@router.get("/api/magasins/{magasin_id}", responses={200: json_of(StoreOut)})
async def get_store(magasin_id: PathId, session: ReadSession, caller: Anyone) -> Response:
    """Return a store, open or closed."""
    store = await read_store(session, magasin_id)
    if store is None:
        raise UnknownStore
    return respond_version(StoreOut.of(store))


@router.put("/api/magasins/{magasin_id}", responses={200: json_of(StoreOut)})
async def put_store(
    magasin_id: PathId,
    body: StoreChange,
    request: Request,
    caller: HeadOffice,
    if_match: IfMatch = None,
) -> Response:
    async with write_session(request) as session:
        store = await change_store(session, magasin_id, body.columns())
        # Checked last: the change has locked the row, and is undone by the error.
        require_match(if_match, store.version - 1)
    return respond_version(StoreOut.of(store))


# The examples of other operations need store 1 open.
ClosingId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[5])]


@router.delete("/api/magasins/{magasin_id}", responses={200: json_of(StoreOut)})
async def delete_store(
    magasin_id: ClosingId, request: Request, caller: HeadOffice, if_match: IfMatch = None
) -> Response:
    """Close a store. It sells nothing more; its sales and its stock stay."""
    async with write_session(request) as session:
        closed = await close_store(session, magasin_id)
        require_match(if_match, closed.former_version)
    return respond_version(StoreOut.of(closed.store))
