"""Makes the outbox's events of alerts, each in the partition of its store."""

from collections.abc import Callable, Iterable

from service_kit.events.causes import Cause
from service_kit.events.outbox import OutgoingEvent
from stock_service.domain.alerts import Alert
from stock_service.domain.levels import StoreId
from stock_service.events.published import AlertChanged
from stock_service.events.topics import STOCK_TOPIC


def alert_events(
    alerts: Iterable[Alert], cause_of: Callable[[StoreId], Cause]
) -> list[OutgoingEvent]:
    """Return the events of alerts that have just opened, closed or been acknowledged."""
    return [
        OutgoingEvent(
            topic=STOCK_TOPIC,
            key=str(alert.key.store_id),
            type=AlertChanged.TYPE,
            subject=str(alert.alert_id),
            body=AlertChanged(
                alert_id=alert.alert_id,
                version=alert.version,
                store_id=alert.key.store_id,
                product_id=alert.key.product_id,
                kind=alert.kind.value,
                is_open=alert.is_open,
                limit=alert.limit,
                on_hand=alert.on_hand,
                reserved=alert.reserved,
                opened_at=alert.opened_at,
                closed_at=alert.closed_at,
                acknowledged_at=alert.acknowledged_at,
                acknowledged_by=alert.acknowledged_by,
                changed_at=alert.changed_at,
            ),
            cause=cause_of(alert.key.store_id),
        )
        for alert in alerts
    ]
