"""Fill the databases of all three services with the same forty stores and 2,000 products."""

import asyncpg

from infra.tools.measure.bench.lab import Lab

STORES, PRODUCTS, LINES = 40, 2000, 3
STRICT_FROM = 31  # stores with this number and above are strict
PARTITIONS = 12  # of sales.events.v1; a store's events are in one of them
_TAXES = """'[{"code": "TPS", "rate": "0.05"}, {"code": "TVQ", "rate": "0.09975"}]'"""
_POLICY = f"CASE WHEN n < {STRICT_FROM} THEN 'permissive' ELSE 'strict' END"
_STORES = f"generate_series(1, {STORES}) AS n"
_PRODUCTS = f"generate_series(1, {PRODUCTS}) AS n"
_LABELS = "'P' || n, 'Produit ' || n"
_STATEMENTS = {
    "sales": (
        f"""INSERT INTO stores (id, name, address, city, kind, timezone, cutoff_hour, currency,
            stock_policy, taxes)
        SELECT n, 'Magasin ' || n, '1, rue Principale', 'Montréal', 'store', 'America/Toronto', 4,
            'CAD', {_POLICY}, {_TAXES} FROM {_STORES}""",
        f"""INSERT INTO products (id, sku, name, description, category, unit_price)
        SELECT n, {_LABELS}, '', 'Rayon ' || n % 20, 1 + n % 50 FROM {_PRODUCTS}""",
        f"SELECT create_sale_number_sequence(n) FROM {_STORES}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO sales",
    ),
    "stock": (
        f"""INSERT INTO stores
        SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store', {_POLICY}, true FROM {_STORES}""",
        f"""INSERT INTO products
        SELECT n, 1, {_LABELS}, 'Rayon ' || n % 20, 1 + n % 50, true FROM {_PRODUCTS}""",
    ),
    "report": (
        f"""INSERT INTO stores
        SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store' FROM {_STORES}""",
        f"INSERT INTO products SELECT n, 1, {_LABELS}, 'Rayon ' || n % 20 FROM {_PRODUCTS}",
    ),
}


async def fill_catalogue(connection: "asyncpg.Connection[asyncpg.Record]", service: str) -> None:
    """Insert stores and products into a database of a service."""
    for statement in _STATEMENTS[service]:
        await connection.execute(statement)


async def fill_chain(lab: Lab) -> None:
    """Fill the databases that the services use; call it before they start."""
    for service in _STATEMENTS:
        async with lab.connect(service) as connection:
            await fill_catalogue(connection, service)
