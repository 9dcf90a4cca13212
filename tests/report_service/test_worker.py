"""From Kafka to the counters, and what `complet_jusqua` says on the way."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.freshness import read_horizon
from report_service.projections import freshness
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.report_service.builders import COFFEE, a_line, a_product, a_sale, levels
from tests.report_service.conftest import Projection
from tests.report_service.working import Worker, open_worker

COUNTED = "SELECT CAST(coalesce(sum(sales_count), 0) AS int) FROM store_totals"
PUBLISHED_UNTIL = "SELECT published_until FROM published_events"
COMPLETE_UNTIL = "SELECT complete_until FROM freshness"
COMPLETE_AND_COUNTED = "SELECT (SELECT count(*) FROM freshness), (SELECT count(*) FROM sale_facts)"


@pytest.fixture
async def worker(projection: Projection, topics: TopicFactory) -> AsyncIterator[Worker]:
    async with open_worker(projection, topics) as worker:
        yield worker


async def test_each_topic_reaches_its_projection(worker: Worker) -> None:
    worker.consume()

    await worker.sell(*(a_sale() for _ in range(10)))
    await worker.publish("stock.events.v1", "stock.stock-levels-changed.v1", levels((COFFEE, 4, 1)))
    await worker.publish(
        "catalogue.events.v1", "catalogue.product-changed.v1", a_product(COFFEE, "Café")
    )

    rows = worker.projection.rows
    await eventually(lambda: rows(COUNTED), [(10,)])
    await eventually(lambda: rows("SELECT on_hand FROM stock_levels"), [(4,)])
    await eventually(lambda: rows("SELECT name FROM products"), [("Café",)])


async def test_a_sale_that_can_never_count_is_set_aside_alone(worker: Worker) -> None:
    worker.consume()
    broken = msgspec.structs.replace(a_sale(), total_cents=1)
    twice_line_1 = msgspec.structs.replace(a_sale(), lines=[a_line(), a_line()], total_cents=2500)

    await worker.sell(a_sale(), a_sale(), a_sale(), broken, twice_line_1, a_sale())

    await eventually(lambda: worker.projection.rows(COUNTED), [(4,)])
    await eventually(lambda: worker.projection.rows("SELECT count(*) FROM dead_letters"), [(2,)])
    errors = await worker.projection.rows("SELECT error FROM dead_letters ORDER BY error")
    assert "not the sum of its lines" in str(errors)
    assert "sale_line_facts_pkey" in str(errors)


async def test_nothing_is_complete_before_the_first_heartbeat(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[datetime | None] = []

    async def look(session: AsyncSession, topic: str) -> datetime | None:
        looks.append(await read_horizon(session, topic))
        return looks[-1]

    monkeypatch.setattr(freshness, "read_horizon", look)
    worker.consume()
    await worker.sell(a_sale())
    await eventually(lambda: worker.projection.rows(COUNTED), [(1,)])
    worker.keep_freshness()

    async def has_looked() -> bool:
        return len(looks) > 2

    # Every sale in Kafka is counted. Whether Kafka has every sale is not known.
    await eventually(has_looked, True)
    assert await worker.projection.rows(COMPLETE_UNTIL) == []


async def test_nothing_is_complete_while_events_wait_in_kafka(worker: Worker) -> None:
    await worker.sell(a_sale())
    await worker.beat(datetime.now(UTC))
    worker.keep_freshness()
    worker.consume()

    async def is_complete() -> bool:
        # In one snapshot: a reader that sees complete figures must find all sales in them.
        [(complete, counted)] = await worker.projection.rows(COMPLETE_AND_COUNTED)
        assert counted or not complete
        return bool(complete)

    await eventually(is_complete, True)


async def test_nothing_is_complete_beyond_what_the_producer_has_in_kafka(worker: Worker) -> None:
    worker.consume()
    published_until = datetime.now(UTC) - timedelta(hours=2)
    await worker.beat(published_until)
    await eventually(lambda: worker.projection.rows(PUBLISHED_UNTIL), [(published_until,)])
    worker.keep_freshness()

    await worker.sell(a_sale())
    await eventually(lambda: worker.projection.rows(COMPLETE_UNTIL), [(published_until,)])
    await eventually(lambda: worker.projection.rows(COUNTED), [(1,)])
    assert await worker.projection.rows(COMPLETE_UNTIL) == [(published_until,)]

    # A heartbeat that is read again changes nothing.
    later = published_until + timedelta(hours=1)
    await worker.beat(later, published_until - timedelta(hours=1))
    await eventually(lambda: worker.projection.rows(COMPLETE_UNTIL), [(later,)])


async def test_freshness_moves_on_with_time_and_covers_what_was_sent_before(
    worker: Worker,
) -> None:
    worker.consume()
    worker.keep_freshness()
    await worker.sell(a_sale(), a_sale())
    # The producer's clock is ahead, so the database's clock is the limit.
    await worker.beat(datetime.now(UTC) + timedelta(hours=1))
    sent_at = datetime.now(UTC)

    async def covers() -> bool:
        rows = await worker.projection.rows(COMPLETE_UNTIL)
        return bool(rows) and rows[0][0] > sent_at

    await eventually(covers, True)
    assert await worker.projection.rows(COUNTED) == [(2,)]
