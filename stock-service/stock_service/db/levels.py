"""Locks and writes levels."""

from collections.abc import Collection, Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import LastCount, Level, LevelKey, Watch

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
    SELECT l.store_id, l.product_id, l.on_hand, l.version, l.reserved, l.average_cost,
        l.is_watched, l.open_alerts, l.low, l.low_clear, l.high, l.high_clear,
        l.counted_at, l.count_id
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
        LevelKey(row.store_id, row.product_id): Level(
            *(row.on_hand, row.version, row.reserved, row.average_cost),
            None if row.count_id is None else LastCount(row.count_id, row.counted_at),
            Watch(*row[6:12]),
        )
        for row in rows
    }


_UPDATE = text("""
    UPDATE stock_levels AS l
    SET on_hand = n.on_hand, version = n.version, reserved = n.reserved,
        average_cost = n.average_cost, updated_at = now()
    FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]),
        CAST(:on_hand AS bigint[]), CAST(:versions AS bigint[]), CAST(:reserved AS bigint[]),
        CAST(:average_costs AS numeric[]))
        AS n(store_id, product_id, on_hand, version, reserved, average_cost)
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
            "average_costs": [level.average_cost for level in levels.values()],
        },
    )


def key_arrays(keys: Collection[LevelKey]) -> dict[str, list[int]]:
    return {
        "store_ids": [key.store_id for key in keys],
        "product_ids": [key.product_id for key in keys],
    }
