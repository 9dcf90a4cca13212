"""Reads and writes the inbox of sales: one decision per sale."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.sales import Decision, Outcome

_FIND = text("""
    SELECT sale_id, store_id, outcome FROM sale_decisions
    WHERE sale_id = ANY(CAST(:sale_ids AS uuid[]))
""")


async def find_decisions(session: AsyncSession, sale_ids: Collection[UUID]) -> dict[UUID, Decision]:
    """Return the decisions on these sales; a sale without one is absent.

    No lock is needed: all events of a sale are in one partition, whose position is locked.
    """
    rows = await session.execute(_FIND, {"sale_ids": list(sale_ids)})
    return {row.sale_id: Decision(row.sale_id, row.store_id, Outcome(row.outcome)) for row in rows}


_SAVE = text("""
    INSERT INTO sale_decisions (sale_id, store_id, outcome, decided_at)
    SELECT sale_id, store_id, outcome, :decided_at
    FROM unnest(CAST(:sale_ids AS uuid[]), CAST(:store_ids AS int[]), CAST(:outcomes AS text[]))
        AS d(sale_id, store_id, outcome)
    ON CONFLICT (sale_id) DO UPDATE
        SET outcome = excluded.outcome, decided_at = excluded.decided_at
""")


async def save_decisions(
    session: AsyncSession, decisions: Collection[Decision], decided_at: datetime
) -> None:
    """Write decisions; a withdrawn sale may become a returned one."""
    await session.execute(
        _SAVE,
        {
            "sale_ids": [each.sale_id for each in decisions],
            "store_ids": [each.store_id for each in decisions],
            "outcomes": [each.outcome.value for each in decisions],
            "decided_at": decided_at,
        },
    )
