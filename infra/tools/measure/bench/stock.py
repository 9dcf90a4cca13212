"""Databases of the stock service: forty stores of 2,000 products, and one of twenty.

Levels stand where so many sales of three lines have left them: each level is what was received once
less one for each of its lines. Lines go round stores and products, so that all levels move alike.
"""

import asyncpg

from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.questions import LARGE_STORE, SMALL_STORE
from infra.tools.measure.bench.seed_tables import LINES, PRODUCTS, STORES
from infra.tools.measure.bench.seed_way import repeat

_LEVELS = STORES * PRODUCTS
_STORE, _PRODUCT = f"1 + n % {STORES}", f"1 + n / {STORES} % {PRODUCTS}"
_ON_HAND = f"1 + ({_PRODUCT}) * 7 % 50"
# How many of the first $1 lines went to the level of line `n`.
_SOLD = f"($1::bigint + {_LEVELS - 1} - n % {_LEVELS}) / {_LEVELS}"
_FILL = (
    f"""INSERT INTO stores
    SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store', 'permissive', true
    FROM (SELECT generate_series(1, {STORES}) UNION SELECT {SMALL_STORE}) AS s(n)""",
    f"""INSERT INTO products
    SELECT n, 1, 'P' || n, 'Produit ' || n, 'Rayon ' || n % 20, 1 + n % 50, true
    FROM generate_series(1, {PRODUCTS}) AS n""",
    f"""INSERT INTO stock_levels (store_id, product_id, on_hand, version)
    SELECT {SMALL_STORE}, n, n, 1 FROM generate_series(1, 20) AS n""",
)
_FILL_LEVELS = f"""
    INSERT INTO stock_levels (store_id, product_id, on_hand, version)
    SELECT {_STORE}, {_PRODUCT}, {_ON_HAND}, 1 + {_SOLD} FROM generate_series(0, {_LEVELS - 1}) AS n
    ORDER BY 1, 2
"""
_RECEIVE = """
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    SELECT store_id, product_id, on_hand + version - 1, on_hand + version - 1, 1, 'reception',
        gen_random_uuid(), now() - interval '1 year'
    FROM stock_levels
"""
_SELL = f"""
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    SELECT {_STORE}, {_PRODUCT}, -1, {_ON_HAND} + {_SOLD} - 1 - n / {_LEVELS}, 2 + n / {_LEVELS},
        'sale', gen_random_uuid(), now() - (1 - n::float8 / $1) * interval '1 year'
    FROM generate_series(0, $1::bigint - 1) AS n
"""
# The same answer from the movements, each time anew.
_BY_MOVEMENTS = """
    SELECT p.id, p.name AS nom, p.category AS categorie, sum(m.delta) AS quantite_stock,
        p.unit_price AS prix, m.store_id AS magasin_id
    FROM movements AS m JOIN products AS p ON p.id = m.product_id
    WHERE m.store_id = $1 GROUP BY p.id, m.store_id ORDER BY p.id
"""


async def fill_stock(lab: Lab, sales: int = 0) -> str:
    """A new database as so many sales have left it; its name."""
    name = f"stock_{sales}"
    await lab.clone("stock", name)
    connection = await lab.connect(name)
    await fill_tables(connection, sales)
    await connection.close()
    return name


async def fill_tables(connection: "asyncpg.Connection[asyncpg.Record]", sales: int) -> None:
    """Catalogue, levels and movements."""
    # Nothing here has to survive a crash.
    await connection.execute("SET synchronous_commit = off")
    for statement in _FILL:
        await connection.execute(statement)
    await connection.execute(_FILL_LEVELS, sales * LINES)
    await connection.execute(_RECEIVE)
    await connection.execute(_SELL, sales * LINES, timeout=None)
    await connection.execute("VACUUM ANALYZE", timeout=None)


async def add_up_movements(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[float, list[int]]:
    """CPU seconds of PostgreSQL to add up the large store's levels, and what they are."""
    used, rows = await repeat(connection, lambda: connection.fetch(_BY_MOVEMENTS, LARGE_STORE))
    return used, [row["quantite_stock"] for row in rows]
