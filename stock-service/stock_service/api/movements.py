"""Serves `/api/stock/mouvements`: posts receptions and adjustments, lists the ledger."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from service_kit.http.idempotency import Keyed
from service_kit.http.openapi import json_of
from service_kit.http.state import ReadSession, api_state, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.answers import EntryOut, MovementOut, encode_movements
from stock_service.api.catalogue_wait import wait_for_catalogue
from stock_service.api.changes import ANY_LEVEL, level_of
from stock_service.api.pages import LARGEST_POSITION, next_link, read_cursor
from stock_service.api.roles import StockKeeper, StockReader
from stock_service.api.schemas import EntryIn, MovementQuery
from stock_service.db.movements import list_movements
from stock_service.use_cases.post_movements import post_movements

router = APIRouter(tags=["mouvements"], route_class=TimedRoute)


@router.post("/api/stock/mouvements", status_code=201, responses={201: json_of(EntryOut)})
async def post_stock_movements(
    body: EntryIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    entry = body.to_entry()
    async with read_session(request) as session:
        store = await wait_for_catalogue(session, entry)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        movements = await post_movements(session, entry, is_strict=store.is_strict)
        answer = msgspec.json.encode(EntryOut.of(entry, movements))
        await keyed.record(session, status=201, body=answer)
    # Do not wait for the notification: the client must read its own write from this process.
    changes = api_state(request.app).changes
    for name in (level_of(entry.store_id), ANY_LEVEL):
        changes.note(name)
    return Response(answer, 201, media_type="application/json")


@router.get("/api/stock/mouvements", responses={200: json_of(list[MovementOut])})
async def get_stock_movements(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[MovementQuery, Query()],
) -> Response:
    (before,) = read_cursor(query.cursor, first=(LARGEST_POSITION,))
    rows = await list_movements(
        session,
        store_id=query.store_id,
        product_id=query.product_id,
        before=before,
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    headers = next_link(request, page[-1].id) if len(rows) > len(page) else {}
    return Response(encode_movements(page), headers=headers, media_type="application/json")
