"""Creates the topics of a file, and checks those that exist.

`KAFKA_BOOTSTRAP_SERVERS=… python -m infra.tools.local.topics topics.yml`
"""

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import BrokerNotAvailableError, TopicAlreadyExistsError, for_code

from service_kit.events.kafka_clients import kafka_credentials, open_admin
from service_kit.settings import KafkaSettings

MOST_ATTEMPTS = 60
PAUSE_SECONDS = 0.5


async def ensure_topics(
    bootstrap_servers: str,
    wanted: list[dict[str, Any]],
    prefix: str = "",
    credentials: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Create missing topics; raise `SystemExit` when one has another number of partitions.

    More partitions would move keys to other partitions and break the order of their events.
    A cluster without a broker gets some time to have one.
    """
    topics = [
        NewTopic(
            name=prefix + topic["name"],
            num_partitions=topic["partitions"],
            replication_factor=topic.get("replication_factor", 1),
            topic_configs={name: str(value) for name, value in topic["config"].items()},
        )
        for topic in wanted
    ]
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            async with open_admin(bootstrap_servers, **credentials) as admin:
                await _ensure(admin, topics)
                return
        except BrokerNotAvailableError:
            if attempt == MOST_ATTEMPTS:
                raise
        await asyncio.sleep(PAUSE_SECONDS)


async def _ensure(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    answer = await admin.create_topics(topics)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(name)
    described = await admin.describe_topics([topic.name for topic in topics])
    partitions = {topic["topic"]: len(topic["partitions"]) for topic in described}
    for topic in topics:
        found = partitions[topic.name]
        # 0: the topic is created, and its metadata is not there yet.
        if found not in (0, topic.num_partitions):
            raise SystemExit(
                f"topic {topic.name} has {found} partitions, not {topic.num_partitions}"
            )


def _main() -> None:
    parser = argparse.ArgumentParser(description="Creates the topics of a YAML file")
    parser.add_argument("file", type=Path)
    wanted = yaml.safe_load(parser.parse_args().file.read_text())["topics"]
    settings = KafkaSettings()
    credentials = kafka_credentials(settings)
    servers = settings.kafka_bootstrap_servers
    asyncio.run(ensure_topics(servers, wanted, settings.topic_prefix, credentials))


if __name__ == "__main__":
    _main()
