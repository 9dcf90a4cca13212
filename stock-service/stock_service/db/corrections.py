"""Writes what counts correct of movements that are told late."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import Correction

_INSERT = text("""
    INSERT INTO count_corrections (count_id, store_id, product_id, document_id, kind, quantity,
        correction_id)
    SELECT * FROM unnest(CAST(:count_ids AS uuid[]), CAST(:store_ids AS int[]),
        CAST(:product_ids AS int[]), CAST(:document_ids AS uuid[]), CAST(:kinds AS text[]),
        CAST(:quantities AS bigint[]), CAST(:correction_ids AS uuid[]))
""")


async def save_corrections(session: AsyncSession, corrections: Sequence[Correction]) -> None:
    """Write which movement each correction takes back, and for which count."""
    late = [each.late for each in corrections]
    await session.execute(
        _INSERT,
        {
            "count_ids": [each.count_id for each in corrections],
            "store_ids": [each.key.store_id for each in late],
            "product_ids": [each.key.product_id for each in late],
            "document_ids": [each.document.document_id for each in late],
            "kinds": [each.document.kind.value for each in late],
            "quantities": [-each.delta for each in late],
            "correction_ids": [each.movement.document.document_id for each in corrections],
        },
    )
