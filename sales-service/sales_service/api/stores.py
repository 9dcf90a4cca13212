"""`/api/magasins`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sales_service.api.pages import link_next
from sales_service.api.roles import Anyone, HeadOffice
from sales_service.api.schemas import (
    LARGEST_ID,
    PathId,
    StoreChange,
    StoreIn,
    StoreOut,
    store_columns,
)
from sales_service.db.catalogue import list_stores
from sales_service.use_cases.manage_stores import change_store, open_store
from service_kit.database.sessions import ReadSession, write_session
from service_kit.http.idempotency import IdempotencyKey, claim_key, record_outcome
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["magasins"], route_class=TimedRoute)


class PageQuery(BaseModel):
    """A page of a list by id."""

    model_config = ConfigDict(extra="forbid")

    limite: Annotated[int, Field(ge=1, le=1000)] = 500
    curseur: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0


@router.get("/api/magasins/")
@router.get("/api/magasins", include_in_schema=False)
async def get_stores(
    request: Request,
    response: Response,
    session: ReadSession,
    caller: Anyone,
    query: Annotated[PageQuery, Query()],
) -> list[StoreOut]:
    stores = await list_stores(session, query.curseur, query.limite)
    if len(stores) == query.limite:
        link_next(request, response, str(stores[-1].id))
    return [StoreOut.of(store) for store in stores]


@router.post("/api/magasins/", status_code=201, response_model=StoreOut)
@router.post("/api/magasins", status_code=201, include_in_schema=False)
async def post_store(
    body: StoreIn, request: Request, caller: HeadOffice, idempotency_key: IdempotencyKey = None
) -> Response:
    settings = request.app.state.settings
    defaults = {"timezone": settings.default_timezone, "currency": settings.default_currency}
    async with write_session(request) as session:
        if former := await claim_key(session, request, caller, idempotency_key):
            return former.response()
        store = await open_store(session, defaults | store_columns(body))
        answer = StoreOut.of(store).model_dump_json().encode()
        await record_outcome(session, caller, idempotency_key, status=201, body=answer)
    return Response(answer, 201, {"Location": request.url.path}, "application/json")


@router.put("/api/magasins/{store_id}")
async def put_store(
    store_id: PathId, body: StoreChange, request: Request, caller: HeadOffice
) -> StoreOut:
    async with write_session(request) as session:
        return StoreOut.of(await change_store(session, store_id, store_columns(body)))
