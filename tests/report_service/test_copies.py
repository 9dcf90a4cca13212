"""Levels and labels are state: the highest version wins, in any order."""

import random

import pytest

from tests.report_service.builders import COFFEE, STORE, TEA, a_product, a_store, levels
from tests.report_service.conftest import Projection


@pytest.mark.parametrize("seed", range(4))
async def test_the_highest_version_of_a_level_wins(projection: Projection, seed: int) -> None:
    generator = random.Random(seed)
    changes = [levels((COFFEE, 100 - n, n), (TEA, -n, n)) for n in range(1, 20)]
    generator.shuffle(changes)

    while changes:
        size = generator.randint(1, 5)
        batch, changes = changes[:size], changes[size:]
        await projection.receive(*batch)

    rows = await projection.rows("SELECT store_id, product_id, on_hand, version FROM stock_levels")
    assert sorted(rows) == [(STORE, COFFEE, 81, 19), (STORE, TEA, -19, 19)]


async def test_a_level_has_no_bound_that_a_warehouse_could_reach(projection: Projection) -> None:
    await projection.receive(levels((COFFEE, 7_499_999_994, 1), (TEA, -(2**40), 1)))

    rows = await projection.rows("SELECT product_id, on_hand FROM stock_levels")
    assert sorted(rows) == [(COFFEE, 7_499_999_994), (TEA, -(2**40))]


async def test_an_older_name_does_not_come_back(projection: Projection) -> None:
    await projection.receive(
        a_product(COFFEE, "Café", version=2),
        a_product(COFFEE, "Caffé", version=1),
        a_store(STORE, "Plateau", version=3),
        a_store(STORE, "Verdun", version=2),
    )
    await projection.receive(a_product(COFFEE, "Kaffee", version=1))
    await projection.receive(a_store(STORE, "Laval", version=1))

    assert await projection.rows("SELECT name, version FROM products") == [("Café", 2)]
    assert await projection.rows("SELECT name, version FROM stores") == [("Plateau", 3)]
