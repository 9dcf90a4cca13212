"""Reads and writes the lines of counts, and what the books expected at their instants."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.counts import Count, Counted, CountedLine, CountScope, PostedLine
from stock_service.domain.levels import ProductId, StoreId

_INSERT = {
    # A product that never was in the store has no level. It can be counted all the same.
    CountScope.STORE: text("""
        INSERT INTO count_lines (count_id, product_id)
        SELECT :count_id, l.product_id
        FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
        WHERE l.store_id = :store_id
    """),
    CountScope.CATEGORY: text("""
        INSERT INTO count_lines (count_id, product_id)
        SELECT :count_id, p.id FROM products AS p
        WHERE p.category = :category AND (p.is_active OR EXISTS (
            SELECT FROM stock_levels AS l WHERE l.product_id = p.id AND l.store_id = :store_id
        ))
    """),
    CountScope.PRODUCTS: text("""
        INSERT INTO count_lines (count_id, product_id)
        SELECT :count_id, unnest(CAST(:product_ids AS int[]))
    """),
}


async def insert_lines(session: AsyncSession, count: Count) -> int:
    """Insert a line for each product that a new count is about, and return how many there are."""
    values: dict[str, Any] = {"count_id": count.id}
    if count.scope is CountScope.PRODUCTS:
        values["product_ids"] = list(count.product_ids or ())
    else:
        values["store_id"] = count.store_id
    if count.scope is CountScope.CATEGORY:
        values["category"] = count.category
    result = await session.execute(_INSERT[count.scope], values)
    return int(getattr(result, "rowcount", 0))


_STRANGERS = text("""
    SELECT wanted FROM unnest(CAST(:product_ids AS int[])) AS wanted
    WHERE NOT EXISTS (
        SELECT FROM count_lines WHERE count_id = :count_id AND product_id = wanted
    ) AND NOT EXISTS (
        SELECT FROM products WHERE id = wanted AND category = CAST(:category AS text)
    )
""")


async def find_strangers(
    session: AsyncSession, count: Count, product_ids: Collection[ProductId]
) -> list[ProductId]:
    """Return the products that the count is not about; a store's count is about all."""
    if count.scope is CountScope.STORE:
        return []
    values = {
        "count_id": count.id,
        "product_ids": sorted(set(product_ids)),
        "category": count.category,
    }
    return [ProductId(each) for each in (await session.execute(_STRANGERS, values)).scalars()]


# Of two with one instant the later request wins.
_SAVE = text("""
    INSERT INTO count_lines AS l (count_id, product_id, quantity, counted_at, counted_by)
    SELECT :count_id, product_id, quantity, counted_at, :actor
    FROM unnest(CAST(:product_ids AS int[]), CAST(:quantities AS bigint[]),
        CAST(:counted_at AS timestamptz[])) AS n(product_id, quantity, counted_at)
    ORDER BY product_id
    ON CONFLICT (count_id, product_id) DO UPDATE
        SET quantity = excluded.quantity, counted_at = excluded.counted_at,
            counted_by = excluded.counted_by
        WHERE l.counted_at IS NULL OR excluded.counted_at >= l.counted_at
""")


async def save_counted(
    session: AsyncSession, count_id: UUID, lines: Sequence[Counted], actor: str | None
) -> None:
    """Write what was counted, unless a later quantity is there; the lines are by product."""
    await session.execute(
        _SAVE,
        {
            "count_id": count_id,
            "actor": actor,
            "product_ids": [line.product_id for line in lines],
            "quantities": [line.quantity for line in lines],
            "counted_at": [line.counted_at for line in lines],
        },
    )


_COUNTED_KEYS = text("""
    SELECT product_id FROM count_lines WHERE count_id = :count_id AND quantity IS NOT NULL
    ORDER BY product_id
""")
_COUNTED = text("""
    SELECT line.product_id, line.quantity, line.counted_at,
        expected_at(l.store_id, l.product_id, l.version, line.counted_at) AS expected
    FROM count_lines AS line
    JOIN stock_levels AS l ON l.product_id = line.product_id AND l.store_id = :store_id
    WHERE line.count_id = :count_id AND line.quantity IS NOT NULL
    ORDER BY line.product_id
""")


async def find_counted(session: AsyncSession, count_id: UUID) -> list[ProductId]:
    """Return the products that were counted, in the order of the locks."""
    found = await session.execute(_COUNTED_KEYS, {"count_id": count_id})
    return [ProductId(each) for each in found.scalars()]


