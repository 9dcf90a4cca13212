"""Applies `catalogue.events.v1`: keeps labels, API keys, and who changed them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.journal import insert_entries
from report_service.events.consumed import (
    CATALOGUE_DECODERS,
    ProductChanged,
    StoreChanged,
    TaxRateChanged,
)
from report_service.events.topics import CATALOGUE_TOPIC
from report_service.projections.catalogue import keep_products, keep_stores
from report_service.projections.journal import entries_of
from service_kit.events.cloud_events import Event, Subscription
from service_kit.events.key_changes import KeyChanged, keep_keys


async def apply(
    session: AsyncSession,
    events: Sequence[Event[ProductChanged | StoreChanged | TaxRateChanged | KeyChanged]],
) -> None:
    """Keep the newest labels and keys of a batch, and who changed them.

    A rebuild does the same. It has no copy of the table of keys, so it finds the live one, and the
    highest version wins: the positions of the copies may be ahead of the live ones.
    """
    await insert_entries(session, entries_of(events))
    bodies = [event.body for event in events]
    await keep_products(session, [body for body in bodies if isinstance(body, ProductChanged)])
    await keep_stores(session, [body for body in bodies if isinstance(body, StoreChanged)])
    await keep_keys(session, [body for body in bodies if isinstance(body, KeyChanged)])


SUBSCRIPTION = Subscription(topic=CATALOGUE_TOPIC, decoders=CATALOGUE_DECODERS, apply=apply)
