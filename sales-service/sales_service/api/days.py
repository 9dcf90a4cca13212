"""`/api/magasins/{id}/journees`: the days of a store, their closing and their cash."""

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from sales_service.api.answers import JSON, respond
from sales_service.api.day_answers import CashMovementOut, ClosedDayOut, DayOut
from sales_service.api.day_problems import cash_key_required, day_address
from sales_service.api.day_schemas import CashMovementIn, ClosingIn, Day, DaysQuery, MovementsQuery
from sales_service.api.roles import DayCloser, DayReader, Seller
from sales_service.api.schemas import PathId
from sales_service.db.day_closings import DayState, list_closings, list_movements, read_day
from sales_service.db.day_totals import sum_day
from sales_service.db.stores import find_store_ids
from sales_service.domain.day_totals import DayTotals
from sales_service.domain.errors import UnknownStore
from sales_service.use_cases.close_days import close_day
from sales_service.use_cases.move_cash import move_cash
from service_kit.http.access import refuse_foreign
from service_kit.http.idempotency import Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["journees"], route_class=TimedRoute)

_CLOSED = {"description": "La journée est close, n'a pas commencé, ou est trop ancienne", **PROBLEM}
_NOT_CLOSABLE = {
    "description": (
        "La journée est close, n'a pas commencé, est trop ancienne, ou a des ventes en attente"
    ),
    **PROBLEM,
}


@router.get("/api/magasins/{magasin_id}/journees", responses={200: json_of(list[ClosedDayOut])})
async def get_days(
    magasin_id: PathId,
    request: Request,
    session: ReadSession,
    caller: DayReader,
    query: Annotated[DaysQuery, Query()],
) -> Response:
    """Return the days of a store that have a closing, newest first."""
    refuse_foreign(caller, magasin_id)
    if not await find_store_ids(session, [magasin_id]):
        raise UnknownStore
    closings = await list_closings(
        session, magasin_id, query.start, query.last_day, query.limit + 1
    )
    page = closings[: query.limit]
    headers = {}
    if len(closings) > len(page):
        headers = link_next(request, str(page[-1].business_date - timedelta(days=1)))
    return respond([ClosedDayOut.of(closing) for closing in page], headers=headers)


@router.get("/api/magasins/{magasin_id}/journees/{date}", responses={200: json_of(DayOut)})
async def get_day(
    magasin_id: PathId, date: Day, session: ReadSession, caller: DayReader
) -> Response:
    """Return the totals of a day: an X while it is open, afterwards the sealed Z.

    A document that comes after the closing does not change the Z: `ajustements` has it."""
    refuse_foreign(caller, magasin_id)
    state = await read_day(session, magasin_id, date)
    if state is None:
        raise UnknownStore
    totals = state.closing.totals if state.closing else await sum_day(session, magasin_id, date)
    if not state.is_closed:
        return respond(DayOut.open(magasin_id, date, state, totals))
    late = await sum_day(session, magasin_id, date, is_late=True)
    return respond(DayOut.closed(magasin_id, date, state, totals, late))


@router.post(
    "/api/magasins/{magasin_id}/journees/{date}/cloture",
    status_code=201,
    responses={201: json_of(DayOut), 409: _NOT_CLOSABLE},
)
async def post_closing(
    magasin_id: PathId,
    date: Day,
    request: Request,
    caller: DayCloser,
    keyed: Keyed,
    body: ClosingIn | None = None,
) -> Response:
    """Close a day, with the cash that was counted, and the open days before it.

    The day is of the last 7 days. What is sold later belongs to the next day. Days close by
    themselves when the day after them has ended."""
    refuse_foreign(caller, magasin_id)
    count = (body or ClosingIn()).to_count(caller.client_id)
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        closing = await close_day(session, magasin_id, date, count)
        state = DayState(closing.currency, is_closed=True, closing=closing)
        # Nothing can be late of a day that was open until now.
        answer = DayOut.closed(magasin_id, date, state, closing.totals, DayTotals())
        encoded = msgspec.json.encode(answer)
        await keyed.record(session, status=201, body=encoded)
    return Response(encoded, 201, {"Location": day_address(magasin_id, date)}, JSON)


@router.get(
    "/api/magasins/{magasin_id}/journees/{date}/mouvements-caisse",
    responses={200: json_of(list[CashMovementOut])},
)
async def get_cash_movements(
    magasin_id: PathId,
    date: Day,
    request: Request,
    session: ReadSession,
    caller: DayReader,
    query: Annotated[MovementsQuery, Query()],
) -> Response:
    """Return the cash that went into the registers of a day or out of them, and by whom."""
    refuse_foreign(caller, magasin_id)
    if not await find_store_ids(session, [magasin_id]):
        raise UnknownStore
    found = await list_movements(session, magasin_id, date, query.cursor, query.limit + 1)
    page = found[: query.limit]
    headers = link_next(request, str(page[-1].id)) if len(found) > len(page) else {}
    return respond([CashMovementOut.of(movement) for movement in page], headers=headers)


@router.post(
    "/api/magasins/{magasin_id}/journees/{date}/mouvements-caisse",
    status_code=201,
    responses={201: json_of(CashMovementOut), 409: _CLOSED},
)
async def post_cash_movement(
    magasin_id: PathId,
    date: Day,
    body: CashMovementIn,
    request: Request,
    caller: Seller,
    keyed: Keyed,
) -> Response:
    """Record cash that goes into a register or out of it without a sale, on an open day.

    `Idempotency-Key` is required. The day is of the last 7 days. A `sortie` has a `motif`."""
    refuse_foreign(caller, magasin_id)
    if keyed.key is None:
        raise cash_key_required()
    async with write_session(request) as session:
        if former := await keyed.claim(session):
            return former.response()
        movement = await move_cash(session, magasin_id, date, body.to_draft(), caller.client_id)
        encoded = msgspec.json.encode(CashMovementOut.of(movement))
        await keyed.record(session, status=201, body=encoded)
    return Response(encoded, 201, media_type=JSON)
