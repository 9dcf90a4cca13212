"""Makes the event about a changed API key, for the outbox."""

from sales_service.events.published import KeyChanged
from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events.outbox import OutgoingEvent


def key_changed(key: KeyChanged) -> OutgoingEvent:
    """Return the event. All changes of a client's key are in one partition, in their order."""
    return OutgoingEvent(
        topic=CATALOGUE_TOPIC,
        key=f"key:{key.client_id}",
        type=KeyChanged.TYPE,
        subject=f"key/{key.client_id}",
        body=key,
    )
