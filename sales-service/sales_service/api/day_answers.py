"""Answers about days: English structs whose members have French names."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from sales_service.api.answers import money
from sales_service.api.day_words import FRENCH_OF_DAY, WORD_OF_CASH
from sales_service.api.sale_answers import PaymentOut
from sales_service.api.tax_answers import LineTaxOut
from sales_service.api.words import WORD_OF_METHOD
from sales_service.db.day_closings import DayState
from sales_service.domain.day_closings import CashMovement, DayClosing
from sales_service.domain.day_totals import DayTotals, RegisterCash, add


class RegisterOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_DAY):
    """The cash of a register; without a name, of the sales that name none."""

    register_id: str | None
    opening_float: float
    paid_in: float
    paid_out: float
    cash_sales: Annotated[float, msgspec.Meta(description="Without the change")]
    cash_returns: float
    expected: float
    counted: Annotated[float | None, msgspec.Meta(description="Null: nobody has counted it")]
    difference: Annotated[
        float | None, msgspec.Meta(description="Counted less expected; below 0 it is missing")
    ]

    @classmethod
    def of(cls, cash: RegisterCash) -> Self:
        return cls(
            cash.register_id,
            money(cash.float_cents),
            money(cash.paid_in_cents),
            money(cash.paid_out_cents),
            money(cash.cash_sales_cents),
            money(cash.cash_returns_cents),
            money(cash.expected_cents),
            _known(cash.counted_cents),
            _known(cash.difference_cents),
        )


class TotalsOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_DAY):
    """The figures of a day, with the names and the meaning that they have in reports."""

    sales_count: int
    first_number: str | None
    last_number: str | None
    gross: float
    discounts: float
    returns: float
    returns_count: int
    sales_total: Annotated[float, msgspec.Meta(description="Gross less discounts less returns")]
    voids: float
    voids_count: int
    taxes: float
    tax_shares: list[LineTaxOut]
    payments: list[PaymentOut]
    cash_rounding: float
    unstated: Annotated[
        float,
        msgspec.Meta(
            description="With taxes: sales that do not say how they are paid, less such returns"
        ),
    ]
    registers: list[RegisterOut]

    @classmethod
    def of(cls, totals: DayTotals) -> Self:
        return cls(
            totals.sale_count,
            totals.first_number,
            totals.last_number,
            money(totals.gross_cents),
            money(totals.discount_cents),
            money(totals.return_cents),
            totals.return_count,
            money(totals.total_cents),
            money(totals.voided_cents),
            totals.void_count,
            money(totals.tax_cents),
            [LineTaxOut(tax.code, money(tax.amount_cents)) for tax in totals.taxes],
            [
                PaymentOut(WORD_OF_METHOD[each.method], money(each.amount_cents))
                for each in totals.payments
            ],
            money(totals.cash_rounding_cents),
            money(totals.unstated_cents),
            [RegisterOut.of(each) for each in totals.registers],
        )


class ClosingOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_DAY):
    """Who closed a day, and when."""

    closed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    closed_by: Annotated[str | None, msgspec.Meta(description="Null: the day closed by itself")]
    is_automatic: bool
    reason: str | None

    @classmethod
    def of(cls, closing: DayClosing) -> Self:
        by = closing.closed_by
        return cls(closing.closed_at, by, by is None, closing.reason)


class DayOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_DAY):
    """A day of a store: an X while it is open, a Z when it is closed."""

    store_id: int
    business_date: date
    status: Literal["ouverte", "close"]
    currency: str
    totals: Annotated[
        TotalsOut, msgspec.Meta(description="As they are now, or as they were sealed")
    ]
    closing: Annotated[
        ClosingOut | None,
        msgspec.Meta(
            description="Null of an open day, and of one without documents that closed by itself"
        ),
    ] = None
    adjustments: Annotated[
        TotalsOut | UnsetType, msgspec.Meta(description="Of a closed day: documents that came late")
    ] = UNSET
    total: Annotated[
        TotalsOut | UnsetType, msgspec.Meta(description="Of a closed day: both together")
    ] = UNSET

    @classmethod
    def open(cls, store_id: int, day: date, state: DayState, totals: DayTotals) -> Self:
        return cls(store_id, day, "ouverte", state.currency, TotalsOut.of(totals))

    @classmethod
    def closed(
        cls, store_id: int, day: date, state: DayState, totals: DayTotals, late: DayTotals
    ) -> Self:
        """Return a closed day, with its closing if it has one."""
        return cls(
            store_id,
            day,
            "close",
            state.currency,
            TotalsOut.of(totals),
            None if state.closing is None else ClosingOut.of(state.closing),
            TotalsOut.of(late),
            TotalsOut.of(add(totals, late)),
        )


class ClosedDayOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_DAY):
    """A closed day in a list, as it was sealed."""

    business_date: date
    closed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    closed_by: str | None
    is_automatic: bool
    currency: str
    sales_count: int
    sales_total: float
    difference: Annotated[
        float | None, msgspec.Meta(description="Of all counted registers; null: none was counted")
    ]

    @classmethod
    def of(cls, closing: DayClosing) -> Self:
        return cls(
            closing.business_date,
            closing.closed_at,
            closing.closed_by,
            closing.closed_by is None,
            closing.currency,
            closing.totals.sale_count,
            money(closing.totals.total_cents),
            _known(closing.totals.difference_cents),
        )


class CashMovementOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_DAY):
    """A recorded movement of cash."""

    id: UUID
    store_id: int
    business_date: date
    register_id: str | None
    kind: str
    amount: float
    reason: str | None
    recorded_at: Annotated[datetime, msgspec.Meta(tz=True)]
    by: str

    @classmethod
    def of(cls, movement: CashMovement) -> Self:
        return cls(
            movement.id,
            movement.store_id,
            movement.business_date,
            movement.register_id,
            WORD_OF_CASH[movement.kind],
            money(movement.amount_cents),
            movement.reason,
            movement.recorded_at,
            movement.client_id,
        )


def _known(cents: int | None) -> float | None:
    return None if cents is None else money(cents)
