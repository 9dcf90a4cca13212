"""`/api/retours`, and what comes back of a sale."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from sales_service.api.answers import respond
from sales_service.api.goods_return_schemas import GoodsReturnIn
from sales_service.api.return_answers import ReturnAnswer, ReturnOut
from sales_service.api.return_problems import key_required
from sales_service.api.return_schemas import EXAMPLE_RETURN_ID, ReturnIn, ReturnsQuery, SaleReturnIn
from sales_service.api.roles import ReceiptReader, Right, Seller, may
from sales_service.api.sale_schemas import store_of
from sales_service.api.sales import ReceiptId
from sales_service.api.state import sales_state
from sales_service.db.return_lists import list_returns
from sales_service.db.returns import find_return
from sales_service.domain.return_errors import UnknownReturn
from sales_service.use_cases.record_goods_return import record_goods_return
from sales_service.use_cases.record_return import RecordedReturn, record_return
from service_kit.http.access import refuse_foreign
from service_kit.http.idempotency import REPLAYED, Keyed, KeyedRequest
from service_kit.http.openapi import PROBLEM, json_of
from service_kit.http.pages import link_next
from service_kit.http.state import ReadSession, api_state
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["retours"], route_class=TimedRoute)

RETURNS = "/api/retours/"
ReturnPathId = Annotated[
    UUID,
    Path(
        examples=[str(EXAMPLE_RETURN_ID)],
        description="`retour_id` of a return; the example is the return of the demo chain",
    ),
]


@router.post(
    "/api/ventes/{vente_id}/retours",
    status_code=201,
    responses={
        201: json_of(ReturnAnswer),
        409: {
            "description": "La vente n'est pas confirmée, ou il reste moins à rendre",
            **PROBLEM,
        },
    },
)
async def post_sale_return(
    vente_id: ReceiptId, body: SaleReturnIn, request: Request, caller: Seller, keyed: Keyed
) -> Response:
    """Take goods of a sale back, in any store of the key, and say what is refunded.

    The till sends `Idempotency-Key` or chooses `retour_id`. The same request again is answered with
    the recorded return."""
    _require_key(body, keyed)
    if body.store_id is not None:
        refuse_foreign(caller, body.store_id)
    draft = body.to_draft(vente_id, may_backdate=may(caller, Right.BACKDATE))
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    return _answer(await record_return(state.engine, draft, keyed, caller.reaches))


@router.post(RETURNS, status_code=201, responses={201: json_of(ReturnAnswer)})
async def post_return(
    body: GoodsReturnIn, request: Request, caller: Seller, keyed: Keyed
) -> Response:
    """Take goods back without receipt; it needs the right `return-without-receipt`.

    The till sends `Idempotency-Key` or chooses `retour_id`. The same request again is answered with
    the recorded return."""
    _require_key(body, keyed)
    refuse_foreign(caller, body.store_id)
    draft = body.to_draft(
        may_return=may(caller, Right.RETURN_WITHOUT_RECEIPT),
        may_override_prices=may(caller, Right.PRICE_OVERRIDE),
        may_backdate=may(caller, Right.BACKDATE),
    )
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    catalogue = sales_state(request.app).catalogue
    return _answer(await record_goods_return(state.engine, catalogue, draft, keyed))


@router.get(RETURNS, responses={200: json_of(list[ReturnOut])})
async def get_returns(
    request: Request,
    session: ReadSession,
    caller: ReceiptReader,
    query: Annotated[ReturnsQuery, Query()],
) -> Response:
    store_ids = caller.narrow(query.store_id)
    if query.number is not None:
        of_number = frozenset({store_of(query.number)})
        store_ids = of_number if store_ids is None else store_ids & of_number
    page = await list_returns(session, store_ids, query.cursor, query.limit, query.wanted())
    headers = link_next(request, str(page.returns[-1].id)) if page.has_more else {}
    return respond([ReturnOut.of(returned) for returned in page.returns], headers=headers)


@router.get("/api/retours/{retour_id}", responses={200: json_of(ReturnOut)})
async def get_return(
    retour_id: ReturnPathId, session: ReadSession, caller: ReceiptReader
) -> Response:
    returned = await find_return(session, retour_id)
    if returned is None or not caller.reaches(returned.store_id):
        raise UnknownReturn
    return respond(ReturnOut.of(returned))


def _require_key(body: ReturnIn, keyed: KeyedRequest) -> None:
    if keyed.key is None and body.return_id is None:
        raise key_required()


def _answer(recorded: RecordedReturn) -> Response:
    returned = recorded.returned
    replayed = REPLAYED if recorded.is_repeated else {}
    headers = {"Location": f"{RETURNS}{returned.id}", **replayed}
    return respond(ReturnAnswer.to(returned), 201, headers)
