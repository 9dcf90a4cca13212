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
    """The place of a product in what a search finds: exact ones first, then by name."""

    is_other: bool = False
    name: str = ""
    id: int = 0


# The places are compared as they are sorted; `is_other` is false before it is true.
_IS_OTHER = """NOT (
    sku_key = :key OR CAST(id AS text) = :words OR barcode IS NOT DISTINCT FROM :words)"""
_SEARCHES = {
    are_active: text(f"""
        SELECT {PRODUCT_COLUMNS} FROM products
        WHERE {condition}
            AND (name_key LIKE :pattern OR sku_key LIKE :pattern OR category_key LIKE :pattern
                OR CAST(id AS text) = :words OR barcode = :words)
            AND ({_IS_OTHER}, name_key, name COLLATE "C", id)
                > (:is_other, :name_key, CAST(:name AS text) COLLATE "C", :id)
        ORDER BY {_IS_OTHER}, name_key, name COLLATE "C", id LIMIT :limit
    """)
    for are_active, condition in ON_SALE.items()
}


async def find_products_matching(
    session: AsyncSession, are_active: bool, words: str, after: Found, limit: int
) -> list[ProductRow]:
    """Return products whose name, SKU or category contains `words`, or whose id or bar code it is.

    Those whose SKU, id or bar code is `words` come first.
    """
    key = fold(words)
    escaped = key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await session.execute(
        _SEARCHES[are_active],
        {
            "words": words,
            "key": key,
            "pattern": f"%{escaped}%",
            "is_other": after.is_other,
            "name_key": fold(after.name),
            "name": after.name,
            "id": after.id,
            "limit": limit,
        },
    )
    return [product_of(row) for row in rows]


def place_of(product: ProductRow, words: str) -> Found:
    """Return the place of a product in what a search for `words` finds."""
    is_exact = fold(product.sku) == fold(words) or words in (str(product.id), product.barcode)
    return Found(not is_exact, product.name, product.id)


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
