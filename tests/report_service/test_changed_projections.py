"""A changed projection is filled beside the old one by a rebuild, and then takes over."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.consumers import sales_events
from report_service.rebuild.tables import PROJECTIONS, create_copies, list_copies
from service_kit.events.cloud_events import Event
from tests.fixtures.kafka import TopicFactory
from tests.report_service.builders import TEA, a_line, a_sale
from tests.report_service.conftest import Reports
from tests.report_service.test_rebuild import counted, differences, rebuild_of
from tests.report_service.working import SUBSCRIPTIONS, Worker, open_worker


@pytest.fixture
async def worker(reports: Reports, topics: TopicFactory) -> AsyncIterator[Worker]:
    async with open_worker(reports, topics) as worker:
        yield worker


NEW_SHAPE = (
    "ALTER TABLE store_days ADD COLUMN lines bigint NOT NULL DEFAULT 0",
    """
    CREATE TABLE store_hours (
        store_id int, business_date date, hour int, sales_count bigint NOT NULL,
        PRIMARY KEY (store_id, business_date, hour))
    """,
)


async def count_by_hour(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
    """Count as the new version does: also hours and lines."""
    known = {
        row[0]
        for row in await session.execute(
            text("SELECT sale_id FROM sale_facts WHERE sale_id = ANY(:ids)"),
            {"ids": [event.body.sale_id for event in events]},
        )
    }
    await sales_events.apply(session, events)
    for sale in (event.body for event in events if event.body.sale_id not in known):
        key = {"store": sale.store_id, "day": sale.business_date, "hour": sale.local_hour}
        await session.execute(
            text("""
                INSERT INTO store_hours AS h VALUES (:store, :day, :hour, 1)
                ON CONFLICT (store_id, business_date, hour)
                DO UPDATE SET sales_count = h.sales_count + 1
            """),
            key,
        )
        await session.execute(
            text("""
                UPDATE store_days SET lines = lines + :lines
                WHERE store_id = :store AND business_date = :day
            """),
            {"store": key["store"], "day": key["day"], "lines": len(sale.lines)},
        )


async def test_a_changed_projection_is_filled_beside_the_old_one_and_then_takes_over(
    worker: Worker, reports: Reports
) -> None:
    new = [replace(sales_events.SUBSCRIPTION, apply=count_by_hour), *SUBSCRIPTIONS[1:]]
    worker.consume()
    await worker.sell(*(a_sale(a_line(), a_line(TEA)) for _ in range(5)))
    await counted(worker, 5)

    rebuild = rebuild_of(worker, new)
    await rebuild.build(NEW_SHAPE)
    # The old version goes on serving and counting while the new tables are filled.
    await worker.sell(a_sale())
    await counted(worker, 6)
    await worker.stop()
    await worker.sell(a_sale())
    assert (await reports.get("/api/rapports/ventes"))["rapport"][0]["nombre_ventes"] == 6
    await rebuild.swap()
    worker.consume(new)
    await worker.sell(a_sale())

    await counted(worker, 8)
    rows = worker.projection.rows
    assert await rows("SELECT hour, sales_count FROM store_hours") == [(12, 8)]
    assert await rows("SELECT lines FROM store_days") == [(13,)]
    assert (await reports.get("/api/rapports/ventes"))["rapport"][0]["nombre_ventes"] == 8
    assert await differences(worker) == []


async def test_a_table_that_only_the_new_version_has_is_made_by_its_changes(
    worker: Worker,
) -> None:
    async with worker.projection.engine.begin() as connection:
        await create_copies(connection, (*PROJECTIONS, "store_hours"), NEW_SHAPE)

        assert set(await list_copies(connection)) == {*PROJECTIONS, "store_hours"}
