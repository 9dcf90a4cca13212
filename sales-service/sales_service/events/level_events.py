"""Makes the events about declared levels, for the outbox."""

from datetime import datetime
from typing import Literal

from uuid_utils.compat import uuid7

from sales_service.events.published import LevelDeclared
from sales_service.events.topics import SALES_TOPIC
from service_kit.events.outbox import OutgoingEvent


def declared(
    kind: Literal["opening", "count"],
    store_id: int,
    product_id: int,
    quantity: int,
    declared_at: datetime,
) -> OutgoingEvent:
    """Return the event. It is in the store's partition, so it keeps its place among the sales."""
    return OutgoingEvent(
        topic=SALES_TOPIC,
        key=str(store_id),
        type=LevelDeclared.TYPE,
        subject=f"product/{product_id}",
        body=LevelDeclared(uuid7(), store_id, product_id, kind, quantity, declared_at),
    )
