"""A process that leads the relay of a database until it is killed.

`python -m tests.service_kit.leading DATABASE_URL BOOTSTRAP_SERVERS TOPIC_PREFIX SILENCE_SECONDS`
"""

import asyncio
import sys
from datetime import timedelta

from service_kit.database.sessions import open_engine
from service_kit.events import relay
from service_kit.settings import ServiceSettings


async def main(url: str, servers: str, prefix: str, silence: str) -> None:
    relay.LONGEST_SILENCE = timedelta(seconds=int(silence))
    settings = ServiceSettings(
        service_name="test-service",
        database_url=url,
        kafka_bootstrap_servers=servers,
        topic_prefix=prefix,
        http_port=1,
    )
    async with open_engine(settings) as engine:
        await relay.Relay(engine, settings).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
