"""A lot whose database goes away in the middle, or that meets a bug: no sale loses another."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.sales_service.conftest import Shop
from tests.sales_service.test_offline_sales import a_sale, deliver, results
from tests.sales_service.test_selling import count

# The server refuses the sales of this till, and only those, with the SQLSTATE that is its name.
_REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'refused' USING ERRCODE = NEW.register_id;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER refused BEFORE INSERT ON sales FOR EACH ROW
    WHEN (NEW.register_id IS NOT NULL) EXECUTE FUNCTION refuse()
"""
SHUTDOWN, BAD_DATA, LOCKED = "57P01", "22003", "55P03"


@pytest.fixture
async def refusing(shop: Shop) -> Shop:
    async with shop.engine.begin() as connection:
        for statement in (_REFUSE, _TRIGGER):
            await connection.execute(text(statement))
    return shop


async def repair(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(text("DROP TRIGGER refused ON sales"))


def statuses(found: list[dict[str, Any]]) -> list[int]:
    return [result["statut"] for result in found]


async def test_the_rest_is_answered_503_and_a_repetition_completes_it(refusing: Shop) -> None:
    lot = [
        *(a_sale(refusing), a_sale(refusing, panier=[])),
        *(a_sale(refusing, caisse=SHUTDOWN), a_sale(refusing)),
    ]

    first = await results(refusing, *lot)
    recorded = await count(refusing, "sales")
    await repair(refusing)
    second = await results(refusing, *lot)

    assert (statuses(first), recorded) == ([201, 422, 503, 503], 1)
    assert [each.get("probleme", {}).get("code") for each in first[2:]] == ["base-indisponible"] * 2
    assert [each["vente_id"] for each in first] == [sale["vente_id"] for sale in lot]
    assert statuses(second) == [200, 422, 201, 201]
    assert await count(refusing, "sales") == 3


async def test_a_lot_of_which_nothing_is_recorded_is_answered_503_as_a_whole(
    refusing: Shop,
) -> None:
    lot = a_sale(refusing, panier=[]), a_sale(refusing, caisse=SHUTDOWN), a_sale(refusing)

    answer = await deliver(refusing, *lot)

    assert (answer.status_code, answer.json()["code"]) == (503, "base-indisponible")
    assert answer.headers["Retry-After"] == "1"
    assert await count(refusing, "sales") == 0


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(BAD_DATA, 500, "erreur-interne"), (LOCKED, 409, "ressource-occupee")],
)
async def test_a_fault_of_one_sale_never_loses_another(
    refusing: Shop, fault: str, status: int, code: str
) -> None:
    lot = a_sale(refusing), a_sale(refusing, caisse=fault), a_sale(refusing)

    found = await results(refusing, *lot)

    assert statuses(found) == [201, status, 201]
    assert found[1]["probleme"]["code"] == code
    assert await count(refusing, "sales") == 2
