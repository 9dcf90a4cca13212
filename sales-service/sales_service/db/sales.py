"""SQL about sales and their lines."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.catalogue import ProductId, StockPolicy, StoreId
from sales_service.domain.discounts import Discount
from sales_service.domain.money import TaxAmount
from sales_service.domain.payments import Method, Paid, Payment
from sales_service.domain.sale import MissingStock, Outcome, Sale, SaleId, SaleLine, SaleStatus
from sales_service.domain.taxes import split_by_code
from sales_service.domain.voids import Void, VoidOrigin

# A receipt has up to 1,200 lines: reads are bounded by lines, because memory is filled by lines.
MOST_LINES_READ = 5000

SALE_COLUMNS = """id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
    recorded_at, business_date, local_hour, currency, register_id, taxes, total_cents, tax_cents,
    tax_exemption, missing, discounts, discount_cents, payments, change_cents, cash_rounding_cents,
    decided_at, void_origin, void_reason, voided_at, voided_by, is_price_forced, is_backdated,
    is_late, exchange_return_id, reservation_id, reservation_fault"""


_EXISTS = text("SELECT EXISTS (SELECT FROM sales WHERE id = :id)")


async def is_sale(session: AsyncSession, id: UUID) -> bool:
    """Return whether a sale has this id."""
    return bool((await session.execute(_EXISTS, {"id": id})).scalar_one())


async def find_sale(session: AsyncSession, sale_id: UUID) -> Sale | None:
    """Return a sale with its lines."""
    found = await session.execute(
        text(f"SELECT {SALE_COLUMNS} FROM sales WHERE id = :id"), {"id": sale_id}
    )
    rows = found.all()
    return (await with_lines(session, rows))[0] if rows else None


async def with_lines(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[Sale]:
    """Return the first of these sales with their lines: as many as `MOST_LINES_READ` allows.

    `rows` are ordered by id, newest first.
    """
    # In the order of the rows and of the primary key: PostgreSQL stops reading at the limit.
    found = await session.execute(
        text(f"""
            SELECT sale_id, line_no, product_id, product_name, category, quantity, unit_price,
                unit_cost, amount_cents, tax_cents, tax_class, taxes, list_price,
                line_discount_cents, receipt_discount_cents, discount_reason
            FROM sale_lines WHERE sale_id = ANY(CAST(:ids AS uuid[]))
            ORDER BY sale_id DESC, line_no DESC LIMIT {MOST_LINES_READ}
        """),
        {"ids": [row.id for row in rows]},
    )
    lines: dict[UUID, list[Row[Any]]] = {row.id: [] for row in rows}
    for line in found:
        sale_id = line.sale_id
        lines[sale_id].append(line)
    if sum(len(of_sale) for of_sale in lines.values()) == MOST_LINES_READ:
        # The limit may have cut this sale: it begins the next part.
        rows = rows[: list(lines).index(sale_id)]
    return [_sale(row, lines[row.id][::-1]) for row in rows]


def _sale(row: Row[Any], lines: Sequence[Row[Any]]) -> Sale:
    offset = timezone(timedelta(minutes=row.utc_offset_minutes))
    taxes = _taxes(row.taxes)
    return Sale(
        id=SaleId(row.id),
        store_id=StoreId(row.store_id),
        number=row.number,
        status=SaleStatus(row.status),
        stock_policy=StockPolicy(row.stock_policy),
        sold_at=row.sold_at.astimezone(offset),
        recorded_at=row.recorded_at,
        business_date=row.business_date,
        local_hour=row.local_hour,
        currency=row.currency,
        register_id=row.register_id,
        lines=_lines(lines, taxes),
        taxes=taxes,
        total_cents=row.total_cents,
        tax_cents=row.tax_cents,
        missing=_missing(row),
        # The percentage is a text in JSON, as decimals are.
        discount=msgspec.convert(row.discounts, Discount | None),
        discount_cents=row.discount_cents,
        paid=_paid(row),
        void=_void(row),
        tax_exemption=row.tax_exemption,
        is_price_forced=row.is_price_forced,
        is_backdated=row.is_backdated,
        is_late=row.is_late,
        exchange_return_id=row.exchange_return_id,
        reservation_id=row.reservation_id,
        reservation_fault=row.reservation_fault,
    )


def _lines(rows: Sequence[Row[Any]], taxes: Sequence[TaxAmount]) -> tuple[SaleLine, ...]:
    if any(row.taxes is None for row in rows):
        # Of a version that stored no shares by code.
        shares = split_by_code([row.tax_cents for row in rows], taxes)
    else:
        shares = [_taxes(row.taxes) for row in rows]
    return tuple(
        SaleLine(
            line_no=row.line_no,
            product_id=ProductId(row.product_id),
            product_name=row.product_name,
            category=row.category,
            quantity=row.quantity,
            unit_price=row.unit_price,
            unit_cost=row.unit_cost,
            amount_cents=row.amount_cents,
            tax_cents=row.tax_cents,
            tax_class=row.tax_class,
            taxes=of_line,
            list_price=row.list_price,
            line_discount_cents=row.line_discount_cents,
            receipt_discount_cents=row.receipt_discount_cents,
            discount_reason=row.discount_reason,
        )
        for row, of_line in zip(rows, shares, strict=True)
    )


def _taxes(stored: Sequence[Mapping[str, Any]]) -> tuple[TaxAmount, ...]:
    return msgspec.convert(stored, tuple[TaxAmount, ...])  # the rate is a text in JSON


def _missing(row: Row[Any]) -> tuple[MissingStock, ...]:
    return tuple(MissingStock(**each) for each in row.missing or ())


def _paid(row: Row[Any]) -> Paid:
    payments = [Payment(Method(each["method"]), each["amount_cents"]) for each in row.payments]
    return Paid(tuple(payments), row.change_cents, row.cash_rounding_cents)


def _void(row: Row[Any]) -> Void | None:
    if row.void_origin is not None:
        return Void(VoidOrigin(row.void_origin), row.voided_at, row.voided_by, row.void_reason)
    if row.status == SaleStatus.CANCELLED:
        # From before the columns of voids, when only the timeout cancelled sales.
        return Void(VoidOrigin.TIMEOUT, row.decided_at, by=None)
    return None


async def find_outcomes(session: AsyncSession, sale_ids: Sequence[UUID]) -> dict[UUID, Outcome]:
    """Return the outcomes of those among these sales that are no longer pending."""
    rows = await session.execute(
        text("""
            SELECT id, status, missing, decided_at, void_origin, void_reason, voided_at, voided_by,
                reservation_fault
            FROM sales
            WHERE id = ANY(CAST(:ids AS uuid[])) AND status <> 'pending'
        """),
        {"ids": list(sale_ids)},
    )
    return {
        row.id: Outcome(SaleStatus(row.status), _missing(row), _void(row), row.reservation_fault)
        for row in rows
    }


async def find_pending(session: AsyncSession, sale_ids: Sequence[str]) -> set[str]:
    """Return which of these sales are still pending."""
    rows = await session.execute(
        text("""
            SELECT CAST(id AS text) FROM sales
            WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'pending'
        """),
        {"ids": [UUID(sale_id) for sale_id in sale_ids]},
    )
    return set(rows.scalars())


async def lock_stale(session: AsyncSession, older_than: timedelta, limit: int) -> list[SaleId]:
    """Lock the oldest pending sales that are older than this, and return them."""
    rows = await session.execute(
        text("""
            SELECT id FROM sales
            WHERE status = 'pending' AND recorded_at < clock_timestamp() - CAST(:age AS interval)
            ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
        """),
        {"age": older_than, "limit": limit},
    )
    return list(rows.scalars())


async def settle(
    session: AsyncSession,
    outcomes: Mapping[SaleId, Outcome],
    decided_at: datetime,
    void: Void | None = None,
) -> AsyncIterator[list[Sale]]:
    """Set the final status of those sales that are still pending, and yield these with their lines.

    They come newest first, in parts of at most `MOST_LINES_READ` lines. With `void` all of them are
    cancelled by it.
    """
    # The order of the locks avoids deadlocks.
    settled = await session.execute(
        text(f"""
            WITH locked AS (
                SELECT id AS sale_id FROM sales
                WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'pending'
                ORDER BY id FOR UPDATE
            )
            UPDATE sales SET status = outcome, missing = lacking, reservation_fault = fault,
                decided_at = :decided_at,
                void_origin = CAST(:void_origin AS text),
                voided_at = CAST(:voided_at AS timestamptz), voided_by = CAST(:voided_by AS text)
            FROM locked
            JOIN unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:missing AS jsonb[]),
                    CAST(:faults AS text[]))
                AS decision(sale_id, outcome, lacking, fault) USING (sale_id)
            WHERE id = sale_id
            RETURNING {SALE_COLUMNS}
        """),
        {
            "ids": list(outcomes),
            "statuses": [each.status.value for each in outcomes.values()],
            "missing": [
                msgspec.json.encode(each.missing).decode() if each.missing else None
                for each in outcomes.values()
            ],
            "faults": [each.reservation_fault for each in outcomes.values()],
            "decided_at": decided_at,
            "void_origin": void and void.origin.value,
            "voided_at": void and void.at,
            "voided_by": void and void.by,
        },
    )
    rows = sorted(settled.all(), key=lambda row: row.id, reverse=True)
    while rows:
        sales = await with_lines(session, rows)
        yield sales
        rows = rows[len(sales) :]
