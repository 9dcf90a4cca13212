"""Counts each confirmed sale once, in the facts and in every counter."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.add_to_counters import add_to_counters
from report_service.db.counters import COUNTERS, Counter
from report_service.db.facts import LineFact, SaleFact, insert_lines, insert_new_sales
from report_service.db.journal import Entry
from report_service.events.consumed import SaleRecorded
from report_service.projections.sums import sum_for_counters


async def count_sales(
    session: AsyncSession,
    sales: Sequence[SaleRecorded],
    stripe: int,
    counters: Sequence[Counter] = COUNTERS,
    entries: Sequence[Entry] = (),
) -> list[SaleRecorded]:
    """Count the sales that were not counted before and return them.

    `stripe`, the Kafka partition, separates the writers of the chain's rows. The statement of the
    facts writes the journal's `entries`, too.
    """
    by_id = {sale.sale_id: sale for sale in sales}
    facts = sorted(map(_sale_fact, by_id.values()))
    new_ids = await insert_new_sales(session, facts, entries)
    new = [sale for sale_id, sale in by_id.items() if sale_id in new_ids]
    if not new:
        return []
    await insert_lines(session, _line_facts(new))
    await add_to_counters(session, sum_for_counters(new, stripe, counters))
    return new


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
