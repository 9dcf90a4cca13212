"""`make audit` finds a key whose copy differs, unless a newer event is on its way."""

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.audit.keys import compare_keys, read_copies
from sales_service.events.topics import CATALOGUE_TOPIC
from tests.access.test_key_events import deliver, read_events


async def audit(engines: list[AsyncEngine]) -> list[str]:
    copies = {}
    for service, engine in zip(("stock", "report"), engines[1:], strict=True):
        async with AsyncSession(engine) as session:
            copies[service] = await read_copies(session, service)
    async with AsyncSession(engines[0]) as session:
        return await compare_keys(session, copies)


async def make_key(office: httpx.AsyncClient) -> int:
    """Make the key of `shop/till` and return its version."""
    await office.post("/api/cles/", json={"nom": "shop", "role": "till"})
    shown = await office.get("/api/cles/shop/till")
    return int(shown.headers["etag"].strip('"'))


async def test_an_older_copy_is_a_difference_once_its_event_is_applied(
    engines: list[AsyncEngine], office: httpx.AsyncClient
) -> None:
    assert await audit(engines) == []
    version = await make_key(office)
    assert await audit(engines) == [], "the event waits in the outbox"

    async with engines[0].begin() as connection:
        await connection.execute(
            text("UPDATE outbox SET published_at = now(), kafka_partition = 0, kafka_offset = 7")
        )
    assert await audit(engines) == [], "the consumers have not come to it"
    for service, engine in zip(("stock", "report"), engines[1:], strict=True):
        async with engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO consumer_positions VALUES (:consumer, :topic, 0, 8)"),
                {"consumer": f"{service}-service", "topic": CATALOGUE_TOPIC},
            )
    assert await audit(engines) == [
        f"shop/till: version None in stock, {version} in sales",
        f"shop/till: version None in report, {version} in sales",
    ]

    await deliver(engines, await read_events(engines[0]))
    assert await audit(engines) == []


async def test_a_copy_that_is_ahead_is_a_difference(
    engines: list[AsyncEngine], office: httpx.AsyncClient
) -> None:
    version = await make_key(office)
    await deliver(engines, await read_events(engines[0]))
    async with engines[1].begin() as connection:
        await connection.execute(
            text("UPDATE api_keys SET version = version + 1 WHERE client_id = 'shop/till'")
        )

    assert await audit(engines) == [
        f"shop/till: version {version + 1} in stock, {version} in sales"
    ]
