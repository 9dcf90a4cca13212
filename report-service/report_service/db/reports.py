"""Reads a whole report in one statement, because figures of one snapshot agree with each other.

The statement returns one JSON document, which msgspec decodes into the types below.
"""

from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.ranges import split_range
from report_service.events.topics import SALES_TOPIC

ALERTS_LISTED = 100


class StoreSales(Struct, frozen=True):
    """The sales of a store, net of tax. Its name is unknown until the catalogue's event arrives."""

    store_id: int
    store: str | None
    sales_count: int
    amount_cents: int
    tax_cents: int


class ProductSales(Struct, frozen=True):
    """The sales of a product in the whole chain, net of tax."""

    product_id: int
    name: str | None
    category: str
    units: int
    amount_cents: int


class DaySales(Struct, frozen=True):
    """The sales of the whole chain on a business date, net of tax."""

    business_date: date
    amount_cents: int


class StockAlert(Struct, frozen=True):
    """A product of which a store has no unit left, or too many."""

    store_id: int
    store: str | None
    product_id: int
    name: str | None
    category: str
    on_hand: int


class Freshness(Struct, frozen=True):
    """When a report was read, and until when every committed event is counted in it."""

    computed_at: datetime
    complete_until: datetime | None


class StoreReport(Struct, frozen=True):
    """The sales of each store."""

    stores: list[StoreSales]
    freshness: Freshness


class SalesReport(Struct, frozen=True):
    """Sales by store, product and day, with stock-outs and overstocks."""

    stores: list[StoreSales]
    products: list[ProductSales]
    days: list[DaySales]
    stock_outs: list[StockAlert]
    overstocks: list[StockAlert]
    freshness: Freshness


Report = TypeVar("Report", SalesReport, StoreReport)

# Added days have the sign 1. Days that are taken off their month have the sign -1.
_SPANS = """unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[]), CAST(:signs AS int[]))
            AS span(first, last, sign)"""

_STORES = """
    SELECT store_id, name AS store,
        sales_count, amount_cents, tax_cents
    FROM ({sums}) AS sums LEFT JOIN stores USING (store_id)
    ORDER BY store_id
"""
_ALL_STORES = "SELECT store_id, sales_count, amount_cents, tax_cents FROM store_totals"
_STORES_OF_RANGE = f"""
    SELECT store_id, sum(sales_count) AS sales_count, sum(amount_cents) AS amount_cents,
        sum(tax_cents) AS tax_cents
    FROM (
        SELECT store_id, sales_count, amount_cents, tax_cents FROM store_months
        WHERE month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT store_id, sign * sales_count, sign * amount_cents, sign * tax_cents
        FROM {_SPANS} JOIN store_days ON business_date BETWEEN first AND last
    ) AS parts
    GROUP BY store_id HAVING sum(sales_count) > 0
"""

_PRODUCTS = """
    SELECT product_id,
        coalesce(p.name, t.last_name) AS name,
        coalesce(p.category, t.last_category, '') AS category,
        sums.units, sums.amount_cents
    FROM ({sums} ORDER BY units DESC, product_id LIMIT :limit) AS sums
    LEFT JOIN products AS p USING (product_id)
    LEFT JOIN product_totals AS t USING (product_id)
    ORDER BY sums.units DESC, product_id
"""
_ALL_PRODUCTS = "SELECT product_id, units, amount_cents FROM product_totals"
_PRODUCTS_OF_RANGE = f"""
    SELECT product_id, sum(units) AS units, sum(amount_cents) AS amount_cents
    FROM (
        SELECT product_id, units, amount_cents FROM product_months
        WHERE month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT product_id, sign * units, sign * amount_cents
        FROM {_SPANS} JOIN product_days ON business_date BETWEEN first AND last
    ) AS parts
    GROUP BY product_id HAVING sum(units) > 0
"""

# The newest days first, so that the limit cuts off the oldest.
_DAYS = """
    SELECT * FROM (
        SELECT business_date, sum(amount_cents) AS amount_cents FROM chain_days
        WHERE business_date BETWEEN :first_day AND :last_day
        GROUP BY business_date ORDER BY business_date DESC LIMIT :max_days
    ) AS newest
    ORDER BY business_date
"""

