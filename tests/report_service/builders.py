"""Builds events; a test gives only the values that matter to it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord
from uuid_utils.compat import uuid7

from report_service.events.consumed import (
    DayClosed,
    DocumentLine,
    Payment,
    ProductChanged,
    Receipt,
    Register,
    ReturnRecorded,
    SaleRecorded,
    SaleVoided,
    StockLevel,
    StockLevelsChanged,
    StoreChanged,
    TaxAmount,
)
from service_kit.events.cloud_events import Event

STORE = 3
COFFEE = 11
TEA = 12
NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def a_line(
    product_id: int = COFFEE, units: int = 1, cents: int = 1250, name: str | None = None
) -> DocumentLine:
    """Return a line without its number; `a_sale` numbers its lines."""
    return DocumentLine(
        line_no=1,
        product_id=product_id,
        product_name=name or f"Article {product_id}",
        category="Épicerie",
        quantity=units,
        amount_cents=cents,
        tax_cents=cents * 15 // 100,
    )


def a_sale(
    *lines: DocumentLine,
    store_id: int = STORE,
    business_date: date = MONDAY,
    sale_id: UUID | None = None,
    is_confirmed: bool = True,
    recorded_at: datetime = NOON,
    discount_cents: int = 0,
    paid: dict[str, int] | None = None,
    change_cents: int = 0,
    rounding_cents: int = 0,
    taxes: dict[str, int] | None = None,
    is_price_forced: bool = False,
    is_backdated: bool = False,
    is_late: bool = False,
) -> SaleRecorded:
    """Return a sale; by default one coffee at 12.50, without payments or taxes by code."""
    numbered = numbered_lines(lines)
    total_cents = sum(line.amount_cents for line in numbered)
    return SaleRecorded(
        sale_id=sale_id or uuid7(),
        store_id=store_id,
        status="confirmed" if is_confirmed else "pending",
        recorded_at=recorded_at,
        business_date=business_date,
        local_hour=12,
        lines=numbered,
        taxes=as_taxes(taxes),
        total_cents=total_cents,
        tax_cents=sum(line.tax_cents for line in numbered),
        gross_cents=total_cents + discount_cents if discount_cents else None,
        discount_cents=discount_cents,
        payments=as_payments(paid),
        change_cents=change_cents,
        cash_rounding_cents=rounding_cents,
        is_price_forced=is_price_forced,
        is_backdated=is_backdated,
        is_late=is_late,
    )


def numbered_lines(lines: Sequence[DocumentLine]) -> list[DocumentLine]:
    return [
        msgspec.structs.replace(line, line_no=number)
        for number, line in enumerate(lines or [a_line()], start=1)
    ]


def as_taxes(taxes: dict[str, int] | None) -> list[TaxAmount]:
    return [TaxAmount(code, cents) for code, cents in (taxes or {}).items()]


def as_payments(paid: dict[str, int] | None) -> list[Payment]:
    return [Payment(method, cents) for method, cents in (paid or {}).items()]


def a_void_of(sale: SaleRecorded, voided_at: datetime = NOON) -> SaleVoided:
    """Return the void of a sale, with its receipt."""
    of_receipt = {field.name for field in msgspec.structs.fields(Receipt)}
    fields = msgspec.structs.asdict(sale)
    return SaleVoided(**{name: fields[name] for name in of_receipt}, voided_at=voided_at)


def a_return(
    *lines: DocumentLine,
    store_id: int = STORE,
    business_date: date = MONDAY,
    return_id: UUID | None = None,
    sale_id: UUID | None = None,
    recorded_at: datetime = NOON,
    paid: dict[str, int] | None = None,
    rounding_cents: int = 0,
    taxes: dict[str, int] | None = None,
    is_late: bool = False,
) -> ReturnRecorded:
    """Return what a store took back; by default one coffee at 12.50, without its receipt."""
    numbered = numbered_lines(lines)
    return ReturnRecorded(
        return_id=return_id or uuid7(),
        sale_id=sale_id,
        store_id=store_id,
        recorded_at=recorded_at,
        business_date=business_date,
        local_hour=12,
        lines=numbered,
        taxes=as_taxes(taxes),
        total_cents=sum(line.amount_cents for line in numbered),
        tax_cents=sum(line.tax_cents for line in numbered),
        payments=as_payments(paid),
        cash_rounding_cents=rounding_cents,
        is_late=is_late,
    )


def a_closing(
    *registers: Register,
    store_id: int = STORE,
    business_date: date = MONDAY,
    closed_at: datetime = NOON,
    is_automatic: bool = False,
    sale_count: int = 1,
    discount_cents: int = 0,
    return_cents: int = 0,
    total_cents: int = 1250,
) -> DayClosed:
    """Return the closing of a day; by default of one sale at 12.50 and without cash."""
    return DayClosed(
        store_id=store_id,
        business_date=business_date,
        closed_at=closed_at,
        is_automatic=is_automatic,
        sale_count=sale_count,
        gross_cents=total_cents + discount_cents + return_cents,
        discount_cents=discount_cents,
        return_count=int(return_cents > 0),
        return_cents=return_cents,
        total_cents=total_cents,
        tax_cents=total_cents * 15 // 100,
        void_count=0,
        voided_cents=0,
        cash_rounding_cents=0,
        registers=list(registers),
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
