"""A cluster that has lost its broker for a moment is waited for, or told as a fault of Kafka."""

from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import BrokerNotAvailableError

from infra.tools.local import topics as topic_files
from service_kit.events.log import list_partitions
from tests.fixtures.kafka import TopicFactory

pytestmark = pytest.mark.integration
FIND = AIOKafkaClient.get_random_node


def lose_brokers(monkeypatch: pytest.MonkeyPatch, times: int) -> list[None]:
    """Let the next clients find no broker, as after a metadata response without brokers."""
    losses: list[None] = [None] * times

    def find_or_lose(client: AIOKafkaClient) -> Any:
        return losses.pop() if losses else FIND(client)

    monkeypatch.setattr(AIOKafkaClient, "get_random_node", find_or_lose)
    return losses


async def test_topics_are_made_when_the_broker_is_back(
    topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_files, "PAUSE_SECONDS", 0.0)
    losses = lose_brokers(monkeypatch, 2)

    settings = await topics("late", partitions=2)

    assert losses == []
    assert len(await list_partitions(settings, ["late"])) == 2


async def test_partitions_of_a_cluster_without_a_broker_are_a_fault_of_kafka(
    topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = await topics("known", partitions=1)
    lose_brokers(monkeypatch, 1)

    with pytest.raises(BrokerNotAvailableError):
        await list_partitions(settings, ["known"])
