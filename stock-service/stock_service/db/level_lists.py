"""Lists levels page by page, as they are or as the ledger says that they were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import ProductId, StoreId
from stock_service.domain.reservations import LONGEST_DURATION


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFilter:
    """What the levels of a list have in common, and the instant of the books; None: now."""

    product_ids: Sequence[ProductId] | None = None
    category: str | None = None
    is_negative: bool = False
    is_in_stock: bool = False
    instant: datetime | None = None


EVERY_LEVEL = LevelFilter()

# What other stores have shipped to this one and has not arrived.
_IN_TRANSIT = """(
    SELECT coalesce(sum(t.in_transit), 0)::bigint FROM transfer_lines AS t
    WHERE t.to_store_id = l.store_id AND t.product_id = l.product_id AND t.in_transit > 0
) AS in_transit"""
# What has expired and was not closed is left out. `fresh_for` is when the next one expires.
_NOW = f"""
    SELECT l.store_id, l.product_id, p.name, p.category, p.unit_price, l.on_hand,
        l.on_hand < 0 AS is_negative, l.reserved - held.expired AS reserved,
        l.on_hand - l.reserved + held.expired AS available, held.fresh_for, {_IN_TRANSIT},
        l.average_cost, round(l.on_hand * l.average_cost, 2) AS value
    FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(line.quantity) FILTER (
                WHERE line.expires_at <= statement_timestamp()), 0) AS bigint) AS expired,
            CAST(extract(epoch FROM min(line.expires_at) FILTER (
                WHERE line.expires_at > statement_timestamp()) - statement_timestamp())
                AS float8) AS fresh_for
        FROM reservation_lines AS line
        WHERE l.reserved > 0 AND line.is_held
            AND line.store_id = l.store_id AND line.product_id = l.product_id
    ) AS held
    WHERE true
"""
# OFFSET keeps PostgreSQL from calling the function again for each use of its result. A level that
# had not moved by then is not in the books.
_THEN = """
    SELECT l.store_id, l.product_id, p.name, p.category, p.unit_price, past.on_hand,
        past.on_hand < 0 AS is_negative, held.reserved,
        past.on_hand - held.reserved AS available, CAST(NULL AS float8) AS fresh_for,
        CAST(NULL AS bigint) AS in_transit, CAST(NULL AS numeric) AS average_cost,
        CAST(NULL AS numeric) AS value
    FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
    CROSS JOIN LATERAL (
        SELECT balance_at(l.store_id, l.product_id, l.version, :instant) AS on_hand OFFSET 0
    ) AS past
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(line.quantity), 0) AS bigint) AS reserved
        FROM reservation_lines AS line JOIN reservations AS r ON r.id = line.reservation_id
        WHERE line.store_id = l.store_id AND line.product_id = l.product_id
            AND line.expires_at > :instant
            AND line.expires_at <= :instant + CAST(:longest AS interval)
            AND r.created_at <= :instant AND (r.closed_at IS NULL OR r.closed_at > :instant)
    ) AS held
    WHERE past.on_hand IS NOT NULL
"""
_AFTER_PRODUCT = """
    AND (l.product_id, l.store_id)
        > (CAST(:after_product AS bigint), CAST(:after_store AS bigint))
"""
_BY_PRODUCT = "ORDER BY l.product_id, l.store_id LIMIT :limit"
# It is ordered by the columns of the primary key. PostgreSQL would choose the index by product for
# the other order, and read the levels of all stores for the page of one.
_OF_STORE = """
    AND l.store_id <= wanted
    AND (l.store_id, l.product_id) >= (wanted, CAST(:after_product AS bigint))
"""
_BY_STORE = "ORDER BY l.store_id, l.product_id LIMIT :limit"
_OF_STORE_AND_PRODUCTS = "AND l.store_id = wanted"
# A page of each store: the work grows with the stores, not with all levels.
_PAGE_OF_STORES = """
    SELECT levels.* FROM unnest(CAST(:store_ids AS int[])) AS wanted
    CROSS JOIN LATERAL ({page}) AS levels ORDER BY product_id, store_id LIMIT :limit
