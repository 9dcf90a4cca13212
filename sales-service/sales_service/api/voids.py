"""`DELETE /api/ventes/{id}` and `POST /api/ventes/{id}/annulation`: two ways to void a sale."""

import unicodedata
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel

from sales_service.api.answers import respond
from sales_service.api.return_answers import TakenBackAnswer
from sales_service.api.roles import Seller
from sales_service.api.sale_answers import SaleAnswer, VoidedProblem
from sales_service.api.sale_schemas import DELETED_EXAMPLE_ID, VOIDED_EXAMPLE_ID
from sales_service.api.schemas import FRENCH_ONLY, Text, with_example
from sales_service.api.void_problems import voided_before
from sales_service.domain.errors import AlreadyVoided
from sales_service.use_cases.record_return import RecordedReturn
from sales_service.use_cases.undo_sale import undo_sale
from sales_service.use_cases.void_sale import VoidedSale, void_sale
from service_kit.http.idempotency import REPLAYED, Keyed
from service_kit.http.openapi import json_of, problem_with
from service_kit.http.state import api_state, write_session
from service_kit.telemetry.routing import TimedRoute

router = APIRouter(tags=["ventes"], route_class=TimedRoute)

# The original's clients give no reason.
WITHOUT_REASON = "Sans motif"
REFUSED = {
    "description": (
        "La vente est déjà annulée, sans effet (refusée, délai passé), ou d'une journée close"
    ),
    **problem_with(VoidedProblem),
}


DELETED = json_of(SaleAnswer, TakenBackAnswer, combined="anyOf")


def _one_line(value: str) -> str:
    # A line break would spoil a list of reasons.
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("Un texte d'une ligne est attendu.")
    return value


Reason = Annotated[Text, AfterValidator(_one_line)]
# The demo chain has a sale for each example.
VoidedId = Annotated[UUID, Path(examples=[str(VOIDED_EXAMPLE_ID)], description="`vente_id`")]
DeletedId = Annotated[UUID, Path(examples=[str(DELETED_EXAMPLE_ID)], description="`vente_id`")]


class VoidIn(BaseModel):
    """Why a sale is voided."""

    model_config = with_example({"motif": "Le client a changé d'avis"})

    reason: Reason


class VoidQuery(BaseModel):
    """Why a sale is voided, in the query."""

    model_config = FRENCH_ONLY

    reason: Reason = WITHOUT_REASON


@router.post(
    "/api/ventes/{vente_id}/annulation", responses={200: json_of(SaleAnswer), 409: REFUSED}
)
async def post_void(
    vente_id: VoidedId, body: VoidIn, request: Request, caller: Seller, keyed: Keyed
) -> Response:
    """Void a sale of an open day: its goods go back to the stock, and reports subtract it.

    A business day is open until it is closed, at the latest when the next one ends. A request with
    the same `Idempotency-Key` is answered 200 again."""
    async with write_session(request) as session:
        voided = await void_sale(session, vente_id, body.reason, caller, keyed)
    return _answer(voided)


@router.delete("/api/ventes/{vente_id}", responses={200: DELETED, 409: REFUSED})
async def delete_sale(
    vente_id: DeletedId,
    request: Request,
    caller: Seller,
    keyed: Keyed,
    query: Annotated[VoidQuery, Query()],
) -> Response:
    """Void a sale, as `POST …/annulation` does. When its day is closed, take all of it back today.

    A sale that is voided, or has come back already, gets 404."""
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    try:
        done = await undo_sale(state.engine, vente_id, query.reason, caller, keyed)
    except AlreadyVoided as error:
        raise voided_before(error) from error
    return _answer(done)


def _answer(done: VoidedSale | RecordedReturn) -> Response:
    if isinstance(done, VoidedSale):
        answer: SaleAnswer | TakenBackAnswer = SaleAnswer.to(done.sale)
    else:
        answer = TakenBackAnswer.to(done.returned)
    return respond(answer, headers=REPLAYED if done.is_repeated else {})
