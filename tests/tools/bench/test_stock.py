"""The benchmark's levels are the sums of its movements."""

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.measure.bench.filling import fill
from infra.tools.measure.bench.lab import plain

SALES = 30_000  # 90,000 lines: some levels have sold twice, the others once

_DIFFERENT = """
    SELECT count(*) FROM stock_levels AS l FULL JOIN (
        SELECT store_id, product_id, sum(delta) AS on_hand, count(*) AS version
        FROM movements GROUP BY store_id, product_id
    ) AS m USING (store_id, product_id)
    WHERE l.on_hand IS DISTINCT FROM m.on_hand OR l.version IS DISTINCT FROM m.version
"""
_WRONG_BALANCES = """
    SELECT count(*) FROM (
        SELECT balance_after, sum(delta) OVER (
            PARTITION BY store_id, product_id ORDER BY level_version) AS expected
        FROM movements) AS m
    WHERE balance_after <> expected
"""


async def test_every_level_is_the_sum_of_its_movements(stock_engine: AsyncEngine) -> None:
    url = stock_engine.url.render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain(url))
    await fill(connection, "catalogue_stock", "movements", sales=SALES)

    sold = await connection.fetchval("SELECT count(*) FROM movements WHERE kind = 'sale'")
    different = await connection.fetchval(_DIFFERENT)
    wrong = await connection.fetchval(_WRONG_BALANCES)
    await connection.close()

    assert (sold, different, wrong) == (3 * SALES, 0, 0)
