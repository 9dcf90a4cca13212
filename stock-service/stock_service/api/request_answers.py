"""Answers about requests for goods: English structs whose members have French names."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

import msgspec

from service_kit.telemetry.stages import Stage, stage
from stock_service.api.answers import Instant
from stock_service.api.words import FRENCH, WORD_OF_REQUEST
from stock_service.domain.requests import Request
from stock_service.use_cases.replenish import Sent


class RequestOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A store's request for goods, with the seed's fields first."""

    id: int
    product_id: int
    quantity: int
    store_id: int
    status: str
    centre_id: Annotated[
        int | None, msgspec.Meta(description="Null: several centres could send it")
    ]
    transfer_id: Annotated[
        UUID | None, msgspec.Meta(description="The transfer that carries the goods")
    ]
    sent: Annotated[int, msgspec.Meta(description="Units that have left the centre")]
    reason: Annotated[str | None, msgspec.Meta(description="Why it was refused")]
    created_at: Instant
    created_by: str | None
    changed_at: Instant
    changed_by: str | None

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls(
            id=request.id,
            product_id=request.product_id,
            quantity=request.quantity,
            store_id=request.store_id,
            status=WORD_OF_REQUEST[request.status],
            centre_id=request.centre_id,
            transfer_id=request.transfer_id,
            sent=request.sent,
            reason=request.reason,
            created_at=request.created_at,
            created_by=request.created_by,
            changed_at=request.changed_at,
            changed_by=request.changed_by,
        )


class FulfilledOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The seed's answer to `traiter`, and the request after it."""

    message: str
    request: RequestOut

    @classmethod
    def of(cls, sent: Sent) -> Self:
        request = sent.request
        message = (
            f"Demande {request.id} traitée : {request.sent} unité(s) du centre"
            f" {request.centre_id} au magasin {request.store_id}."
        )
        return cls(message, RequestOut.of(request))


@stage(Stage.SERIALISATION)
def encode_request(request: Request) -> bytes:
    """Return a request as JSON."""
    return msgspec.json.encode(RequestOut.of(request))


@stage(Stage.SERIALISATION)
def encode_requests(page: Sequence[Request]) -> bytes:
    """Return a page of requests as JSON."""
    return msgspec.json.encode([RequestOut.of(request) for request in page])
