"""Part `projection`: how fast the report follows the log, beside a bare loop that reads it.

A log of made sales is read by a bare aiokafka loop (the limit), by one live worker, by two, and by
a rebuild.
"""

import random
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter

import msgspec
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.tools.measure.bench.catalogue import LINES, PARTITIONS
from infra.tools.measure.bench.events import TOPIC, make_sale
from infra.tools.measure.bench.lab import Effort, Lab, say
from infra.tools.measure.bench.live import wait_for_count
from infra.tools.measure.bench.processes import Meter, run_to_end, serve
from infra.tools.measure.tables import Row, Tables
from report_service.events.consumed import SaleRecorded

FIRST_DAY, DAYS = date(2026, 1, 1), 60


@dataclass(frozen=True, slots=True)
class Pace:
    """How many events took how long, and how much CPU time of the program."""

    events: int
    seconds: float
    cpu_seconds: float


async def measure_projection(lab: Lab, effort: Effort) -> Tables:
    """Measure one after the other, each in a database of its own."""
    count = effort.log_sales
    await _fill_log(lab.layout.kafka_bootstrap_servers, count)
    paces = {"limit: a bare aiokafka loop": await _read_bare(lab, count)}
    for workers, name in ((1, "one live worker"), (2, "two live workers")):
        database = await lab.clone("report", f"report_{workers}")
        paces[name] = await _follow(lab, database, workers, count)
    paces["rebuild"] = await _rebuild(lab, count)
    bare, rows = next(iter(paces.values())), []
    for name, pace in paces.items():
        row: Row = {
            "": name,
            "sale lines/s": pace.events * LINES / pace.seconds,
            "× limit": pace.events / pace.seconds / (bare.events / bare.seconds),
            "lines per second of its CPU": pace.events * LINES / pace.cpu_seconds,
        }
        rows.append(row)
        say(str(row))
    return {"paces": rows}


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
    seconds, used = meter.read()
    return Pace(count, seconds, used["loop"])


async def _follow(lab: Lab, database: str, workers: int, count: int) -> Pace:
    """Follow the log by worker processes, measured without their start."""
    async with AsyncExitStack() as running:
        served = [
            await running.enter_async_context(
                serve(
                    "report_service.worker",
                    lab.environment("report", database) | {"WORKER_INSTANCE": f"worker-{number}"},
                )
            )
            for number in range(workers)
        ]

        # From a tenth on, so that starting and joining the group do not count.
        first, began = await wait_for_count(lab, count // 10, database), perf_counter()
        meter = Meter({"workers": [each.process for each in served]})
        await wait_for_count(lab, count, database)
        seconds, (_, used) = perf_counter() - began, meter.read()
    return Pace(count - first, seconds, used["workers"])


async def _rebuild(lab: Lab, count: int) -> Pace:
    """Rebuild the service's own database, whose tables are empty; the program's start counts."""
    environment = {
        "DATABASE_URL": lab.layout.owner_url("report"),
        "KAFKA_BOOTSTRAP_SERVERS": lab.layout.kafka_bootstrap_servers,
    }
    ended = await run_to_end([sys.executable, "-m", "report_service.rebuild"], environment)
    return Pace(count, ended.seconds, ended.cpu_seconds)
