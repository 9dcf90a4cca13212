"""Makes the events about a closed day and the cash of a day, for the outbox."""

from sales_service.domain.day_closings import CashMovement, DayClosing
from sales_service.domain.day_totals import DayTotals
from sales_service.events.published import CashMoved, DayClosed, MethodAmount, RegisterCash, TaxSum
from sales_service.events.topics import SALES_TOPIC
from service_kit.events.outbox import OutgoingEvent

# The event must fit into a message, whatever names tills give to registers.
MOST_REGISTERS = 1000


def cash_moved(movement: CashMovement) -> OutgoingEvent:
    """Return the event. It is in the store's partition, before the closing that sums it up."""
    return OutgoingEvent(
        topic=SALES_TOPIC,
        key=str(movement.store_id),
        type=CashMoved.TYPE,
        subject=f"cash/{movement.id}",
        body=CashMoved(
            movement_id=movement.id,
            store_id=movement.store_id,
            business_date=movement.business_date,
            register_id=movement.register_id,
            kind=movement.kind.value,
            amount_cents=movement.amount_cents,
            reason=movement.reason,
            recorded_at=movement.recorded_at,
        ),
    )


def day_closed(closing: DayClosing) -> OutgoingEvent:
    """Return the event. It is in the store's partition, after the documents that it sums up."""
    return OutgoingEvent(
        topic=SALES_TOPIC,
        key=str(closing.store_id),
        type=DayClosed.TYPE,
        subject=f"day/{closing.store_id}/{closing.business_date}",
        body=_body(closing),
    )


def _body(closing: DayClosing) -> DayClosed:
    totals = closing.totals
    return DayClosed(
        store_id=closing.store_id,
        business_date=closing.business_date,
        closed_at=closing.closed_at,
        is_automatic=closing.closed_by is None,
        currency=closing.currency,
        sale_count=totals.sale_count,
        first_number=totals.first_number,
        last_number=totals.last_number,
        gross_cents=totals.gross_cents,
        discount_cents=totals.discount_cents,
        return_count=totals.return_count,
        return_cents=totals.return_cents,
        total_cents=totals.total_cents,
        tax_cents=totals.tax_cents,
        void_count=totals.void_count,
        voided_cents=totals.voided_cents,
        taxes=[TaxSum(tax.code, tax.amount_cents) for tax in totals.taxes],
        payments=[MethodAmount(each.method.value, each.amount_cents) for each in totals.payments],
        cash_rounding_cents=totals.cash_rounding_cents,
        unstated_cents=totals.unstated_cents,
        registers=_registers(totals),
    )


def _registers(totals: DayTotals) -> list[RegisterCash]:
    return [
        RegisterCash(
            register_id=each.register_id,
            float_cents=each.float_cents,
            paid_in_cents=each.paid_in_cents,
            paid_out_cents=each.paid_out_cents,
            cash_sales_cents=each.cash_sales_cents,
            cash_returns_cents=each.cash_returns_cents,
            expected_cents=each.expected_cents,
            counted_cents=each.counted_cents,
        )
        for each in totals.registers[:MOST_REGISTERS]
    ]
