"""Answers about days of stores: what a closing sealed, what came later, and what is counted."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Literal, Self

from msgspec import UNSET, Meta, Struct, UnsetType

from report_service.api.answers import IsCurrent, PeriodOut, name_store
from report_service.api.figures import money
from report_service.api.words import FRENCH
from report_service.db.report_rows import Closing, DayFigures, DayReport, StoreDay

_WORDS = FRENCH | {"amount": "total_ventes"}
_NOTHING = DayFigures()


class DayFiguresOut(Struct, gc=False, rename=_WORDS):
    """Figures with the meaning that they have in the other reports."""

    sales_count: int
    gross: float
    discounts: float
    returns: float
    returns_count: int
    amount: float
    voids: float
    voids_count: int
    taxes: float
    cash_rounding: float

    @classmethod
    def of(cls, figures: DayFigures) -> Self:
        """Return the figures. Gross sales follow from the net ones."""
        gross = figures.amount_cents + figures.discount_cents + figures.returned_cents
        return cls(
            figures.sales_count,
            money(gross),
            money(figures.discount_cents),
            money(figures.returned_cents),
            figures.returns_count,
            money(figures.amount_cents),
            money(figures.voided_cents),
            figures.voids_count,
            money(figures.tax_cents),
            money(figures.cash_rounding_cents),
        )


class ClosingOut(Struct, gc=False, rename=_WORDS):
    """Who closed a day and when, and how its cash was counted."""

    closed_at: Annotated[datetime, Meta(tz=True)]
    closed_by: Annotated[
        str | None, Meta(description="The client of the key; null: the day closed by itself")
    ]
    is_automatic: bool
    cash_difference: Annotated[
        float | None,
        Meta(description="Cash counted less expected; null: no register was counted"),
    ]
    uncounted_registers: Annotated[
        int, Meta(description="Registers with cash that nobody has counted")
    ]

    @classmethod
    def of(cls, closing: Closing) -> Self:
        difference = closing.cash_difference_cents
        return cls(
            closing.closed_at,
            closing.closed_by,
            closing.is_automatic,
            None if difference is None else money(difference),
            closing.uncounted_registers,
        )


class StoreDayOut(Struct, rename=_WORDS):
    """A day of a store. The total is counted from the documents, not from the closing."""

    store_id: int
    store: str
    business_date: date
    status: Annotated[
        Literal["ouverte", "close"],
        Meta(
            description="A closing of this or a later day, or late documents, tell that it is"
            " closed"
        ),
    ]
    closing: ClosingOut | None
    sealed: Annotated[DayFiguresOut | None, Meta(description="The figures of the closing")]
    adjustments: Annotated[
        DayFiguresOut, Meta(description="Documents that were recorded after the closing")
    ]
    total: DayFiguresOut
    unexplained: Annotated[
        float | None,
        Meta(
            description="Net sales of the total less those of the closing and the adjustments. It"
            " is 0, unless an event of the day is still missing; null without a closing"
        ),
    ]

    @classmethod
    def of(cls, day: StoreDay) -> Self:
        counted, late = day.counted or _NOTHING, day.late or _NOTHING
        sealed = day.closing
        return cls(
            day.store_id,
            name_store(day),
            day.business_date,
            "close" if day.is_closed else "ouverte",
            None if sealed is None else ClosingOut.of(sealed),
            None if sealed is None else DayFiguresOut.of(sealed),
            DayFiguresOut.of(late),
            DayFiguresOut.of(counted),
            None if sealed is None else _unexplained(counted, sealed, late),
        )


class DayReportOut(Struct, rename=FRENCH | {"days": "journees"}):
    """The days of a period on which a store has documents or a closing, the oldest first."""

    period: PeriodOut
    days: list[StoreDayOut]
    is_current: IsCurrent | UnsetType = UNSET

    @classmethod
    def of_report(cls, report: DayReport, is_current: bool | None, period: PeriodOut) -> Self:
        return cls(period, _days(report.days), UNSET if is_current is None else is_current)


def _days(days: Iterable[StoreDay]) -> list[StoreDayOut]:
    return [StoreDayOut.of(each) for each in days]


def _unexplained(counted: DayFigures, sealed: DayFigures, late: DayFigures) -> float:
    return money(counted.amount_cents - sealed.amount_cents - late.amount_cents)
