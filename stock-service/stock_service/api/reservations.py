"""Serves `/api/stock/reservations`: makes, lists and releases reservations."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from service_kit.http.access import refuse_foreign
from service_kit.http.callers import Caller
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession, api_state, read_session, write_session
from service_kit.telemetry.routing import TimedRoute
from stock_service.api.catalogue_wait import wait_for_catalogue
from stock_service.api.changes import ANY_LEVEL, level_of
from stock_service.api.problems import reservation_key_required
from stock_service.api.reservation_answers import (
    ReservationOut,
    encode_reservation,
    encode_reservations,
)
from stock_service.api.reservation_schemas import (
    EXAMPLE_RESERVATION_ID,
    ReservationIn,
    ReservationQuery,
)
from stock_service.api.roles import Reserver, StockReader
from stock_service.db.reservations import find_reservations, list_reservations
from stock_service.domain.errors import UnknownReservation
from stock_service.domain.levels import StoreId
from stock_service.use_cases.end_reservations import release_reservation
from stock_service.use_cases.reserve_goods import reserve_goods

router = APIRouter(tags=["réservations"], route_class=TimedRoute)

RESERVATIONS = "/api/stock/reservations"
ReservationPathId = Annotated[
    UUID,
    Path(
        examples=[str(EXAMPLE_RESERVATION_ID)],
        description="`reservation_id`; the example is that of the reservation above",
    ),
]
_SHORT = {"description": "Il reste moins que ce qui est demandé ; rien n'est réservé", **PROBLEM}
_CLOSED = {"description": "La réservation est consommée ou expirée", **PROBLEM}


@router.post(RESERVATIONS, status_code=201, responses={201: json_of(ReservationOut), 409: _SHORT})
async def post_reservation(
    body: ReservationIn, request: Request, caller: Reserver, keyed: Keyed
) -> Response:
    """Reserve all lines or none, of what is on hand and not reserved.

    The client sends `Idempotency-Key` or chooses `reservation_id`. The same request again is
    answered with the reservation that is there."""
    if keyed.key is None and body.reservation_id is None:
        raise reservation_key_required()
    refuse_foreign(caller, body.store_id)
    draft = body.to_draft()
    async with read_session(request) as session:
        await wait_for_catalogue(session, draft.store_id, draft.entries)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return _made(former.answer, REPLAYED)
        reservation, is_repeated = await reserve_goods(session, draft)
        answer = encode_reservation(reservation)
        await keyed.record(session, status=201, body=answer)
    _note(request, draft.store_id)
    return _made(answer, REPLAYED if is_repeated else {})


@router.get(RESERVATIONS, responses={200: json_of(list[ReservationOut])})
async def get_reservations(
    request: Request,
    session: ReadSession,
    caller: StockReader,
    query: Annotated[ReservationQuery, Query()],
) -> Response:
    rows = await list_reservations(
        session,
        store_ids=caller.narrow(query.store_id),
        status=query.wanted_status(),
        product_id=query.product_id,
        before=query.cursor,
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    has_more = len(rows) > len(page)
    headers = link_next(request, str(page[-1].reservation_id)) if has_more else {}
    return Response(encode_reservations(page), headers=headers, media_type="application/json")


@router.get(f"{RESERVATIONS}/{{reservation_id}}", responses={200: json_of(ReservationOut)})
async def get_reservation(
    reservation_id: ReservationPathId, session: ReadSession, caller: StockReader
) -> Response:
    found = (await find_reservations(session, [reservation_id])).get(reservation_id)
    if found is None or not caller.reaches(found.store_id):
        raise UnknownReservation
    return Response(encode_reservation(found), media_type="application/json")


@router.delete(
    f"{RESERVATIONS}/{{reservation_id}}",
    responses={200: json_of(ReservationOut), 409: _CLOSED},
)
async def delete_reservation(
    reservation_id: ReservationPathId, request: Request, caller: Reserver
) -> Response:
    """Release a reservation, as `POST …/liberation` does; it stays readable."""
    return await _release(reservation_id, request, caller)


@router.post(
    f"{RESERVATIONS}/{{reservation_id}}/liberation",
    responses={200: json_of(ReservationOut), 409: _CLOSED},
)
async def release_goods(
    reservation_id: ReservationPathId, request: Request, caller: Reserver
) -> Response:
    """Release a reservation; a released one stays as it is, so that a client may ask again."""
    return await _release(reservation_id, request, caller)


async def _release(reservation_id: UUID, request: Request, caller: Caller) -> Response:
    async with write_session(request) as session:
        released = await release_reservation(session, reservation_id, caller.reaches)
    _note(request, released.store_id)
    return Response(encode_reservation(released), media_type="application/json")


def _note(request: Request, store_id: StoreId) -> None:
    # Do not wait for the notification: the client must read its own write from this process.
    changes = api_state(request.app).changes
    for name in (level_of(store_id), ANY_LEVEL):
        changes.note(name)


def _made(answer: bytes, headers: Mapping[str, str]) -> Response:
    reservation_id = msgspec.json.decode(answer, type=ReservationOut).reservation_id
    location = {"Location": f"{RESERVATIONS}/{reservation_id}"}
    return Response(answer, 201, {**location, **headers}, media_type="application/json")
