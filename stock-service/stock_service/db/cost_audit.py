"""Compares the average costs of levels and movements with what the units that came in cost."""

from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice
from stock_service.db.audit import LEVELS_PER_SLICE, after_level, skip_level

# A movement without an average may be of a process that knew no costs.
_COSTS = text("""
    WITH levels AS (
        SELECT store_id, product_id, average_cost FROM stock_levels
        WHERE (store_id, product_id) > (CAST(:store_id AS int), CAST(:product_id AS int))
        ORDER BY store_id, product_id LIMIT :count
    ), steps AS (
        SELECT m.store_id, m.product_id, m.level_version, m.average_cost,
            average_cost_of(m.balance_after - m.delta, m.delta, m.unit_cost) OVER way AS expected,
            m.unit_cost IS NOT NULL
                AND (m.kind NOT IN ('reception', 'transfer-in') OR m.delta < 1) AS misplaced
        FROM movements AS m JOIN levels USING (store_id, product_id)
        WINDOW way AS (PARTITION BY m.store_id, m.product_id ORDER BY m.level_version)
    ), sums AS (
        SELECT store_id, product_id,
            (array_agg(expected ORDER BY level_version DESC))[1] AS expected,
            count(*) FILTER (
                WHERE misplaced OR average_cost <> expected
                    OR (average_cost IS NOT NULL AND expected IS NULL)
            ) AS broken
        FROM steps GROUP BY store_id, product_id
    )
    SELECT store_id, product_id, levels.average_cost AS found, sums.expected,
        coalesce(broken, 0) AS broken
    FROM levels LEFT JOIN sums USING (store_id, product_id)
    ORDER BY store_id, product_id
""")


async def look_at_costs(
    session: AsyncSession, position: Any | None, count: int = LEVELS_PER_SLICE
) -> Slice:
    """Find levels and movements whose average cost is not that of what came in before."""
    rows = (await session.execute(_COSTS, after_level(position) | {"count": count})).all()
    differences = [
        f"store {row.store_id}, product {row.product_id}: average cost {row.found}, "
        f"what came in says {row.expected}; {row.broken} movements say something else"
        for row in rows
        if row.found != row.expected or row.broken
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else (rows[-1].store_id, rows[-1].product_id))


COSTS = Check("costs", look_at_costs, partial(look_at_costs, count=1), skip_level)
