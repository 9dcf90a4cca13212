"""Voids and returns subtract once each, in whatever order they and their sales arrive."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
import pytest
from sqlalchemy import text

from report_service.db.fact_rows import FACT_TABLES
from report_service.events.consumed import Document
from service_kit.events.cloud_events import PoisonMessage
from tests.report_service.audit import PAIRS, assert_counters_equal_facts
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    NOON,
    STORE,
    TEA,
    a_line,
    a_return,
    a_sale,
    a_void_of,
)
from tests.report_service.conftest import Projection

OTHER_STORE = STORE + 1
WEDNESDAY = MONDAY + timedelta(days=2)
NET = "SELECT business_date, store_id, sales_count, units, amount_cents, tax_cents FROM store_days"
PAYMENTS = "SELECT business_date, store_id, method, amount_cents FROM payment_days"
TAXES = "SELECT business_date, store_id, code, amount_cents FROM tax_days"
METHODS, CODES = ("cash", "debit", "gift-card"), ("TPS", "TVQ", "TVH")


def some_amounts(generator: random.Random, names: Sequence[str]) -> dict[str, int]:
    chosen = generator.sample(names, generator.randint(0, len(names)))
    return {name: generator.randint(0, 500) for name in chosen}


def many_documents(generator: random.Random, how_many: int) -> list[Document]:
    """Return sales of a few stores over three months, with voids and returns of some of them."""
    documents: list[Document] = []
    for _ in range(how_many):
        lines = [
            a_line(generator.randint(1, 6), generator.randint(1, 5), generator.randint(0, 9999))
            for _ in range(generator.randint(1, 3))
        ]
        sale = a_sale(
            *lines,
            store_id=generator.randint(1, 3),
            business_date=MONDAY - timedelta(days=generator.randint(0, 90)),
            discount_cents=generator.choice([0, 0, 125]),
            paid=some_amounts(generator, METHODS),
            change_cents=generator.choice([0, 40]),
            rounding_cents=generator.randint(-2, 2),
            taxes=some_amounts(generator, CODES),
            is_late=generator.random() < 0.2,
        )
        refund = a_return(
            lines[0],
            store_id=generator.randint(1, 3),
            business_date=sale.business_date + timedelta(days=generator.randint(0, 40)),
            sale_id=sale.sale_id,
            paid=some_amounts(generator, METHODS),
            rounding_cents=generator.randint(-2, 2),
            taxes=some_amounts(generator, CODES),
            is_late=generator.random() < 0.2,
        )
        corrections: list[Document | None] = [None, None, a_void_of(sale), refund]
        correction = generator.choice(corrections)
        documents += [sale] if correction is None else [sale, correction]
    return documents


async def read_counters(projection: Projection) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: sorted(await projection.rows(counters)) for table, (counters, _) in PAIRS.items()
    }


async def test_a_void_subtracts_the_receipt_on_the_day_of_the_sale(projection: Projection) -> None:
    sale = a_sale(discount_cents=50, paid={"debit": 1437}, taxes={"TPS": 187})

    await projection.receive(sale, a_sale(a_line(TEA, 2, 433)))
    await projection.receive(a_void_of(sale, voided_at=NOON + timedelta(days=2)))

    assert await projection.rows(NET) == [(MONDAY, STORE, 1, 2, 433, 64)]
    beside = "SELECT discount_cents, voids_count, voided_cents, returns_count FROM store_days"
    assert await projection.rows(beside) == [(0, 1, 1250, 0)]
    assert await projection.rows(PAYMENTS) == [(MONDAY, STORE, "debit", 0)]
    assert await projection.rows(TAXES) == [(MONDAY, STORE, "TPS", 0)]


async def test_a_return_subtracts_on_its_own_day_in_its_own_store(projection: Projection) -> None:
    sale = a_sale(a_line(COFFEE, 3, 3000), paid={"cash": 4000}, change_cents=550)
    refund = a_return(
        a_line(COFFEE, 1, 1000),
        store_id=OTHER_STORE,
        business_date=WEDNESDAY,
        sale_id=sale.sale_id,
        paid={"cash": 1150},
    )

    await projection.receive(sale)
    await projection.receive(refund, partition=1)

    assert sorted(await projection.rows(NET)) == [
        (MONDAY, STORE, 1, 3, 3000, 450),
        (WEDNESDAY, OTHER_STORE, 0, -1, -1000, -150),
    ]
    assert sorted(await projection.rows(PAYMENTS)) == [
        (MONDAY, STORE, "cash", 3450),
        (WEDNESDAY, OTHER_STORE, "cash", -1150),
    ]
    days = "SELECT business_date, receipts, units, amount_cents FROM product_days"
    assert sorted(await projection.rows(days)) == [(MONDAY, 1, 3, 3000), (WEDNESDAY, 0, -1, -1000)]


async def test_a_void_takes_its_sale_off_the_receipts_of_a_product(projection: Projection) -> None:
    sale = a_sale(a_line(COFFEE), a_line(COFFEE), a_line(TEA))

    await projection.receive(sale, a_sale(), a_void_of(sale))

    rows = await projection.rows("SELECT product_id, receipts, units FROM product_totals")
    assert sorted(rows) == [(COFFEE, 1, 1), (TEA, 0, 0)]


async def test_a_void_that_arrives_before_its_sale_leaves_nothing_of_it(
    projection: Projection,
) -> None:
    sale = a_sale(a_line(COFFEE, 2, 500), paid={"cash": 600}, taxes={"TPS": 75})

    await projection.receive(a_void_of(sale))
    assert await projection.rows(NET) == [(MONDAY, STORE, -1, -2, -500, -75)]

    await projection.receive(sale)
    assert await projection.rows(NET) == [(MONDAY, STORE, 0, 0, 0, 0)]
    await assert_counters_equal_facts(projection)


@pytest.mark.parametrize("seed", range(4))
async def test_batches_duplicates_and_order_of_corrections_change_nothing(
    projection: Projection, seed: int
) -> None:
    generator = random.Random(seed)
    documents = many_documents(generator, 60)

    deliveries = documents + generator.choices(documents, k=60)
    generator.shuffle(deliveries)
    while deliveries:
        size = generator.randint(1, 20)
        batch, deliveries = deliveries[:size], deliveries[size:]
        await projection.receive(*batch, partition=generator.randint(0, 2))

    await assert_counters_equal_facts(projection)
    shuffled = await read_counters(projection)
    async with projection.engine.begin() as connection:
        await connection.execute(text(f"TRUNCATE {', '.join((*FACT_TABLES, *PAIRS))}"))
    await projection.receive(*documents)

    assert await read_counters(projection) == shuffled


async def test_a_batch_without_payments_returns_or_taxes_writes_none(
    projection: Projection,
) -> None:
    await projection.receive(a_sale())

    for table in ("payment_days", "tax_days", "sale_voids", "return_facts", "return_line_facts"):
        assert await projection.rows(f"SELECT * FROM {table}") == []
    assert await projection.rows("SELECT payments, taxes FROM sale_facts") == [(None, None)]


async def test_the_name_on_a_return_is_used_only_where_no_sale_is_known(
    projection: Projection,
) -> None:
    later = NOON + timedelta(days=1)
    names = "SELECT last_name FROM product_totals"

    await projection.receive(a_return(a_line(name="Café d'alors"), recorded_at=later))
    assert await projection.rows(names) == [("Café d'alors",)]

    await projection.receive(a_sale(a_line(name="Café")))
    assert await projection.rows(names) == [("Café",)]
    await projection.receive(a_return(a_line(name="Café d'alors"), recorded_at=later))
    assert await projection.rows(names) == [("Café",)]


async def test_amounts_that_contradict_each_other_are_refused(projection: Projection) -> None:
    sale, refund = a_sale(discount_cents=50), a_return()
    replace = msgspec.structs.replace

    with pytest.raises(PoisonMessage, match=f"sale {sale.sale_id}"):
        await projection.receive(replace(sale, gross_cents=1250))
    with pytest.raises(PoisonMessage, match=f"return {refund.return_id}"):
        await projection.receive(replace(refund, total_cents=1))
    with pytest.raises(PoisonMessage, match="9999"):
        await projection.receive(a_return(business_date=date.max))

    assert await projection.rows(NET) == []
