"""Serves `/api/demandes`: what stores ask of the logistics centre."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.http.access import refuse_foreign
from service_kit.http.callers import Caller
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.state import ReadSession, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.pages import LARGEST_POSITION, next_link, read_cursor
from stock_service.api.place_wait import wait_for_places
from stock_service.api.request_answers import (
    FulfilledOut,
    RequestOut,
    encode_request,
    encode_requests,
)
from stock_service.api.request_schemas import (
    CentreQuery,
    RefusalIn,
    RequestId,
    RequestIn,
    RequestsQuery,
    SendingQuery,
)
from stock_service.api.roles import StockKeeper, StockReader
from stock_service.api.transfers import note_levels
from stock_service.db.requests import list_requests
from stock_service.domain.levels import StoreId
from stock_service.domain.request_errors import UnknownRequest
from stock_service.domain.requests import Request as GoodsRequest
from stock_service.use_cases import replenish

router = APIRouter(tags=["demandes"], route_class=TimedRoute)

REQUESTS = "/api/demandes/"
JSON = "application/json"
_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "L'état de la demande ou le stock du centre ne le permet pas", **PROBLEM}
}


@router.get(REQUESTS, responses={200: json_of(list[RequestOut])})
async def get_requests(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[RequestsQuery, Query()],
) -> Response:
    """Return what stores ask for, newest first: of the key's stores and of its centres."""
    (before,) = read_cursor(query.cursor, first=(LARGEST_POSITION,))
    found = await list_requests(
        session,
        store_ids=caller.narrow(query.store_id),
        product_id=query.product_id,
        status=query.wanted_status(),
        before=before,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    headers = next_link(request, page[-1].id) if len(found) > len(page) else {}
    return Response(encode_requests(page), headers=headers, media_type=JSON)


@router.post(REQUESTS, status_code=201, responses={201: json_of(RequestOut)})
async def post_request(
    body: RequestIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Ask for goods. It waits for the centre, and moves nothing yet."""
    refuse_foreign(caller, body.store_id)
    async with read_session(request) as session:
        stores, products = {"/magasin_id": body.store_id}, {"/produit_id": body.product_id}
        await wait_for_places(session, stores, products)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return _made(former.answer, is_repeated=True)
        asked = await replenish.ask(
            session, body.store_id, body.product_id, body.quantity, body.centre_id
        )
        answer = encode_request(asked)
        await keyed.record(session, status=201, body=answer)
    return _made(answer, is_repeated=False)


def _made(answer: bytes, *, is_repeated: bool) -> Response:
    request_id = msgspec.json.decode(answer, type=RequestOut).id
    headers = {"Location": f"{REQUESTS}{request_id}", **(REPLAYED if is_repeated else {})}
    return Response(answer, 201, headers, media_type=JSON)


@router.get(f"{REQUESTS}{{demande_id}}", responses={200: json_of(RequestOut)})
async def get_request(request_id: RequestId, session: ReadSession, caller: StockReader) -> Response:
    """Return a request of a store of the key, or to a centre of the key."""
    found = await _find(session, request_id, caller)
    return Response(encode_request(found), media_type=JSON)


@router.post(
    f"{REQUESTS}traiter/{{demande_id}}", responses={200: json_of(FulfilledOut), **_REFUSED}
)
async def post_fulfilment(
    request_id: RequestId,
    request: Request,
    caller: StockKeeper,
    keyed: Keyed,
    query: Annotated[SendingQuery, Query()],
) -> Response:
    """Approve, ship and receive a request at once; the goods leave the centre.

    A request that is done gets 404, as one that does not exist."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        found = await _find(session, request_id, caller)
        if not found.is_open:
            raise UnknownRequest
        refuse_foreign(caller, found.store_id)
        centre_id = await _find_centre(session, found, caller, query)
        sent = await replenish.fulfil(session, request_id, centre_id, is_partial=query.is_partial)
        answer = msgspec.json.encode(FulfilledOut.of(sent))
        await keyed.record(session, status=200, body=answer)
    note_levels(request, sent.transfer)
    return Response(answer, media_type=JSON)


@router.post(
    f"{REQUESTS}{{demande_id}}/approbation", responses={200: json_of(RequestOut), **_REFUSED}
)
async def post_approval(
    request_id: RequestId,
    request: Request,
    caller: StockKeeper,
    query: Annotated[CentreQuery, Query()],
) -> Response:
    """Say that the centre will send the goods."""
    async with write_session(request) as session:
        found = await _find(session, request_id, caller)
        centre_id = await _find_centre(session, found, caller, query)
        approved = await replenish.approve(session, request_id, centre_id)
    return Response(encode_request(approved), media_type=JSON)


@router.post(f"{REQUESTS}{{demande_id}}/refus", responses={200: json_of(RequestOut), **_REFUSED})
async def post_refusal(
    request_id: RequestId, body: RefusalIn, request: Request, caller: StockKeeper
) -> Response:
    """Refuse a request for which nothing has left; the store itself gives it up so."""
    async with write_session(request) as session:
        await _find(session, request_id, caller)
        refused = await replenish.refuse(session, request_id, body.reason)
    return Response(encode_request(refused), media_type=JSON)


@router.post(
    f"{REQUESTS}{{demande_id}}/preparation", responses={200: json_of(RequestOut), **_REFUSED}
)
async def post_preparation(
    request_id: RequestId, request: Request, caller: StockKeeper
) -> Response:
    """Say that the goods of an approved request wait to leave."""
    async with write_session(request) as session:
        found = await _find(session, request_id, caller)
        if found.centre_id is not None:
            refuse_foreign(caller, found.centre_id)
        prepared = await replenish.prepare(session, request_id)
    return Response(encode_request(prepared), media_type=JSON)


@router.post(
    f"{REQUESTS}{{demande_id}}/expedition", responses={200: json_of(RequestOut), **_REFUSED}
)
async def post_request_shipping(
    request_id: RequestId,
    request: Request,
    caller: StockKeeper,
    keyed: Keyed,
    query: Annotated[SendingQuery, Query()],
) -> Response:
    """Ship an approved request: the goods leave the centre, and are in transit."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        found = await _find(session, request_id, caller)
        centre_id = await _find_centre(session, found, caller, query)
        sent = await replenish.send(session, request_id, centre_id, is_partial=query.is_partial)
        answer = encode_request(sent.request)
        await keyed.record(session, status=200, body=answer)
    note_levels(request, sent.transfer)
    return Response(answer, media_type=JSON)


@router.post(
    f"{REQUESTS}{{demande_id}}/reception", responses={200: json_of(RequestOut), **_REFUSED}
)
async def post_request_reception(
    request_id: RequestId, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Receive all that is in transit for a request.

    `POST /api/stock/transferts/{transfert_id}/reception` receives a part of it, or a difference."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        found = await _find(session, request_id, caller)
        refuse_foreign(caller, found.store_id)
        moved = await replenish.take_in(session, found)
        answer = encode_request(await replenish.find(session, request_id))
        await keyed.record(session, status=200, body=answer)
    note_levels(request, moved.transfer)
    return Response(answer, media_type=JSON)


async def _find(session: AsyncSession, request_id: int, caller: Caller) -> GoodsRequest:
    found = await replenish.find(session, request_id)
    reaches_centre = found.centre_id is not None and caller.reaches(found.centre_id)
    # Another store's request is not even shown to exist.
    if not (caller.reaches(found.store_id) or reaches_centre):
        raise UnknownRequest
    return found


async def _find_centre(
    session: AsyncSession, found: GoodsRequest, caller: Caller, query: CentreQuery
) -> StoreId:
    centre_id = await replenish.find_centre(session, found, query.centre_id)
    # The goods are the centre's: the store that asks does not take them by itself.
    refuse_foreign(caller, centre_id)
    return centre_id
