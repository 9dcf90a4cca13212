"""SQL about the prices of products by first business date."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.catalogue import PRODUCT_COLUMNS, ProductRow, product_of
from sales_service.domain.prices import DatedPrice, group_by_product, price_on


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A price from its first business date, of the chain or of one store."""

    product_id: int
    store_id: int | None
    valid_from: date
    unit_price: Decimal | None
    is_to_come: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """An entry of the history of a product's prices."""

    id: int
    store_id: int | None
    valid_from: date
    unit_price: Decimal | None
    set_by: str | None
    set_at: datetime | None


_COLUMNS = "id, store_id, valid_from, unit_price, set_by, set_at"

# What was in force on the first day, and all that begins later; of one date the newest.
_READ_SINCE = text("""
    SELECT * FROM (
        SELECT DISTINCT ON (product_id, store_id, greatest(valid_from, CAST(:since AS date)))
            product_id, store_id, valid_from, unit_price, id
        FROM product_prices
        WHERE product_id = ANY(CAST(:ids AS int[])) AND (store_id IS NULL OR store_id = :store_id)
        ORDER BY product_id, store_id, greatest(valid_from, CAST(:since AS date)),
            valid_from DESC, id DESC
    ) AS found
    ORDER BY valid_from, id
""")


async def read_prices(
    session: AsyncSession, product_ids: Collection[int], store_id: int | None, since: date
) -> dict[int, tuple[DatedPrice, ...]]:
    """Return the prices of the chain and of a store since a day, sorted by date, by product."""
    rows = await session.execute(
        _READ_SINCE, {"ids": list(product_ids), "store_id": store_id, "since": since}
    )
    return group_by_product(
        (row.product_id, DatedPrice(row.store_id, row.valid_from, row.unit_price)) for row in rows
    )


async def lock_product(session: AsyncSession, product_id: int) -> bool:
    """Keep others from changing a product and its prices; return whether it exists."""
    row = await session.execute(
        text("SELECT id FROM products WHERE id = :id FOR UPDATE"), {"id": product_id}
    )
    return row.one_or_none() is not None


async def insert_price(session: AsyncSession, price: NewPrice, actor: str | None) -> PriceRow:
    """Insert a price and return it; the first one brings that which the product began with."""
    rows = await session.execute(
        text(f"""
            WITH first AS (
                INSERT INTO product_prices (product_id, valid_from, unit_price, set_at)
                SELECT id, '-infinity', unit_price, NULL FROM products
                WHERE id = :product_id AND NOT EXISTS (
                    SELECT FROM product_prices WHERE product_id = :product_id)
            )
            INSERT INTO product_prices (product_id, store_id, valid_from, unit_price, is_planned,
                set_by)
            VALUES (:product_id, :store_id, :valid_from, :unit_price, :is_planned, :set_by)
            RETURNING {_COLUMNS}
        """),
        {
            "product_id": price.product_id,
            "store_id": price.store_id,
            "valid_from": price.valid_from,
            "unit_price": price.unit_price,
            "is_planned": price.is_to_come and price.store_id is None,
            "set_by": actor,
        },
    )
    return PriceRow(**rows.one()._mapping)


async def delete_price(
    session: AsyncSession, product_id: int, store_id: int | None, valid_from: date
) -> PriceRow | None:
    """Delete the price that begins on a date to come, and return it; None: there is none."""
    rows = await session.execute(
        text(f"""
            DELETE FROM product_prices
            WHERE product_id = :product_id AND valid_from = :valid_from
                AND store_id IS NOT DISTINCT FROM CAST(:store_id AS int)
            RETURNING {_COLUMNS}
        """),
        {"product_id": product_id, "store_id": store_id, "valid_from": valid_from},
    )
    row = rows.one_or_none()
    return None if row is None else PriceRow(**row._mapping)


async def count_planned(
    session: AsyncSession, product_id: int, store_id: int | None, today: date
) -> int:
    """Return how many prices of the chain, or of a store, begin after today."""
    found = await session.execute(
        text("""
            SELECT count(*) FROM product_prices
            WHERE product_id = :product_id AND valid_from > :today
                AND store_id IS NOT DISTINCT FROM CAST(:store_id AS int)
        """),
        {"product_id": product_id, "store_id": store_id, "today": today},
    )
    return int(found.scalar_one())


# Of a product: what the history has for today, or else the product's own price.
CHAIN_PRICE = """coalesce((
    SELECT p.unit_price FROM product_prices AS p
    WHERE p.product_id = products.id AND p.store_id IS NULL AND p.valid_from <= :today
    ORDER BY p.valid_from DESC, p.id DESC LIMIT 1
), products.unit_price)"""


