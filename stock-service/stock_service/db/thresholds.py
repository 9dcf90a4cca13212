"""Reads and writes thresholds, and finds what stores should order by them."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.limits import SCOPES, in_force
from stock_service.domain.levels import LevelKey, ProductId, StoreId


class Threshold(NamedTuple):
    """Thresholds of a product in a store; None: of all stores, of all products, or not set here."""

    store_id: StoreId | None
    product_id: ProductId | None
    low: int | None
    reorder_point: int | None
    target: int | None
    high: int | None = None


_SAVE = text("""
    INSERT INTO stock_thresholds (store_id, product_id, low, reorder_point, target, high,
        changed_by)
    VALUES (:store_id, :product_id, :low, :reorder_point, :target, :high, :actor)
    ON CONFLICT (store_id, product_id) DO UPDATE
        SET low = excluded.low, reorder_point = excluded.reorder_point, target = excluded.target,
            high = excluded.high, changed_at = now(), changed_by = excluded.changed_by
""")


async def save_threshold(session: AsyncSession, threshold: Threshold, actor: str | None) -> None:
    """Write thresholds over those that there were of the same store and product."""
    await session.execute(_SAVE, threshold._asdict() | {"actor": actor})


# What is of all comes first: no store and no product has the id 0.
_LIST = text("""
    SELECT store_id, product_id, low, reorder_point, target, high FROM stock_thresholds
    WHERE (coalesce(store_id, 0), coalesce(product_id, 0))
            > (CAST(:after_store AS bigint), CAST(:after_product AS bigint))
        AND (CAST(:store_ids AS int[]) IS NULL OR store_id = ANY(CAST(:store_ids AS int[]))
            OR store_id IS NULL AND :with_chain)
        AND (CAST(:product_id AS int) IS NULL OR product_id = :product_id)
    ORDER BY coalesce(store_id, 0), coalesce(product_id, 0) LIMIT :limit
""")


async def list_thresholds(
    session: AsyncSession,
    store_ids: Collection[int] | None,
    product_id: ProductId | None,
    after: tuple[int, int],
    limit: int,
    *,
    with_chain: bool,
) -> Sequence[Row[Any]]:
    """Return a page of thresholds by store and product, those of all first."""
    values = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "product_id": product_id,
        "with_chain": with_chain,
        "after_store": after[0],
        "after_product": after[1],
        "limit": limit,
    }
    return (await session.execute(_LIST, values)).all()


_REORDER_POINT, _TARGET = in_force("reorder_point"), in_force("target")
MOST_SUGGESTED = 1_000_000  # units of a request

# What a store expects is on hand, in transit, or asked for and not sent yet.
_SUGGEST = text(f"""
    WITH candidates AS (
        SELECT l.store_id, l.product_id FROM stock_levels AS l
        JOIN stock_thresholds AS d ON d.store_id = l.store_id AND d.product_id IS NULL
        UNION
        SELECT l.store_id, l.product_id FROM stock_levels AS l
        JOIN stock_thresholds AS d ON d.store_id IS NULL AND d.product_id = l.product_id
        UNION
        SELECT l.store_id, l.product_id FROM stock_levels AS l
        WHERE EXISTS (SELECT FROM stock_thresholds WHERE num_nonnulls(store_id, product_id) = 0)
        UNION
        SELECT store_id, product_id FROM stock_thresholds
        WHERE num_nonnulls(store_id, product_id) = 2
    ), expected AS (
        SELECT k.store_id, k.product_id, p.name,
            {_REORDER_POINT} AS reorder_point, {_TARGET} AS target,
            coalesce(l.on_hand, 0) AS on_hand,
            (
                SELECT coalesce(sum(t.in_transit), 0) FROM transfer_lines AS t
                WHERE t.to_store_id = k.store_id AND t.product_id = k.product_id
                    AND t.in_transit > 0
            )::bigint AS in_transit,
            (
                SELECT coalesce(sum(r.quantity), 0) FROM replenishment_requests AS r
                WHERE r.store_id = k.store_id AND r.product_id = k.product_id
                    AND r.status IN ('pending', 'approved', 'prepared')
            )::bigint AS requested
        FROM candidates AS k
        JOIN stores AS s ON s.id = k.store_id AND s.kind = 'store' AND s.is_active
        JOIN products AS p ON p.id = k.product_id AND p.is_active
        LEFT JOIN stock_levels AS l
            ON l.store_id = k.store_id AND l.product_id = k.product_id
        {SCOPES}
        WHERE (k.store_id, k.product_id)
                > (CAST(:after_store AS bigint), CAST(:after_product AS bigint))
            AND (CAST(:store_ids AS int[]) IS NULL OR k.store_id = ANY(CAST(:store_ids AS int[])))
            AND (CAST(:only AS boolean) IS NOT TRUE OR (k.store_id, k.product_id) IN (
                SELECT * FROM unnest(CAST(:of_stores AS int[]), CAST(:of_products AS int[]))
            ))
    )
    SELECT *, least(target - on_hand - in_transit - requested, {MOST_SUGGESTED})::bigint AS quantity
    FROM expected
    WHERE on_hand + in_transit + requested <= reorder_point
        AND on_hand + in_transit + requested < target
    ORDER BY store_id, product_id LIMIT :limit
""")
_EVERYTHING: dict[str, Any] = {
    "after_store": 0,
    "after_product": 0,
    "store_ids": None,
    "only": False,
    "of_stores": [],
    "of_products": [],
}


async def list_suggestions(
    session: AsyncSession,
    store_ids: Collection[int] | None,
    after: tuple[int, int],
    limit: int,
) -> Sequence[Row[Any]]:
    """Return a page of what stores should order, by store and product."""
    values = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "after_store": after[0],
        "after_product": after[1],
        "limit": limit,
    }
    return (await session.execute(_SUGGEST, _EVERYTHING | values)).all()


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('accept suggestions', 0))")


async def lock_suggestions(session: AsyncSession, keys: Collection[LevelKey]) -> Sequence[Row[Any]]:
    """Return what is suggested of these, after every other acceptance has ended."""
    await session.execute(_LOCK)
    values = {
        "only": True,
        "of_stores": [key.store_id for key in keys],
        "of_products": [key.product_id for key in keys],
        "limit": len(keys),
    }
    return (await session.execute(_SUGGEST, _EVERYTHING | values)).all()
