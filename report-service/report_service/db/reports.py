"""Reads the reports of sales, each in one statement."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.counters import (
    PAYMENT_DAYS,
    PAYMENT_MONTHS,
    PAYMENT_TOTALS,
    PRODUCT_DAYS,
    PRODUCT_MONTHS,
    PRODUCT_TOTALS,
    STORE_DAYS,
    STORE_MONTHS,
    STORE_TOTALS,
    TAX_DAYS,
    TAX_MONTHS,
    TAX_TOTALS,
)
from report_service.db.ranges import split_range
from report_service.db.report_documents import document_of, read_document
from report_service.db.report_rows import SalesReport, StoreReport
from report_service.db.report_sums import of_all_time, of_range

ALERTS_LISTED = 100


# A store with returns or voids alone has its line, too.
_STORES = """
    SELECT sums.*, name AS store FROM ({sums}) AS sums LEFT JOIN stores USING (store_id)
    WHERE sales_count <> 0 OR returns_count <> 0 OR voids_count <> 0
    ORDER BY store_id
"""
_AMOUNTS = "SELECT * FROM ({sums}) AS sums WHERE amount_cents <> 0 ORDER BY 1, 2"
# A product of which more came back than was sold is the last; one whose sales are all voided is
# not sold.
_PRODUCTS = """
    SELECT product_id,
        coalesce(p.name, t.last_name) AS name,
        coalesce(p.category, t.last_category, '') AS category,
        best.units, best.amount_cents
    FROM (
        SELECT * FROM ({sums}) AS sums WHERE receipts <> 0 OR units <> 0 OR amount_cents <> 0
        ORDER BY units DESC, product_id LIMIT :limit
    ) AS best
    LEFT JOIN product_totals AS t USING (product_id)
    LEFT JOIN products AS p USING (product_id)
    ORDER BY best.units DESC, product_id
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
# Of all, also of those that are not listed; their partial indexes hold no others.
_COUNTS = """
    SELECT (SELECT count(*) FROM stock_levels WHERE on_hand <= 0) AS stock_outs,
        (SELECT count(*) FROM stock_levels WHERE on_hand > 50) AS overstocks
"""

_FIGURES = {"stores": _STORES, "payments": _AMOUNTS, "taxes": _AMOUNTS}
_ALL_TIME = {
    "stores": of_all_time(STORE_TOTALS),
    "payments": of_all_time(PAYMENT_TOTALS),
    "taxes": of_all_time(TAX_TOTALS),
    "products": of_all_time(PRODUCT_TOTALS),
}
_RANGE = {
    "stores": of_range(STORE_MONTHS, STORE_DAYS),
    "payments": of_range(PAYMENT_MONTHS, PAYMENT_DAYS),
    "taxes": of_range(TAX_MONTHS, TAX_DAYS),
    "products": of_range(PRODUCT_MONTHS, PRODUCT_DAYS),
}


def _figures(sums: Mapping[str, str]) -> dict[str, str]:
    """Return the queries of the figures of stores."""
    return {name: query.format(sums=sums[name]) for name, query in _FIGURES.items()}


def _of_one_store(sums: Mapping[str, str]) -> dict[str, str]:
    return {
        name: f"SELECT * FROM ({sums[name]}) AS of_stores WHERE store_id = :store_id"
        for name in _FIGURES
    }


def _consolidated(sums: Mapping[str, str]) -> TextClause:
    products = _PRODUCTS.format(sums=sums["products"])
    stock = {"stock_outs": _STOCK_OUTS, "overstocks": _OVERSTOCKS, "alert_counts": _COUNTS}
    return document_of(**_figures(sums), products=products, days=_DAYS, **stock)


_READ_ALL_TIME, _READ_RANGE = _consolidated(_ALL_TIME), _consolidated(_RANGE)
_READ_STORES_ALL_TIME = document_of(**_figures(_ALL_TIME))
_READ_STORES_RANGE = document_of(**_figures(_RANGE))
_READ_STORE_ALL_TIME = document_of(**_figures(_of_one_store(_ALL_TIME)))
_READ_STORE_RANGE = document_of(**_figures(_of_one_store(_RANGE)))


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
        return await read_document(session, _READ_ALL_TIME, parameters, SalesReport)
    return await read_document(session, _READ_RANGE, parameters | _parts(start, end), SalesReport)


async def read_store_report(
    session: AsyncSession, start: date | None, end: date | None, store_id: int | None = None
) -> StoreReport:
    """Read the figures of each store, or of one, from `start` to `end`, both included."""
    is_all_time = start is None and end is None
    parts = {} if is_all_time else _parts(start, end)
    if store_id is None:
        statement = _READ_STORES_ALL_TIME if is_all_time else _READ_STORES_RANGE
        return await read_document(session, statement, parts, StoreReport)
    statement = _READ_STORE_ALL_TIME if is_all_time else _READ_STORE_RANGE
    return await read_document(session, statement, parts | {"store_id": store_id}, StoreReport)


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
