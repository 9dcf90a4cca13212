"""SQL about products, and what a sale needs of its store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.catalogue import StockPolicy, Store, StoreId
from sales_service.domain.money import TaxRate
from sales_service.domain.search_keys import fold
from sales_service.domain.taxes import TAXABLE, DatedRate


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A product as the catalogue shows it."""

    id: int
    version: int
    sku: str
    name: str
    description: str
    category: str
    unit_price: Decimal
    unit_cost: Decimal | None
    home_store_id: int | None
    tax_class: str
    is_active: bool
    updated_at: datetime
    barcode: str | None


# Each has a second column, with its search key. `keys_version` is the version that the keys are of:
# a process from before there were keys leaves it behind, and a trigger computes them.
FOLDED = ("name", "sku", "category")
PRODUCT_COLUMNS = """id, version, sku, name, description, category, unit_price, unit_cost,
    home_store_id, tax_class, is_active, updated_at, barcode"""

# Not a parameter: PostgreSQL then knows which products are few.
ON_SALE = {True: "is_active", False: "NOT is_active"}


def product_of(row: Row[Any]) -> ProductRow:
    return ProductRow(**row._mapping)


async def read_store_for_sale(
    session: AsyncSession, store_id: int, *, lock: bool = False
) -> Store | None:
    """Return what a sale needs of a store; with `lock`, keep others from changing it.

    The rates of its place and their version are of one snapshot.
    """
    if lock:
        await _lock_store(session, store_id)
    row = (await session.execute(_READ_STORE_FOR_SALE, {"id": store_id})).one_or_none()
    if row is None:
        return None
    return Store(
        id=StoreId(row.id),
        kind=row.kind,
        timezone=row.timezone,
        cutoff_hour=row.cutoff_hour,
        currency=row.currency,
        stock_policy=StockPolicy(row.stock_policy),
        taxes=tuple(
            DatedRate(
                tax.get("class", TAXABLE),
                TaxRate(tax["code"], Decimal(tax["rate"])),
                _begin(tax.get("from", _BEFORE_ALL)),
            )
            for tax in row.taxes
        ),
        is_active=row.is_active,
        version=row.version,
        cash_rounding=row.cash_rounding,
        rates_version=row.rates_version,
        closed_through=row.closed_through,
    )


_BEFORE_ALL, _AFTER_ALL = "-infinity", "infinity"


def _begin(text: str) -> date:
    infinite = {_BEFORE_ALL: date.min, _AFTER_ALL: date.max}
    return infinite.get(text) or date.fromisoformat(text)


# A list of the store's own has its rates for taxable goods, whatever the date.
_READ_STORE_FOR_SALE = text("""
    SELECT stores.id, kind, timezone, cutoff_hour, currency, stock_policy, cash_rounding, is_active,
        closed_through, stores.version, tax_places.version AS rates_version,
        CASE WHEN tax_place IS NULL THEN taxes ELSE (
            SELECT coalesce(jsonb_agg(jsonb_build_object('class', tax_class, 'code', code,
                'rate', CAST(rate AS text), 'from', valid_from) ORDER BY code, valid_from), '[]')
            FROM tax_rates WHERE place = tax_place
        ) END AS taxes
    FROM stores LEFT JOIN tax_places ON tax_places.name = tax_place
    WHERE stores.id = :id
""")
_LOCK_STORE = text("SELECT tax_place FROM stores WHERE id = :id FOR SHARE")
_LOCK_PLACE = text("SELECT FROM tax_places WHERE name = :name FOR SHARE")


async def _lock_store(session: AsyncSession, store_id: int) -> None:
    place = (await session.execute(_LOCK_STORE, {"id": store_id})).scalar()
    if place is not None:
        await session.execute(_LOCK_PLACE, {"name": place})


# Two statements: with `:barcode IS NULL OR …` PostgreSQL would not use the index of bar codes.
_LISTS = {
    are_active: text(f"""
        SELECT {PRODUCT_COLUMNS} FROM products
        WHERE id > :after AND {condition} ORDER BY id LIMIT :limit
    """)
    for are_active, condition in ON_SALE.items()
}
_SCANS = {
    are_active: text(f"""
        SELECT {PRODUCT_COLUMNS} FROM products
        WHERE barcode = :barcode AND id > :after AND {condition} ORDER BY id LIMIT :limit
    """)
    for are_active, condition in ON_SALE.items()
}


async def list_products(
    session: AsyncSession, are_active: bool, barcode: str | None, after_id: int, limit: int
) -> list[ProductRow]:
    """Return the first products after an id; with a bar code, only those that have it."""
    values = {"after": after_id, "limit": limit}
    if barcode is None:
        rows = await session.execute(_LISTS[are_active], values)
    else:
        rows = await session.execute(_SCANS[are_active], values | {"barcode": barcode})
    return [product_of(row) for row in rows]


async def read_product(session: AsyncSession, product_id: int) -> ProductRow | None:
    row = (
        await session.execute(
            text(f"SELECT {PRODUCT_COLUMNS} FROM products WHERE id = :id"), {"id": product_id}
        )
    ).one_or_none()
    return None if row is None else product_of(row)


