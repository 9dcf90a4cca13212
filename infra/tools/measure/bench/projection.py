"""Part `projection`: how fast the report follows the log, beside a bare loop that reads it.

A log of made sales with three lines each is read by a bare aiokafka loop (the limit), by one live
worker, by two, and by a rebuild.
"""

import random
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter, process_time
from typing import Any

import asyncpg
import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.tools.measure.bench.changes import report_environment
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.events import as_record, make_sale
from infra.tools.measure.bench.fill import say
from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.processes import Served, cpu_seconds, serve
from infra.tools.measure.bench.seed_tables import LINES, PARTITIONS
from infra.tools.measure.bench.waiting import until
from report_service.events.consumed import SaleRecorded
from report_service.rebuild.__main__ import SUBSCRIPTIONS
from report_service.rebuild.run import Rebuild
from report_service.settings import Settings
from sales_service.events.topics import SALES_TOPIC

FIRST_DAY, DAYS = date(2026, 1, 1), 60
LIMIT = "limit: a bare aiokafka loop"
_FOLLOW_SECONDS = 300.0
_CONSUMED = re.compile(r"^events_consumed_total\{[^}]*\} [1-9]", re.MULTILINE)
_POSITIONS = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_positions"


@dataclass(frozen=True, slots=True)
class Pace:
    """Events in so many seconds, for which the program was at work so long."""

    events: int
    seconds: float
    cpu_seconds: float

    def row(self, name: str) -> dict[str, Any]:
        lines = self.events * LINES
        say(
            f"{name:28} {lines / self.seconds:10,.0f} lines/s,"
            f" {lines / self.cpu_seconds:10,.0f} per second of CPU"
        )
        return {
            "name": name,
            "events": self.events,
            "seconds": self.seconds,
            "lines_per_second": lines / self.seconds,
            "lines_per_cpu_second": lines / self.cpu_seconds,
        }


async def measure_projection(lab: Lab, effort: Effort) -> dict[str, Any]:
    """One after the other, each in a database of its own."""
    count = effort.log_sales
    servers = lab.layout.kafka_bootstrap_servers
    await _fill_log(servers, count)
    for name in ("report_one", "report_two"):
        await lab.clone("report", name)
    rows = [(await _read_bare(servers, count)).row(LIMIT)]
    rows.append((await _follow(lab, "report_one", 1, count)).row("one live worker"))
    rows.append((await _follow(lab, "report_two", 2, count)).row("two live workers"))
    rows.append((await _rebuild(lab, count)).row("rebuild"))
    return {"sales": count, "lines": LINES, "limit": LIMIT, "paces": rows}


async def _fill_log(servers: str, count: int) -> None:
    chance = random.Random(1)
    async with AIOKafkaProducer(
        bootstrap_servers=servers, max_batch_size=256 * 1024, compression_type="lz4"
    ) as producer:
        for number in range(count):
            day = FIRST_DAY + timedelta(days=number * DAYS // count)
            await producer.send(**as_record(make_sale(chance, day)))


async def _read_bare(servers: str, count: int) -> Pace:
    """Fetch and decode everything and do nothing with it."""
    began, cpu = perf_counter(), process_time()
    async with AIOKafkaConsumer(
        bootstrap_servers=servers, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([TopicPartition(SALES_TOPIC, number) for number in range(PARTITIONS)])
        left = count
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
                for record in records:
                    msgspec.json.decode(record.value, type=SaleRecorded)
                left -= len(records)
    return Pace(count, perf_counter() - began, process_time() - cpu)


async def _follow(lab: Lab, database: str, workers: int, count: int) -> Pace:
    """Worker processes from the beginning of the log, as soon as each has applied a batch."""
    connection = await lab.connect(database)
    async with AsyncExitStack() as running:
        served = [
            await running.enter_async_context(
                serve(
                    "report_service.worker",
                    report_environment(lab, database) | {"WORKER_INSTANCE": f"worker-{number}"},
                )
            )
            for number in range(workers)
        ]

        async def all_are_at_work() -> bool:
            return all([await _has_consumed(each) for each in served])

        await until(all_are_at_work, _FOLLOW_SECONDS)
        first, began, cpu = await _wait_for(connection, served, 1)
        done, ended, cpu_at_end = await _wait_for(connection, served, count)
    await connection.close()
    return Pace(done - first, ended - began, cpu_at_end - cpu)


async def _has_consumed(served: Served) -> bool:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{served.port}/metrics")
    return _CONSUMED.search(answer.text) is not None


async def _wait_for(
    connection: "asyncpg.Connection[asyncpg.Record]", served: Sequence[Served], count: int
) -> tuple[int, float, float]:
    done = 0

    async def is_reached() -> bool:
        nonlocal done
        done = int(await connection.fetchval(_POSITIONS))
        return done >= count

    await until(is_reached, _FOLLOW_SECONDS)
    return done, perf_counter(), cpu_seconds([each.process for each in served])


async def _rebuild(lab: Lab, count: int) -> Pace:
    """Build and swap, beside tables that are empty."""
    owner = lab.layout.owner_url("report")
    settings = Settings(
        database_url=owner,
        kafka_bootstrap_servers=lab.layout.kafka_bootstrap_servers,
        http_port=0,
    )
    work = Rebuild(settings, SUBSCRIPTIONS, lambda _: None)
    began, cpu = perf_counter(), process_time()
    await work.build()
    await work.swap()
    return Pace(count, perf_counter() - began, process_time() - cpu)
