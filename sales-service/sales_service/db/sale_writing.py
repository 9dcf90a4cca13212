"""Writes a sale with everything that belongs to it, in one statement."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy.exc import IntegrityError

from sales_service.domain.catalogue import Goods
from sales_service.domain.sale import Sale
from service_kit.database.faults import constraint_of
from service_kit.database.idempotency_keys import CLAIM_KEY, KEY_IS_OURS
from service_kit.database.single_statement import DirectConnection, DirectStatement
from service_kit.events.ledger import COMPLETED, INSERT_EVENT
from service_kit.events.outbox import OutgoingEvent, event_parameters
from service_kit.http.idempotency import KeyedRequest


class NothingWritten(Exception):
    """The key or the document's id is taken, or the catalogue has changed since it was read."""


# Each part has a row only when the part before it has one. The number is taken last, so a sale that
# is not written uses no number. Every transaction locks the key before the sale.
_WRITE_SALE = DirectStatement(f"""
    WITH permitted AS (
        SELECT FROM stores
        WHERE id = :store_id AND version = :store_version AND is_active
            AND closed_through IS NOT DISTINCT FROM CAST(:closed_through AS date)
            AND (SELECT p.version FROM tax_places AS p WHERE p.name = tax_place)
                IS NOT DISTINCT FROM CAST(:rates_version AS bigint)
            AND NOT EXISTS (SELECT FROM sales WHERE id = :id)
            AND NOT EXISTS (SELECT FROM returns WHERE id = :id)
            -- A subquery for each product: PostgreSQL would plan a join for the whole catalogue.
            AND NOT EXISTS (
                SELECT FROM unnest(CAST(:used_ids AS int[]), CAST(:used_versions AS bigint[]))
                    AS used(id, version)
                WHERE used.version IS DISTINCT FROM
                    (SELECT p.version FROM products AS p WHERE p.id = used.id)
            )
        -- A closing waits for the sales that are being written, and later ones see it.
        FOR SHARE
    ), claimed_key AS (
        {CLAIM_KEY}
    ), numbered AS MATERIALIZED (
        SELECT CAST(nextval(CAST(CAST(:sequence AS text) AS regclass)) AS text) AS n FROM permitted
        WHERE {KEY_IS_OURS}
    ), sale AS (
        INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at,
            utc_offset_minutes, recorded_at, business_date, local_hour, currency, register_id,
            taxes, total_cents, tax_cents, tax_exemption, client_id, discounts, discount_cents,
            payments, change_cents, cash_rounding_cents, is_price_forced, is_backdated,
            is_late, exchange_return_id, reservation_id)
        SELECT :id, :store_id,
            CAST(CAST(:store_id AS int) AS text) || '-' || lpad(n, greatest(6, length(n)), '0'),
            :status, :stock_policy, :sold_at, :utc_offset_minutes, clock_timestamp(),
            :business_date, :local_hour, :currency, :register_id,
            CAST(CAST(:taxes AS text) AS jsonb),
            :total_cents, :tax_cents, :tax_exemption, :client_id,
            CAST(CAST(:discounts AS text) AS jsonb), :discount_cents,
            CAST(CAST(:payments AS text) AS jsonb), :change_cents, :cash_rounding_cents,
            :is_price_forced, :is_backdated, :is_late, :exchange_return_id, :reservation_id
        FROM numbered
        RETURNING number, recorded_at
    ), lines AS (
        INSERT INTO sale_lines (sale_id, line_no, product_id, product_name, category, quantity,
            unit_price, unit_cost, amount_cents, tax_cents, tax_class, taxes, list_price,
            line_discount_cents, receipt_discount_cents, discount_reason)
        -- In FROM, unnest would store the rows of every array before the first is read.
        SELECT :id, unnest(CAST(:line_nos AS smallint[])), unnest(CAST(:product_ids AS int[])),
            unnest(CAST(:product_names AS text[])), unnest(CAST(:categories AS text[])),
            unnest(CAST(:quantities AS int[])), unnest(CAST(:prices AS numeric[])),
            unnest(CAST(:costs AS numeric[])), unnest(CAST(:amounts AS bigint[])),
            unnest(CAST(:line_taxes AS bigint[])), unnest(CAST(:tax_classes AS text[])),
            unnest(CAST(:tax_shares AS jsonb[])), unnest(CAST(:list_prices AS numeric[])),
            unnest(CAST(:line_discounts AS bigint[])), unnest(CAST(:receipt_discounts AS bigint[])),
            unnest(CAST(:reasons AS text[]))
        FROM sale
    ), announced AS (
        SELECT {COMPLETED} AS body FROM sale AS given
    ), event AS (
        {INSERT_EVENT}
    )
    SELECT number, recorded_at FROM sale
""")


async def write_sale(
    connection: DirectConnection,
    sale: Sale,
    goods: Goods,
    event: OutgoingEvent,
    request: KeyedRequest,
) -> Sale:
    """Write the sale, its lines and its event, take the key, and return the sale as written.

    The database gives the number, and the instant by its own clock, because the sweeper compares
    that with it. Both are in the event, too. Raises `NothingWritten` or `EventTooLarge`.
    """
    values = (
        _sale_columns(sale)
        | _line_columns(sale)
        | _catalogue_as_read(goods)
        | request.parameters(sale.id)
        | event_parameters(event)
    )
    try:
        row = await connection.fetch_row(_WRITE_SALE, values)
    except IntegrityError as error:
        # A sale with the same id was committed after this statement had begun.
        if constraint_of(error) == "sales_pkey":
            raise NothingWritten from error
        raise
    if row is None:
        raise NothingWritten
    return replace(sale, number=row["number"], recorded_at=row["recorded_at"])


def _catalogue_as_read(goods: Goods) -> dict[str, Any]:
    assert goods.store is not None
    return {
        "store_version": goods.store.version,
        "rates_version": goods.store.rates_version,
        "closed_through": goods.store.closed_through,
        "sequence": f"sale_number_{goods.store.id:d}",
        "used_ids": list(goods.products),
        "used_versions": [product.version for product in goods.products.values()],
    }


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
        "business_date": sale.business_date,
        "local_hour": sale.local_hour,
        "currency": sale.currency,
        "register_id": sale.register_id,
        "taxes": msgspec.json.encode(taxes).decode(),
        "total_cents": sale.total_cents,
        "tax_cents": sale.tax_cents,
        "tax_exemption": sale.tax_exemption,
        "discounts": msgspec.json.encode(sale.discount).decode() if sale.discount else None,
        "discount_cents": sale.discount_cents,
        "payments": msgspec.json.encode(sale.paid.payments).decode(),
        "change_cents": sale.paid.change_cents,
        "cash_rounding_cents": sale.paid.rounding_cents,
        "is_price_forced": sale.is_price_forced,
        "is_backdated": sale.is_backdated,
        "is_late": sale.is_late,
        "exchange_return_id": sale.exchange_return_id,
        "reservation_id": sale.reservation_id,
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
        "tax_classes": [line.tax_class for line in lines],
        "tax_shares": [msgspec.json.encode(line.taxes).decode() for line in lines],
        "list_prices": [line.list_price for line in lines],
        "line_discounts": [line.line_discount_cents for line in lines],
        "receipt_discounts": [line.receipt_discount_cents for line in lines],
        "reasons": [line.discount_reason for line in lines],
    }
