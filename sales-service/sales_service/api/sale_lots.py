"""`POST /api/ventes/lots`: what a till sold while it was offline."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import UNSET, UnsetType

from sales_service.api.answers import respond
from sales_service.api.lot_schemas import LotIn, id_in, read_sale
from sales_service.api.roles import Right, Seller, may
from sales_service.api.sale_answers import SaleAnswer
from sales_service.api.sales import refuse_without_effect
from sales_service.api.state import sales_state
from sales_service.api.words import FRENCH
from sales_service.domain.sale import SaleStatus
from sales_service.use_cases.record_sale import RecordedSale, record_sale
from service_kit.http.access import refuse_foreign
from service_kit.http.callers import Caller
from service_kit.http.idempotency import KeyedRequest
from service_kit.http.openapi import json_of
from service_kit.http.problem_table import problems_of
from service_kit.http.problems import FURTHER_ROWS, Problem
from service_kit.http.state import api_state
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["ventes"], route_class=TimedRoute)

# Of each sale. A lot with a fault in each line would be answered with megabytes.
MOST_FAULTS = 10
_PROBLEM = {
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}, "maxItems": MOST_FAULTS},
    },
    "required": ["code", "detail"],
}


class LotResult(msgspec.Struct, frozen=True, rename=FRENCH):
    """What became of a sale: `vente`, or `probleme`."""

    status: Annotated[
        int,
        msgspec.Meta(
            description="201: recorded. 200: an earlier request recorded it. 202: it did, and the"
            " stock has not decided. 409 `ressource-occupee`, 5xx: repeat it. Other 4xx: refused"
        ),
    ]
    sale_id: Annotated[UUID | None, msgspec.Meta(description="Null: the request has no such id")]
    sale: SaleAnswer | UnsetType = UNSET
    problem: Annotated[
        dict[str, Any] | UnsetType,
        msgspec.Meta(
            description="As `POST /api/ventes/` answers it; pointers are into the sale",
            extra_json_schema=_PROBLEM,
        ),
    ] = UNSET

    @classmethod
    def of(cls, given: Any, outcome: RecordedSale | Problem) -> Self:
        if isinstance(outcome, Problem):
            return cls(outcome.status, id_in(given), problem=_describe(outcome))
        sale = outcome.sale
        status = HTTPStatus.CREATED
        if sale.status is SaleStatus.PENDING:
            status = HTTPStatus.ACCEPTED
        elif outcome.is_repeated:
            status = HTTPStatus.OK
        return cls(status, sale.id, SaleAnswer.to(sale))


def _describe(problem: Problem) -> dict[str, Any]:
    content = problem.content()
    content.pop(FURTHER_ROWS, None)
    return content | {"errors": problem.errors[:MOST_FAULTS]} if problem.errors else content


class LotAnswer(msgspec.Struct, frozen=True, rename=FRENCH):
    """A result for each sale, in the order of the request."""

    results: list[LotResult]


@router.post("/api/ventes/lots", responses={200: json_of(LotAnswer)})
async def post_lot(body: LotIn, request: Request, caller: Seller) -> Response:
    """Record sales that have happened, each by itself: confirmed at once, whatever the stock has.

    What the key has no right to is recorded and marked. All of it, or any part, may be repeated.
    """
    outcomes = await _record_each(request, caller, body.sales)
    last = outcomes[-1]
    if _is_away(last) and not any(isinstance(each, RecordedSale) for each in outcomes):
        assert isinstance(last, Problem)
        raise last
    pairs = zip(body.sales, outcomes, strict=True)
    return respond(LotAnswer([LotResult.of(given, outcome) for given, outcome in pairs]))


async def _record_each(
    request: Request, caller: Caller, lot: Sequence[Any]
) -> list[RecordedSale | Problem]:
    """Record one sale after the other: a lot never needs a second connection."""
    problems = problems_of(request.app)
    outcomes: list[RecordedSale | Problem] = []
    for given in lot:
        if outcomes and _is_away(outcomes[-1]):
            # Each further sale would wait for its own timeout.
            outcomes.append(outcomes[-1])
            continue
        # Malformed sales wait for nothing: without this the loop would be blocked by a lot of them.
        await asyncio.sleep(0)
        try:
            outcomes.append(await _record(request, caller, given))
        except problems.kinds as error:
            outcomes.append(problems.of_part(error))
    return outcomes


def _is_away(outcome: RecordedSale | Problem) -> bool:
    return isinstance(outcome, Problem) and outcome.status == HTTPStatus.SERVICE_UNAVAILABLE


async def _record(request: Request, caller: Caller, given: Any) -> RecordedSale:
    body = read_sale(given)
    refuse_foreign(caller, body.store_id)
    draft = body.to_draft(
        may_override_prices=may(caller, Right.PRICE_OVERRIDE),
        may_backdate=may(caller, Right.BACKDATE),
    )
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    recorded = await record_sale(
        state.engine,
        sales_state(request.app).catalogue,
        replace(draft, has_happened=True),
        KeyedRequest(caller.client_id, None, b""),
    )
    refuse_without_effect(recorded.sale, {})
    return recorded