async def read_chain_price(session: AsyncSession, product_id: int, today: date) -> Decimal:
    """Return the chain's price of a product that exists."""
    found = await session.execute(
        text(f"SELECT {CHAIN_PRICE} FROM products WHERE id = :id"),
        {"id": product_id, "today": today},
    )
    price: Decimal = found.scalar_one()
    return price


async def lock_begun(session: AsyncSession, today: date, most: int) -> list[int]:
    """Lock products with a planned price of the chain that has begun, and return their ids."""
    rows = await session.execute(
        text("""
            SELECT id FROM products
            WHERE id IN (
                SELECT product_id FROM product_prices
                WHERE is_planned AND store_id IS NULL AND valid_from <= :today
            )
            ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
        """),
        {"today": today, "most": most},
    )
    return list(rows.scalars())


async def show_chain_prices(
    session: AsyncSession, product_ids: Sequence[int], today: date, actor: str | None
) -> list[ProductRow]:
    """Give products the chain's price of today and the next version, and return them.

    The products are locked.
    """
    rows = await session.execute(
        text(f"""
            WITH begun AS (
                UPDATE product_prices SET is_planned = false
                WHERE product_id = ANY(CAST(:ids AS int[])) AND is_planned AND valid_from <= :today
            )
            UPDATE products SET unit_price = {CHAIN_PRICE}, has_dated_prices = true,
                version = version + 1, keys_version = version + 1, updated_at = now(),
                changed_by = :changed_by
            WHERE id = ANY(CAST(:ids AS int[])) RETURNING {PRODUCT_COLUMNS}
        """),
        {"ids": list(product_ids), "today": today, "changed_by": actor},
    )
    return [product_of(row) for row in rows]


async def with_prices_of_store(
    session: AsyncSession, products: Sequence[ProductRow], store_id: int, day: date
) -> list[ProductRow]:
    """Return the products, each with the store's price of a business date."""
    dated = await session.execute(
        text("SELECT id FROM products WHERE id = ANY(CAST(:ids AS int[])) AND has_dated_prices"),
        {"ids": [product.id for product in products]},
    )
    prices = await read_prices(session, list(dated.scalars()), store_id, day)
    of_store = {id: price_on(day, store_id, dated) for id, dated in prices.items()}
    return [
        replace(product, unit_price=of_store.get(product.id, product.unit_price))
        for product in products
    ]


# By place in the history: the newest first. A product that has had one price only, and is older
# than the history, has no entry; its own price stands for it.
_LIST = text(f"""
    WITH entries AS (
        SELECT {_COLUMNS} FROM product_prices
        WHERE product_id = :product_id AND (store_id IS NULL OR store_id = :store_id)
        UNION ALL
        SELECT 0, NULL, '-infinity', unit_price, NULL, NULL FROM products
        WHERE id = :product_id
            AND NOT EXISTS (SELECT FROM product_prices WHERE product_id = :product_id)
    )
    SELECT * FROM entries WHERE (valid_from, id) < (CAST(:date AS date), CAST(:id AS bigint))
    ORDER BY valid_from DESC, id DESC LIMIT :limit
""")
NEWEST = (date.max, 0)


async def list_prices(
    session: AsyncSession,
    product_id: int,
    store_id: int | None,
    after: tuple[date, int],
    limit: int,
) -> list[PriceRow]:
    """Return a page of a product's prices, of the chain and of a store; those to come are first."""
    values: dict[str, Any] = {"product_id": product_id, "store_id": store_id}
    values |= {"date": after[0], "id": after[1], "limit": limit}
    return [PriceRow(**row._mapping) for row in await session.execute(_LIST, values)]


async def find_in_force(
    session: AsyncSession, product_id: int, days: Sequence[tuple[int | None, date]]
) -> set[int]:
    """Return the entries that are in force on these days, each of the chain or of a store."""
    rows = await session.execute(
        text("""
            SELECT entry.id FROM unnest(CAST(:store_ids AS int[]), CAST(:days AS date[]))
                AS wanted(store_id, day)
            CROSS JOIN LATERAL (
                SELECT id FROM product_prices AS p
                WHERE product_id = :product_id AND valid_from <= day
                    AND p.store_id IS NOT DISTINCT FROM wanted.store_id
                ORDER BY valid_from DESC, id DESC LIMIT 1
            ) AS entry
        """),
        {
            "product_id": product_id,
            "store_ids": [store_id for store_id, _ in days],
            "days": [day for _, day in days],
        },
    )
    # The entry that a product without history is shown with has the id 0.
    return set(rows.scalars()) | {0}
