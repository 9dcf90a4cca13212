"""Reads and writes the inbox of declared levels."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.declarations import AppliedDeclaration

_FIND = text("""
    SELECT declaration_id FROM level_declarations
    WHERE declaration_id = ANY(CAST(:ids AS uuid[]))
""")


async def find_applied(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the declarations that were applied in an earlier batch.

    No lock is needed: all events of a store are in one partition, whose position is locked.
    """
    return set((await session.execute(_FIND, {"ids": list(ids)})).scalars())


_SAVE = text("""
    INSERT INTO level_declarations (declaration_id, store_id, product_id, kind, quantity, delta,
        declared_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:store_ids AS int[]),
        CAST(:product_ids AS int[]), CAST(:kinds AS text[]), CAST(:quantities AS bigint[]),
        CAST(:deltas AS bigint[]), CAST(:declared_at AS timestamptz[]))
""")


async def save_applied(session: AsyncSession, applied: Sequence[AppliedDeclaration]) -> None:
    """Write declarations that were applied."""
    declarations = [each.declaration for each in applied]
    await session.execute(
        _SAVE,
        {
            "ids": [each.declaration_id for each in declarations],
            "store_ids": [each.key.store_id for each in declarations],
            "product_ids": [each.key.product_id for each in declarations],
            "kinds": [each.kind.value for each in declarations],
            "quantities": [each.quantity for each in declarations],
            "deltas": [each.delta for each in applied],
            "declared_at": [each.declared_at for each in declarations],
        },
    )
