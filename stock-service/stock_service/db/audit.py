"""Compares levels, decisions over sales and declared levels with their movements."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice

LEVELS_PER_SLICE = 200
DECISIONS_PER_SLICE = 500
DECLARATIONS_PER_SLICE = 500

_LEVELS = text("""
    WITH levels AS (
        SELECT store_id, product_id, on_hand, version FROM stock_levels
        WHERE (store_id, product_id) > (CAST(:store_id AS int), CAST(:product_id AS int))
        ORDER BY store_id, product_id LIMIT :count
    ), movements AS (
        SELECT m.store_id, m.product_id, m.delta, m.balance_after, m.level_version,
            sum(m.delta) OVER way AS balance, row_number() OVER way AS version
        FROM movements AS m JOIN levels USING (store_id, product_id)
        WINDOW way AS (PARTITION BY m.store_id, m.product_id ORDER BY m.level_version)
    ), sums AS (
        SELECT store_id, product_id, sum(delta) AS on_hand, count(*) AS version,
            count(*) FILTER (WHERE balance <> balance_after OR version <> level_version) AS broken
        FROM movements GROUP BY store_id, product_id
    )
    SELECT store_id, product_id,
        ROW(levels.on_hand, levels.version, 0)::text AS found,
        ROW(coalesce(sums.on_hand, 0), coalesce(sums.version, 0), coalesce(broken, 0))::text
            AS expected
    FROM levels LEFT JOIN sums USING (store_id, product_id)
    ORDER BY store_id, product_id
""")


async def look_at_levels(
    session: AsyncSession, position: Any | None, count: int = LEVELS_PER_SLICE
) -> Slice:
    """Find levels that are not the sum of their movements, or whose versions have a gap."""
    rows = (await session.execute(_LEVELS, after_level(position) | {"count": count})).all()
    differences = [
        f"store {row.store_id}, product {row.product_id}: "
        f"(level, version, broken steps) {row.found}, movements say {row.expected}"
        for row in rows
        if row.found != row.expected
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else (rows[-1].store_id, rows[-1].product_id))


_NEXT_LEVEL = text("""
    SELECT store_id, product_id FROM stock_levels
    WHERE (store_id, product_id) > (CAST(:store_id AS int), CAST(:product_id AS int))
    ORDER BY store_id, product_id LIMIT 1
""")


async def skip_level(session: AsyncSession, position: Any | None) -> Any | None:
    row = (await session.execute(_NEXT_LEVEL, after_level(position))).one_or_none()
    return None if row is None else (row.store_id, row.product_id)


def after_level(position: Any | None) -> dict[str, int]:
    """Return the parameters of a slice of levels that begins after a position."""
    store_id, product_id = position or (0, 0)
    return {"store_id": store_id, "product_id": product_id}


_DECISIONS = text("""
    WITH decisions AS (
        SELECT sale_id, outcome FROM sale_decisions
        WHERE sale_id > :sale_id ORDER BY sale_id LIMIT :count
    )
    SELECT sale_id, outcome,
        count(*) FILTER (WHERE kind = 'sale') AS taken,
        count(*) FILTER (WHERE kind = 'cancellation') AS returned,
        coalesce(sum(delta), 0) AS net
    FROM decisions LEFT JOIN movements
        ON document_id = sale_id AND kind IN ('sale', 'cancellation')
    GROUP BY sale_id, outcome ORDER BY sale_id
""")


async def look_at_decisions(
    session: AsyncSession, position: Any | None, count: int = DECISIONS_PER_SLICE
) -> Slice:
    """Find sales whose movements contradict the decision: all, none, or taken and returned."""
    parameters = {"sale_id": position or UUID(int=0), "count": count}
    rows = (await session.execute(_DECISIONS, parameters)).all()
    differences = [
        f"sale {row.sale_id} is {row.outcome}: {row.taken} movements took, "
        f"{row.returned} gave back, {row.net} units in all"
        for row in rows
        if not _agrees(row.outcome, row.taken, row.returned, row.net)
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else rows[-1].sale_id)


_NEXT_DECISION = text("""
    SELECT sale_id FROM sale_decisions WHERE sale_id > :sale_id ORDER BY sale_id LIMIT 1
""")


async def skip_decision(session: AsyncSession, position: Any | None) -> Any | None:
    after = {"sale_id": position or UUID(int=0)}
    return (await session.execute(_NEXT_DECISION, after)).scalar_one_or_none()


def _agrees(outcome: str, taken: int, returned: int, net: int) -> bool:
    if outcome == "withdrawn":
        return taken > 0 and returned == 0 and net < 0
    if outcome == "returned":
        return taken == returned and taken > 0 and net == 0
    return taken == returned == 0


_DECLARATIONS = text("""
    WITH declarations AS (
        SELECT declaration_id, delta FROM level_declarations
        WHERE declaration_id > :declaration_id ORDER BY declaration_id LIMIT :count
    )
    SELECT declaration_id, declarations.delta AS expected, coalesce(sum(m.delta), 0) AS moved
    FROM declarations LEFT JOIN movements AS m
        ON document_id = declaration_id AND kind IN ('opening', 'count')
    GROUP BY declaration_id, declarations.delta ORDER BY declaration_id
""")


async def look_at_declarations(
    session: AsyncSession, position: Any | None, count: int = DECLARATIONS_PER_SLICE
) -> Slice:
    """Find declared levels whose movement is missing or another one."""
    parameters = {"declaration_id": position or UUID(int=0), "count": count}
    rows = (await session.execute(_DECLARATIONS, parameters)).all()
    differences = [
        f"declaration {row.declaration_id} moved {row.moved} units, not {row.expected}"
        for row in rows
        if row.moved != row.expected
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else rows[-1].declaration_id)


_NEXT_DECLARATION = text("""
    SELECT declaration_id FROM level_declarations
    WHERE declaration_id > :declaration_id ORDER BY declaration_id LIMIT 1
""")


async def skip_declaration(session: AsyncSession, position: Any | None) -> Any | None:
    after = {"declaration_id": position or UUID(int=0)}
    return (await session.execute(_NEXT_DECLARATION, after)).scalar_one_or_none()


CHECKS = (
    Check("levels", look_at_levels, partial(look_at_levels, count=1), skip_level),
    Check("decisions", look_at_decisions, partial(look_at_decisions, count=1), skip_decision),
    Check(
        "declarations",
        look_at_declarations,
        partial(look_at_declarations, count=1),
        skip_declaration,
    ),
)
