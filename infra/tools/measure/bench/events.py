"""Plausible events of sales, as the relay sends them."""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from uuid_utils.compat import uuid7

from infra.tools.measure.bench.seed_tables import PARTITIONS, PRODUCTS, STORES
from sales_service.events.published import SaleLine, SaleRecorded, Tax
from sales_service.events.topics import SALES_TOPIC


def make_sale(chance: random.Random, business_date: date | None = None) -> SaleRecorded:
    """A confirmed sale of three lines, now, if need be on another business date."""
    now = datetime.now(UTC)
    # Hot products, as in the filled databases.
    products = [1 + int(PRODUCTS * chance.random() ** 2) for _ in range(3)]
    lines = [
        SaleLine(
            line_no=n,
            product_id=product,
            product_name=f"Produit {product}",
            category=f"Rayon {product % 20}",
            quantity=1,
            unit_price=Decimal(n),
            unit_cost=None,
            amount_cents=100 * n,
            tax_cents=15 * n,
        )
        for n, product in enumerate(products, start=1)
    ]
    store_id = chance.randint(1, STORES)
    return SaleRecorded(
        sale_id=uuid7(),
        store_id=store_id,
        number=f"{store_id}-{chance.getrandbits(40)}",
        status="confirmed",
        stock_policy="permissive",
        sold_at=now,
        recorded_at=now,
        business_date=business_date or now.date(),
        local_hour=now.hour,
        currency="CAD",
        register_id=None,
        lines=lines,
        taxes=[Tax("TPS", Decimal("0.05"), 30), Tax("TVQ", Decimal("0.09975"), 60)],
        total_cents=600,
        tax_cents=90,
    )


def as_record(sale: SaleRecorded) -> dict[str, Any]:
    """What a producer is told to send."""
    return {
        "topic": SALES_TOPIC,
        "value": msgspec.json.encode(sale),
        "key": str(sale.store_id).encode(),
        "partition": sale.store_id % PARTITIONS,
        "headers": [
            ("ce_id", str(sale.sale_id).encode()),
            ("ce_type", SaleRecorded.TYPE.encode()),
            ("ce_time", sale.recorded_at.isoformat().encode()),
        ],
    }
