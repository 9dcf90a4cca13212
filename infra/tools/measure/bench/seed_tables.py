"""Make any number of sales in the tables and with the indexes of the original system.

The server makes them, which is faster than sending them: a year of forty stores and 2,000
products, of which some sell far better than others. The same number gives the same sales.
"""

from datetime import date, timedelta

import asyncpg

from infra.tools.measure.bench.catalogue import PRODUCTS, STORES

DAYS = 365

_TABLES = """
    CREATE SCHEMA seed;
    CREATE TABLE seed.magasins (id int PRIMARY KEY, nom text NOT NULL);
    CREATE TABLE seed.produits (
        id int PRIMARY KEY, nom text NOT NULL, categorie text NOT NULL, prix_cents int NOT NULL);
    CREATE TABLE seed.stocks (
        id int PRIMARY KEY, magasin_id int NOT NULL, produit_id int NOT NULL,
        quantite int NOT NULL);
    CREATE UNLOGGED TABLE seed.paniers (
        id int NOT NULL, date date NOT NULL, magasin_id int NOT NULL,
        p1 int NOT NULL, p2 int NOT NULL, p3 int NOT NULL,
        q1 int NOT NULL, q2 int NOT NULL, q3 int NOT NULL);
    CREATE TABLE seed.ventes (
        id int NOT NULL, date date NOT NULL, magasin_id int NOT NULL, total_cents bigint NOT NULL,
        taxes_cents bigint NOT NULL);
    CREATE TABLE seed.lignes_vente (
        id bigint NOT NULL, vente_id int NOT NULL, produit_id int NOT NULL, quantite int NOT NULL,
        montant_cents bigint NOT NULL);
"""
_CATALOGUE = (
    f"INSERT INTO seed.magasins SELECT n, 'Magasin ' || n FROM generate_series(1, {STORES}) AS n",
    f"""INSERT INTO seed.produits
    SELECT n, 'Produit ' || n, 'Rayon ' || n % 20, 100 + n * 7919 % 5000
    FROM generate_series(1, {PRODUCTS}) AS n""",
    # A hundred stock-outs and as many overstocks, as the report lists.
    f"""INSERT INTO seed.stocks
    SELECT (s - 1) * {PRODUCTS} + p, s, p,
        CASE WHEN (p * 31 + s) % 800 = 0 THEN 0 WHEN (p * 17 + s) % 800 = 0 THEN 60
            ELSE 1 + (p * 7 + s * 13) % 50 END
    FROM generate_series(1, {STORES}) AS s, generate_series(1, {PRODUCTS}) AS p""",
)
# The square of a random number: few products make most of the sales.
_PRODUCT = f"1 + floor({PRODUCTS} * power(random(), 2))::int"
_QUANTITY = "1 + floor(4 * power(random(), 3))::int"
_BASKETS = f"""
    INSERT INTO seed.paniers
    SELECT n, $2::date + ((n - 1)::bigint * {DAYS} / $1)::int,
        1 + floor({STORES} * power(random(), 1.3))::int,
        {_PRODUCT}, {_PRODUCT}, {_PRODUCT}, {_QUANTITY}, {_QUANTITY}, {_QUANTITY}
    FROM generate_series(1, $1::int) AS n
"""
_PRICE = "(100 + {product} * 7919 % 5000)"
_AMOUNTS = [f"q{n} * {_PRICE.format(product=f'p{n}')}" for n in (1, 2, 3)]
TOTAL = " + ".join(_AMOUNTS)
# `is_first`: a sale counts once for each of its products.
LINES_OF_BASKETS = f"""
    seed.paniers AS b CROSS JOIN LATERAL (VALUES
        (1, p1, q1, {_AMOUNTS[0]}, true),
        (2, p2, q2, {_AMOUNTS[1]}, p2 <> p1),
        (3, p3, q3, {_AMOUNTS[2]}, p3 <> p1 AND p3 <> p2)
    ) AS l(line_no, product_id, quantity, amount_cents, is_first)
"""
_SALES = f"""
    INSERT INTO seed.ventes
    SELECT id, date, magasin_id, total, total * 15 / 100
    FROM (SELECT id, date, magasin_id, {TOTAL} AS total FROM seed.paniers) AS b
"""
_SALE_LINES = f"""
    INSERT INTO seed.lignes_vente
    SELECT b.id::bigint * 3 + line_no, b.id, product_id, quantity, amount_cents
    FROM {LINES_OF_BASKETS}
"""
_INDEXES = (
    "ALTER TABLE seed.ventes ADD PRIMARY KEY (id)",
    "CREATE INDEX ON seed.ventes (magasin_id)",
    "CREATE INDEX ON seed.ventes (date)",
    "ALTER TABLE seed.lignes_vente ADD PRIMARY KEY (id)",
    "CREATE INDEX ON seed.lignes_vente (vente_id)",
    "CREATE INDEX ON seed.lignes_vente (produit_id)",
    "CREATE INDEX ON seed.stocks (magasin_id)",
    "CREATE INDEX ON seed.stocks (produit_id)",
)


async def fill_seed_tables(
    connection: "asyncpg.Connection[asyncpg.Record]", sales: int, last_day: date
) -> None:
    """Make sales in the year that ends with `last_day`, and their indexes."""
    # Nothing here has to survive a crash.
    await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
    await connection.execute(_TABLES)
    for statement in _CATALOGUE:
        await connection.execute(statement)
    await connection.execute("SELECT setseed(0.42)")
    first_day = last_day - timedelta(days=DAYS - 1)
    await connection.execute(_BASKETS, sales, first_day, timeout=None)
    for statement in (_SALES, _SALE_LINES, *_INDEXES, "ANALYZE"):
        await connection.execute(statement, timeout=None)
