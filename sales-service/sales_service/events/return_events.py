"""Makes the event about a return, for the outbox."""

from msgspec import UNSET

from sales_service.domain.returns import Return
from sales_service.events.published import LineTax, Payment, ReturnLine, ReturnRecorded, Tax
from sales_service.events.sale_events import BYTES_OF_NUMBER_AND_INSTANT
from sales_service.events.topics import SALES_TOPIC
from service_kit.events.outbox import OutgoingEvent


def returned_event(returned: Return) -> OutgoingEvent:
    """Return the event. It is in the partition of the store that took the goods back."""
    return OutgoingEvent(
        topic=SALES_TOPIC,
        key=str(returned.store_id),
        type=ReturnRecorded.TYPE,
        subject=str(returned.id),
        body=_body(returned),
        reserve=BYTES_OF_NUMBER_AND_INSTANT,
    )


def _body(returned: Return) -> ReturnRecorded:
    sold_by = returned.sold_by
    return ReturnRecorded(
        return_id=returned.id,
        number=UNSET,
        store_id=returned.store_id,
        sale_id=None if sold_by is None else sold_by.sale_id,
        sale_number=None if sold_by is None else sold_by.number,
        sale_store_id=None if sold_by is None else sold_by.store_id,
        returned_at=returned.returned_at,
        recorded_at=UNSET,
        business_date=returned.business_date,
        local_hour=returned.local_hour,
        currency=returned.currency,
        register_id=returned.register_id,
        reason=returned.reason,
        lines=[
            ReturnLine(
                line_no=line.line_no,
                sale_line_no=line.sale_line_no,
                product_id=line.product_id,
                product_name=line.product_name,
                category=line.category,
                quantity=line.quantity,
                is_restocked=line.is_restocked,
                amount_cents=line.amount_cents,
                tax_cents=line.tax_cents,
                taxes=[LineTax(tax.code, tax.amount_cents) for tax in line.taxes],
            )
            for line in returned.lines
        ],
        taxes=[Tax(tax.code, tax.rate, tax.amount_cents) for tax in returned.taxes],
        total_cents=returned.total_cents,
        tax_cents=returned.tax_cents,
        payments=[
            Payment(each.method.value, each.amount_cents) for each in returned.refund.payments
        ],
        cash_rounding_cents=returned.refund.rounding_cents,
        exchange_sale_id=returned.exchange_sale_id,
        is_late=returned.is_late,
    )
