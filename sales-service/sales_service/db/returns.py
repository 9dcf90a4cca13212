"""SQL that reads returns and their lines."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.catalogue import ProductId, StoreId
from sales_service.domain.money import TaxAmount
from sales_service.domain.payments import Method, Payment
from sales_service.domain.refunds import Refund
from sales_service.domain.returns import Return, ReturnId, ReturnLine, SoldBy
from sales_service.domain.sale import SaleId

# A return has up to 1,200 lines: reads are bounded by lines, because memory is filled by lines.
MOST_LINES_READ = 5000

RETURN_COLUMNS = """id, store_id, number, sale_id, sale_number, sale_store_id, returned_at,
    utc_offset_minutes, recorded_at, business_date, local_hour, currency, register_id, reason,
    taxes, total_cents, tax_cents, payments, cash_rounding_cents, exchange_sale_id,
    is_late"""
_FIND = text(f"SELECT {RETURN_COLUMNS} FROM returns WHERE id = :id")


async def find_return(session: AsyncSession, return_id: UUID) -> Return | None:
    """Return a return with its lines."""
    rows = (await session.execute(_FIND, {"id": return_id})).all()
    return (await with_lines(session, rows))[0] if rows else None


_EXISTS = text("SELECT EXISTS (SELECT FROM returns WHERE id = :id)")


async def is_return(session: AsyncSession, id: UUID) -> bool:
    """Return whether a return has this id."""
    return bool((await session.execute(_EXISTS, {"id": id})).scalar_one())


_LINES = text(f"""
    SELECT lines.* FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted(id, place)
    JOIN return_lines AS lines ON return_id = wanted.id
    ORDER BY place, line_no LIMIT {MOST_LINES_READ}
""")


async def with_lines(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[Return]:
    """Return the first of these returns with their lines: as many as `MOST_LINES_READ` allows."""
    found = (await session.execute(_LINES, {"ids": [row.id for row in rows]})).all()
    lines: dict[UUID, list[ReturnLine]] = {row.id: [] for row in rows}
    for row in found:
        lines[row.return_id].append(_line(row))
    if len(found) == MOST_LINES_READ:
        # The limit may have cut this return: it begins the next part.
        rows = rows[: list(lines).index(found[-1].return_id)]
    return [_return(row, lines[row.id]) for row in rows]


def _return(row: Row[Any], lines: Sequence[ReturnLine]) -> Return:
    offset = timezone(timedelta(minutes=row.utc_offset_minutes))
    sold_by = None
    if row.sale_id is not None:
        sold_by = SoldBy(SaleId(row.sale_id), row.sale_number, StoreId(row.sale_store_id))
    payments = tuple(Payment(Method(each["method"]), each["amount_cents"]) for each in row.payments)
    return Return(
        id=ReturnId(row.id),
        store_id=StoreId(row.store_id),
        number=row.number,
        sold_by=sold_by,
        returned_at=row.returned_at.astimezone(offset),
        recorded_at=row.recorded_at,
        business_date=row.business_date,
        local_hour=row.local_hour,
        currency=row.currency,
        register_id=row.register_id,
        reason=row.reason,
        lines=tuple(lines),
        taxes=_taxes(row.taxes),
        total_cents=row.total_cents,
        tax_cents=row.tax_cents,
        refund=Refund(payments, row.cash_rounding_cents),
        exchange_sale_id=None if row.exchange_sale_id is None else SaleId(row.exchange_sale_id),
        is_late=row.is_late,
    )


def _line(row: Row[Any]) -> ReturnLine:
    return ReturnLine(
        line_no=row.line_no,
        sale_line_no=row.sale_line_no,
        product_id=ProductId(row.product_id),
        product_name=row.product_name,
        category=row.category,
        quantity=row.quantity,
        is_restocked=row.is_restocked,
        unit_price=row.unit_price,
        amount_cents=row.amount_cents,
        taxes=_taxes(row.taxes),
    )


def _taxes(stored: Sequence[Any]) -> tuple[TaxAmount, ...]:
    return msgspec.convert(stored, tuple[TaxAmount, ...])  # the rate is a text in JSON
