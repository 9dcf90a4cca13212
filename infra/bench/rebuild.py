"""`python -m infra.bench.rebuild [--sales 100000]`: how fast projections follow the log.

On a stack of its own: a log of made sales with three lines each is read by a bare aiokafka loop
(the limit), by the live consumer from the beginning, and by a rebuild.
"""

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

from infra.embedded.layout import Layout
from infra.embedded.ports import find_free_ports
from infra.embedded.stack import Stack
from report_service.events.consumed import SaleLine, SaleRecorded
from report_service.rebuild.__main__ import SUBSCRIPTIONS
from report_service.rebuild.run import Rebuild
from report_service.settings import Settings
from service_kit.consumer import Consumer

TOPIC = "sales.events.v1"
PARTITIONS = 12
LINES = 3
STORES, PRODUCTS, DAYS = 40, 2000, 60
FIRST_DAY = date(2026, 1, 1)


def make_sales(count: int) -> Iterator[SaleRecorded]:
    """Plausible sales: many stores, hot products, two months."""
    chance = random.Random(1)
    weights = [1 / (rank + 10) for rank in range(PRODUCTS)]
    products = chance.choices(range(1, PRODUCTS + 1), weights, k=count * LINES)
    for number in range(count):
        chosen = products[number * LINES : (number + 1) * LINES]
        lines = [
            SaleLine(n, product, f"Article {product}", "Épicerie", 1 + n % 3, 100 * n, 15 * n)
            for n, product in enumerate(chosen, start=1)
        ]
        yield SaleRecorded(
            sale_id=uuid7(),
            store_id=1 + number % STORES,
            status="confirmed",
            recorded_at=datetime.now(UTC),
            business_date=FIRST_DAY + timedelta(days=number * DAYS // count),
            local_hour=12,
            lines=lines,
            total_cents=sum(line.amount_cents for line in lines),
            tax_cents=sum(line.tax_cents for line in lines),
        )


async def fill_log(servers: str, count: int) -> None:
    """Write the sales as the relay does."""
    async with AIOKafkaProducer(
        bootstrap_servers=servers, max_batch_size=256 * 1024, compression_type="lz4"
    ) as producer:
        for sale in make_sales(count):
            headers = [
                ("ce_id", str(sale.sale_id).encode()),
                ("ce_type", b"sales.sale-recorded.v1"),
                ("ce_time", b"2026-01-01T00:00:00+00:00"),
            ]
            await producer.send(
                TOPIC,
                msgspec.json.encode(sale),
                key=str(sale.store_id).encode(),
                partition=sale.store_id % PARTITIONS,
                headers=headers,
            )


async def read_bare(servers: str, count: int) -> float:
    """Fetch and decode everything and do nothing with it."""
    began = time.perf_counter()
    async with AIOKafkaConsumer(
        bootstrap_servers=servers, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([TopicPartition(TOPIC, number) for number in range(PARTITIONS)])
        left = count
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
                for record in records:
                    msgspec.json.decode(record.value, type=SaleRecorded)
                left -= len(records)
    return time.perf_counter() - began


async def consume_live(settings: Settings, count: int) -> float:
    """The worker's consumer, from the beginning of the log."""
    engine = create_async_engine(settings.database_url, pool_size=4)
    stop = asyncio.Event()
    began = time.perf_counter()
    task = asyncio.create_task(Consumer(engine, settings, SUBSCRIPTIONS).run(stop))
    statement = text("SELECT coalesce(sum(next_offset), 0) FROM consumer_positions")
    while True:
        async with engine.connect() as connection:
            if (await connection.execute(statement)).scalar_one() >= count:
                break
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - began
    stop.set()
    await task
    await engine.dispose()
    return seconds


async def rebuild(settings: Settings) -> float:
    """Build and swap."""
    work = Rebuild(settings, SUBSCRIPTIONS, print)
    began = time.perf_counter()
    await work.build()
    await work.swap()
    return time.perf_counter() - began


async def measure(count: int) -> dict[str, float]:
    """Seconds of each, one after the other."""
    state = Path(tempfile.mkdtemp(prefix="comptoir-bench-"))
    stack = Stack(Layout(state, find_free_ports()))
    try:
        await stack.start_infrastructure()
        servers = stack.layout.kafka_bootstrap_servers
        settings = Settings(
            database_url=stack.layout.owner_url("report"),
            kafka_bootstrap_servers=servers,
            http_port=0,
        )
        await fill_log(servers, count)
        return {
            "bare aiokafka loop": await read_bare(servers, count),
            "live consumer": await consume_live(settings, count),
            "rebuild": await rebuild(settings),
        }
    finally:
        await asyncio.to_thread(stack.stop)
        shutil.rmtree(state)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.rebuild")
    parser.add_argument("--sales", type=int, default=100_000)
    count = parser.parse_args().sales
    seconds = asyncio.run(measure(count))
    limit = seconds["bare aiokafka loop"]
    print(f"{'':22}{'seconds':>9}{'events/s':>11}{'lines/s':>11}{'of the limit':>14}")
    for name, took in seconds.items():
        rate = count / took
        print(f"{name:22}{took:9.1f}{rate:11,.0f}{rate * LINES:11,.0f}{limit / took:14.2f}")


if __name__ == "__main__":
    main()
