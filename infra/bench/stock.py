"""A database of the stock service: forty stores of 2,000 products, and one of twenty."""

from infra.bench.lab import Lab
from infra.bench.questions import SMALL_STORE
from infra.bench.seed_tables import PRODUCTS, STORES

NAME = "stock_filled"
FILL = (
    f"""INSERT INTO stores
    SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store', 'permissive', true
    FROM (SELECT generate_series(1, {STORES}) UNION SELECT {SMALL_STORE}) AS s(n)""",
    f"""INSERT INTO products
    SELECT n, 1, 'P' || n, 'Produit ' || n, 'Rayon ' || n % 20, 1 + n % 50, true
    FROM generate_series(1, {PRODUCTS}) AS n""",
    f"""INSERT INTO stock_levels (store_id, product_id, on_hand, version)
    SELECT s, p, 1 + (p * 7 + s * 13) % 50, 1
    FROM generate_series(1, {STORES}) AS s, generate_series(1, {PRODUCTS}) AS p""",
    f"""INSERT INTO stock_levels (store_id, product_id, on_hand, version)
    SELECT {SMALL_STORE}, n, n, 1 FROM generate_series(1, 20) AS n""",
    "VACUUM ANALYZE",
)


async def fill_stock(lab: Lab) -> None:
    """Levels and labels; no movements, which no read of a level looks at."""
    await lab.clone("stock", NAME)
    connection = await lab.connect(NAME)
    for statement in FILL:
        await connection.execute(statement)
    await connection.close()
