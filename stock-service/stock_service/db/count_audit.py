"""Compares the lines of counts with the ledger: differences, and corrections of what came late."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice

LINES_PER_SLICE = 100

# By brute force, not by `expected_at`: the audit must not trust what it checks. A level belongs to
# a count from its posting to that of the next one.
_LINES = text("""
    WITH slice AS (
        SELECT line.*, c.store_id, c.status FROM count_lines AS line
        JOIN counts AS c ON c.id = line.count_id
        WHERE (line.count_id, line.product_id) > (CAST(:count_id AS uuid), CAST(:product_id AS int))
        ORDER BY line.count_id, line.product_id LIMIT :count
    ), posted AS (
        SELECT slice.*, (
            SELECT later.level_version FROM count_lines AS later
            JOIN counts AS c ON c.id = later.count_id
            WHERE c.store_id = slice.store_id AND later.product_id = slice.product_id
                AND later.expected IS NOT NULL AND later.counted_at > slice.counted_at
            ORDER BY later.counted_at LIMIT 1
        ) AS last_version
        FROM slice
    )
    SELECT p.count_id, p.product_id, p.status,
        ROW(p.expected, coalesce(p.difference, 0), 0, coalesce(corrected.units, 0))::text AS found,
        ROW(
            CASE WHEN p.expected IS NOT NULL THEN coalesce(ledger.expected, 0) END,
            coalesce(ledger.moved, 0), coalesce(ledger.late, 0), coalesce(ledger.corrected, 0)
        )::text AS ledger,
        (p.status = 'posted' OR p.expected IS NULL)
            AND (p.expected IS NULL OR coalesce(l.counted_at >= p.counted_at, false)) AS fits
    FROM posted AS p
    LEFT JOIN stock_levels AS l ON l.store_id = p.store_id AND l.product_id = p.product_id
    CROSS JOIN LATERAL (
        SELECT sum(quantity) AS units FROM count_corrections AS c
        WHERE c.count_id = p.count_id AND c.product_id = p.product_id
    ) AS corrected
    CROSS JOIN LATERAL (
        SELECT
            sum(m.delta) FILTER (
                WHERE m.level_version <= p.level_version
                    AND (m.recorded_at <= p.counted_at OR m.occurred_at < p.counted_at)
            ) AS expected,
            sum(m.delta) FILTER (WHERE m.kind = 'count' AND m.document_id = p.count_id) AS moved,
            sum(m.delta) FILTER (
                WHERE m.level_version > p.level_version AND m.occurred_at < p.counted_at
                    AND (p.last_version IS NULL OR m.level_version <= p.last_version)
            ) AS late,
            sum(m.delta) FILTER (
                WHERE m.level_version > p.level_version AND m.kind = 'count-correction'
                    AND (p.last_version IS NULL OR m.level_version <= p.last_version)
            ) AS corrected
        FROM movements AS m
        WHERE m.store_id = p.store_id AND m.product_id = p.product_id
    ) AS ledger
    ORDER BY p.count_id, p.product_id
""")


async def look_at_counts(
    session: AsyncSession, position: Any | None, count: int = LINES_PER_SLICE
) -> Slice:
    """Find counts that moved a level by another difference than the ledger says.

    What had happened before a count and was recorded after its posting adds up to 0 with its
    corrections: so the counted level is not moved again.
    """
    rows = (await session.execute(_LINES, _after(position) | {"count": count})).all()
    differences = [
        f"count {row.count_id} is {row.status}, product {row.product_id}: "
        f"(expected, difference, late, corrections) {row.found}, movements say {row.ledger}"
        for row in rows
        if row.found != row.ledger or not row.fits
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else (rows[-1].count_id, rows[-1].product_id))


_NEXT = text("""
    SELECT count_id, product_id FROM count_lines
    WHERE (count_id, product_id) > (CAST(:count_id AS uuid), CAST(:product_id AS int))
    ORDER BY count_id, product_id LIMIT 1
""")


async def skip_line(session: AsyncSession, position: Any | None) -> Any | None:
    row = (await session.execute(_NEXT, _after(position))).one_or_none()
    return None if row is None else (row.count_id, row.product_id)


def _after(position: Any | None) -> dict[str, Any]:
    count_id, product_id = position or (UUID(int=0), 0)
    return {"count_id": count_id, "product_id": product_id}


COUNTS = Check("counts", look_at_counts, partial(look_at_counts, count=1), skip_line)
