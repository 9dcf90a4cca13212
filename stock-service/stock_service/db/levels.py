"""Reads, locks and writes levels."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import Level, LevelKey, ProductId, StoreId

# Ordered as the locks are: an insert waits for another transaction's insert of the same key.
_ENSURE = text("""
    INSERT INTO stock_levels (store_id, product_id)
    SELECT store_id, product_id
    FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[])) AS k(store_id, product_id)
    ORDER BY store_id, product_id
    ON CONFLICT DO NOTHING
""")


async def ensure_levels(session: AsyncSession, keys: Collection[LevelKey]) -> None:
    """Insert a row for each key that has none, so that it can be locked."""
    await session.execute(_ENSURE, key_arrays(keys))


_LOCK = text("""
    SELECT l.store_id, l.product_id, l.on_hand, l.version, l.reserved
    FROM stock_levels AS l
    JOIN unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[])) AS k(store_id, product_id)
        USING (store_id, product_id)
    ORDER BY l.store_id, l.product_id
    FOR UPDATE OF l
""")


async def lock_levels(session: AsyncSession, keys: Collection[LevelKey]) -> dict[LevelKey, Level]:
    """Lock the rows until the transaction ends, always in one order: so nothing deadlocks."""
    rows = await session.execute(_LOCK, key_arrays(keys))
    return {
        LevelKey(row.store_id, row.product_id): Level(row.on_hand, row.version, row.reserved)
        for row in rows
    }


_UPDATE = text("""
    UPDATE stock_levels AS l
    SET on_hand = n.on_hand, version = n.version, reserved = n.reserved, updated_at = now()
    FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]),
        CAST(:on_hand AS bigint[]), CAST(:versions AS bigint[]), CAST(:reserved AS bigint[]))
        AS n(store_id, product_id, on_hand, version, reserved)
    WHERE l.store_id = n.store_id AND l.product_id = n.product_id
""")


async def update_levels(session: AsyncSession, levels: Mapping[LevelKey, Level]) -> None:
    """Write the new states of locked levels."""
    await session.execute(
        _UPDATE,
        {
            **key_arrays(levels.keys()),
            "on_hand": [level.on_hand for level in levels.values()],
            "versions": [level.version for level in levels.values()],
            "reserved": [level.reserved for level in levels.values()],
        },
    )


def key_arrays(keys: Collection[LevelKey]) -> dict[str, list[int]]:
    return {
        "store_ids": [key.store_id for key in keys],
        "product_ids": [key.product_id for key in keys],
    }


# One statement tells an unknown store (no row) from an empty one (one row without product).
_LIST_OF_STORE = text("""
    SELECT s.id AS store_id, page.*, page.on_hand < 0 AS is_negative
    FROM stores AS s
    LEFT JOIN LATERAL (
        SELECT l.product_id, p.name, p.category, p.unit_price, l.on_hand
        FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
        WHERE l.store_id = s.id AND l.product_id > CAST(:after AS bigint)
        ORDER BY l.product_id LIMIT :limit
    ) AS page ON true
    WHERE s.id = :store_id
    ORDER BY page.product_id
""")


async def list_store_stock(
    session: AsyncSession, store_id: StoreId, after: int, limit: int
) -> Sequence[Row[Any]] | None:
    """Return a page of one store's levels by product, or None for an unknown store."""
    rows = (
        await session.execute(
            _LIST_OF_STORE, {"store_id": store_id, "after": after, "limit": limit}
        )
    ).all()
    if not rows:
        return None
    return [row for row in rows if row.product_id is not None]


_PAGE = """
    SELECT l.store_id, l.product_id, p.name, p.category, p.unit_price, l.on_hand,
        l.on_hand < 0 AS is_negative
    FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
    WHERE (l.product_id, l.store_id)
        > (CAST(:after_product AS bigint), CAST(:after_store AS bigint))
        {and_filters}
    ORDER BY {order} LIMIT :limit
"""
_BY_PRODUCT = "l.product_id, l.store_id"
# It is ordered by the columns of the primary key. PostgreSQL would choose the index by product for
# the other order, and read the levels of all stores for the page of one.
_OF_STORE = _PAGE.format(
    and_filters="""AND l.store_id <= wanted
        AND (l.store_id, l.product_id) >= (wanted, CAST(:after_product AS bigint))""",
    order="l.store_id, l.product_id",
)
_OF_STORE_AND_PRODUCT = _PAGE.format(
    and_filters="AND l.store_id = wanted AND l.product_id = :product_id", order=_BY_PRODUCT
)
# A page of each store: the work grows with the stores, not with all levels.
_PAGE_OF_STORES = """
    SELECT levels.* FROM unnest(CAST(:store_ids AS int[])) AS wanted
    CROSS JOIN LATERAL ({page}) AS levels ORDER BY product_id, store_id LIMIT :limit
"""
# By whether stores and a product are given: the planner chooses the index by the columns.
_LIST = {
    (False, False): text(_PAGE.format(and_filters="", order=_BY_PRODUCT)),
    (False, True): text(
        _PAGE.format(and_filters="AND l.product_id = :product_id", order=_BY_PRODUCT)
    ),
    (True, False): text(_PAGE_OF_STORES.format(page=_OF_STORE)),
    (True, True): text(_PAGE_OF_STORES.format(page=_OF_STORE_AND_PRODUCT)),
}


async def list_stock(
    session: AsyncSession,
    store_ids: Collection[int] | None,
    product_id: ProductId | None,
    after: tuple[int, int],
    limit: int,
) -> Sequence[Row[Any]]:
    """Return a page of levels by product and store: of some stores or all, one product or all."""
    given: dict[str, Any] = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "product_id": product_id,
    }
    values = {name: value for name, value in given.items() if value is not None}
    statement = _LIST["store_ids" in values, "product_id" in values]
    values |= {"after_product": after[0], "after_store": after[1], "limit": limit}
    return (await session.execute(statement, values)).all()
