"""Locks the sale that goods come back of, and writes the return in one statement."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.sale_writing import NothingWritten
from sales_service.db.sales import SALE_COLUMNS, with_lines
from sales_service.domain.returns import Return
from sales_service.domain.sale import Sale
from sales_service.domain.taking_back import Refunded
from service_kit.database.faults import constraint_of
from service_kit.database.idempotency_keys import CLAIM_KEY, KEY_IS_OURS
from service_kit.database.single_statement import DirectStatement, within
from service_kit.events.ledger import COMPLETED, INSERT_EVENT
from service_kit.events.outbox import OutgoingEvent, event_parameters
from service_kit.http.idempotency import KeyedRequest

# Every transaction locks the key before the sale.
_LOCK_SALE = text(f"""
    WITH permitted AS (
        SELECT
    ), claimed_key AS (
        {CLAIM_KEY}
    )
    SELECT {SALE_COLUMNS} FROM sales WHERE id = :sale_id AND {KEY_IS_OURS} FOR UPDATE
""")


async def lock_sale(
    session: AsyncSession, sale_id: UUID, request: KeyedRequest, return_id: UUID
) -> Sale | None:
    """Take the request's key, lock a sale until the transaction ends, and return it.

    None: the key is taken, or there is no such sale.
    """
    values = {"sale_id": sale_id} | request.parameters(return_id)
    rows = (await session.execute(_LOCK_SALE, values)).all()
    return (await with_lines(session, rows))[0] if rows else None


# The lines of a sale may have come back unit by unit: they are summed where they are stored.
_READ_REFUNDED = text("""
    WITH returned AS (
        SELECT lines.* FROM returns JOIN return_lines AS lines ON return_id = returns.id
        WHERE sale_id = :sale_id
    )
    SELECT sale_line_no, NULL AS code, NULL AS rate, sum(quantity) AS units,
        CAST(sum(amount_cents) AS bigint) AS cents
    FROM returned GROUP BY sale_line_no
    UNION ALL
    SELECT sale_line_no, tax ->> 'code', tax ->> 'rate', 0,
        CAST(sum(CAST(tax ->> 'amount_cents' AS bigint)) AS bigint)
    FROM returned, jsonb_array_elements(taxes) AS tax
    GROUP BY sale_line_no, tax ->> 'code', tax ->> 'rate'
""")


async def read_refunded(session: AsyncSession, sale_id: UUID) -> dict[int, Refunded]:
    """Return what has come back of a sale and was refunded, by line.

    It only stays true while the sale is locked. It has to be another statement than the lock: a
    statement that has waited for the lock sees what was there before.
    """
    refunded: dict[int, Refunded] = {}
    for row in await session.execute(_READ_REFUNDED, {"sale_id": sale_id}):
        line = refunded.setdefault(row.sale_line_no, Refunded())
        if row.code is None:
            line.quantity, line.amount_cents = row.units, row.cents
        else:
            line.taxes[row.code, Decimal(row.rate)] = row.cents
    return refunded


_WRITE_RETURN = DirectStatement(f"""
    WITH recorded AS (
        INSERT INTO returns (id, store_id, number, sale_id, sale_number, sale_store_id,
            returned_at, utc_offset_minutes, recorded_at, business_date, local_hour, currency,
            register_id, reason, taxes, total_cents, tax_cents, payments, cash_rounding_cents,
            exchange_sale_id, is_late, client_id)
        SELECT :id, :store_id,
            CAST(CAST(:store_id AS int) AS text) || '-R' || lpad(n, greatest(6, length(n)), '0'),
            :sale_id, :sale_number, :sale_store_id, :returned_at, :utc_offset_minutes,
            clock_timestamp(), :business_date, :local_hour, :currency, :register_id, :reason,
            CAST(CAST(:taxes AS text) AS jsonb), :total_cents, :tax_cents,
            CAST(CAST(:payments AS text) AS jsonb), :cash_rounding_cents,
            :exchange_sale_id, :is_late, :client_id
        FROM CAST(nextval(CAST(CAST(:sequence AS text) AS regclass)) AS text) AS n
        RETURNING number, recorded_at
    ), lines AS (
        INSERT INTO return_lines (return_id, line_no, sale_line_no, product_id, product_name,
            category, quantity, is_restocked, unit_price, amount_cents, tax_cents, taxes)
        SELECT :id, line.* FROM recorded, unnest(CAST(:line_nos AS smallint[]),
            CAST(:sale_line_nos AS smallint[]), CAST(:product_ids AS int[]),
            CAST(:product_names AS text[]), CAST(:categories AS text[]),
            CAST(:quantities AS int[]), CAST(:are_restocked AS boolean[]),
            CAST(:prices AS numeric[]), CAST(:amounts AS bigint[]), CAST(:line_taxes AS bigint[]),
            CAST(:tax_shares AS jsonb[])) AS line
    ), announced AS (
        SELECT {COMPLETED} AS body FROM recorded AS given
    ), event AS (
        {INSERT_EVENT}
    )
    SELECT number, recorded_at FROM recorded
