"""The closing of a day, and the cash that somebody puts into a register or takes out of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sales_service.domain.day_totals import DayTotals


@dataclass(frozen=True, slots=True)
class DayClosing:
    """A closed day with its sealed totals; without `closed_by` it closed by itself."""

    store_id: int
    business_date: date
    currency: str
    closed_at: datetime
    closed_by: str | None
    reason: str | None
    totals: DayTotals


class CashKind(StrEnum):
    """Why cash moves: the float of the morning, or something that is no sale."""

    FLOAT = "float"
    PAID_IN = "paid-in"
    PAID_OUT = "paid-out"


@dataclass(frozen=True, slots=True)
class CashMovement:
    """Cash that goes into a register of a store, or out of it."""

    id: UUID
    store_id: int
    business_date: date
    register_id: str | None
    kind: CashKind
    amount_cents: int
    reason: str | None
    recorded_at: datetime
    client_id: str
