"""SQL that voids a sale."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.sales import SALE_COLUMNS, with_lines
from sales_service.domain.sale import Sale

_LOCK = text(f"SELECT {SALE_COLUMNS} FROM sales WHERE id = :id FOR UPDATE")


async def lock_sale(session: AsyncSession, sale_id: UUID) -> Sale | None:
    """Lock a sale until the transaction ends, and return it with its lines."""
    rows = (await session.execute(_LOCK, {"id": sale_id})).all()
    return (await with_lines(session, rows))[0] if rows else None


_HAS_RETURNS = text("SELECT EXISTS (SELECT FROM returns WHERE sale_id = :id)")


async def has_returns(session: AsyncSession, sale: Sale) -> bool:
    """Return whether goods of a locked sale came back."""
    return bool((await session.execute(_HAS_RETURNS, {"id": sale.id})).scalar_one())


_SAVE = text("""
    UPDATE sales SET status = :status, void_origin = :origin, void_reason = :reason,
        voided_at = :at, voided_by = :by,
        decided_at = CASE WHEN status = 'pending' THEN :at ELSE decided_at END
    WHERE id = :id
""")


async def save_void(session: AsyncSession, sale: Sale) -> None:
    """Write the status of a locked sale and what ended it."""
    assert sale.void is not None
    await session.execute(
        _SAVE,
        {
            "id": sale.id,
            "status": sale.status.value,
            "origin": sale.void.origin.value,
            "reason": sale.void.reason,
            "at": sale.void.at,
            "by": sale.void.by,
        },
    )
