"""Requests and answers about the movements of many stores at once."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field, SkipValidation, TypeAdapter, ValidationError
from uuid_utils.compat import uuid7

from service_kit.events.causes import current_actor
from stock_service.api.schemas import FRENCH, LARGEST_ID, Instant, LineIn, Reason
from stock_service.api.words import FRENCH as FRENCH_NAMES
from stock_service.api.words import KINDS, WORD_OF
from stock_service.domain.levels import Document, StoreId
from stock_service.domain.lots import Lot, LotLine

MOST_LINES = 10_000

# As it stands in `/docs`; it works on the demo stores.
_LOT: dict[str, Any] = {
    "type": "reception",
    "lignes": [
        {"magasin_id": 1, "produit_id": 1, "quantite": 10, "cout_unitaire": 2.75},
        {"magasin_id": 2, "produit_id": 1, "quantite": 5},
    ],
}


class LotLineIn(LineIn):
    """A store, a product and the quantity that is added (reception) or corrected (adjustment)."""

    store_id: Annotated[StoreId, Field(ge=1, le=LARGEST_ID)]


class LotIn(BaseModel):
    """Receptions or adjustments of many stores, which are posted together or not at all.

    With a `survenu_a` of more than a day ago it needs the right `backdate`.
    """

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_LOT]}}

    kind: Literal["reception", "ajustement"]
    reason: Reason | None = None
    occurred_at: Instant | None = None
    # Skipped: `read_lines` validates them, and so tells what else is wrong with the good ones.
    lines: Annotated[list[SkipValidation[LotLineIn]], Field(min_length=1, max_length=MOST_LINES)]

    def make_document(self) -> Document:
        """Return a new document: each store of the lot gets one."""
        return Document(
            document_id=uuid7(),
            kind=KINDS[self.kind],
            occurred_at=self.occurred_at or datetime.now(UTC),
            reason=self.reason,
            actor=current_actor(),
        )


_LINES = TypeAdapter(list[LotLineIn])


def read_lines(given: Sequence[Any]) -> tuple[list[LotLine], list[Any]]:
    """Return the well-formed lines of a body with their rows, and pydantic's errors of the others.

    Their places begin with the row.
    """
    try:
        return list(_number(enumerate(_LINES.validate_python(given)))), []
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    bad = {fault["loc"][0] for fault in faults}
    rows = [row for row in range(len(given)) if row not in bad]
    good = _LINES.validate_python([given[row] for row in rows])
    return list(_number(zip(rows, good, strict=True))), faults


def _number(lines: Any) -> Iterator[LotLine]:
    for row, line in lines:
        yield LotLine(row, line.store_id, line.product_id, line.quantity, line.unit_cost)


class LotDocumentOut(msgspec.Struct, frozen=True, rename=FRENCH_NAMES):
    """The document of one store, which `/api/stock/mouvements/{document_id}` shows whole."""

    document_id: UUID
    store_id: int
    kind: str
    movement_count: int


class LotOut(msgspec.Struct, frozen=True, rename=FRENCH_NAMES):
    """The documents of a lot, by store, and how many levels they moved."""

    documents: list[LotDocumentOut]
    movement_count: int


def answer_lot(lot: Lot) -> LotOut:
    """Return the answer to a lot. It tells no levels: it is known before they are locked."""
    counts = dict.fromkeys(lot.documents, 0)
    for key in lot.entries:
        counts[key.store_id] += 1
    documents = [
        LotDocumentOut(document.document_id, store_id, WORD_OF[document.kind], counts[store_id])
        for store_id, document in lot.documents.items()
    ]
    return LotOut(documents, len(lot.entries))
