"""Makes the outbox's events of transfers: each is keyed by the store whose levels move."""

from datetime import datetime

from service_kit.events.outbox import OutgoingEvent
from stock_service.domain.transfers import Reception, Transfer, TransferStatus
from stock_service.events.published import (
    ReceivedLine,
    ShippedLine,
    TransferReceived,
    TransferShipped,
)
from stock_service.events.topics import STOCK_TOPIC


def shipped_event(transfer: Transfer, shipped_at: datetime) -> OutgoingEvent:
    """Return the sender's event of a transfer that has just left."""
    return OutgoingEvent(
        topic=STOCK_TOPIC,
        key=str(transfer.from_store_id),
        type=TransferShipped.TYPE,
        subject=str(transfer.id),
        body=TransferShipped(
            transfer.id,
            transfer.from_store_id,
            transfer.to_store_id,
            [ShippedLine(line.product_id, line.shipped) for line in transfer.lines],
            shipped_at,
        ),
    )


def received_event(reception: Reception, received_at: datetime) -> OutgoingEvent:
    """Return the receiver's event of goods that have just arrived."""
    transfer = reception.transfer
    return OutgoingEvent(
        topic=STOCK_TOPIC,
        key=str(transfer.to_store_id),
        type=TransferReceived.TYPE,
        subject=str(reception.document.document_id),
        body=TransferReceived(
            transfer.id,
            reception.document.document_id,
            transfer.to_store_id,
            transfer.from_store_id,
            [
                ReceivedLine(each.product_id, each.received, each.difference)
                for each in reception.arrivals
            ],
            transfer.status is TransferStatus.RECEIVED,
            transfer.difference_reason,
            received_at,
        ),
    )