async def insert_products(
    session: AsyncSession, products: Sequence[dict[str, Any]], actor: str | None
) -> list[ProductRow]:
    """Insert products and return them in order, without those whose SKU or bar code is taken."""
    rows = await session.execute(
        text(f"""
            WITH given AS (
                SELECT nextval('product_ids')::int AS id, p.*
                FROM unnest(CAST(:skus AS text[]), CAST(:names AS text[]),
                    CAST(:descriptions AS text[]), CAST(:categories AS text[]),
                    CAST(:prices AS numeric[]), CAST(:costs AS numeric[]),
                    CAST(:home_stores AS int[]), CAST(:sku_keys AS text[]),
                    CAST(:name_keys AS text[]), CAST(:category_keys AS text[]),
                    CAST(:tax_classes AS text[]), CAST(:barcodes AS text[])) WITH ORDINALITY
                    AS p(sku, name, description, category, unit_price, unit_cost, home_store_id,
                        sku_key, name_key, category_key, tax_class, barcode, n)
                ORDER BY n
            ), made_up AS (
                SELECT id, 'P-' || lpad(id::text, greatest(6, length(id::text)), '0') AS sku
                FROM given WHERE sku IS NULL
            ), free AS (
                -- Somebody may have chosen the SKU that would be made up.
                SELECT id, sku || CASE
                    WHEN sku = ANY(CAST(:skus AS text[]))
                        OR EXISTS (SELECT FROM products AS p WHERE p.sku = made_up.sku)
                    THEN '-' || left(gen_random_uuid()::text, 8) ELSE ''
                    END AS sku
                FROM made_up
            ), added AS (
                INSERT INTO products (id, sku, name, description, category, unit_price,
                    unit_cost, home_store_id, tax_class, sku_key, name_key, category_key, barcode,
                    keys_version, changed_by)
                SELECT id, coalesce(given.sku, free.sku), name, description, category, unit_price,
                    unit_cost, home_store_id, tax_class, coalesce(sku_key, lower(free.sku)),
                    name_key, category_key, barcode, 1, CAST(:changed_by AS text)
                FROM given LEFT JOIN free USING (id)
                ON CONFLICT DO NOTHING
                RETURNING {PRODUCT_COLUMNS}
            ), first_price AS (
                INSERT INTO product_prices (product_id, valid_from, unit_price, set_by)
                SELECT id, '-infinity', unit_price, CAST(:changed_by AS text) FROM added
            )
            SELECT * FROM added
        """),
        {
            "skus": [product["sku"] for product in products],
            "names": [product["name"] for product in products],
            "descriptions": [product["description"] for product in products],
            "categories": [product["category"] for product in products],
            "prices": [product["unit_price"] for product in products],
            "costs": [product["unit_cost"] for product in products],
            "home_stores": [product["home_store_id"] for product in products],
            "tax_classes": [product["tax_class"] for product in products],
            "sku_keys": [product["sku"] and fold(product["sku"]) for product in products],
            "name_keys": [fold(product["name"]) for product in products],
            "category_keys": [fold(product["category"]) for product in products],
            "barcodes": [product["barcode"] for product in products],
            "changed_by": actor,
        },
    )
    return sorted((product_of(row) for row in rows), key=lambda product: product.id)


async def find_product_ids_by_sku(session: AsyncSession, skus: Sequence[str]) -> dict[str, int]:
    rows = await session.execute(
        text("SELECT sku, id FROM products WHERE sku = ANY(CAST(:skus AS text[]))"),
        {"skus": list(skus)},
    )
    return {row.sku: row.id for row in rows}


async def find_product_ids_by_barcode(
    session: AsyncSession, barcodes: Sequence[str]
) -> dict[str, int]:
    """Return the products on sale with these bar codes."""
    rows = await session.execute(
        text("""
            SELECT barcode, id FROM products
            WHERE barcode = ANY(CAST(:barcodes AS text[])) AND is_active
        """),
        {"barcodes": list(barcodes)},
    )
    return {row.barcode: row.id for row in rows}


async def update_product(
    session: AsyncSession, product_id: int, changes: dict[str, Any], actor: str | None
) -> ProductRow | None:
    """Update a product and return it, or None when it does not exist."""
    changes = changes | {f"{each}_key": fold(changes[each]) for each in FOLDED if each in changes}
    # Safe: the names of columns come from our request models, and values are parameters.
    assignments = "".join(f"{column} = :{column}, " for column in changes)
    row = (
        await session.execute(
            text(f"""
                UPDATE products SET {assignments}version = version + 1, keys_version = version + 1,
                    updated_at = now(), changed_by = :changed_by
                WHERE id = :id RETURNING {PRODUCT_COLUMNS}
            """),
            changes | {"id": product_id, "changed_by": actor},
        )
    ).one_or_none()
    return None if row is None else product_of(row)


async def retire_product(
    session: AsyncSession, product_id: int, actor: str | None
) -> ProductRow | None:
    """Retire a product and return it, or None when it is retired already or does not exist."""
    row = (
        await session.execute(
            text(f"""
                UPDATE products SET is_active = false, version = version + 1,
                    keys_version = version + 1, updated_at = now(), changed_by = :changed_by
                WHERE id = :id AND is_active RETURNING {PRODUCT_COLUMNS}
            """),
            {"id": product_id, "changed_by": actor},
        )
    ).one_or_none()
    return None if row is None else product_of(row)
