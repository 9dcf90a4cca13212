"""Answers: English structs whose members have French names, encoded as they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from sqlalchemy import Row

from service_kit.telemetry.stages import Stage, stage
from stock_service.api.words import FRENCH, WORD_OF
from stock_service.domain.entries import StockEntry
from stock_service.domain.levels import Kind, Movement

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class StockOut(msgspec.Struct, frozen=True, rename=FRENCH | {"product_id": "id"}):
    """A level, with the seed's fields first."""

    product_id: int
    name: str
    category: str
    on_hand: int
    # The seed's clients expect a JSON number. A price has 12 digits, which a float keeps.
    unit_price: float
    store_id: int
    is_negative: bool
    reserved: Annotated[int, msgspec.Meta(description="What open reservations hold")]
    available: Annotated[
        int, msgspec.Meta(description="`quantite_stock` less `reserve`; may be negative")
    ]
    in_transit: Annotated[
        int | None,
        msgspec.Meta(
            description="Units that other stores have shipped to this one; null: not known of then"
        ),
    ]


class EntryLineOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The sum of a product's lines, and its level after them."""

    product_id: int
    quantity: int
    balance: int


class EntryOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A document that moves levels and is no sale, such as a reception."""

    document_id: UUID
    store_id: int
    kind: str
    lines: list[EntryLineOut]

    @classmethod
    def of(cls, entry: StockEntry, movements: Sequence[Movement]) -> Self:
        return cls(
            entry.document.document_id,
            entry.store_id,
            WORD_OF[entry.document.kind],
            [
                EntryLineOut(each.key.product_id, each.delta, each.level.on_hand)
                for each in movements
            ],
        )

    @classmethod
    def of_rows(cls, rows: Sequence[Row[Any]]) -> Self:
        first = rows[0]
        lines = [EntryLineOut(row.product_id, row.delta, row.balance) for row in rows]
        return cls(first.document_id, first.store_id, WORD_OF[Kind(first.kind)], lines)


class MovementOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """One line of the ledger."""

    id: int
    store_id: int
    product_id: int
    delta: int
    balance: int
    kind: str
    reason: str | None
    document_id: UUID
    occurred_at: Instant
    recorded_at: Instant


@stage(Stage.SERIALISATION)
def encode_stock(rows: Sequence[Row[Any]]) -> bytes:
    """Return a page of levels as JSON."""
    return msgspec.json.encode(msgspec.convert(rows, list[StockOut], from_attributes=True))


@stage(Stage.SERIALISATION)
def encode_movements(rows: Sequence[Row[Any]]) -> bytes:
    """Return a page of the ledger as JSON."""
    spoken = [MovementOut(**{**row._mapping, "kind": WORD_OF[Kind(row.kind)]}) for row in rows]
    return msgspec.json.encode(spoken)
