"""The audit finds an exchange of which a document is missing, or does not pay for the other one."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.tools.operate.audit import sales_side
from tests.sales_service.conftest import Shop
from tests.sales_service.conftest import shop as shop
from tests.sales_service.test_exchanges import exchanged, goods
from tests.sales_service.test_paid_sales import paid_by
from tests.sales_service.test_returns import sold, units

PAIRS, PAYMENTS = "exchanges are pairs", "payments are what is due"


async def look(shop: Shop) -> dict[str, list[str]]:
    async with AsyncSession(shop.engine) as session:
        return {name: await check(session) for name, check in sales_side.CHECKS.items()}


async def exchange_three(shop: Shop) -> None:
    """Make an exchange that costs, one that pays back, and one that states no payments."""
    coffee, tea = [await sold(shop, (shop.coffee, 2)), await sold(shop, (shop.tea, 3))]
    costs = paid_by(("comptant", 1))
    await exchanged(shop, coffee, goods((shop.tea, 3), paiements=costs))
    pays = paid_by(("comptant", 0.55))
    all_teas = {"retour": units((1, 3))}
    await exchanged(shop, tea, goods((shop.coffee, 1), paiements=pays) | all_teas)
    await exchanged(shop, coffee, goods((shop.tea, 1)))


async def test_nothing_is_found_while_all_is_well(shop: Shop) -> None:
    await exchange_three(shop)

    assert not any((await look(shop)).values())


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE sales SET exchange_return_id = NULL", PAIRS),
        ("UPDATE returns SET exchange_sale_id = NULL", PAIRS),
        ("UPDATE returns SET exchange_sale_id = gen_random_uuid()", PAIRS),
        ("UPDATE returns SET business_date = business_date - 1", PAIRS),
        ("UPDATE returns SET payments = '[]', cash_rounding_cents = 0", PAIRS),
        ("UPDATE sales SET payments = '[]', change_cents = 0, cash_rounding_cents = 0", PAIRS),
        ("UPDATE returns SET cash_rounding_cents = 1", PAYMENTS),
        (
            "UPDATE returns SET payments = payments - 1 WHERE payments -> 1 IS NOT NULL",
            PAYMENTS,
        ),
        ("UPDATE sales SET change_cents = 0 WHERE change_cents > 0", PAYMENTS),
        # A card gets back more than is due, in the name of the rounding of cash.
        (
            """UPDATE returns SET cash_rounding_cents = 2, payments = jsonb_build_array(
                jsonb_build_object('method', 'cash', 'amount_cents', 0),
                jsonb_build_object('method', 'debit', 'amount_cents', total_cents + tax_cents + 2)
            )""",
            PAYMENTS,
        ),
    ],
)
async def test_what_is_spoilt_is_found_by_its_check(shop: Shop, statement: str, check: str) -> None:
    await exchange_three(shop)

    async with shop.engine.begin() as connection:
        await connection.execute(text(statement))

    assert (await look(shop))[check]
