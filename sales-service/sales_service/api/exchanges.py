"""`POST /api/ventes/{id}/echanges`: goods of a sale come back, and others are sold for them."""

from fastapi import APIRouter, Request, Response

from sales_service.api.answers import respond
from sales_service.api.exchange_answers import ExchangeAnswer
from sales_service.api.exchange_schemas import ExchangeIn
from sales_service.api.return_problems import key_required
from sales_service.api.roles import Right, Seller, may
from sales_service.api.sales import ReceiptId
from sales_service.api.state import sales_state
from sales_service.api.words import translate
from sales_service.domain.exchanges import Part, PartRefused
from sales_service.use_cases.record_exchange import record_exchange
from service_kit.http.access import refuse_foreign
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.problem_table import problems_of
from service_kit.http.problems import Problem
from service_kit.http.state import api_state
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["retours"], route_class=TimedRoute)

_MEMBER_OF = {Part.RETURN: translate("returned"), Part.SALE: translate("sale")}


@router.post(
    "/api/ventes/{vente_id}/echanges",
    status_code=201,
    responses={
        201: json_of(ExchangeAnswer),
        409: {
            "description": "La vente n'est pas confirmée, ou il reste moins à rendre",
            **PROBLEM,
        },
    },
)
async def post_exchange(
    vente_id: ReceiptId, body: ExchangeIn, request: Request, caller: Seller, keyed: Keyed
) -> Response:
    """Take goods of a sale back and sell others for them, in any store of the key, or do neither.

    The new sale is confirmed at once. The till sends `Idempotency-Key` or chooses `retour_id` and
    `vente_id`. The same request again is answered with the recorded exchange."""
    if keyed.key is None and not body.has_chosen_ids:
        raise key_required()
    if body.store_id is not None:
        refuse_foreign(caller, body.store_id)
    draft = body.to_draft(vente_id, may_override_prices=may(caller, Right.PRICE_OVERRIDE))
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    catalogue = sales_state(request.app).catalogue
    try:
        recorded = await record_exchange(state.engine, catalogue, draft, keyed, caller.reaches)
    except PartRefused as refusal:
        problem = problems_of(request.app).of(refusal.error)
        raise _point_into_part(problem, refusal.part) from refusal
    sale = recorded.exchange.sale
    replayed = REPLAYED if recorded.is_repeated else {}
    headers = {"Location": f"/api/ventes/{sale.id}", **replayed}
    return respond(ExchangeAnswer.to(recorded.exchange), 201, headers)


def _point_into_part(problem: Problem, part: Part) -> Problem:
    """Return the problem that the part alone would have, with pointers into this body."""
    problem.errors = [
        fault | {"pointer": f"/{_MEMBER_OF[part]}{fault['pointer']}"} for fault in problem.errors
    ]
    return problem
