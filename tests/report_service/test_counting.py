"""Every confirmed sale counts once, however it is delivered."""

import asyncio
import random
from datetime import date, timedelta

import msgspec
import pytest

from report_service.events.consumed import SaleRecorded
from service_kit.events.cloud_events import PoisonMessage
from tests.report_service.audit import assert_counters_equal_facts
from tests.report_service.builders import COFFEE, MONDAY, NOON, TEA, a_line, a_sale
from tests.report_service.conftest import Projection

COUNTED = "SELECT sales_count, units, amount_cents, tax_cents FROM store_totals"


def many_sales(generator: random.Random, how_many: int) -> list[SaleRecorded]:
    """Return sales of a few stores and products over three months, so that they share rows."""
    return [
        a_sale(
            *(
                a_line(generator.randint(1, 9), generator.randint(1, 5), generator.randint(0, 9999))
                for _ in range(generator.randint(1, 4))
            ),
            store_id=generator.randint(1, 4),
            business_date=MONDAY - timedelta(days=generator.randint(0, 90)),
            recorded_at=NOON - timedelta(seconds=generator.randint(0, 99)),
        )
        for _ in range(how_many)
    ]


async def test_a_confirmed_sale_counts(projection: Projection) -> None:
    await projection.receive(a_sale(a_line(COFFEE, 2, 2500), a_line(TEA, 1, 433)))

    assert await projection.rows(COUNTED) == [(1, 3, 2933, 375 + 64)]


async def test_a_pending_sale_counts_when_it_is_confirmed(projection: Projection) -> None:
    pending = a_sale(is_confirmed=False)
    confirmed = a_sale(sale_id=pending.sale_id)

    await projection.receive(pending)
    assert await projection.rows(COUNTED) == []

    await projection.receive(confirmed)
    assert await projection.rows(COUNTED) == [(1, 1, 1250, 187)]


async def test_a_sale_recorded_as_confirmed_and_confirmed_again_counts_once(
    projection: Projection,
) -> None:
    sale = a_sale()

    await projection.receive(sale, sale)
    await projection.receive(sale)
    await projection.receive(sale, partition=7)

    assert await projection.rows(COUNTED) == [(1, 1, 1250, 187)]


async def test_a_product_on_two_lines_of_a_sale_is_on_one_receipt(projection: Projection) -> None:
    await projection.receive(a_sale(a_line(COFFEE, 2), a_line(TEA), a_line(COFFEE, 1)))

    rows = await projection.rows("SELECT product_id, receipts, units FROM product_totals")
    assert sorted(rows) == [(COFFEE, 1, 3), (TEA, 1, 1)]


@pytest.mark.parametrize("seed", range(4))
async def test_batches_duplicates_and_order_change_nothing(
    projection: Projection, seed: int
) -> None:
    generator = random.Random(seed)
    sales = many_sales(generator, 100)

    deliveries = sales + generator.choices(sales, k=60)
    generator.shuffle(deliveries)
    while deliveries:
        size = generator.randint(1, 30)
        batch, deliveries = deliveries[:size], deliveries[size:]
        await projection.receive(*batch, partition=generator.randint(0, 2))

    assert await projection.rows("SELECT count(*), sum(total_cents) FROM sale_facts") == [
        (100, sum(sale.total_cents for sale in sales))
    ]
    await assert_counters_equal_facts(projection)


@pytest.mark.parametrize("order", [1, -1])
async def test_the_labels_of_the_latest_sale_are_kept_whatever_comes_last(
    projection: Projection, order: int
) -> None:
    before = a_sale(a_line(name="Café"), recorded_at=NOON)
    after = a_sale(a_line(name="Café moulu"), recorded_at=NOON + timedelta(seconds=1))

    for sale in [before, after][::order]:
        await projection.receive(sale)

    assert await projection.rows("SELECT last_name FROM product_totals") == [("Café moulu",)]


async def test_workers_that_meet_on_the_same_rows_neither_deadlock_nor_lose_a_sale(
    projection: Projection,
) -> None:
    sales = many_sales(random.Random(1), 400)

    async def work(partition: int) -> None:
        # Every worker gets every sale: the worst case of a rebalance.
        mine = random.Random(partition).sample(sales, len(sales))
        for start in range(0, len(mine), 40):
            await projection.receive(*mine[start : start + 40], partition=partition)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(partition) for partition in range(4)))

    assert await projection.rows("SELECT count(*) FROM sale_facts") == [(400,)]
    await assert_counters_equal_facts(projection)


async def test_a_sale_whose_lines_do_not_add_up_is_refused_with_its_id(
    projection: Projection,
) -> None:
    sale = msgspec.structs.replace(a_sale(), total_cents=1)

    with pytest.raises(PoisonMessage, match=str(sale.sale_id)):
        await projection.receive(a_sale(), sale)

    assert await projection.rows(COUNTED) == []


async def test_a_business_date_of_another_century_is_refused(projection: Projection) -> None:
    with pytest.raises(PoisonMessage, match="9999"):
        await projection.receive(a_sale(business_date=date.max))
