"""SQL that reads what a sale needs of products, with their prices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.prices import read_prices
from sales_service.domain.catalogue import Product, ProductId, StoreId


async def find_products_for_sale(
    session: AsyncSession,
    store_id: StoreId,
    product_ids: Sequence[ProductId],
    since: date,
    *,
    lock: bool = False,
) -> dict[ProductId, Product]:
    """Return what a sale's lines copy from products, by product, retired ones included.

    Dated prices are those of the chain and of the store since a day. With `lock`, keep others from
    changing the products.
    """
    rows = await session.execute(
        text(f"""
            SELECT id, name, category, unit_price, unit_cost, version, tax_class, is_active,
                has_dated_prices
            FROM products
            WHERE id = ANY(CAST(:ids AS int[]))
            {"ORDER BY id FOR SHARE" if lock else ""}
        """),
        {"ids": list(set(product_ids))},
    )
    products: dict[ProductId, Product] = {}
    dated: list[ProductId] = []
    for *columns, has_dated_prices in rows:
        product = Product(*columns)
        products[product.id] = product
        if has_dated_prices:
            dated.append(product.id)
    if dated:
        await _add_prices(session, store_id, products, dated, since)
    return products


async def _add_prices(
    session: AsyncSession,
    store_id: StoreId,
    products: dict[ProductId, Product],
    dated: Sequence[ProductId],
    since: date,
) -> None:
    # Read after the products, and not with them: a statement that waits for a lock would give the
    # new version with the old prices. New prices with the old version are found to be stale.
    prices = await read_prices(session, dated, store_id, since)
    for product_id in dated:
        products[product_id] = replace(products[product_id], prices=prices[product_id])
