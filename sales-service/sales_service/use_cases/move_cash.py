"""Records cash that goes into a register or out of it without a sale."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from sales_service.db.day_closings import insert_movement
from sales_service.domain.day_closings import CashKind, CashMovement
from sales_service.events.day_events import cash_moved
from sales_service.use_cases.close_days import lock_open_days
from service_kit.events.outbox import add_to_outbox


@dataclass(frozen=True, slots=True)
class CashDraft:
    """A movement of cash as the till sends it."""

    register_id: str | None
    kind: CashKind
    amount_cents: int
    reason: str | None


async def move_cash(
    session: AsyncSession, store_id: int, day: date, draft: CashDraft, client_id: str
) -> CashMovement:
    """Record a movement of cash on an open day with its event, and return it.

    Raises `UnknownStore`, `DayIsClosed`, `DayLongPast` or `DayNotBegun`.
    """
    days = await lock_open_days(session, store_id, day)
    movement = CashMovement(
        id=uuid7(),
        store_id=store_id,
        business_date=day,
        register_id=draft.register_id,
        kind=draft.kind,
        amount_cents=draft.amount_cents,
        reason=draft.reason,
        recorded_at=days.now,
        client_id=client_id,
    )
    await insert_movement(session, movement)
    await add_to_outbox(session, [cash_moved(movement)])
    return movement
