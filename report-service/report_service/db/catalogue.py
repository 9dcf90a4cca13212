"""Writes the copy of the labels of products and stores. Reports join it."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.arrays import as_arrays


class Product(NamedTuple):
    """The labels of a product, at a version."""

    product_id: int
    version: int
    sku: str
    name: str
    category: str


class Store(NamedTuple):
    """The labels of a store, at a version."""

    store_id: int
    version: int
    name: str
    city: str
    kind: str


_KEEP_NEWEST_PRODUCTS = text("""
    INSERT INTO products AS p (product_id, version, sku, name, category)
    SELECT * FROM unnest(CAST(:product_id AS int[]), CAST(:version AS bigint[]),
        CAST(:sku AS text[]), CAST(:name AS text[]), CAST(:category AS text[]))
    ON CONFLICT (product_id) DO UPDATE
        SET version = excluded.version, sku = excluded.sku, name = excluded.name,
            category = excluded.category
        WHERE p.version < excluded.version
""")
_KEEP_NEWEST_STORES = text("""
    INSERT INTO stores AS s (store_id, version, name, city, kind)
    SELECT * FROM unnest(CAST(:store_id AS int[]), CAST(:version AS bigint[]),
        CAST(:name AS text[]), CAST(:city AS text[]), CAST(:kind AS text[]))
    ON CONFLICT (store_id) DO UPDATE
        SET version = excluded.version, name = excluded.name, city = excluded.city,
            kind = excluded.kind
        WHERE s.version < excluded.version
""")


async def keep_newest_products(session: AsyncSession, rows: Sequence[Product]) -> None:
    """Write the products that are newer than the stored ones. Rows hold a product at most once."""
    await session.execute(_KEEP_NEWEST_PRODUCTS, as_arrays(sorted(rows)))


async def keep_newest_stores(session: AsyncSession, rows: Sequence[Store]) -> None:
    """Write the stores that are newer than the stored ones. Rows hold a store at most once."""
    await session.execute(_KEEP_NEWEST_STORES, as_arrays(sorted(rows)))
