"""`make audit` compares each receipt with its lines."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.tools.operate.audit.sales_side import check_totals
from tests.sales_service.conftest import Shop
from tests.sales_service.test_discounted_sales import discounted


async def found(shop: Shop) -> list[str]:
    async with AsyncSession(shop.engine) as session:
        return await check_totals(session)


async def test_receipts_with_and_without_discounts_are_the_sums_of_their_lines(shop: Shop) -> None:
    await shop.sell((shop.coffee, 2), (shop.tea, 3))
    await shop.client.post("/api/ventes/", json=discounted(shop))

    assert await found(shop) == []


@pytest.mark.parametrize(
    "mistake",
    [
        "UPDATE sale_lines SET amount_cents = amount_cents + 1 WHERE line_no = 1",
        "UPDATE sale_lines SET line_discount_cents = line_discount_cents + 1 WHERE line_no = 1",
        "UPDATE sale_lines SET receipt_discount_cents = 0 WHERE line_no = 2",
        "UPDATE sales SET discount_cents = discount_cents - 1",
        "DELETE FROM sale_lines",
    ],
)
async def test_a_cent_that_is_missing_is_found(shop: Shop, mistake: str) -> None:
    await shop.client.post("/api/ventes/", json=discounted(shop))
    async with shop.engine.begin() as connection:
        await connection.execute(text(mistake))

    assert len(await found(shop)) == 1
