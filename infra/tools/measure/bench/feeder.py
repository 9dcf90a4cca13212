"""`python -m …bench.feeder SERVERS RATE`: sales of today in Kafka at a rate, until stopped."""

import asyncio
import random
import sys
from contextlib import suppress
from time import perf_counter

from aiokafka import AIOKafkaProducer

from infra.tools.measure.bench.events import as_record, make_sale


async def feed(servers: str, rate: float) -> None:
    """One sale after the other."""
    chance = random.Random(2)
    due = perf_counter()
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        while True:
            await producer.send(**as_record(make_sale(chance)))
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(feed(sys.argv[1], float(sys.argv[2])))
