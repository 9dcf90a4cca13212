"""Reads which stores and products are known, and where the centres are."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_UNKNOWN = text("""
    SELECT
        ARRAY(
            SELECT wanted.id FROM unnest(CAST(:store_ids AS int[])) AS wanted(id)
            WHERE NOT EXISTS (SELECT FROM stores WHERE stores.id = wanted.id)
        ) AS stores,
        ARRAY(
            SELECT wanted.id FROM unnest(CAST(:product_ids AS int[])) AS wanted(id)
            WHERE NOT EXISTS (SELECT FROM products WHERE products.id = wanted.id)
        ) AS products
""")


@dataclass(frozen=True, slots=True)
class Unknown:
    """Those of some stores and products that have no copy here, or not yet."""

    stores: frozenset[int]
    products: frozenset[int]


async def find_unknown(
    session: AsyncSession, store_ids: Collection[int], product_ids: Collection[int]
) -> Unknown:
    parameters = {"store_ids": list(store_ids), "product_ids": list(product_ids)}
    row = (await session.execute(_UNKNOWN, parameters)).one()
    return Unknown(frozenset(row.stores), frozenset(row.products))
