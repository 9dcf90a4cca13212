"""Part `projection`: how fast the report follows the log, beside a bare loop that reads it.

A log of made sales is read by a bare aiokafka loop (the limit), by one live worker, by two, and by
a rebuild.
"""

import random
import resource
import sys
from contextlib import AsyncExitStack
from datetime import date, timedelta
from time import perf_counter
from typing import NamedTuple

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.tools.measure.bench.events import TOPIC, make_sale
from infra.tools.measure.bench.filling import LINES, PARTITIONS
from infra.tools.measure.bench.lab import Effort, Lab, say
from infra.tools.measure.bench.live import wait_for_count
from infra.tools.measure.bench.processes import Meter, run_to_end, serve
from infra.tools.measure.tables import Row, Tables
from report_service.events.consumed import SaleRecorded

FIRST_DAY, DAYS = date(2026, 1, 1), 60


class Pace(NamedTuple):
    """Lines per second, and per second of the program's CPU."""

    per_second: float
    per_cpu_second: float


async def measure_projection(lab: Lab, effort: Effort) -> Tables:
    """Measure one after the other, each in a database of its own."""
    count = effort.log_sales
    await _fill_log(lab.layout.kafka_bootstrap_servers, count)
    limit = await _read_bare(lab, count)
    paces = {"limit: a bare aiokafka loop": limit}
    for workers, name in ((1, "one live worker"), (2, "two live workers")):
        paces[name] = await _follow(lab, workers, count)
    paces["rebuild"] = await _rebuild(lab, count)
    rows: list[Row] = [
        {
            "": name,
            "sale lines/s": pace.per_second,
            "÷ limit": pace.per_second / limit.per_second,
            "÷ one live worker": pace.per_second / paces["one live worker"].per_second,
            "lines per second of its CPU": pace.per_cpu_second,
        }
        for name, pace in paces.items()
    ]
    say("\n".join(map(str, rows)))
    return {"paces": rows}


def _pace(sales: int, seconds: float, cpu_seconds: float) -> Pace:
    return Pace(sales * LINES / seconds, sales * LINES / cpu_seconds)


async def _fill_log(servers: str, count: int) -> None:
    chance = random.Random(1)
    async with AIOKafkaProducer(
        bootstrap_servers=servers, max_batch_size=256 * 1024, compression_type="lz4"
    ) as producer:
        for number in range(count):
            day = FIRST_DAY + timedelta(days=number * DAYS // count)
            await producer.send(**make_sale(chance, day))


async def _read_bare(lab: Lab, count: int) -> Pace:
    """Fetch and decode everything and do nothing with it."""
    meter, left = Meter({"loop": [psutil.Process()]}), count
    async with AIOKafkaConsumer(
        bootstrap_servers=lab.layout.kafka_bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([TopicPartition(TOPIC, number) for number in range(PARTITIONS)])
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).values():
                for record in records:
                    msgspec.json.decode(record.value, type=SaleRecorded)
                left -= len(records)
    return _pace(count, meter.seconds, meter.read_cpu_seconds()["loop"])


async def _follow(lab: Lab, workers: int, count: int) -> Pace:
    """Follow the log by worker processes, measured without their start."""
    database = await lab.clone("report", f"report_{workers}")
    environment = lab.environment("report", database)
    async with AsyncExitStack() as running:
        served = [
            await running.enter_async_context(
                serve("report_service.worker", environment | {"WORKER_INSTANCE": f"worker-{n}"})
            )
            for n in range(workers)
        ]
        # From a tenth on, so that starting and joining the group do not count.
        first = await wait_for_count(lab, count // 10, database)
        meter = Meter({"workers": [each.process for each in served]})
        await wait_for_count(lab, count, database)
        return _pace(count - first, meter.seconds, meter.read_cpu_seconds()["workers"])


async def _rebuild(lab: Lab, count: int) -> Pace:
    """Rebuild the service's own database, whose tables are empty; the program's start counts."""
    environment = {
        "DATABASE_URL": lab.layout.owner_url("report"),
        "KAFKA_BOOTSTRAP_SERVERS": lab.layout.kafka_bootstrap_servers,
    }
    began, before = perf_counter(), _cpu_of_ended()
    await run_to_end([sys.executable, "-m", "report_service.rebuild"], environment)
    return _pace(count, perf_counter() - began, _cpu_of_ended() - before)


def _cpu_of_ended() -> float:
    """Return the CPU seconds of the programs that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
