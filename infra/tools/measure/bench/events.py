"""Make sales as the relay sends them to Kafka, for workers without tills."""

import asyncio
import json
import random
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from uuid_utils.compat import uuid7

from infra.tools.local.layout import ROOT
from infra.tools.measure.bench.filling import LINES, PARTITIONS, STORES, draw_products

TOPIC, TYPE = "sales.events.v1", "sales.sale-recorded.v1"
_EXAMPLE = json.loads(
    (ROOT / "infra/contracts/examples/sale-recorded.v1/one-line.json").read_text()
)


def make_sale(chance: random.Random, business_date: date | None = None) -> dict[str, Any]:
    """Make a confirmed sale of three lines as the relay sends it, by default of today."""
    now, store_id, sale_id = datetime.now(UTC), chance.randint(1, STORES), str(uuid7())
    value = _EXAMPLE | {
        "sale_id": sale_id,
        "store_id": store_id,
        "number": f"{store_id}-{chance.getrandbits(40)}",
        "status": "confirmed",
        "stock_policy": "permissive",
        "sold_at": now,
        "recorded_at": now,
        "business_date": business_date or now.date(),
        "lines": [
            _EXAMPLE["lines"][0] | {"line_no": number, "product_id": each}
            for number, each in enumerate(draw_products(chance), start=1)
        ],
        # The report refuses a sale whose amounts contradict each other.
        "total_cents": LINES * _EXAMPLE["total_cents"],
        "gross_cents": LINES * _EXAMPLE["total_cents"],
        "discount_cents": 0,
        "tax_cents": LINES * _EXAMPLE["tax_cents"],
    }
    return {
        "topic": TOPIC,
        "value": msgspec.json.encode(value),
        "key": str(store_id).encode(),
        "partition": store_id % PARTITIONS,
        "headers": [
            ("ce_id", sale_id.encode()),
            ("ce_type", TYPE.encode()),
            ("ce_time", now.isoformat().encode()),
        ],
    }


async def feed(servers: str, rate: float) -> None:
    """Send made sales at a rate until cancelled."""
    chance = random.Random(2)
    due = perf_counter()
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        while True:
            await producer.send(**make_sale(chance))
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
