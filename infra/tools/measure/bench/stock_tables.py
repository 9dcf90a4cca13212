"""Fill a stock database: forty stores of 2,000 products, and one store of twenty.

Levels are what so many sales of three lines leave: what was received once less one for each line.
Lines go round stores and products, so all levels move alike.
"""

import asyncpg

from infra.tools.measure.bench.catalogue import LINES, PRODUCTS, STORES, fill_catalogue
from infra.tools.measure.bench.lab import Lab, say
from infra.tools.measure.bench.seed_way import repeat

SMALL_STORE, LARGE_STORE = 1000, 1
_LEVELS = STORES * PRODUCTS
_STORE, _PRODUCT = f"1 + n % {STORES}", f"1 + n / {STORES} % {PRODUCTS}"
_ON_HAND = f"1 + ({_PRODUCT}) * 7 % 50"
# How many of the first $1 lines changed the level of line `n`.
_SOLD = f"($1::bigint + {_LEVELS - 1} - n % {_LEVELS}) / {_LEVELS}"
_FILL_SMALL = (
    f"""INSERT INTO stores
    VALUES ({SMALL_STORE}, 1, 'Magasin', 'Montréal', 'store', 'permissive', true)""",
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
# The same answer from the movements: the seed's way.
_BY_MOVEMENTS = """
    SELECT p.id, p.name AS nom, p.category AS categorie, sum(m.delta) AS quantite_stock,
        p.unit_price AS prix, m.store_id AS magasin_id
    FROM movements AS m JOIN products AS p ON p.id = m.product_id
    WHERE m.store_id = $1 GROUP BY p.id, m.store_id ORDER BY p.id
"""


async def fill_stock(lab: Lab, sales: int = 0) -> str:
    """Make a database as so many sales leave it; return its name."""
    name = await lab.clone("stock", f"stock_{sales}")
    async with lab.connect(name) as connection:
        await fill_stock_tables(connection, sales)
    say(f"{name}: filled")
    return name


async def fill_stock_tables(connection: "asyncpg.Connection[asyncpg.Record]", sales: int) -> None:
    """Fill catalogue, levels and movements."""
    # Nothing here has to survive a crash.
    await connection.execute("SET synchronous_commit = off")
    await fill_catalogue(connection, "stock")
    for statement in _FILL_SMALL:
        await connection.execute(statement)
    await connection.execute(_FILL_LEVELS, sales * LINES)
    await connection.execute(_RECEIVE)
    await connection.execute(_SELL, sales * LINES, timeout=None)
    await connection.execute("VACUUM ANALYZE", timeout=None)


async def add_up_movements(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> tuple[float, list[int]]:
    """Return PostgreSQL's CPU seconds to add up the large store's levels, and the levels."""
    used, rows = await repeat(connection, lambda: connection.fetch(_BY_MOVEMENTS, LARGE_STORE))
    return used, [row["quantite_stock"] for row in rows]
