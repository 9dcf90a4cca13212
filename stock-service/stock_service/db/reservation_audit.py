"""Compares what levels say is reserved with reservations, and these with their lines and sales."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice
from stock_service.db.audit import LEVELS_PER_SLICE, after_level, skip_level

RESERVATIONS_PER_SLICE = 500

_RESERVED = text("""
    WITH levels AS (
        SELECT store_id, product_id, reserved FROM stock_levels
        WHERE (store_id, product_id) > (CAST(:store_id AS int), CAST(:product_id AS int))
        ORDER BY store_id, product_id LIMIT :count
    )
    SELECT levels.*, coalesce(held.units, 0) AS expected
    FROM levels CROSS JOIN LATERAL (
        SELECT sum(quantity) AS units FROM reservation_lines AS line
        WHERE line.is_held
            AND (line.store_id, line.product_id) = (levels.store_id, levels.product_id)
    ) AS held
    ORDER BY store_id, product_id
""")


async def look_at_reserved(
    session: AsyncSession, position: Any | None, count: int = LEVELS_PER_SLICE
) -> Slice:
    """Find levels whose `reserved` is not the sum of what open reservations hold."""
    rows = (await session.execute(_RESERVED, after_level(position) | {"count": count})).all()
    differences = [
        f"store {row.store_id}, product {row.product_id}: reserved {row.reserved}, "
        f"reservations hold {row.expected}"
        for row in rows
        if row.reserved != row.expected
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else (rows[-1].store_id, rows[-1].product_id))


_RESERVATIONS = text("""
    WITH part AS (
        SELECT id, store_id, status, expires_at, sale_id FROM reservations
        WHERE id > :reservation_id ORDER BY id LIMIT :count
    )
    SELECT part.id, part.status, count(line.product_id) AS lines,
        count(*) FILTER (
            WHERE line.is_held <> (part.status = 'open')
                OR (line.store_id, line.expires_at) <> (part.store_id, part.expires_at)
        ) AS wrong,
        (
            SELECT count(*) FROM sale_decisions AS d
            WHERE d.sale_id = part.sale_id AND d.store_id = part.store_id
                AND d.outcome IN ('withdrawn', 'returned')
        ) AS sales
    FROM part LEFT JOIN reservation_lines AS line ON line.reservation_id = part.id
    GROUP BY part.id, part.store_id, part.status, part.sale_id ORDER BY part.id
""")


async def look_at_reservations(
    session: AsyncSession, position: Any | None, count: int = RESERVATIONS_PER_SLICE
) -> Slice:
    """Find reservations that contradict their lines, or that no sale took which they name."""
    parameters = {"reservation_id": position or UUID(int=0), "count": count}
    rows = (await session.execute(_RESERVATIONS, parameters)).all()
    differences = [
        f"reservation {row.id} is {row.status}: {row.wrong} of {row.lines} lines contradict it, "
        f"{row.sales} sales took its goods"
        for row in rows
        if not row.lines or row.wrong or row.sales != (row.status == "consumed")
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else rows[-1].id)


_NEXT_RESERVATION = text("SELECT id FROM reservations WHERE id > :after ORDER BY id LIMIT 1")


async def skip_reservation(session: AsyncSession, position: Any | None) -> Any | None:
    after = {"after": position or UUID(int=0)}
    return (await session.execute(_NEXT_RESERVATION, after)).scalar_one_or_none()


RESERVATION_CHECKS = (
    Check("reserved", look_at_reserved, partial(look_at_reserved, count=1), skip_level),
    Check(
        "reservations",
        look_at_reservations,
        partial(look_at_reservations, count=1),
        skip_reservation,
    ),
)
