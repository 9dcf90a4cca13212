"""Reads and writes the copies of stores and products that the catalogue's events bring."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import ProductId, StoreId


@dataclass(frozen=True, slots=True)
class StoreCopy:
    """One version of a store."""

    id: StoreId
    version: int
    name: str
    city: str
    kind: str
    stock_policy: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ProductCopy:
    """One version of a product."""

    id: ProductId
    version: int
    sku: str
    name: str
    category: str
    unit_price: Decimal
    is_active: bool


# The alerts of what is closed close, and those of what is opened again open.
_UPSERT_STORES = text("""
    WITH former AS (
        SELECT id, is_active FROM stores WHERE id = ANY(CAST(:ids AS int[]))
    ), kept AS (
        INSERT INTO stores (id, version, name, city, kind, stock_policy, is_active)
        SELECT * FROM unnest(CAST(:ids AS int[]), CAST(:versions AS bigint[]),
            CAST(:names AS text[]), CAST(:cities AS text[]), CAST(:kinds AS text[]),
            CAST(:policies AS text[]), CAST(:active AS boolean[]))
        ON CONFLICT (id) DO UPDATE
            SET version = excluded.version, name = excluded.name, city = excluded.city,
                kind = excluded.kind, stock_policy = excluded.stock_policy,
                is_active = excluded.is_active
            WHERE excluded.version > stores.version
        RETURNING id, is_active
    )
    INSERT INTO limit_changes (store_id)
    SELECT kept.id FROM kept LEFT JOIN former USING (id)
    WHERE kept.is_active <> coalesce(former.is_active, true)
    ORDER BY kept.id
""")


async def upsert_stores(session: AsyncSession, stores: Sequence[StoreCopy]) -> None:
    """Keep the highest version of each store; a store may be given once only."""
    await session.execute(
        _UPSERT_STORES,
        {
            "ids": [store.id for store in stores],
            "versions": [store.version for store in stores],
            "names": [store.name for store in stores],
            "cities": [store.city for store in stores],
            "kinds": [store.kind for store in stores],
            "policies": [store.stock_policy for store in stores],
            "active": [store.is_active for store in stores],
        },
    )


_UPSERT_PRODUCTS = text("""
    WITH former AS (
        SELECT id, is_active FROM products WHERE id = ANY(CAST(:ids AS int[]))
    ), kept AS (
        INSERT INTO products (id, version, sku, name, category, unit_price, is_active)
        SELECT * FROM unnest(CAST(:ids AS int[]), CAST(:versions AS bigint[]),
            CAST(:skus AS text[]), CAST(:names AS text[]), CAST(:categories AS text[]),
            CAST(:prices AS numeric[]), CAST(:active AS boolean[]))
        ON CONFLICT (id) DO UPDATE
            SET version = excluded.version, sku = excluded.sku, name = excluded.name,
                category = excluded.category, unit_price = excluded.unit_price,
                is_active = excluded.is_active
            WHERE excluded.version > products.version
        RETURNING id, is_active
    )
    INSERT INTO limit_changes (product_id)
    SELECT kept.id FROM kept LEFT JOIN former USING (id)
    WHERE kept.is_active <> coalesce(former.is_active, true)
    ORDER BY kept.id
""")


async def upsert_products(session: AsyncSession, products: Sequence[ProductCopy]) -> None:
    """Keep the highest version of each product; a product may be given once only."""
    await session.execute(
        _UPSERT_PRODUCTS,
        {
            "ids": [product.id for product in products],
            "versions": [product.version for product in products],
            "skus": [product.sku for product in products],
            "names": [product.name for product in products],
            "categories": [product.category for product in products],
            "prices": [product.unit_price for product in products],
            "active": [product.is_active for product in products],
        },
    )


@dataclass(frozen=True, slots=True)
class CatalogueLookup:
    """The policy of a store, None if it is unknown, and which products are unknown."""

    stock_policy: str | None
    unknown_products: frozenset[ProductId]

    @property
    def is_strict(self) -> bool:
        return self.stock_policy == "strict"

    @property
    def is_complete(self) -> bool:
        return self.stock_policy is not None and not self.unknown_products


_LOOK_UP = text("""
    SELECT (SELECT stock_policy FROM stores WHERE id = :store_id) AS stock_policy,
        ARRAY(
            SELECT wanted.id FROM unnest(CAST(:product_ids AS int[])) AS wanted(id)
            WHERE NOT EXISTS (SELECT FROM products WHERE products.id = wanted.id)
        ) AS unknown_products
""")


async def look_up_catalogue(
    session: AsyncSession, store_id: StoreId, product_ids: Collection[ProductId]
) -> CatalogueLookup:
    """Return the policy of a store, and which of the products are unknown."""
    parameters = {"store_id": store_id, "product_ids": list(product_ids)}
    row = (await session.execute(_LOOK_UP, parameters)).one()
    return CatalogueLookup(row.stock_policy, frozenset(row.unknown_products))
