"""Answers: English structs whose members have French names, encoded as they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
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


_OfRight = Annotated[
    float | UnsetType | None,
    msgspec.Meta(description="Only with the right `see-costs`; null: nobody has told a cost"),
]


class CostedStockOut(StockOut, frozen=True, rename=FRENCH | {"product_id": "id"}):
    """A level with what its units cost: on hand × average cost, rounded half up to the cent."""

    average_cost: _OfRight = UNSET
    value: _OfRight = UNSET


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
    unit_cost: _OfRight = UNSET
    """What each unit of a reception cost."""
    average_cost: _OfRight = UNSET
    """Of a unit of the product in the store, after the movement."""


@stage(Stage.SERIALISATION)
def encode_stock(rows: Sequence[Row[Any]], *, with_costs: bool) -> bytes:
    """Return a page of levels as JSON."""
    shown = list[CostedStockOut] if with_costs else list[StockOut]
    return msgspec.json.encode(msgspec.convert(rows, shown, from_attributes=True))


@stage(Stage.SERIALISATION)
def encode_movements(rows: Sequence[Row[Any]], *, with_costs: bool) -> bytes:
    """Return a page of the ledger as JSON."""
    return msgspec.json.encode([_speak(row, with_costs=with_costs) for row in rows])


def _speak(row: Row[Any], *, with_costs: bool) -> MovementOut:
    shown = {**row._mapping, "kind": WORD_OF[Kind(row.kind)]}
    for name in ("unit_cost", "average_cost"):
        cost = shown[name]
        shown[name] = (cost if cost is None else float(cost)) if with_costs else UNSET
    return MovementOut(**shown)
