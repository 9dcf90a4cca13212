"""The same forty stores and 2,000 products in the databases of all three services."""

from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.seed_tables import PRODUCTS, STORES

STRICT_FROM = 31  # stores with this number and above are strict
_TAXES = """'[{"code": "TPS", "rate": "0.05"}, {"code": "TVQ", "rate": "0.09975"}]'"""
_POLICY = f"CASE WHEN n < {STRICT_FROM} THEN 'permissive' ELSE 'strict' END"
_STORES = f"generate_series(1, {STORES}) AS n"
_PRODUCTS = f"generate_series(1, {PRODUCTS}) AS n"
FILL = {
    "sales": (
        f"""INSERT INTO stores (id, name, address, city, kind, timezone, cutoff_hour, currency,
            stock_policy, taxes)
        SELECT n, 'Magasin ' || n, '1, rue Principale', 'Montréal', 'store', 'America/Toronto', 4,
            'CAD', {_POLICY}, {_TAXES} FROM {_STORES}""",
        f"""INSERT INTO products (id, sku, name, description, category, unit_price)
        SELECT n, 'P' || n, 'Produit ' || n, '', 'Rayon ' || n % 20, 1 + n % 50 FROM {_PRODUCTS}""",
        f"SELECT create_sale_number_sequence(n) FROM {_STORES}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO sales",
    ),
    "stock": (
        f"""INSERT INTO stores
        SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store', {_POLICY}, true FROM {_STORES}""",
        f"""INSERT INTO products
        SELECT n, 1, 'P' || n, 'Produit ' || n, 'Rayon ' || n % 20, 1 + n % 50, true
        FROM {_PRODUCTS}""",
    ),
    "report": (
        f"""INSERT INTO stores
        SELECT n, 1, 'Magasin ' || n, 'Montréal', 'store' FROM {_STORES}""",
        f"""INSERT INTO products
        SELECT n, 1, 'P' || n, 'Produit ' || n, 'Rayon ' || n % 20 FROM {_PRODUCTS}""",
    ),
}


async def fill_chain(lab: Lab) -> None:
    """Stores and products, nothing sold; before the services start."""
    for service, statements in FILL.items():
        connection = await lab.connect(service)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()