""")


async def write_return(
    session: AsyncSession, returned: Return, event: OutgoingEvent, client_id: str
) -> Return:
    """Write a return, its lines and its event, and return it as written.

    The database gives the number and the instant, which are in the event, too. The session's
    transaction has begun. Raises `NothingWritten` when the id is taken, or `EventTooLarge`.
    """
    values = _columns(returned) | _line_columns(returned) | event_parameters(event)
    connection = await within(session)
    try:
        row = await connection.fetch_row(_WRITE_RETURN, values | {"client_id": client_id})
    except IntegrityError as error:
        # A return with the same id, of another sale, was committed after this one had looked.
        if constraint_of(error) == "returns_pkey":
            raise NothingWritten from error
        raise
    assert row is not None
    return replace(returned, number=row["number"], recorded_at=row["recorded_at"])


def _columns(returned: Return) -> dict[str, Any]:
    offset = returned.returned_at.utcoffset() or timedelta()
    sold_by = returned.sold_by
    return {
        "id": returned.id,
        "store_id": returned.store_id,
        "sequence": f"return_number_{returned.store_id:d}",
        "sale_id": None if sold_by is None else sold_by.sale_id,
        "sale_number": None if sold_by is None else sold_by.number,
        "sale_store_id": None if sold_by is None else sold_by.store_id,
        "returned_at": returned.returned_at,
        "utc_offset_minutes": int(offset.total_seconds() // 60),
        "business_date": returned.business_date,
        "local_hour": returned.local_hour,
        "currency": returned.currency,
        "register_id": returned.register_id,
        "reason": returned.reason,
        "taxes": _json(returned.taxes),
        "total_cents": returned.total_cents,
        "tax_cents": returned.tax_cents,
        "payments": _json(returned.refund.payments),
        "cash_rounding_cents": returned.refund.rounding_cents,
        "exchange_sale_id": returned.exchange_sale_id,
        "is_late": returned.is_late,
    }


def _line_columns(returned: Return) -> dict[str, Any]:
    lines = returned.lines
    return {
        "line_nos": [line.line_no for line in lines],
        "sale_line_nos": [line.sale_line_no for line in lines],
        "product_ids": [line.product_id for line in lines],
        "product_names": [line.product_name for line in lines],
        "categories": [line.category for line in lines],
        "quantities": [line.quantity for line in lines],
        "are_restocked": [line.is_restocked for line in lines],
        "prices": [line.unit_price for line in lines],
        "amounts": [line.amount_cents for line in lines],
        "line_taxes": [line.tax_cents for line in lines],
        "tax_shares": [_json(line.taxes) for line in lines],
    }


def _json(values: Any) -> str:
    return msgspec.json.encode(values).decode()
