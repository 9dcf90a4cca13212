"""Tells which returns the ledger has."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_FIND = text("""
    SELECT DISTINCT document_id FROM movements
    WHERE document_id = ANY(CAST(:ids AS uuid[])) AND kind = 'return'
""")


async def find_taken_back(session: AsyncSession, return_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the returns whose goods an earlier batch has taken back.

    The ledger is the inbox of returns, because each return moves a level. No lock is needed: all
    events of a store are in one partition, whose position is locked.
    """
    if not return_ids:
        return set()
    return set((await session.execute(_FIND, {"ids": list(return_ids)})).scalars())
