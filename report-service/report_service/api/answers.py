"""Answers: English structs whose members have French names, encoded as they are."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Self

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from report_service.api.figures import FiguresOut, figures_of_all, figures_of_each, money
from report_service.api.words import FRENCH
from report_service.db.report_rows import (
    DaySales,
    ProductSales,
    SalesReport,
    StockAlert,
    StoreDay,
    StoreReport,
    StoreSales,
)
from service_kit.http.cached_response import Content

Money = Annotated[
    float,
    Meta(
        description="Sales after discounts less returns, before taxes and exact to the cent",
        examples=[1234.5],
    ),
]
SalesCount = Annotated[
    int, Meta(description="Confirmed sales without the voided ones; returns are none")
]
Units = Annotated[int, Meta(description="Units sold less units that came back")]
Instant = Annotated[datetime, Meta(tz=True)]
IsCurrent = Annotated[
    bool,
    Meta(description="Only with a parameter `apres_…`: is what they name counted?"),
]

_ENCODER = msgspec.json.Encoder()


class FreshnessOut(Struct, rename=FRENCH):
    """When the figures were read. Every event committed at `complet_jusqua` is counted in them."""

    computed_at: Instant
    complete_until: Instant | None
    delay_ms: int | None


class PeriodOut(Struct, rename=FRENCH):
    """The business dates of a report, both included. Null means no bound."""

    start: date | None
    end: date | None


class ProductOut(Struct, gc=False, rename=FRENCH):
    """The sales of one of the best sellers."""

    product_id: int
    name: str
    category: str
    units: Units
    amount: Money

    @classmethod
    def of(cls, sales: ProductSales) -> Self:
        return cls(
            sales.product_id,
            _name_product(sales),
            sales.category,
            sales.units,
            money(sales.amount_cents),
        )


class StockAlertOut(Struct, gc=False, rename=FRENCH):
    """A product of which a store has no unit left, or too many."""

    product_id: int
    name: str
    category: str
    on_hand: int
    store_id: int
    store: str

    @classmethod
    def of(cls, alert: StockAlert) -> Self:
        return cls(
            alert.product_id,
            _name_product(alert),
            alert.category,
            alert.on_hand,
            alert.store_id,
            name_store(alert),
        )


class StoreOut(FiguresOut, rename=FRENCH):
    """The sales of a store."""

    store_id: int
    store: str
    amount: Money
    sales_count: SalesCount

    @classmethod
    def of_store(cls, sales: StoreSales, figures: FiguresOut) -> Self:
        return cls(
            sales.store_id,
            name_store(sales),
            money(sales.amount_cents),
            sales.sales_count,
            **figures.members(),
        )


class DayOut(Struct, gc=False, rename=FRENCH):
    """The sales of a business date."""

    business_date: date
    amount: Money

    @classmethod
    def of(cls, sales: DaySales) -> Self:
        return cls(sales.business_date, money(sales.amount_cents))


class ReportOut(FiguresOut, rename=FRENCH | {"amount": "total_ventes"}):
    """The figures of the consolidated report. All come from one snapshot."""

    amount: Money
    sales_count: SalesCount
    period: PeriodOut
    products: list[ProductOut]
    stock_outs: list[StockAlertOut]
    overstocks: list[StockAlertOut]
    stock_outs_count: Annotated[int, Meta(description="Of all; `ruptures` lists the worst 100")]
    overstocks_count: Annotated[int, Meta(description="Of all; `surstocks` lists the worst 100")]
    stores: list[StoreOut]
    days: list[DayOut]
    is_current: IsCurrent | UnsetType = UNSET

    @classmethod
    def of_report(cls, report: SalesReport, is_current: bool | None, period: PeriodOut) -> Self:
        """Return the consolidated report. Its totals are the sums of the stores that it lists."""
        of_each = figures_of_each(report)
        [counts] = report.alert_counts
        return cls(
            money(sum([store.amount_cents for store in report.stores])),
            sum([store.sales_count for store in report.stores]),
            period,
            [ProductOut.of(each) for each in report.products],
            [StockAlertOut.of(each) for each in report.stock_outs],
            [StockAlertOut.of(each) for each in report.overstocks],
            counts.stock_outs,
            counts.overstocks,
            [StoreOut.of_store(each, of_each[each.store_id]) for each in report.stores],
            [DayOut.of(each) for each in report.days],
            UNSET if is_current is None else is_current,
            **figures_of_all(report).members(),
        )


class StoreLineOut(FiguresOut, rename=FRENCH | {"amount": "total_ventes"}):
    """The sales of a store, as a line of the report by store."""

    store_id: int
    store: str
    sales_count: SalesCount
    amount: Money

    @classmethod
    def of_store(cls, sales: StoreSales, figures: FiguresOut) -> Self:
        return cls(
            sales.store_id,
            name_store(sales),
            sales.sales_count,
            money(sales.amount_cents),
            **figures.members(),
        )


class StoreReportOut(FiguresOut, rename=FRENCH | {"stores": "rapport", "amount": "total_ventes"}):
    """The figures of the report by store, and of its stores together."""

    period: PeriodOut
    stores: list[StoreLineOut]
    amount: Money
    sales_count: SalesCount
    is_current: IsCurrent | UnsetType = UNSET

    @classmethod
    def of_report(cls, report: StoreReport, is_current: bool | None, period: PeriodOut) -> Self:
        of_each = figures_of_each(report)
        return cls(
            period,
            [StoreLineOut.of_store(each, of_each[each.store_id]) for each in report.stores],
            money(sum([store.amount_cents for store in report.stores])),
            sum([store.sales_count for store in report.stores]),
            UNSET if is_current is None else is_current,
            **figures_of_all(report).members(),
        )


def _name_product(each: ProductSales | StockAlert) -> str:
    return f"Produit {each.product_id}" if each.name is None else each.name


def name_store(each: StoreSales | StockAlert | StoreDay) -> str:
    return f"Magasin {each.store_id}" if each.store is None else each.store


def join_members(
    figures: Struct,
    read_freshness: Callable[[], FreshnessOut],
    until: datetime | None,
) -> Content:
    """Return one JSON object with the members of two: cached figures, then the current freshness.

    The figures are encoded once, and the ETag is of them alone. Freshness changes at every answer,
    so each answer gets its members behind the cached bytes: `{"a":1` and `,"b":2}`. A 304 has no
    body: it says them in headers.
    """

    def describe_in_headers() -> dict[str, str]:
        freshness = read_freshness()
        if freshness.complete_until is None:
            return {}
        return {
            "Complet-Jusqua": freshness.complete_until.isoformat(),
            "Retard-Ms": str(freshness.delay_ms),
        }

    return Content(
        _ENCODER.encode(figures)[:-1],
        lambda: b"," + _ENCODER.encode(read_freshness())[1:],
        until=None if until is None else until.timestamp(),
        fresh_headers=describe_in_headers,
    )
