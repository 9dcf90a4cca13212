"""Answers about counts: English structs whose members have French names."""

from collections.abc import Sequence
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Row

from service_kit.telemetry.stages import Stage, stage
from stock_service.api.answers import Instant
from stock_service.api.words import FRENCH, WORD_OF_COUNT, WORD_OF_STATE
from stock_service.domain.counts import Count

_FRENCH = FRENCH | {"id": "inventaire_id"}
_Value = Annotated[
    float | UnsetType | None,
    msgspec.Meta(description="At average cost; only with the right `see-costs`; null: not known"),
]
_OfPosted = Annotated[int | None, msgspec.Meta(description="Null until the count is posted")]


class CountOut(msgspec.Struct, frozen=True, rename=_FRENCH):
    """A count of a store, without its lines. `produits` and `categorie` null: the whole store."""

    id: UUID
    number: int
    store_id: int
    category: str | None
    products: list[int] | None
    reason: str | None
    status: str
    line_count: int
    counted_count: int
    opened_at: Instant
    opened_by: str | None
    closed_at: Instant | None
    closed_by: str | None
    missing_units: _OfPosted
    surplus_units: _OfPosted
    difference_value: _Value = UNSET

    @classmethod
    def of(cls, count: Count, *, with_costs: bool) -> Self:
        return cls(**_members(count, with_costs=with_costs))


class CountLineOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A product of a count. `quantite_attendue` is what the books say of the instant of the count.

    `ecart` is what was counted less what was expected; before the posting it still moves with what
    is told late. `corrections` are the units that late movements were corrected by after it.
    """

    product_id: int
    name: str | None
    state: Annotated[
        str,
        msgspec.Meta(
            description="`non_compte`, `compte`, or `remplace` by a later count that is posted"
        ),
    ]
    counted: int | None
    counted_at: Instant | None
    counted_by: str | None
    expected: int | None
    difference: int | None
    corrections: int
    difference_value: _Value = UNSET


class CountWithLinesOut(CountOut, frozen=True, kw_only=True, rename=_FRENCH):
    """A count and some of its lines, by product."""

    lines: list[CountLineOut]


def _members(count: Count, *, with_costs: bool) -> dict[str, Any]:
    value = None if count.value_cents is None else count.value_cents / 100
    return {
        "id": count.id,
        "number": count.number,
        "store_id": count.store_id,
        "category": count.category,
        "products": None if count.product_ids is None else list(count.product_ids),
        "reason": count.reason,
        "status": WORD_OF_COUNT[count.status],
        "line_count": count.line_count,
        "counted_count": count.counted_count,
        "opened_at": count.opened_at,
        "opened_by": count.opened_by,
        "closed_at": count.closed_at,
        "closed_by": count.closed_by,
        "missing_units": count.missing_units,
        "surplus_units": count.surplus_units,
        "difference_value": value if with_costs else UNSET,
    }


def _speak(row: Row[Any], *, with_costs: bool) -> CountLineOut:
    value = None if row.value is None else float(row.value)
    return CountLineOut(
        product_id=row.product_id,
        name=row.name,
        state=WORD_OF_STATE[row.state],
        counted=row.counted,
        counted_at=row.counted_at,
        counted_by=row.counted_by,
        expected=row.expected,
        difference=row.difference,
        corrections=row.corrections,
        difference_value=value if with_costs else UNSET,
    )


@stage(Stage.SERIALISATION)
def encode_count(count: Count, *, with_costs: bool) -> bytes:
    """Return a count as JSON, without its lines."""
    return msgspec.json.encode(CountOut.of(count, with_costs=with_costs))


@stage(Stage.SERIALISATION)
def encode_counts(page: Sequence[Count], *, with_costs: bool) -> bytes:
    """Return a page of counts as JSON."""
    return msgspec.json.encode([CountOut.of(each, with_costs=with_costs) for each in page])


@stage(Stage.SERIALISATION)
def encode_lines(count: Count, rows: Sequence[Row[Any]], *, with_costs: bool) -> bytes:
    """Return a count as JSON, with these lines."""
    lines = [_speak(row, with_costs=with_costs) for row in rows]
    members = _members(count, with_costs=with_costs)
    return msgspec.json.encode(CountWithLinesOut(**members, lines=lines))
