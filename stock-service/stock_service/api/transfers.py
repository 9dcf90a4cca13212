"""Serves `/api/stock/transferts`: goods on their way from one store to another."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from service_kit.http.access import refuse_foreign
from service_kit.http.callers import Caller
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.problems import json_pointer
from service_kit.http.state import ReadSession, api_state, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.changes import ANY_LEVEL, level_of
from stock_service.api.pages import LARGEST_POSITION, next_link, read_cursor
from stock_service.api.place_wait import wait_for_places
from stock_service.api.roles import StockKeeper, StockReader
from stock_service.api.transfer_answers import TransferOut, encode_transfer, encode_transfers
from stock_service.api.transfer_problems import key_required
from stock_service.api.transfer_schemas import (
    EXAMPLE_ID,
    ReceptionIn,
    TransferIn,
    TransfersQuery,
)
from stock_service.db.transfers import list_transfers
from stock_service.domain.levels import StoreId
from stock_service.domain.transfer_errors import UnknownTransfer
from stock_service.domain.transfers import Transfer
from stock_service.use_cases import move_goods

router = APIRouter(tags=["transferts"], route_class=TimedRoute)

TRANSFERS = "/api/stock/transferts"
TransferId = Annotated[
    UUID,
    Path(
        alias="transfert_id",
        examples=[str(EXAMPLE_ID)],
        description="`transfert_id` of a transfer; the example is that of `POST`",
    ),
]
_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "L'état du transfert ou le stock ne le permet pas", **PROBLEM}
}


@router.post(TRANSFERS, status_code=201, responses={201: json_of(TransferOut), **_REFUSED})
async def post_transfer(
    body: TransferIn, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Draft a transfer; it moves nothing before it is shipped.

    The client sends `Idempotency-Key` or chooses `transfert_id`. The same request again is answered
    with the transfer that is there."""
    if keyed.key is None and body.transfer_id is None:
        raise key_required()
    refuse_foreign(caller, body.from_store_id)
    draft = body.to_draft()
    lines = {
        json_pointer("lignes", place, "produit_id"): line.product_id
        for place, line in enumerate(body.lines)
    }
    stores = {"/de": draft.from_store_id, "/vers": draft.to_store_id}
    async with read_session(request) as session:
        await wait_for_places(session, stores, lines)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            # The identifier may have been made by the first request.
            return _made(former.answer, str(former.resource_id), is_repeated=True)
        made = await move_goods.draft(session, draft)
        answer = encode_transfer(made.transfer)
        await keyed.record(session, resource_id=str(draft.id), status=201, body=answer)
    return _made(answer, str(draft.id), is_repeated=made.is_repeated)


def _made(answer: bytes, transfer_id: str, *, is_repeated: bool) -> Response:
    headers = {"Location": f"{TRANSFERS}/{transfer_id}", **(REPLAYED if is_repeated else {})}
    return Response(answer, 201, headers, media_type="application/json")


@router.get(TRANSFERS, responses={200: json_of(list[TransferOut])})
async def get_transfers(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[TransfersQuery, Query()],
) -> Response:
    """Return the transfers from and to the key's stores, newest first."""
    (before,) = read_cursor(query.cursor, first=(LARGEST_POSITION,))
    found = await list_transfers(
        session,
        store_ids=caller.narrow(query.store_id),
        status=query.wanted_status(),
        before=before,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    headers = next_link(request, page[-1].number) if len(found) > len(page) else {}
    return Response(encode_transfers(page), headers=headers, media_type="application/json")


@router.get(f"{TRANSFERS}/{{transfert_id}}", responses={200: json_of(TransferOut)})
async def get_transfer(
    transfer_id: TransferId, session: ReadSession, caller: StockReader
) -> Response:
    """Return a transfer from or to a store of the key."""
    transfer = await _find(session, transfer_id, caller)
    return Response(encode_transfer(transfer), media_type="application/json")


@router.post(
    f"{TRANSFERS}/{{transfert_id}}/expedition",
    responses={200: json_of(TransferOut), **_REFUSED},
)
async def post_shipping(
    transfer_id: TransferId, request: Request, caller: StockKeeper, keyed: Keyed
) -> Response:
    """Ship a draft whole: the units leave the sender's levels and are in transit.

    A strict sender must have them all; a permissive one may go below zero."""
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        transfer = await _find(session, transfer_id, caller)
        refuse_foreign(caller, transfer.from_store_id)
        shipped = await move_goods.ship_draft(session, transfer_id)
        answer = encode_transfer(shipped)
        await keyed.record(session, status=200, body=answer)
    note_levels(request, shipped)
    return Response(answer, media_type="application/json")


@router.post(
    f"{TRANSFERS}/{{transfert_id}}/reception",
    responses={200: json_of(TransferOut), **_REFUSED},
)
async def post_reception(
    transfer_id: TransferId,
    request: Request,
    caller: StockKeeper,
    keyed: Keyed,
    body: ReceptionIn | None = None,
) -> Response:
    """Receive goods of a transfer: all, some of them, or with a difference that closes it.

    For some of them the client sends `Idempotency-Key` or chooses `reception_id`, because it may
    receive the same number again."""
    body = body or ReceptionIn()
    if body.can_repeat and keyed.key is None and body.reception_id is None:
        raise key_required()
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        transfer = await _find(session, transfer_id, caller)
        refuse_foreign(caller, transfer.to_store_id)
        reception_id = body.reception_id or uuid7()
        moved = await move_goods.receive_goods(session, transfer_id, body.counted(), reception_id)
        answer = encode_transfer(moved.transfer)
        await keyed.record(session, status=200, body=answer)
    note_levels(request, moved.transfer)
    headers = REPLAYED if moved.is_repeated else {}
    return Response(answer, headers=headers, media_type="application/json")


@router.post(
    f"{TRANSFERS}/{{transfert_id}}/annulation",
    responses={200: json_of(TransferOut), **_REFUSED},
)
async def post_transfer_end(
    transfer_id: TransferId, request: Request, caller: StockKeeper
) -> Response:
    """Cancel a draft. What has been shipped is received, with a difference if it is lost."""
    async with write_session(request) as session:
        transfer = await _find(session, transfer_id, caller)
        refuse_foreign(caller, transfer.from_store_id)
        cancelled = await move_goods.cancel_draft(session, transfer_id)
    return Response(encode_transfer(cancelled), media_type="application/json")


async def _find(session: AsyncSession, transfer_id: UUID, caller: Caller) -> Transfer:
    transfer = await move_goods.find(session, transfer_id)
    # Another store's transfer is not even shown to exist.
    if not (caller.reaches(transfer.from_store_id) or caller.reaches(transfer.to_store_id)):
        raise UnknownTransfer
    return transfer


def note_levels(request: Request, transfer: Transfer) -> None:
    """Make the levels of both stores stale in this process.

    Do not wait for the notification: the client must read its own write from this process.
    """
    changes = api_state(request.app).changes
    for store_id in (transfer.from_store_id, transfer.to_store_id):
        changes.note(level_of(StoreId(store_id)))
    changes.note(ANY_LEVEL)
