"""Fill databases with the same forty stores and 2,000 products, and with a year of sales.

SQL makes the data (`data/*.sql`), which is faster than to send it. `tests/tools/bench` holds that
SQL against the consumers' own code.
"""

import random
from datetime import date, timedelta
from pathlib import Path
from string import Template

from infra.tools.measure.bench.lab import Connection, Lab, say

STORES, PRODUCTS, LINES = 40, 2000, 3
STRICT_FROM = 31  # stores with this number and above are strict
PARTITIONS = 12  # of sales.events.v1; a store's events are in one of them
SMALL_STORE, LARGE_STORE = 1000, 1  # of twenty products, and of all
YEAR = timedelta(days=364)
_FOLDER = Path(__file__).with_name("data")


def draw_products(chance: random.Random) -> list[int]:
    """Return the products of a sale: few products make most of the sales."""
    return [1 + int(PRODUCTS * chance.random() ** 2) for _ in range(LINES)]


async def fill_chain(lab: Lab) -> None:
    """Fill the databases that the services use; call it before they start."""
    for service in ("sales", "stock", "report"):
        async with lab.connect(service) as connection:
            await fill_catalogue(connection, service)
            if service == "stock":
                await _run(connection, "ample_stock")
            await connection.execute("VACUUM ANALYZE")


async def make_report(lab: Lab, sales: int, last_day: date) -> str:
    """Make a database of the report, and of the original, with so many sales; return its name."""
    name = await lab.clone("report", f"report_{sales}")
    async with lab.connect(name) as connection:
        await fill_seed(connection, sales, last_day)
        await fill_report(connection)
        await connection.execute("DROP TABLE seed.paniers CASCADE")
        await connection.execute("VACUUM ANALYZE")
    say(f"{name}: filled")
    return name


async def make_stock(lab: Lab, sales: int = 0) -> str:
    """Make a database of the stock as so many sales leave it; return its name."""
    name = await lab.clone("stock", f"stock_{sales}")
    async with lab.connect(name) as connection:
        await fill_stock(connection, sales)
    say(f"{name}: filled")
    return name


async def fill_catalogue(connection: Connection, service: str) -> None:
    """Insert stores and products into a database of a service."""
    await _run(connection, f"catalogue_{service}")


async def fill_seed(connection: Connection, sales: int, last_day: date) -> None:
    """Make the original's tables, with sales in the year that ends with `last_day`."""
    await _run(connection, "seed", sales=sales, first_day=last_day - YEAR)


async def fill_report(connection: Connection) -> None:
    """Fill catalogue, levels and counters from the original's tables."""
    await fill_catalogue(connection, "report")
    await _run(connection, "counters")


async def fill_stock(connection: Connection, sales: int) -> None:
    """Fill catalogue, levels and movements."""
    await fill_catalogue(connection, "stock")
    await _run(connection, "movements", sales=sales)
    await connection.execute("VACUUM ANALYZE")


async def _run(connection: Connection, name: str, **values: object) -> None:
    await connection.execute(read_script(name, **values))


def read_script(name: str, **values: object) -> str:
    """Return a script of `data/` with its values."""
    chain = {
        "stores": STORES,
        "products": PRODUCTS,
        "strict_from": STRICT_FROM,
        "small_store": SMALL_STORE,
        "large_store": LARGE_STORE,
        "partitions": PARTITIONS,
    }
    return Template((_FOLDER / f"{name}.sql").read_text()).substitute(chain, **values)
