"""Answers about alerts: English structs whose members have French names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec

from service_kit.telemetry.stages import Stage, stage
from stock_service.api.words import FRENCH, FRENCH_OF_ALERT, WORD_OF_ALERT
from stock_service.domain.alerts import Alert

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class AlertOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_ALERT, kw_only=True):
    """An alert about the level of a product in a store."""

    alert_id: UUID
    store_id: int
    product_id: int
    kind: Annotated[
        str, msgspec.Meta(description="rupture, stock_bas, surstock, negatif or sous_reserve")
    ]
    status: Annotated[str, msgspec.Meta(description="ouverte or fermee")]
    limit: Annotated[
        int | None,
        msgspec.Meta(description="The threshold of `stock_bas`, the maximum of `surstock`"),
    ]
    on_hand: Annotated[int, msgspec.Meta(description="When it opened, or when it closed")]
    reserved: int
    opened_at: Instant
    closed_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None

    @classmethod
    def of(cls, alert: Alert) -> Self:
        return cls(
            alert_id=alert.alert_id,
            store_id=alert.key.store_id,
            product_id=alert.key.product_id,
            kind=WORD_OF_ALERT[alert.kind],
            status="ouverte" if alert.is_open else "fermee",
            limit=alert.limit,
            on_hand=alert.on_hand,
            reserved=alert.reserved,
            opened_at=alert.opened_at,
            closed_at=alert.closed_at,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=alert.acknowledged_by,
        )


class AlertsOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A page of alerts, and how many there are on all pages."""

    count: int
    alerts: list[AlertOut]


@stage(Stage.SERIALISATION)
def encode_alert(alert: Alert) -> bytes:
    """Return an alert as JSON."""
    return msgspec.json.encode(AlertOut.of(alert))


@stage(Stage.SERIALISATION)
def encode_alerts(page: Sequence[Alert], count: int) -> bytes:
    """Return a page of alerts as JSON."""
    return msgspec.json.encode(AlertsOut(count, [AlertOut.of(each) for each in page]))
