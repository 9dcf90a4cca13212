"""While Kafka is away sales go on, the outbox shows its size, and a ceiling protects the disk."""

from collections.abc import Awaitable, Callable
from time import monotonic

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.outbox_backlog import OutboxWatch
from tests.fixtures.waiting import eventually
from tests.system.limits.conftest import ServedShop, serve_shop

CEILING = 5


def answering(shop: ServedShop) -> Callable[[], Awaitable[tuple[int, str]]]:
    async def answer() -> tuple[int, str]:
        given = await shop.sell()
        return given.status_code, given.json().get("code", "")

    return answer


async def publish_all(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET published_at = now()"))


async def test_at_the_ceiling_changes_are_refused_until_kafka_has_taken_events(
    sales_engine: AsyncEngine,
) -> None:
    async with serve_shop(sales_engine, OUTBOX_CEILING=str(CEILING)) as shop:
        await eventually(answering(shop), (503, "file-pleine"))
        refused = await shop.sell()
        read = await shop.client.get("/api/produits/")
        stood = len(await shop.sale_ids())

        assert refused.headers["retry-after"] == "30"
        assert (read.status_code, await shop.api.is_ready()) == (200, True)
        assert await shop.api.total("outbox_pending") >= CEILING
        assert await shop.api.total("outbox_oldest_age_seconds") > 0

        await publish_all(sales_engine)
        await eventually(answering(shop), (201, ""))
        assert len(await shop.sale_ids()) == stood + 1


async def test_a_large_outbox_is_measured_as_cheaply_as_a_small_one(
    plumbing_engine: AsyncEngine,
) -> None:
    watch = OutboxWatch(ceiling=1_000_000)
    async with plumbing_engine.begin() as connection:
        await connection.execute(
            text("""
                INSERT INTO outbox (event_id, topic, key, type, subject, payload, created_at)
                SELECT gen_random_uuid(), 't', 'k', 'e', 's', '\\x00', now() - interval '1 hour'
                FROM generate_series(1, 200000)
            """)
        )

    begun = monotonic()
    await watch.look(plumbing_engine)
    seconds = monotonic() - begun

    assert watch.pending == 200_000
    assert seconds < 0.5
    await publish_all(plumbing_engine)
    await watch.look(plumbing_engine)
    assert watch.pending == 0
