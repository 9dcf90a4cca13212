"""Applies `catalogue.events.v1`: keeps the labels of products and stores."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.events.consumed import CATALOGUE_DECODERS, ProductChanged, StoreChanged
from report_service.events.topics import CATALOGUE_TOPIC
from report_service.projections.catalogue import keep_products, keep_stores
from service_kit.events.cloud_events import Event, Subscription


async def apply(
    session: AsyncSession, events: Sequence[Event[ProductChanged | StoreChanged]]
) -> None:
    """Keep the newest labels of a batch."""
    bodies = [event.body for event in events]
    await keep_products(session, [body for body in bodies if isinstance(body, ProductChanged)])
    await keep_stores(session, [body for body in bodies if isinstance(body, StoreChanged)])


SUBSCRIPTION = Subscription(topic=CATALOGUE_TOPIC, decoders=CATALOGUE_DECODERS, apply=apply)
