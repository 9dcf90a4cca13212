"""Opens, changes and closes stores; each change is announced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db import stores
from sales_service.db.stores import StoreRow
from sales_service.db.taxes import place_exists
from sales_service.domain.errors import StoreNameTaken, UnknownStore
from sales_service.domain.tax_errors import RepeatedTax, UnknownTaxPlace
from sales_service.events.published import StoreChanged
from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events.causes import current_actor
from service_kit.events.outbox import OutgoingEvent, add_to_outbox


async def open_store(session: AsyncSession, values: dict[str, Any]) -> StoreRow:
    """Open a store and return it; raise `StoreNameTaken`, `RepeatedTax` or `UnknownTaxPlace`."""
    await _check_taxes(session, values)
    store = await stores.insert_store(session, values, current_actor())
    if store is None:
        raise StoreNameTaken(values["name"])
    await stores.create_number_sequence(session, store.id)
    await _announce(session, store)
    return store


async def change_store(session: AsyncSession, store_id: int, changes: dict[str, Any]) -> StoreRow:
    """Change a store and return it.

    Raises `UnknownStore`, `StoreNameTaken`, `RepeatedTax` or `UnknownTaxPlace`.
    """
    await _check_taxes(session, changes)
    try:
        store = await stores.update_store(session, store_id, changes, current_actor())
    except IntegrityError as error:
        raise StoreNameTaken(changes.get("name", "")) from error
    if store is None:
        raise UnknownStore
    await _announce(session, store)
    return store


@dataclass(frozen=True, slots=True)
class ClosedStore:
    """A closed store, and its version before the request."""

    store: StoreRow
    former_version: int


async def close_store(session: AsyncSession, store_id: int) -> ClosedStore:
    """Close a store and return it; raise `UnknownStore`. Closing it again changes nothing."""
    store = await stores.close_store(session, store_id, current_actor())
    if store is not None:
        await _announce(session, store)
        return ClosedStore(store, store.version - 1)
    closed_before = await stores.read_store(session, store_id)
    if closed_before is None:
        raise UnknownStore
    return ClosedStore(closed_before, closed_before.version)


async def _check_taxes(session: AsyncSession, values: dict[str, Any]) -> None:
    _refuse_repeated(values.get("taxes", ()))
    place = values.get("tax_place")
    if place is not None and not await place_exists(session, place):
        raise UnknownTaxPlace(place)


def _refuse_repeated(taxes: Sequence[dict[str, str]]) -> None:
    known: set[str] = set()
    for index, tax in enumerate(taxes):
        if tax["code"] in known:
            raise RepeatedTax(index, tax["code"])
        known.add(tax["code"])


async def _announce(session: AsyncSession, store: StoreRow) -> None:
    body = StoreChanged(
        store_id=store.id,
        version=store.version,
        name=store.name,
        city=store.city,
        kind=store.kind,
        stock_policy=store.stock_policy,
        timezone=store.timezone,
        currency=store.currency,
        is_active=store.is_active,
        changed_at=store.updated_at,
    )
    event = OutgoingEvent(
        topic=CATALOGUE_TOPIC,
        key=f"store:{store.id}",
        type=StoreChanged.TYPE,
        subject=f"store/{store.id}",
        body=body,
    )
    await add_to_outbox(session, [event])
