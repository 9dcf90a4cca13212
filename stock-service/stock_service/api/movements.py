"""Serves `/api/stock/mouvements`: posts receptions and adjustments, lists the ledger."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from service_kit.http.access import refuse_foreign
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import json_of
from service_kit.http.state import ReadSession, api_state, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.answers import EntryOut, MovementOut, encode_movements
from stock_service.api.catalogue_wait import wait_for_catalogue
from stock_service.api.changes import ANY_LEVEL, level_of
from stock_service.api.pages import LARGEST_POSITION, next_link, read_cursor
from stock_service.api.problems import backdated
from stock_service.api.roles import BACKDATE, StockKeeper, StockReader, may, sees_costs
from stock_service.api.schemas import EntryIn, MovementQuery, is_late
from stock_service.db.movements import find_document, list_movements
from stock_service.domain.errors import UnknownDocument
from stock_service.use_cases.post_movements import post_movements

router = APIRouter(tags=["mouvements"], route_class=TimedRoute)


@router.post("/api/stock/mouvements", status_code=201, responses={201: json_of(EntryOut)})
async def post_stock_movements(
    body: EntryIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    refuse_foreign(caller, body.store_id)
    entry = body.to_entry()
    async with read_session(request) as session:
        store = await wait_for_catalogue(session, entry.store_id, entry.entries)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return _made(former.answer, REPLAYED)
        if is_late(entry.document) and not may(caller, BACKDATE):
            raise backdated()
        movements = await post_movements(session, entry, is_strict=store.is_strict)
        answer = msgspec.json.encode(EntryOut.of(entry, movements))
        await keyed.record(session, status=201, body=answer)
    # Do not wait for the notification: the client must read its own write from this process.
    changes = api_state(request.app).changes
    for name in (level_of(entry.store_id), ANY_LEVEL):
        changes.note(name)
    return _made(answer)


def _made(answer: bytes, headers: Mapping[str, str] | None = None) -> Response:
    document_id = msgspec.json.decode(answer, type=EntryOut).document_id
    location = {"Location": f"/api/stock/mouvements/{document_id}"}
    return Response(answer, 201, {**location, **(headers or {})}, media_type="application/json")


DocumentId = Annotated[
    UUID,
    Path(
        examples=["0193a5d0-2c00-7000-8000-000000000002"],
        description="`document_id` of a posted document, which its `Location` names",
    ),
]


@router.get("/api/stock/mouvements/{document_id}", responses={200: json_of(EntryOut)})
async def get_stock_document(
    document_id: DocumentId, session: ReadSession, caller: StockReader
) -> Response:
    """Return a reception, an adjustment, an opening stock or a count as it was posted."""
    rows = await find_document(session, document_id)
    # All movements of a document are of one store.
    if not rows or not caller.reaches(rows[0].store_id):
        raise UnknownDocument
    answer = msgspec.json.encode(EntryOut.of_rows(rows))
    return Response(answer, media_type="application/json")


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
        store_ids=caller.narrow(query.store_id),
        product_id=query.product_id,
        before=before,
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    headers = next_link(request, page[-1].id) if len(rows) > len(page) else {}
    return Response(
        encode_movements(page, with_costs=sees_costs(caller)),
        headers=headers,
        media_type="application/json",
    )
