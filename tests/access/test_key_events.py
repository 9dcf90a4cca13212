"""A change of a key reaches the stock and the report by its event alone."""

from functools import partial
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

import report_service.consumers.catalogue_events
import stock_service.consumers.catalogue_events
from infra.tools.operate.keys import create_key, open_databases, revoke
from service_kit.events.key_changes import KeyChanged, read_key
from tests.access.matrix import OWN
from tests.access.test_access_matrix import Services
from tests.access.test_keys_command import statuses
from tests.fixtures.waiting import eventually
from tests.report_service.builders import delivered

pytestmark = pytest.mark.usefixtures("environment")

APPLY = (
    stock_service.consumers.catalogue_events.SUBSCRIPTION,
    report_service.consumers.catalogue_events.SUBSCRIPTION,
)
KEY = "/api/cles/shop/manager"


async def read_events(sales: AsyncEngine) -> list[tuple[str, bytes]]:
    async with sales.connect() as connection:
        rows = await connection.execute(
            text("SELECT type, payload FROM outbox WHERE type LIKE 'access.%' ORDER BY id")
        )
        return [(row.type, row.payload) for row in rows]


async def deliver(engines: list[AsyncEngine], events: list[tuple[str, bytes]]) -> None:
    """Let stock and report apply these events, as one batch."""
    for engine, subscription in zip(engines[1:], APPLY, strict=True):
        bodies = [
            msgspec.json.decode(payload, type=subscription.decoders[kind])
            for kind, payload in events
        ]
        async with AsyncSession(engine) as session, session.begin():
            await subscription.apply(session, delivered(bodies))


async def stored(engines: list[AsyncEngine], client: str) -> list[Any]:
    """Return the key in each database, without what each one knows alone."""
    found = []
    for engine in engines:
        async with AsyncSession(engine) as session:
            key = await read_key(session, client)
        names = KeyChanged.__struct_fields__
        found.append(key and {name: getattr(key, name) for name in names})
    return found


async def test_a_key_of_the_api_works_everywhere_until_it_is_revoked(
    services: Services, engines: list[AsyncEngine], office: httpx.AsyncClient
) -> None:
    body = {"nom": "shop", "role": "manager", "magasins": [OWN], "droits": ["backdate"]}
    first = (await office.post("/api/cles/", json=body)).json()["cle"]
    rotation = {"chevauchement_heures": 1}
    second = (await office.post(f"{KEY}/rotation", json=rotation)).json()["cle"]
    await deliver(engines, await read_events(engines[0]))

    assert await statuses(services, first, OWN) == [200, 200, 200]
    assert await statuses(services, second, OWN) == [200, 200, 200]
    sales, stock, report = await stored(engines, "shop/manager")
    assert sales == stock == report

    await office.delete(KEY)
    events = await read_events(engines[0])
    await deliver(engines, events)
    for secret in first, second:
        await eventually(partial(statuses, services, secret, OWN), [401, 401, 401])
    revoked = await stored(engines, "shop/manager")
    # Delivered again, and the oldest last.
    for event in reversed(events):
        await deliver(engines, [event])
    assert await stored(engines, "shop/manager") == revoked
    assert await statuses(services, first, OWN) == [401, 401, 401]
    assert await statuses(services, second, OWN) == [401, 401, 401]


async def test_a_change_by_command_does_not_wait_for_its_event(
    services: Services, engines: list[AsyncEngine], office: httpx.AsyncClient
) -> None:
    body = {"nom": "shop", "role": "manager", "magasins": [OWN]}
    secret = (await office.post("/api/cles/", json=body)).json()["cle"]
    late = await read_events(engines[0])

    async with open_databases() as databases:
        await revoke(databases, "shop/manager")

    sales, stock, report = await stored(engines, "shop/manager")
    assert sales == stock == report
    await deliver(engines, late)
    assert await statuses(services, secret, OWN) == [401, 401, 401]
    assert await stored(engines, "shop/manager") == [sales, stock, report]
    # Its own event says the same.
    await deliver(engines, await read_events(engines[0]))
    assert await stored(engines, "shop/manager") == [sales, stock, report]


async def test_an_owner_that_was_restored_from_a_backup_overtakes_its_copies(
    services: Services, engines: list[AsyncEngine]
) -> None:
    async with open_databases() as databases:
        secret = await create_key(databases, "shop", "manager", [OWN], [])
    async with engines[0].begin() as connection:
        await connection.execute(text("DELETE FROM api_keys WHERE client_id = 'shop/manager'"))

    async with open_databases() as databases:
        await revoke(databases, "shop/manager")

    sales, stock, report = await stored(engines, "shop/manager")
    assert sales == stock == report
    await eventually(partial(statuses, services, secret, OWN), [401, 401, 401])