"""
# One statement tells an unknown store (no row) from an empty one (one row without product).
_PAGE_OF_STORE = """
    SELECT page.* FROM (SELECT id AS wanted FROM stores WHERE id = :store_id) AS s
    LEFT JOIN LATERAL ({page}) AS page ON true ORDER BY page.product_id
"""


class _Shape(NamedTuple):
    """Which statement a list needs."""

    is_past: bool
    has_stores: bool
    has_products: bool
    has_category: bool
    is_negative: bool
    is_in_stock: bool

    @classmethod
    def of(cls, wanted: LevelFilter, *, has_stores: bool) -> "_Shape":
        return cls(
            wanted.instant is not None,
            has_stores,
            wanted.product_ids is not None,
            wanted.category is not None,
            wanted.is_negative,
            wanted.is_in_stock,
        )

    def page(self) -> str:
        on_hand = "past.on_hand" if self.is_past else "l.on_hand"
        parts = [_THEN if self.is_past else _NOW]
        if self.has_products:
            parts.append("AND l.product_id = ANY(CAST(:product_ids AS int[]))")
        if self.has_category:
            # As an array: PostgreSQL finds its levels by the index, and reads no others.
            parts.append(
                "AND l.product_id = ANY(ARRAY(SELECT id FROM products WHERE category = :category))"
            )
        if self.is_negative:
            parts.append(f"AND {on_hand} < 0")
        if self.is_in_stock:
            parts.append(f"AND {on_hand} > 0")
        if not self.has_stores:
            parts += [_AFTER_PRODUCT, _BY_PRODUCT]
        elif self.has_products or self.has_category:
            parts += [_OF_STORE_AND_PRODUCTS, _AFTER_PRODUCT, _BY_PRODUCT]
        else:
            parts += [_OF_STORE, _AFTER_PRODUCT, _BY_STORE]
        return "\n".join(parts)


@cache
def _list(shape: _Shape, page_of: str) -> TextClause:
    page = shape.page()
    return text(page_of.format(page=page) if page_of else page)


def _parameters(wanted: LevelFilter) -> dict[str, Any]:
    given: dict[str, Any] = {
        "product_ids": None if wanted.product_ids is None else list(wanted.product_ids),
        "category": wanted.category,
        "instant": wanted.instant,
        "longest": None if wanted.instant is None else LONGEST_DURATION,
    }
    return {name: value for name, value in given.items() if value is not None}


async def list_store_stock(
    session: AsyncSession,
    store_id: StoreId,
    after: int,
    limit: int,
    wanted: LevelFilter = EVERY_LEVEL,
) -> Sequence[Row[Any]] | None:
    """Return a page of one store's levels by product, or None for an unknown store."""
    statement = _list(_Shape.of(wanted, has_stores=True), _PAGE_OF_STORE)
    place = {"store_id": store_id, "after_product": after, "after_store": store_id}
    values = _parameters(wanted) | place | {"limit": limit}
    rows = (await session.execute(statement, values)).all()
    if not rows:
        return None
    return [row for row in rows if row.product_id is not None]


async def list_stock(
    session: AsyncSession,
    store_ids: Collection[int] | None,
    after: tuple[int, int],
    limit: int,
    wanted: LevelFilter = EVERY_LEVEL,
) -> Sequence[Row[Any]]:
    """Return a page of levels by product and store: of some stores or all."""
    has_stores = store_ids is not None
    values = _parameters(wanted)
    if store_ids is not None:
        values["store_ids"] = sorted(store_ids)
    values |= {"after_product": after[0], "after_store": after[1], "limit": limit}
    statement = _list(
        _Shape.of(wanted, has_stores=has_stores), _PAGE_OF_STORES if has_stores else ""
    )
    return (await session.execute(statement, values)).all()
