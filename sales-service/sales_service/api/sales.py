"""`/api/ventes`."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.api.answers import respond
from sales_service.api.roles import (
    ReceiptReader,
    Right,
    Seller,
    finds_foreign_receipts,
    may,
)
from sales_service.api.sale_answers import SaleAnswer, SaleOut, VoidedProblem
from sales_service.api.sale_schemas import EXAMPLE_ID, SaleIn, SalesQuery, store_of
from sales_service.api.state import sales_state
from sales_service.api.stock_problems import stock_refused
from sales_service.api.void_problems import voided_sale
from sales_service.db.return_lists import count_returned_units
from sales_service.db.sale_lists import list_sales
from sales_service.db.sales import find_sale
from sales_service.domain.errors import UnknownSale
from sales_service.domain.sale import Sale, SaleStatus
from sales_service.use_cases.record_sale import record_sale
from service_kit.http.access import refuse_foreign
from service_kit.http.callers import Caller
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import json_of, problem_with
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession, api_state
from service_kit.telemetry.routing import TimedRoute
from service_kit.telemetry.tracing import Keep, keep_trace

router = APIRouter(tags=["ventes"], route_class=TimedRoute)

DEFAULT_WAIT_SECONDS = 2
LONGEST_WAIT_SECONDS = 30  # by then the worker cancels a pending sale


ReceiptId = Annotated[
    UUID,
    Path(
        examples=[str(EXAMPLE_ID)],
        description="`vente_id` of a receipt; the example is the sale of the demo chain",
    ),
]
Prefer = Annotated[
    str,
    Header(
        description=(
            f"`wait=5`: how many seconds to wait for the stock ({DEFAULT_WAIT_SECONDS} by default,"
            f" {LONGEST_WAIT_SECONDS} at most); `respond-async`: do not wait"
        )
    ),
]


@router.get("/api/ventes/", responses={200: json_of(list[SaleOut])})
async def get_sales(
    request: Request,
    session: ReadSession,
    caller: ReceiptReader,
    query: Annotated[SalesQuery, Query()],
) -> Response:
    page = await list_sales(
        session, _stores_of(query, caller), query.cursor, query.limit, query.wanted()
    )
    headers = link_next(request, str(page.sales[-1].id)) if page.has_more else {}
    if query.number is not None:
        return respond([await _with_returns(session, sale) for sale in page.sales])
    return respond([SaleOut.of(sale) for sale in page.sales], headers=headers)


def _stores_of(query: SalesQuery, caller: Caller) -> frozenset[int] | None:
    """Return the stores whose sales the list may have; None: all."""
    if query.number is None:
        return caller.narrow(query.store_id)
    of_number = frozenset({store_of(query.number)})
    if finds_foreign_receipts(caller):
        return of_number if query.store_id is None else of_number & {query.store_id}
    store_ids = caller.narrow(query.store_id)
    return of_number if store_ids is None else store_ids & of_number


@router.get("/api/ventes/{vente_id}", responses={200: json_of(SaleOut)})
async def get_sale(vente_id: ReceiptId, session: ReadSession, caller: ReceiptReader) -> Response:
    sale = await find_sale(session, vente_id)
    if sale is None or not caller.reaches(sale.store_id):
        raise UnknownSale
    return respond(await _with_returns(session, sale))


async def _with_returns(session: AsyncSession, sale: Sale) -> SaleOut:
    """Return the receipt, with how much of each line has come back."""
    return SaleOut.of(sale, returned=await count_returned_units(session, sale.id))


@router.post(
    "/api/ventes/",
    status_code=201,
    responses={
        201: json_of(SaleAnswer),
        202: {
            "description": "Le stock n'a pas encore décidé ; voir Location",
            **json_of(SaleAnswer),
        },
        409: {
            "description": "Stock insuffisant : chaque ligne qui manque ; ou réservation"
            " inutilisable ; ou vente déjà annulée",
            **problem_with(VoidedProblem),
        },
    },
)
async def post_sale(
    body: SaleIn, request: Request, caller: Seller, keyed: Keyed, prefer: Prefer = ""
) -> Response:
    """Record a sale. The route is idempotent: a request with the same `Idempotency-Key`, or with
    the same `vente_id` and content, is answered with the recorded sale in its present state."""
    refuse_foreign(caller, body.store_id)
    draft = body.to_draft(
        may_override_prices=may(caller, Right.PRICE_OVERRIDE),
        may_backdate=may(caller, Right.BACKDATE),
    )
    state = api_state(request.app)
    sales = sales_state(request.app)
    state.outbox_watch.refuse_when_full()
    recorded = await record_sale(state.engine, sales.catalogue, draft, keyed)
    sale = recorded.sale
    if sale.status is SaleStatus.PENDING:
        keep_trace(Keep.SAGA)
    # From here on the sale is committed, whatever else fails.
    if sale.status is SaleStatus.PENDING and (seconds := wait_seconds(prefer)) > 0:
        with state.waiters.place() as may_wait:
            outcome = await sales.outcomes.wait(sale.id, seconds) if may_wait else None
        if outcome is not None:
            sale = replace(
                sale,
                status=outcome.status,
                missing=outcome.missing,
                void=outcome.void,
                reservation_fault=outcome.reservation_fault,
            )
    return _answer(sale, REPLAYED if recorded.is_repeated else {})


def wait_seconds(prefer: str) -> int:
    """Return how long the client wants to wait for the outcome.

    RFC 7240 has `wait=N` and `respond-async` for it.
    """
    wait = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})", prefer)
    if wait:
        return min(int(wait[1]), LONGEST_WAIT_SECONDS)
    return 0 if "respond-async" in prefer.lower() else DEFAULT_WAIT_SECONDS


def refuse_without_effect(sale: Sale, headers: Mapping[str, str]) -> None:
    """Raise `Problem` 409 for a sale that the stock refused, or that was voided or cancelled."""
    if sale.status is SaleStatus.REJECTED:
        raise stock_refused(sale, headers)
    if sale.void is not None:
        raise voided_sale(sale.void, headers)


def _answer(sale: Sale, replayed: Mapping[str, str]) -> Response:
    headers = {"Location": f"/api/ventes/{sale.id}", **replayed}
    refuse_without_effect(sale, headers)
    status = 201
    if sale.status is SaleStatus.PENDING:
        status = 202
        headers["Retry-After"] = "1"
    return respond(SaleAnswer.to(sale), status, headers)