async def expect(session: AsyncSession, count: Count) -> list[CountedLine]:
    """Return the counted lines with what the books expect of them now.

    Read them after the locks of their levels: the ledger of these stands still then.
    """
    rows = await session.execute(_COUNTED, {"count_id": count.id, "store_id": count.store_id})
    return [
        CountedLine(ProductId(row.product_id), row.quantity, row.counted_at, row.expected)
        for row in rows
    ]


_POST = text("""
    UPDATE count_lines AS l
    SET expected = n.expected, level_version = n.level_version, average_cost = n.average_cost
    FROM unnest(CAST(:product_ids AS int[]), CAST(:expected AS bigint[]),
        CAST(:versions AS bigint[]), CAST(:average_costs AS numeric[]))
        AS n(product_id, expected, level_version, average_cost)
    WHERE l.count_id = :count_id AND l.product_id = n.product_id
""")
_MARK = text("""
    UPDATE stock_levels AS l SET counted_at = n.counted_at, count_id = :count_id
    FROM unnest(CAST(:product_ids AS int[]), CAST(:counted_at AS timestamptz[]))
        AS n(product_id, counted_at)
    WHERE l.store_id = :store_id AND l.product_id = n.product_id
""")


async def save_posted_lines(
    session: AsyncSession, count_id: UUID, store_id: StoreId, lines: Sequence[PostedLine]
) -> None:
    """Write what a posting found, and mark its locked levels: late movements look there."""
    product_ids = [each.line.product_id for each in lines]
    await session.execute(
        _POST,
        {
            "count_id": count_id,
            "product_ids": product_ids,
            "expected": [each.line.expected for each in lines],
            "versions": [each.level_version for each in lines],
            "average_costs": [each.average_cost for each in lines],
        },
    )
    marks = {
        "count_id": count_id,
        "store_id": store_id,
        "product_ids": product_ids,
        "counted_at": [each.line.counted_at for each in lines],
    }
    await session.execute(_MARK, marks)


# What an open count expects is computed for the lines of the page only.
_LINES = """
    SELECT line.product_id, p.name, line.quantity AS counted, line.counted_at, line.counted_by,
        now.expected, line.quantity - now.expected AS difference,
        CAST(coalesce(corrected.units, 0) AS bigint) AS corrections,
        round((line.quantity - now.expected) * CASE CAST(:status AS text)
            WHEN 'open' THEN l.average_cost ELSE line.average_cost
        END, 2) AS value,
        CASE
            WHEN line.quantity IS NULL THEN 'uncounted'
            WHEN now.expected IS NULL AND CAST(:status AS text) <> 'cancelled' THEN 'superseded'
            ELSE 'counted'
        END AS state
    FROM (
        SELECT * FROM count_lines
        WHERE count_id = :count_id AND {which}
        ORDER BY product_id LIMIT :limit
    ) AS line
    LEFT JOIN products AS p ON p.id = line.product_id
    LEFT JOIN stock_levels AS l ON l.store_id = :store_id AND l.product_id = line.product_id
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN CAST(:status AS text) <> 'open' OR line.quantity IS NULL THEN line.expected
            WHEN l.counted_at >= line.counted_at THEN NULL
            WHEN l.version IS NULL THEN 0
            ELSE expected_at(l.store_id, l.product_id, l.version, line.counted_at)
        END AS expected
    ) AS now
    LEFT JOIN LATERAL (
        SELECT sum(quantity) AS units FROM count_corrections AS c
        WHERE c.count_id = :count_id AND c.product_id = line.product_id
    ) AS corrected ON true
    ORDER BY line.product_id
"""
_LINES_AFTER = text(_LINES.format(which="product_id > CAST(:after AS bigint)"))
_LINES_OF = text(_LINES.format(which="product_id = ANY(CAST(:product_ids AS int[]))"))


async def list_lines(
    session: AsyncSession, count: Count, after: int, limit: int
) -> Sequence[Row[Any]]:
    """Return a page of the lines of a count, by product."""
    values = _of(count) | {"after": after, "limit": limit}
    return (await session.execute(_LINES_AFTER, values)).all()


async def find_lines(
    session: AsyncSession, count: Count, product_ids: Collection[ProductId]
) -> Sequence[Row[Any]]:
    """Return the lines of these products."""
    values = _of(count) | {"product_ids": sorted(set(product_ids)), "limit": None}
    return (await session.execute(_LINES_OF, values)).all()


def _of(count: Count) -> dict[str, Any]:
    return {"count_id": count.id, "store_id": count.store_id, "status": count.status.value}
