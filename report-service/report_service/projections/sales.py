"""Counts confirmed sales once each, in facts and in every counter that a report reads."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.counter_rows import (
    ChainDay,
    ProductDay,
    ProductMonth,
    ProductTotal,
    StoreDay,
    StoreMonth,
    StoreTotal,
)
from report_service.db.counters import add_to_counters
from report_service.db.facts import LineFact, SaleFact, insert_lines, insert_new_sales
from report_service.events.consumed import SaleRecorded
from report_service.projections.sums import (
    Labels,
    Sums,
    find_latest_labels,
    roll_up,
    sum_product_days,
    sum_store_days,
)


async def count_sales(
    session: AsyncSession, sales: Sequence[SaleRecorded], stripe: int
) -> list[SaleRecorded]:
    """Count the sales that were not counted before, and return them.

    `stripe` keeps apart the writers of the chain's rows: the Kafka partition that they came from.
    """
    by_id = {sale.sale_id: sale for sale in sales}
    if not by_id:
        return []
    new_ids = await insert_new_sales(session, sorted(map(_sale_fact, by_id.values())))
    new = [sale for sale_id, sale in by_id.items() if sale_id in new_ids]
    if not new:
        return []
    await insert_lines(session, _line_facts(new))
    await add_to_counters(
        session,
        _store_rows(sum_store_days(new), stripe)
        | _product_rows(sum_product_days(new), find_latest_labels(new)),
    )
    return new


def _store_rows(days: Mapping[tuple[date, int], Sums], stripe: int) -> dict[str, list[NamedTuple]]:
    months = roll_up(days, _month_and_id)
    totals = roll_up(days, lambda key: key[1])
    chain = roll_up(days, lambda key: key[0])
    return {
        "store_days": [StoreDay(*key, *_four(s)) for key, s in days.items()],
        "store_months": [StoreMonth(*key, *_four(s)) for key, s in months.items()],
        "store_totals": [StoreTotal(key, *_four(s)) for key, s in totals.items()],
        "chain_days": [ChainDay(day, stripe, *_four(s)) for day, s in chain.items()],
    }


def _product_rows(
    days: Mapping[tuple[date, int], Sums], labels: Mapping[int, Labels]
) -> dict[str, list[NamedTuple]]:
    months = roll_up(days, _month_and_id)
    totals = roll_up(days, lambda key: key[1])
    return {
        "product_days": [
            ProductDay(*key, s.count, s.units, s.amount_cents) for key, s in days.items()
        ],
        "product_months": [
            ProductMonth(*key, s.count, s.units, s.amount_cents) for key, s in months.items()
        ],
        "product_totals": [_product_total(key, s, labels[key]) for key, s in totals.items()],
    }


def _four(sums: Sums) -> tuple[int, int, int, int]:
    return sums.count, sums.units, sums.amount_cents, sums.tax_cents


def _month_and_id(key: tuple[date, int]) -> tuple[date, int]:
    return key[0].replace(day=1), key[1]


def _product_total(product_id: int, sums: Sums, labels: Labels) -> ProductTotal:
    return ProductTotal(
        product_id=product_id,
        receipts=sums.count,
        units=sums.units,
        amount_cents=sums.amount_cents,
        last_name=labels.name,
        last_category=labels.category,
        last_sold_at=labels.sold_at,
    )


def _sale_fact(sale: SaleRecorded) -> SaleFact:
    return SaleFact(
        sale_id=sale.sale_id,
        store_id=sale.store_id,
        business_date=sale.business_date,
        local_hour=sale.local_hour,
        recorded_at=sale.recorded_at,
        line_count=len(sale.lines),
        total_cents=sale.total_cents,
        tax_cents=sale.tax_cents,
    )


def _line_facts(sales: Iterable[SaleRecorded]) -> list[LineFact]:
    return [
        LineFact(
            sale.sale_id,
            line.line_no,
            line.product_id,
            line.quantity,
            line.amount_cents,
            line.tax_cents,
        )
        for sale in sales
        for line in sale.lines
    ]
