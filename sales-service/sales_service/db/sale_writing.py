"""Writes a sale with everything that belongs to it, in one statement."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.domain.sale import Product, Sale, Store
from service_kit.database.faults import constraint_of
from service_kit.database.single_statement import DirectStatement
from service_kit.events.outbox import OutgoingEvent
from service_kit.http.idempotency import KeyedRequest

# Each part writes only when the one before it has: the catalogue is as the sale was rung up with,
# the key is free, the sale is new. Only then is a number taken, and put into the event.
# Waits for others happen in the order key, sale, as in every transaction that takes both.
_WRITE_SALE = DirectStatement("""
    WITH fitting AS (
        SELECT FROM stores
        WHERE id = :store_id AND version = :store_version AND is_active
            AND NOT EXISTS (SELECT FROM sales WHERE id = :id)
            -- By a subquery for each: a join would be planned for the whole catalogue.
            AND NOT EXISTS (
                SELECT FROM unnest(CAST(:used_ids AS int[]), CAST(:used_versions AS bigint[]))
                    AS used(id, version)
                WHERE used.version IS DISTINCT FROM
                    (SELECT p.version FROM products AS p WHERE p.id = used.id AND p.is_active)
            )
    ), claim AS (
        INSERT INTO idempotency_keys (client_id, key, request_hash, resource_id)
        SELECT :client_id, :key, :request_hash, CAST(CAST(:id AS uuid) AS text) FROM fitting
        WHERE CAST(:key AS text) IS NOT NULL
        ON CONFLICT (client_id, key) DO NOTHING
        RETURNING 1
    ), numbered AS MATERIALIZED (
        SELECT CAST(nextval(CAST(CAST(:sequence AS text) AS regclass)) AS text) AS n FROM fitting
        WHERE CAST(:key AS text) IS NULL OR EXISTS (SELECT FROM claim)
    ), sale AS (
        INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at,
            utc_offset_minutes, recorded_at, business_date, local_hour, currency, register_id,
            taxes, total_cents, tax_cents, client_id)
        SELECT :id, :store_id,
            CAST(CAST(:store_id AS int) AS text) || '-' || lpad(n, greatest(6, length(n)), '0'),
            :status, :stock_policy, :sold_at, :utc_offset_minutes, :recorded_at, :business_date,
            :local_hour, :currency, :register_id, CAST(CAST(:taxes AS text) AS jsonb),
            :total_cents, :tax_cents, :client_id
        FROM numbered
        RETURNING number
    ), lines AS (
        INSERT INTO sale_lines (sale_id, line_no, product_id, product_name, category, quantity,
            unit_price, unit_cost, amount_cents, tax_cents)
        SELECT :id, line.* FROM sale, unnest(CAST(:line_nos AS smallint[]),
            CAST(:product_ids AS int[]), CAST(:product_names AS text[]),
            CAST(:categories AS text[]), CAST(:quantities AS int[]), CAST(:prices AS numeric[]),
            CAST(:costs AS numeric[]), CAST(:amounts AS bigint[]), CAST(:line_taxes AS bigint[]))
            AS line
    ), event AS (
        INSERT INTO outbox (event_id, topic, key, type, subject, traceparent, payload)
        SELECT CAST(:event_id AS uuid), :topic, :event_key, :type, :subject, :traceparent,
            CAST(:before_number AS bytea) || convert_to(number, 'UTF8')
                || CAST(:after_number AS bytea)
        FROM sale
    )
    SELECT number FROM sale
""")
# A field of the event's own; inside a text of a client's its quotes would be escaped.
_NO_NUMBER = b'"number":"'


async def write_sale(
    on: AsyncEngine | AsyncSession,
    sale: Sale,
    event: OutgoingEvent,
    request: KeyedRequest,
    store: Store,
    products: Sequence[Product],
) -> str | None:
    """Write the sale, its lines and its event, take the key, and return the receipt's number.

    On an engine it is a transaction of its own. The event's body has an empty `number`. None when
    nothing was written: the key or the sale's id is taken, or store or products have changed.
    Raises `EventTooLarge`.
    """
    before, name, after = event.encode().partition(_NO_NUMBER)
    values = (
        _sale_columns(sale)
        | _line_columns(sale)
        | {
            "client_id": request.caller.client_id,
            "key": request.key,
            "request_hash": request.request_hash,
            "store_version": store.version,
            "used_ids": [product.id for product in products],
            "used_versions": [product.version for product in products],
            "sequence": f"sale_number_{store.id:d}",
            "event_id": event.event_id,
            "topic": event.topic,
            "event_key": event.key,
            "type": event.type,
            "subject": event.subject,
            "traceparent": event.traceparent,
            "before_number": before + name,
            "after_number": after,
        }
    )
    try:
        if isinstance(on, AsyncSession):
            row = await _WRITE_SALE.fetch_row_within(on, values)
        else:
            row = await _WRITE_SALE.fetch_row(on, values)
    except IntegrityError as error:
        # Its twin has committed after this statement had begun.
        if constraint_of(error) == "sales_pkey":
            return None
        raise
    return None if row is None else str(row["number"])


def _sale_columns(sale: Sale) -> dict[str, Any]:
    offset = sale.sold_at.utcoffset() or timedelta()
    taxes = [
        {"code": tax.code, "rate": tax.rate, "amount_cents": tax.amount_cents} for tax in sale.taxes
    ]
    return {
        "id": sale.id,
        "store_id": sale.store_id,
        "status": sale.status.value,
        "stock_policy": sale.stock_policy.value,
        "sold_at": sale.sold_at,
        "utc_offset_minutes": int(offset.total_seconds() // 60),
        "recorded_at": sale.recorded_at,
        "business_date": sale.business_date,
        "local_hour": sale.local_hour,
        "currency": sale.currency,
        "register_id": sale.register_id,
        "taxes": msgspec.json.encode(taxes).decode(),
        "total_cents": sale.total_cents,
        "tax_cents": sale.tax_cents,
    }


def _line_columns(sale: Sale) -> dict[str, Any]:
    lines = sale.lines
    return {
        "line_nos": [line.line_no for line in lines],
        "product_ids": [line.product_id for line in lines],
        "product_names": [line.product_name for line in lines],
        "categories": [line.category for line in lines],
        "quantities": [line.quantity for line in lines],
        "prices": [line.unit_price for line in lines],
        "costs": [line.unit_cost for line in lines],
        "amounts": [line.amount_cents for line in lines],
        "line_taxes": [line.tax_cents for line in lines],
    }
