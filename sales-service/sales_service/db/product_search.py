"""SQL that searches and sorts products, by keys without accents and case."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.catalogue import ON_SALE, PRODUCT_COLUMNS, ProductRow, product_of
from sales_service.domain.search_keys import fold


@dataclass(frozen=True, slots=True)
class Found:
    """The place of a product in what a search finds: exact ones first, then by name.

    `rank` is 0 for the bar code, 1 for the SKU, 2 for the id and 3 for a part of a text.
    """

    rank: int = 0
    name: str = ""
    id: int = 0


LAST_RANK = 3
# The places are compared as they are sorted. A scanner reads bar codes: nothing comes before one.
_RANK = """CASE WHEN barcode = :words THEN 0 WHEN sku_key = :key THEN 1
    WHEN CAST(id AS text) = :words THEN 2 ELSE 3 END"""
_SEARCHES = {
    are_active: text(f"""
        SELECT {PRODUCT_COLUMNS} FROM products
        WHERE {condition}
            AND (name_key LIKE :pattern OR sku_key LIKE :pattern OR category_key LIKE :pattern
                OR CAST(id AS text) = :words OR barcode = :words)
            AND ({_RANK}, name_key, name COLLATE "C", id)
                > (:rank, :name_key, CAST(:name AS text) COLLATE "C", :id)
        ORDER BY {_RANK}, name_key, name COLLATE "C", id LIMIT :limit
    """)
    for are_active, condition in ON_SALE.items()
}


async def find_products_matching(
    session: AsyncSession, are_active: bool, words: str, after: Found, limit: int
) -> list[ProductRow]:
    """Return products whose name, SKU or category contains `words`, or whose id or bar code it is.

    One with the bar code `words` comes first, then one with this SKU, then one with this id.
    """
    key = fold(words)
    escaped = key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await session.execute(
        _SEARCHES[are_active],
        {
            "words": words,
            "key": key,
            "pattern": f"%{escaped}%",
            "rank": after.rank,
            "name_key": fold(after.name),
            "name": after.name,
            "id": after.id,
            "limit": limit,
        },
    )
    return [product_of(row) for row in rows]


def place_of(product: ProductRow, words: str) -> Found:
    """Return the place of a product in what a search for `words` finds."""
    exact = (product.barcode == words, fold(product.sku) == fold(words), str(product.id) == words)
    rank = exact.index(True) if any(exact) else LAST_RANK
    return Found(rank, product.name, product.id)


class ProductOrder(StrEnum):
    """A column by which products may be sorted."""

    ID = "id"
    NAME = "name"
    CATEGORY = "category"
    UNIT_PRICE = "unit_price"
    SKU = "sku"


# Accents and case count where nothing else differs.
_ORDERS: Mapping[ProductOrder, tuple[str, ...]] = {
    ProductOrder.ID: (),
    ProductOrder.NAME: ("name_key", 'name COLLATE "C"'),
    ProductOrder.CATEGORY: ("category_key", 'category COLLATE "C"'),
    ProductOrder.UNIT_PRICE: ("unit_price",),
    ProductOrder.SKU: ("sku_key", 'sku COLLATE "C"'),
}


async def find_products_page(
    session: AsyncSession,
    are_active: bool,
    category: str | None,
    sort: ProductOrder,
    descending: bool,
    page: int,
    size: int,
) -> tuple[int, list[ProductRow]]:
    """Return how many products the filter matches, and one page of them."""
    direction = " DESC" if descending else ""
    order = ", ".join([*(column + direction for column in _ORDERS[sort]), "id"])
    where = (
        f"{ON_SALE[are_active]} AND (CAST(:category AS text) IS NULL OR category_key = :category)"
    )
    values = {"category": None if category is None else fold(category)}
    counted = await session.execute(text(f"SELECT count(*) FROM products WHERE {where}"), values)
    rows = await session.execute(
        text(f"""
            SELECT {PRODUCT_COLUMNS} FROM products WHERE {where}
            ORDER BY {order} LIMIT :size OFFSET :skipped
        """),
        values | {"size": size, "skipped": (page - 1) * size},
    )
    return counted.scalar_one(), [product_of(row) for row in rows]
