"""A rebuild of the report keeps every key, also one that the live consumer never sees."""

from collections.abc import AsyncIterator

import pytest

from service_kit.events.key_changes import KeyChanged
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.keys import NOON, key_changed
from tests.fixtures.waiting import eventually
from tests.report_service.conftest import Projection
from tests.report_service.test_rebuild import rebuild_of
from tests.report_service.working import Worker, open_worker

VERSIONS = "SELECT client_id, version, revoked_at FROM api_keys ORDER BY 1"


@pytest.fixture
async def worker(projection: Projection, topics: TopicFactory) -> AsyncIterator[Worker]:
    async with open_worker(projection, topics) as worker:
        yield worker


async def test_a_rebuild_brings_no_key_back_and_loses_none(worker: Worker) -> None:
    async def publish(*keys: KeyChanged) -> None:
        await worker.publish("catalogue.events.v1", KeyChanged.TYPE, *keys)

    revoked = key_changed("first", 2, revoked_at=NOON)
    worker.consume()
    await publish(key_changed("first"), revoked)
    former = ("shop/manager", 2, NOON)
    await eventually(lambda: worker.projection.rows(VERSIONS), [former])
    # The live consumer does not see this one: the copies' positions are beyond it.
    await worker.stop()
    await publish(key_changed("other", client_id="till 1"))

    rebuild = rebuild_of(worker)
    await rebuild.build()
    await rebuild.swap()

    assert await worker.projection.rows(VERSIONS) == [former, ("till 1", 1, None)]
