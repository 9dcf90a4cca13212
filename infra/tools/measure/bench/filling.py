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
    for service, further in (("sales", ()), ("stock", ("ample_stock",)), ("report", ())):
        async with lab.connect(service) as connection:
            await fill(connection, f"catalogue_{service}", *further)


async def make_seed_shop(lab: Lab) -> str:
    """Make the database in which the original sells; return its name."""
    return await _make(lab, "template1", "seed_shop", "seed_shop")


async def make_report(lab: Lab, sales: int, last_day: date) -> str:
    """Make a database of the report, and of the original, with so many sales; return its name."""
    scripts = ("seed", "catalogue_report", "counters", "drop_baskets")
    values = {"sales": sales, "first_day": last_day - YEAR}
    return await _make(lab, "report", f"report_{sales}", *scripts, **values)


async def make_stock(lab: Lab, sales: int = 0) -> str:
    """Make a database of the stock as so many sales leave it; return its name."""
    scripts = ("catalogue_stock", "movements")
    return await _make(lab, "stock", f"stock_{sales}", *scripts, sales=sales)


async def make_sales(lab: Lab, sales: int, last_day: date) -> str:
    """Make a database of the sales service with so many sales; return its name."""
    scripts = ("catalogue_sales", "sales")
    return await _make(lab, "sales", f"sales_{sales}", *scripts, sales=sales, last_day=last_day)


async def _make(lab: Lab, template: str, name: str, *scripts: str, **values: object) -> str:
    await lab.clone(template, name)
    async with lab.connect(name) as connection:
        await fill(connection, *scripts, **values)
    say(f"{name}: filled")
    return name


async def fill(connection: Connection, *scripts: str, **values: object) -> None:
    """Run scripts of `data/` with their values."""
    for name in scripts:
        await connection.execute(read_script(name, **values))
    await connection.execute("VACUUM ANALYZE")


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
