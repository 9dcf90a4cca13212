"""Sums the value of levels."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_SUM = """
    SELECT s.id AS store_id, value, units, levels_without_cost
    FROM stores AS s CROSS JOIN LATERAL (
        SELECT coalesce(sum(round(on_hand * average_cost, 2)), 0) AS value,
            coalesce(sum(on_hand), 0)::bigint AS units,
            count(*) FILTER (WHERE on_hand <> 0 AND average_cost IS NULL) AS levels_without_cost
        FROM stock_levels WHERE stock_levels.store_id = s.id
    ) AS sums
    {where} ORDER BY s.id
"""
_OF_ALL = text(_SUM.format(where=""))
_OF_STORES = text(_SUM.format(where="WHERE s.id = ANY(CAST(:store_ids AS int[]))"))


async def sum_values(
    session: AsyncSession, store_ids: Collection[int] | None
) -> Sequence[Row[Any]]:
    """Return value, units and levels without a cost, of some stores or of all."""
    if store_ids is None:
        return (await session.execute(_OF_ALL)).all()
    return (await session.execute(_OF_STORES, {"store_ids": list(store_ids)})).all()
