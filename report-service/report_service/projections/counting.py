"""Counts each confirmed sale, void and return once, in the facts and in every counter."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.add_to_counters import add_to_counters
from report_service.db.counters import COUNTERS, Counter
from report_service.db.facts import (
    LineFact,
    ReturnFact,
    ReturnLineFact,
    SaleFact,
    VoidFact,
    insert_lines,
    insert_new_returns,
    insert_new_sales,
    insert_new_voids,
    insert_return_lines,
    insert_void_lines,
)
from report_service.db.journal import Entry
from report_service.events.consumed import (
    Document,
    DocumentLine,
    Receipt,
    ReturnRecorded,
    SaleRecorded,
    SaleVoided,
)
from report_service.projections.documents import payments_of, taxes_of
from report_service.projections.sums import sum_for_counters


async def count_documents(
    session: AsyncSession,
    documents: Sequence[Document],
    stripe: int,
    counters: Sequence[Counter] = COUNTERS,
    entries: Sequence[Entry] = (),
) -> list[Document]:
    """Count the documents that were not counted before and return them.

    `stripe`, the Kafka partition, separates the writers of the chain's rows. The statement of the
    facts of sales writes the journal's `entries`, too.
    """
    new: list[Document] = [
        *await _insert_sales(session, documents, entries),
        *await _insert_voids(session, documents),
        *await _insert_returns(session, documents),
    ]
    if new:
        await add_to_counters(session, sum_for_counters(new, stripe, counters))
    return new


async def _insert_sales(
    session: AsyncSession, documents: Iterable[Document], entries: Sequence[Entry]
) -> list[SaleRecorded]:
    by_id = {each.sale_id: each for each in documents if isinstance(each, SaleRecorded)}
    facts = sorted(map(_sale_fact, by_id.values()))
    new_ids = await insert_new_sales(session, facts, entries)
    new = [sale for sale_id, sale in by_id.items() if sale_id in new_ids]
    if new:
        await insert_lines(session, _line_facts(new))
    return new


async def _insert_voids(session: AsyncSession, documents: Iterable[Document]) -> list[SaleVoided]:
    by_id = {each.sale_id: each for each in documents if isinstance(each, SaleVoided)}
    if not by_id:
        return []
    new_ids = await insert_new_voids(session, sorted(map(_void_fact, by_id.values())))
    new = [void for sale_id, void in by_id.items() if sale_id in new_ids]
    if new:
        await insert_void_lines(session, _line_facts(new))
    return new


async def _insert_returns(
    session: AsyncSession, documents: Iterable[Document]
) -> list[ReturnRecorded]:
    by_id = {each.return_id: each for each in documents if isinstance(each, ReturnRecorded)}
    if not by_id:
        return []
    facts = sorted(map(_return_fact, by_id.values()))
    new_ids = await insert_new_returns(session, facts)
    new = [each for return_id, each in by_id.items() if return_id in new_ids]
    if new:
        await insert_return_lines(session, _return_line_facts(new))
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
        discount_cents=sale.discount_cents,
        cash_rounding_cents=sale.cash_rounding_cents,
        payments=_as_json(payments_of(sale)),
        taxes=_as_json(taxes_of(sale)),
        is_late=sale.is_late,
    )


def _void_fact(void: SaleVoided) -> VoidFact:
    return VoidFact(
        sale_id=void.sale_id,
        store_id=void.store_id,
        business_date=void.business_date,
        local_hour=void.local_hour,
        voided_at=void.voided_at,
        total_cents=void.total_cents,
        tax_cents=void.tax_cents,
        discount_cents=void.discount_cents,
        cash_rounding_cents=void.cash_rounding_cents,
        payments=_as_json(payments_of(void)),
        taxes=_as_json(taxes_of(void)),
        is_late=void.is_late,
    )


def _return_fact(taken_back: ReturnRecorded) -> ReturnFact:
    return ReturnFact(
        return_id=taken_back.return_id,
        sale_id=taken_back.sale_id,
        store_id=taken_back.store_id,
        business_date=taken_back.business_date,
        local_hour=taken_back.local_hour,
        recorded_at=taken_back.recorded_at,
        total_cents=taken_back.total_cents,
        tax_cents=taken_back.tax_cents,
        cash_rounding_cents=taken_back.cash_rounding_cents,
        payments=_as_json(payments_of(taken_back)),
        taxes=_as_json(taxes_of(taken_back)),
        is_late=taken_back.is_late,
    )


def _line_facts(receipts: Iterable[Receipt]) -> list[LineFact]:
    return [
        LineFact(receipt.sale_id, *_columns_of(line))
        for receipt in receipts
        for line in receipt.lines
    ]


def _return_line_facts(returns: Iterable[ReturnRecorded]) -> list[ReturnLineFact]:
    return [
        ReturnLineFact(each.return_id, *_columns_of(line))
        for each in returns
        for line in each.lines
    ]


def _columns_of(line: DocumentLine) -> tuple[int, int, int, int, int]:
    return line.line_no, line.product_id, line.quantity, line.amount_cents, line.tax_cents


def _as_json(amounts: Mapping[str, int]) -> str | None:
    return msgspec.json.encode(amounts).decode() if amounts else None
