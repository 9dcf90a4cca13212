"""Keeps what a store sealed when it closed a day."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.closed_days import ClosedDay, insert_closed_days
from report_service.events.consumed import DayClosed, Register
from service_kit.events.cloud_events import Event


async def keep_closings(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
    """Keep the closings of a batch that are not stored yet."""
    days = [_closed_day(each.body, each.actor) for each in events if _is_closing(each)]
    if days:
        await insert_closed_days(session, sorted(days))


def _is_closing(event: Event[Any]) -> bool:
    return isinstance(event.body, DayClosed)


def _closed_day(closing: DayClosed, closed_by: str | None) -> ClosedDay:
    differences = [each for each in map(_difference, closing.registers) if each is not None]
    return ClosedDay(
        business_date=closing.business_date,
        store_id=closing.store_id,
        closed_at=closing.closed_at,
        closed_by=None if closing.is_automatic else closed_by,
        is_automatic=closing.is_automatic,
        sales_count=closing.sale_count,
        amount_cents=closing.total_cents,
        tax_cents=closing.tax_cents,
        discount_cents=closing.discount_cents,
        returns_count=closing.return_count,
        returned_cents=closing.return_cents,
        voids_count=closing.void_count,
        voided_cents=closing.voided_cents,
        cash_rounding_cents=closing.cash_rounding_cents,
        uncounted_registers=len(closing.registers) - len(differences),
        cash_difference_cents=sum(differences) if differences else None,
    )


def _difference(register: Register) -> int | None:
    """Return what was counted less what was expected; None: nobody counted."""
    if register.counted_cents is None:
        return None
    return register.counted_cents - register.expected_cents