_ALERTS = """
    SELECT store_id, s.name AS store, product_id,
        coalesce(p.name, t.last_name) AS name,
        coalesce(p.category, t.last_category, '') AS category, on_hand
    FROM (
        SELECT * FROM stock_levels WHERE on_hand {condition}
        ORDER BY on_hand {direction}, store_id, product_id LIMIT {listed}
    ) AS listed
    LEFT JOIN stores AS s USING (store_id)
    LEFT JOIN products AS p USING (product_id)
    LEFT JOIN product_totals AS t USING (product_id)
    ORDER BY on_hand {direction}, store_id, product_id
"""
_STOCK_OUTS = _ALERTS.format(condition="<= 0", direction="ASC", listed=ALERTS_LISTED)
_OVERSTOCKS = _ALERTS.format(condition="> 50", direction="DESC", listed=ALERTS_LISTED)

_FRESHNESS = f"""
    SELECT now() AS computed_at,
        (SELECT complete_until FROM freshness WHERE topic = '{SALES_TOPIC}') AS complete_until
"""


def _document(**lists: str) -> TextClause:
    """Return a statement whose result is one JSON object: a member per query, and the freshness."""
    members = [
        f"'{name}', (SELECT coalesce(json_agg(r), '[]') FROM ({query}) AS r)"
        for name, query in lists.items()
    ]
    members.append(f"'freshness', (SELECT row_to_json(r) FROM ({_FRESHNESS}) AS r)")
    return text(f"SELECT CAST(json_build_object({', '.join(members)}) AS text)")


_STOCK = {"stock_outs": _STOCK_OUTS, "overstocks": _OVERSTOCKS}
_READ_ALL_TIME = _document(
    stores=_STORES.format(sums=_ALL_STORES),
    products=_PRODUCTS.format(sums=_ALL_PRODUCTS),
    days=_DAYS,
    **_STOCK,
)
_READ_RANGE = _document(
    stores=_STORES.format(sums=_STORES_OF_RANGE),
    products=_PRODUCTS.format(sums=_PRODUCTS_OF_RANGE),
    days=_DAYS,
    **_STOCK,
)
_ALL_TIME_OF_STORE = f"{_ALL_STORES} WHERE store_id = :store_id"
_RANGE_OF_STORE = f"SELECT * FROM ({_STORES_OF_RANGE}) AS of_stores WHERE store_id = :store_id"
_READ_STORES_ALL_TIME = _document(stores=_STORES.format(sums=_ALL_STORES))
_READ_STORES_RANGE = _document(stores=_STORES.format(sums=_STORES_OF_RANGE))
_READ_STORE_ALL_TIME = _document(stores=_STORES.format(sums=_ALL_TIME_OF_STORE))
_READ_STORE_RANGE = _document(stores=_STORES.format(sums=_RANGE_OF_STORE))


async def read_sales_report(
    session: AsyncSession, start: date | None, end: date | None, *, top: int, max_days: int
) -> SalesReport:
    """Read the report from `start` to `end`, both included, with the `top` products by units.

    Its days are the newest `max_days` that had sales.
    """
    parameters = {
        "limit": top,
        "max_days": max_days,
        "first_day": start or date.min,
        "last_day": end or date.max,
    }
    if start is None and end is None:
        return await _read(session, _READ_ALL_TIME, parameters, SalesReport)
    return await _read(session, _READ_RANGE, parameters | _parts(start, end), SalesReport)


async def read_store_report(
    session: AsyncSession, start: date | None, end: date | None, store_id: int | None = None
) -> StoreReport:
    """Read the sales of each store, or of one, from `start` to `end`, both included."""
    is_all_time = start is None and end is None
    parts = {} if is_all_time else _parts(start, end)
    if store_id is None:
        statement = _READ_STORES_ALL_TIME if is_all_time else _READ_STORES_RANGE
        return await _read(session, statement, parts, StoreReport)
    statement = _READ_STORE_ALL_TIME if is_all_time else _READ_STORE_RANGE
    return await _read(session, statement, parts | {"store_id": store_id}, StoreReport)


def _parts(start: date | None, end: date | None) -> dict[str, Any]:
    split = split_range(start, end)
    return {
        # From the last date to the first one: this selects nothing.
        "first_month": split.months.first if split.months else date.max,
        "last_month": split.months.last if split.months else date.min,
        "firsts": [span.first for span in split.added + split.removed],
        "lasts": [span.last for span in split.added + split.removed],
        "signs": [1] * len(split.added) + [-1] * len(split.removed),
    }


async def _read(
    session: AsyncSession, statement: TextClause, parameters: dict[str, Any], kind: type[Report]
) -> Report:
    document: str = (await session.execute(statement, parameters)).scalar_one()
    return msgspec.json.decode(document, type=kind)
