"""Makes the events about a sale, for the outbox."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import UNSET

from sales_service.domain.sale import MissingStock, Sale
from sales_service.domain.voids import Void
from sales_service.events.published import (
    LineTax,
    Missing,
    Payment,
    SaleCancelled,
    SaleConfirmed,
    SaleLine,
    SaleRecorded,
    SaleRejected,
    SaleVoided,
    Tax,
)
from sales_service.events.topics import SALES_TOPIC
from service_kit.events.causes import Cause
from service_kit.events.outbox import OutgoingEvent

# SaleConfirmed and SaleVoided are larger than SaleRecorded, by less than this. The event of a
# recorded sale must still fit when the sale is confirmed or voided.
BYTES_OF_A_DECISION = 1000
# What the statement that writes a sale or a return adds to its event.
BYTES_OF_NUMBER_AND_INSTANT = 100


def recorded(sale: Sale) -> OutgoingEvent:
    added_later = {"number": UNSET, "recorded_at": UNSET}
    body = SaleRecorded(**sale_fields(sale) | added_later, sold_by=sale.sold_by)
    return _about(sale, body, reserve=BYTES_OF_NUMBER_AND_INSTANT + BYTES_OF_A_DECISION)


def confirmed(sale: Sale, decided_at: datetime, cause: Cause) -> OutgoingEvent:
    body = SaleConfirmed(**sale_fields(sale), decided_at=decided_at)
    return _about(sale, body, cause=cause)


def rejected(
    sale: Sale, missing: Iterable[MissingStock], decided_at: datetime, cause: Cause
) -> OutgoingEvent:
    lines = [Missing(each.product_id, each.requested, each.available) for each in missing]
    body = SaleRejected(sale.id, sale.store_id, lines, decided_at, sale.reservation_fault)
    return _about(sale, body, cause=cause)


def cancelled(sale: Sale, decided_at: datetime, *, by_till: bool = False) -> OutgoingEvent:
    reason = "void" if by_till else "timeout"
    return _about(sale, SaleCancelled(sale.id, sale.store_id, reason, decided_at))


def voided(sale: Sale, void: Void) -> OutgoingEvent:
    assert void.reason is not None
    return _about(sale, SaleVoided(**sale_fields(sale), reason=void.reason, voided_at=void.at))


def _about(
    sale: Sale, body: SaleRecorded | SaleRejected | SaleCancelled, **options: Any
) -> OutgoingEvent:
    return OutgoingEvent(
        topic=SALES_TOPIC,
        key=str(sale.store_id),
        type=body.TYPE,
        subject=str(sale.id),
        body=body,
        **options,
    )


def sale_fields(sale: Sale) -> dict[str, Any]:
    """Return the fields that `SaleRecorded`, `SaleConfirmed` and `SaleVoided` have in common."""
    return {
        "sale_id": sale.id,
        "store_id": sale.store_id,
        "number": sale.number,
        "status": sale.status.value,
        "stock_policy": sale.stock_policy.value,
        "sold_at": sale.sold_at,
        "recorded_at": sale.recorded_at,
        "business_date": sale.business_date,
        "local_hour": sale.local_hour,
        "currency": sale.currency,
        "register_id": sale.register_id,
        "lines": [
            SaleLine(
                line_no=line.line_no,
                product_id=line.product_id,
                product_name=line.product_name,
                category=line.category,
                quantity=line.quantity,
                unit_price=line.unit_price,
                unit_cost=line.unit_cost,
                amount_cents=line.amount_cents,
                tax_cents=line.tax_cents,
                tax_class=line.tax_class,
                taxes=[LineTax(share.code, share.amount_cents) for share in line.taxes],
                list_price=line.list_price,
                gross_cents=None if line.gross_cents == line.amount_cents else line.gross_cents,
                line_discount_cents=line.line_discount_cents,
                receipt_discount_cents=line.receipt_discount_cents,
            )
            for line in sale.lines
        ],
        "taxes": [Tax(tax.code, tax.rate, tax.amount_cents) for tax in sale.taxes],
        "total_cents": sale.total_cents,
        "tax_cents": sale.tax_cents,
        "tax_exemption": sale.tax_exemption,
        "gross_cents": sale.gross_cents,
        "discount_cents": sale.discount_cents,
        "payments": [Payment(each.method.value, each.amount_cents) for each in sale.paid.payments],
        "change_cents": sale.paid.change_cents,
        "cash_rounding_cents": sale.paid.rounding_cents,
        "is_price_forced": sale.is_price_forced,
        "is_backdated": sale.is_backdated,
        "is_late": sale.is_late,
        "exchange_return_id": sale.exchange_return_id,
        "reservation_id": sale.reservation_id,
    }
