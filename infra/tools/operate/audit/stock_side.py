"""Compares sales with the stock, and the stock with its copy in the report."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.tools.operate.audit.report_side import ReportedLevels
from report_service.events.topics import SALES_TOPIC, STOCK_TOPIC
from service_kit.events import positions

# A digest per store of what its sales took, whatever the order of the rows.
_SALE_SUMS = text("""
    SELECT store_id, count(*), bit_xor(hashtextextended(id::text || goods, 0)) FROM (
        SELECT sales.id, store_id, string_agg(product_id || 'x' || units, ',' ORDER BY product_id)
            AS goods
        FROM sales JOIN (
            SELECT sale_id, product_id, sum(quantity) AS units FROM sale_lines GROUP BY 1, 2
        ) AS lines ON sale_id = sales.id
        WHERE status = 'confirmed' GROUP BY sales.id
    ) AS sales GROUP BY store_id
""")
_STOCK_SUMS = text("""
    SELECT store_id, count(*), bit_xor(hashtextextended(sale_id::text || goods, 0)) FROM (
        SELECT d.sale_id, d.store_id,
            string_agg(m.product_id || 'x' || -m.delta, ',' ORDER BY m.product_id) AS goods
        FROM sale_decisions AS d JOIN movements AS m
            ON m.document_id = d.sale_id AND m.kind = 'sale'
        WHERE d.outcome = 'withdrawn' GROUP BY d.sale_id
    ) AS sales GROUP BY store_id
""")


async def compare(sales: AsyncSession, stock: AsyncSession) -> list[str]:
    """Return the sales whose movements differ, unless an event on its way explains it."""
    recorded = {row[0]: tuple(row[1:]) for row in await sales.execute(_SALE_SUMS)}
    taken = {row[0]: tuple(row[1:]) for row in await stock.execute(_STOCK_SUMS)}
    found: list[str] = []
    for store_id in sorted(recorded.keys() | taken.keys()):
        if recorded.get(store_id) != taken.get(store_id):
            found += await _compare_store(sales, stock, store_id)
    return found


_SALES_OF_STORE = text("""
    SELECT id, status, stock_policy, (
        SELECT string_agg(product_id || 'x' || units, ',' ORDER BY product_id) FROM (
            SELECT product_id, sum(quantity) AS units FROM sale_lines
            WHERE sale_id = sales.id GROUP BY product_id) AS lines) AS goods
    FROM sales WHERE store_id = :store_id
""")
_DECISIONS_OF_STORE = text("""
    SELECT sale_id, outcome, (
        SELECT string_agg(product_id || 'x' || -delta, ',' ORDER BY product_id)
        FROM movements WHERE document_id = sale_id AND kind = 'sale') AS goods
    FROM sale_decisions WHERE store_id = :store_id
""")


async def _compare_store(sales: AsyncSession, stock: AsyncSession, store_id: int) -> list[str]:
    parameters = {"store_id": store_id}
    decisions = {
        row.sale_id: (row.outcome, row.goods)
        for row in await stock.execute(_DECISIONS_OF_STORE, parameters)
    }
    rows = (await sales.execute(_SALES_OF_STORE, parameters)).all()
    suspects = {row.id: row for row in rows if not _agree(row, decisions.get(row.id))}
    excused = await _find_under_way(sales, stock, suspects)
    return [
        f"sale {id} is {row.status} with {row.goods}, the stock says {decisions.get(id)}"
        for id, row in suspects.items()
        if id not in excused
    ]


def _agree(sale: Any, decision: tuple[str, str | None] | None) -> bool:
    """Return whether the stock's decision fits the sale; the stock was read later."""
    outcome, goods = decision or (None, None)
    if sale.status == "confirmed":
        return outcome == "withdrawn" and goods == sale.goods
    if sale.status == "rejected":
        return outcome == "refused"
    if sale.status in ("cancelled", "voided"):
        return outcome in ("refused", "returned")
    return True


_LAST_EVENTS = text("""
    SELECT DISTINCT ON (subject) subject, published_at IS NULL AS waits, kafka_partition,
        kafka_offset
    FROM outbox WHERE subject = ANY(CAST(:subjects AS text[]))
      AND type IN (
        'sales.sale-recorded.v1', 'sales.sale-cancelled.v1', 'sales.sale-voided.v1'
      )
    ORDER BY subject, id DESC
""")


async def _find_under_way(
    sales: AsyncSession, stock: AsyncSession, suspects: Mapping[UUID, Any]
) -> set[UUID]:
    if not suspects:
        return set()
    applied = await positions.read_offsets(stock, "stock-service", SALES_TOPIC)
    rows = await sales.execute(_LAST_EVENTS, {"subjects": [str(id) for id in suspects]})
    return {
        UUID(row.subject)
        for row in rows
        if row.waits or row.kafka_offset >= applied.get(row.kafka_partition, 0)
    }


