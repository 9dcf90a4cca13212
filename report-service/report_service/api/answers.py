"""Turns a report into an answer, and an answer into bytes."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import UNSET

from report_service.api.schemas import (
    DayOut,
    FreshnessOut,
    PeriodOut,
    ProductOut,
    ReportOut,
    StockAlertOut,
    StoreLineOut,
    StoreOut,
    StoreReportOut,
)
from report_service.db.reports import (
    ProductSales,
    SalesReport,
    StockAlert,
    StoreReport,
    StoreSales,
)
from service_kit.http.cached_response import Content

_ENCODER = msgspec.json.Encoder()


def describe_sales_report(
    report: SalesReport, is_current: bool | None, period: PeriodOut
) -> ReportOut:
    """Return the consolidated report. Its totals are the sums of the stores that it lists."""
    return ReportOut(
        amount=_money(sum([store.amount_cents for store in report.stores])),
        sales_count=sum([store.sales_count for store in report.stores]),
        taxes=_money(sum([store.tax_cents for store in report.stores])),
        period=period,
        products=[
            ProductOut(
                each.product_id,
                _name_product(each),
                each.category,
                each.units,
                _money(each.amount_cents),
            )
            for each in report.products
        ],
        stock_outs=_describe_alerts(report.stock_outs),
        overstocks=_describe_alerts(report.overstocks),
        stores=[
            StoreOut(
                each.store_id,
                _name_store(each),
                _money(each.amount_cents),
                each.sales_count,
            )
            for each in report.stores
        ],
        days=[DayOut(each.business_date, _money(each.amount_cents)) for each in report.days],
        is_current=UNSET if is_current is None else is_current,
    )


def describe_store_report(
    report: StoreReport, is_current: bool | None, period: PeriodOut
) -> StoreReportOut:
    """Return the sales of each store."""
    lines = [
        StoreLineOut(
            each.store_id,
            _name_store(each),
            each.sales_count,
            _money(each.amount_cents),
        )
        for each in report.stores
    ]
    return StoreReportOut(period, lines, UNSET if is_current is None else is_current)


def _describe_alerts(alerts: list[StockAlert]) -> list[StockAlertOut]:
    return [
        StockAlertOut(
            each.product_id,
            _name_product(each),
            each.category,
            each.on_hand,
            each.store_id,
            _name_store(each),
        )
        for each in alerts
    ]


def _name_product(each: ProductSales | StockAlert) -> str:
    return f"Produit {each.product_id}" if each.name is None else each.name


def _name_store(each: StoreSales | StockAlert) -> str:
    return f"Magasin {each.store_id}" if each.store is None else each.store


def _money(cents: int) -> float:
    # The shortest decimal that a float prints is the exact one up to 90 billion.
    return cents / 100


def join_members(
    figures: ReportOut | StoreReportOut,
    read_freshness: Callable[[], FreshnessOut],
    until: datetime | None,
) -> Content:
    """Return one JSON object with the members of two: cached figures, then freshness read anew.

    The figures are encoded once, and the ETag is of them alone. Freshness changes at every answer,
    so each answer gets its members behind the cached bytes: `{"a":1` and `,"b":2}`.
    """
    return Content(
        _ENCODER.encode(figures)[:-1],
        lambda: b"," + _ENCODER.encode(read_freshness())[1:],
        until=None if until is None else until.timestamp(),
    )
