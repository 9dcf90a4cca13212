"""Builds events; a test gives only the values that matter to it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord
from uuid_utils.compat import uuid7

from report_service.events.consumed import (
    ProductChanged,
    SaleLine,
    SaleRecorded,
    StockLevel,
    StockLevelsChanged,
    StoreChanged,
)
from service_kit.events.cloud_events import Event

STORE = 3
COFFEE = 11
TEA = 12
NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def a_line(
    product_id: int = COFFEE, units: int = 1, cents: int = 1250, name: str | None = None
) -> SaleLine:
    """Return a line without its number; `a_sale` numbers its lines."""
    return SaleLine(
        line_no=1,
        product_id=product_id,
        product_name=name or f"Article {product_id}",
        category="Épicerie",
        quantity=units,
        amount_cents=cents,
        tax_cents=cents * 15 // 100,
    )


def a_sale(
    *lines: SaleLine,
    store_id: int = STORE,
    business_date: date = MONDAY,
    sale_id: UUID | None = None,
    is_confirmed: bool = True,
    recorded_at: datetime = NOON,
) -> SaleRecorded:
    """Return a sale; by default one coffee at 12.50."""
    numbered = [
        msgspec.structs.replace(line, line_no=number)
        for number, line in enumerate(lines or [a_line()], start=1)
    ]
    return SaleRecorded(
        sale_id=sale_id or uuid7(),
        store_id=store_id,
        status="confirmed" if is_confirmed else "pending",
        recorded_at=recorded_at,
        business_date=business_date,
        local_hour=12,
        lines=numbered,
        total_cents=sum(line.amount_cents for line in numbered),
        tax_cents=sum(line.tax_cents for line in numbered),
    )


def levels(*of_products: tuple[int, int, int], store_id: int = STORE) -> StockLevelsChanged:
    """Return levels from (product, units on hand, version)."""
    return StockLevelsChanged(store_id, [StockLevel(*level) for level in of_products])


def a_product(product_id: int, name: str, version: int = 1) -> ProductChanged:
    return ProductChanged(product_id, version, f"SKU-{product_id}", name, "Épicerie", NOON)


def a_store(store_id: int, name: str, version: int = 1) -> StoreChanged:
    return StoreChanged(store_id, version, name, "Montréal", "store", NOON)


def delivered(
    bodies: Sequence[msgspec.Struct], partition: int = 0, actor: str | None = None
) -> list[Event[msgspec.Struct]]:
    """Return the events as the kit delivers a batch of one partition."""
    return [
        Event(
            event_id=uuid7(),
            type="",
            body=body,
            traceparent=None,
            record=ConsumerRecord(
                "topic", partition, offset, 0, 0, b"", b"", None, 0, 0, headers=()
            ),
            actor=actor,
        )
        for offset, body in enumerate(bodies)
    ]