# What a return brings back, and what of it is lost, in one text per return.
_RETURNS = text("""
    SELECT id, store_id, string_agg(kind || product_id || 'x' || units, ',' ORDER BY kind,
        product_id) AS goods
    FROM (
        SELECT id, store_id, product_id, 'return' AS kind, sum(quantity) AS units
        FROM returns JOIN return_lines ON return_id = id GROUP BY id, product_id
        UNION ALL
        SELECT id, store_id, product_id, 'loss', sum(quantity)
        FROM returns JOIN return_lines ON return_id = id
        WHERE NOT is_restocked GROUP BY id, product_id
    ) AS moved GROUP BY id, store_id
""")
_TAKEN_BACK = text("""
    SELECT document_id AS id, store_id, string_agg(kind || product_id || 'x' || abs(delta), ','
        ORDER BY kind, product_id) AS goods
    FROM movements WHERE kind IN ('return', 'loss') GROUP BY document_id, store_id
""")
_RETURN_EVENTS = text("""
    SELECT subject, published_at IS NULL AS waits, kafka_partition, kafka_offset FROM outbox
    WHERE subject = ANY(CAST(:subjects AS text[])) AND type = 'sales.return-recorded.v1'
""")


async def compare_returns(sales: AsyncSession, stock: AsyncSession) -> list[str]:
    """Return the returns whose movements differ, unless an event on its way explains it."""
    recorded = {(row.id, row.store_id): row.goods for row in await sales.execute(_RETURNS)}
    moved = {(row.id, row.store_id): row.goods for row in await stock.execute(_TAKEN_BACK)}
    differing = [
        key for key in sorted(recorded.keys() | moved.keys()) if recorded.get(key) != moved.get(key)
    ]
    if not differing:
        return []
    applied = await positions.read_offsets(stock, "stock-service", SALES_TOPIC)
    rows = await sales.execute(_RETURN_EVENTS, {"subjects": [str(id) for id, _ in differing]})
    under_way = {
        UUID(row.subject)
        for row in rows
        if row.waits or row.kafka_offset >= applied.get(row.kafka_partition, 0)
    }
    return [
        f"return {id} to store {store_id} has {recorded.get((id, store_id))}, the stock moved "
        f"{moved.get((id, store_id))}"
        for id, store_id in differing
        if id not in under_way or (id, store_id) in moved
    ]


_BELOW_ZERO = text("""
    SELECT document_id, store_id, product_id, balance_after FROM movements
    WHERE kind = 'sale' AND balance_after < 0
""")
_STRICT = text("""
    SELECT id FROM sales
    WHERE id = ANY(CAST(:ids AS uuid[])) AND stock_policy = 'strict'
""")


async def check_floor(sales: AsyncSession, stock: AsyncSession) -> list[str]:
    """Return the movements of strict sales that left a level below zero."""
    below = (await stock.execute(_BELOW_ZERO)).all()
    ids = list({row.document_id for row in below})
    strict = set((await sales.execute(_STRICT, {"ids": ids})).scalars())
    return [
        f"strict sale {row.document_id} left {row.balance_after} of product {row.product_id} "
        f"in store {row.store_id}"
        for row in below
        if row.document_id in strict
    ]


_LEVELS = text("SELECT store_id, product_id, version, on_hand FROM stock_levels WHERE version > 0")
_BUSY_STORES = text("""
    SELECT key, kafka_partition, max(kafka_offset) AS last, bool_or(published_at IS NULL) AS waits
    FROM outbox WHERE topic = :topic GROUP BY key, kafka_partition
""")


async def compare_levels(stock: AsyncSession, reported: ReportedLevels) -> list[str]:
    """Return the levels whose copy in the report differs, unless a newer event is on its way."""
    levels = {(r[0], r[1]): (r[2], r[3]) for r in await stock.execute(_LEVELS)}
    busy = {
        int(row.key)
        for row in await stock.execute(_BUSY_STORES, {"topic": STOCK_TOPIC})
        if row.waits or row.last >= reported.positions.get(row.kafka_partition, 0)
    }
    found = []
    for key in sorted(levels.keys() | reported.levels.keys()):
        ours, copy = levels.get(key, (0, 0)), reported.levels.get(key, (0, 0))
        is_older = copy[0] < ours[0] and key[0] in busy
        if copy != ours and not is_older:
            found.append(
                f"store {key[0]}, product {key[1]}: (version, level) {copy} in the report, "
                f"{ours} in the stock"
            )
    return found
