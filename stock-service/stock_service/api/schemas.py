"""French JSON outside, English objects inside."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
)
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from service_kit.telemetry.stages import Stage, stage
from stock_service.db.levels import StockRow
from stock_service.db.movements import MovementRow
from stock_service.domain.entries import StockEntry, enter_stock
from stock_service.domain.levels import Document, Kind, Movement, ProductId, StoreId

# The kinds of movements in the words of the API.
KINDS = {
    "vente": Kind.SALE,
    "annulation": Kind.CANCELLATION,
    "reception": Kind.RECEPTION,
    "ajustement": Kind.ADJUSTMENT,
}
WORD_OF = {kind: word for word, kind in KINDS.items()}

LARGEST_ID = 2_147_483_647
LARGEST_QUANTITY = 1_000_000
LONGEST_PAGE = 5000

# The seed's clients expect a JSON number. The shortest text of a float gives back up to 15
# digits unchanged; a price has 12.
Price = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


def _one_line(value: str) -> str:
    # PostgreSQL's text has no NUL, and a reason with line breaks is no reason.
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise PydanticCustomError("caractere-interdit", "Un texte d'une ligne est attendu.")
    return value


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_one_line),
]
# PostgreSQL and Python disagree on the years 1 and 9999; no stock moved before this service.
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]


class PageQuery(BaseModel):
    """A page of a list; a misspelt parameter is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(alias="limite", ge=1, le=LONGEST_PAGE)] = 500
    cursor: Annotated[str | None, Field(alias="curseur", max_length=100)] = None


class StockQuery(PageQuery):
    """A page of the levels of all stores."""

    product_id: Annotated[ProductId | None, Field(alias="produit_id", ge=1, le=LARGEST_ID)] = None


class MovementQuery(StockQuery):
    """A page of the ledger."""

    store_id: Annotated[StoreId | None, Field(alias="magasin_id", ge=1, le=LARGEST_ID)] = None


class StockOut(BaseModel):
    """A level, with the seed's fields first."""

    product_id: Annotated[int, Field(serialization_alias="id")]
    name: Annotated[str, Field(serialization_alias="nom")]
    category: Annotated[str, Field(serialization_alias="categorie")]
    on_hand: Annotated[int, Field(serialization_alias="quantite_stock")]
    unit_price: Annotated[Price, Field(serialization_alias="prix")]
    store_id: Annotated[int, Field(serialization_alias="magasin_id")]
    is_negative: Annotated[bool, Field(serialization_alias="negatif")]

    @classmethod
    def of(cls, row: StockRow) -> Self:
        return cls(
            product_id=row.product_id,
            name=row.name,
            category=row.category,
            on_hand=row.on_hand,
            unit_price=row.unit_price,
            store_id=row.store_id,
            is_negative=row.on_hand < 0,
        )


_STOCK = TypeAdapter(list[StockOut])


@stage(Stage.SERIALISATION)
def as_json(rows: Sequence[StockRow]) -> bytes:
    """A page of levels as it is answered."""
    return _STOCK.dump_json([StockOut.of(row) for row in rows], by_alias=True)


class LineIn(BaseModel):
    """A product and what is added (reception) or corrected (adjustment)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    product_id: Annotated[ProductId, Field(alias="produit_id", ge=1, le=LARGEST_ID)]
    quantity: Annotated[int, Field(alias="quantite", ge=-LARGEST_QUANTITY, le=LARGEST_QUANTITY)]


class EntryIn(BaseModel):
    """A reception or an adjustment."""

    model_config = ConfigDict(extra="forbid")

    store_id: Annotated[StoreId, Field(alias="magasin_id", ge=1, le=LARGEST_ID, strict=True)]
    kind: Annotated[Literal["reception", "ajustement"], Field(alias="type")]
    reason: Annotated[Reason | None, Field(alias="motif")] = None
    occurred_at: Annotated[Instant | None, Field(alias="survenu_a")] = None
    lines: Annotated[list[LineIn], Field(alias="lignes", min_length=1, max_length=5000)]

    def to_entry(self) -> StockEntry:
        document = Document(
            document_id=uuid7(),
            kind=KINDS[self.kind],
            occurred_at=self.occurred_at or datetime.now(UTC),
            reason=self.reason,
        )
        lines = ((line.product_id, line.quantity) for line in self.lines)
        return enter_stock(self.store_id, document, lines)


class EntryLineOut(BaseModel):
    """What changed for a product, its lines summed, and its level since then."""

    product_id: Annotated[int, Field(serialization_alias="produit_id")]
    quantity: Annotated[int, Field(serialization_alias="quantite")]
    balance: Annotated[int, Field(serialization_alias="solde")]


class EntryOut(BaseModel):
    """A posted reception or adjustment."""

    document_id: UUID
    store_id: Annotated[int, Field(serialization_alias="magasin_id")]
    kind: Annotated[str, Field(serialization_alias="type")]
    lines: Annotated[list[EntryLineOut], Field(serialization_alias="lignes")]

    @classmethod
    def of(cls, entry: StockEntry, movements: Sequence[Movement]) -> Self:
        return cls(
            document_id=entry.document.document_id,
            store_id=entry.store_id,
            kind=WORD_OF[entry.document.kind],
            lines=[
                EntryLineOut(
                    product_id=each.key.product_id,
                    quantity=each.delta,
                    balance=each.level.on_hand,
                )
                for each in movements
            ],
        )


class MovementOut(BaseModel):
    """One line of the ledger."""

    id: int
    store_id: Annotated[int, Field(serialization_alias="magasin_id")]
    product_id: Annotated[int, Field(serialization_alias="produit_id")]
    delta: int
    balance: Annotated[int, Field(serialization_alias="solde")]
    kind: Annotated[str, Field(serialization_alias="type")]
    reason: Annotated[str | None, Field(serialization_alias="motif")]
    document_id: UUID
    occurred_at: Annotated[datetime, Field(serialization_alias="survenu_a")]
    recorded_at: Annotated[datetime, Field(serialization_alias="enregistre_a")]

    @classmethod
    def of(cls, row: MovementRow) -> Self:
        return cls(
            id=row.id,
            store_id=row.store_id,
            product_id=row.product_id,
            delta=row.delta,
            balance=row.balance_after,
            kind=WORD_OF[Kind(row.kind)],
            reason=row.reason,
            document_id=row.document_id,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
        )
