"""Writes the copy of the stock levels of all stores."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.arrays import as_arrays


class StockLevel(NamedTuple):
    """The units of a product in a store, at a version."""

    store_id: int
    product_id: int
    on_hand: int
    version: int


_KEEP_NEWEST = text("""
    INSERT INTO stock_levels AS s (store_id, product_id, on_hand, version)
    SELECT * FROM unnest(CAST(:store_id AS int[]), CAST(:product_id AS int[]),
        CAST(:on_hand AS bigint[]), CAST(:version AS bigint[]))
    ON CONFLICT (store_id, product_id) DO UPDATE
        SET on_hand = excluded.on_hand, version = excluded.version
        WHERE s.version < excluded.version
""")


async def keep_newest_levels(session: AsyncSession, rows: Sequence[StockLevel]) -> None:
    """Write the levels that are newer than the stored ones. Rows hold a key at most once."""
    await session.execute(_KEEP_NEWEST, as_arrays(sorted(rows)))
