"""Databases of the report with any number of sales, beside the seed's tables of the same sales."""

import sys
import time
from datetime import date

from infra.tools.measure.bench.lab import Lab, on_database
from infra.tools.measure.bench.projections import (
    differing_tables,
    project_by_consumer,
    project_by_statements,
    project_catalogue,
)
from infra.tools.measure.bench.seed_tables import fill_seed_tables

# Up to here the consumer's own code projects every sale, and there the statements are checked.
MOST_BY_CONSUMER = 100_000
MOST_WITH_FACTS = 1_000_000
_LEVELS = "SELECT magasin_id, produit_id, quantite FROM seed.stocks ORDER BY 1, 2"


def say(line: str) -> None:
    """Progress, for the person at the terminal."""
    sys.stderr.write(f"{line}\n")


async def fill_report(lab: Lab, sales: int, last_day: date, *, by_consumer: bool) -> str:
    """A new database with so many sales; its name."""
    began = time.perf_counter()
    name = f"report_{sales}_{'consumer' if by_consumer else 'statements'}"
    await lab.clone("report", name)
    url = on_database(lab.layout.database_url("report"), name)
    connection = await lab.connect(name)
    await fill_seed_tables(connection, sales, last_day)
    await project_catalogue(url, await connection.fetch(_LEVELS))
    if by_consumer:
        await project_by_consumer(connection, url)
    else:
        await project_by_statements(connection, with_facts=sales <= MOST_WITH_FACTS)
    await connection.execute("DROP TABLE seed.paniers")
    await connection.execute("VACUUM ANALYZE", timeout=None)
    await connection.close()
    say(f"{name}: filled in {time.perf_counter() - began:.0f} s")
    return name


async def fill_sizes(lab: Lab, sizes: list[int], last_day: date) -> dict[int, str]:
    """A database of each size, the statements checked against the consumer's code."""
    names = {}
    for sales in sizes:
        names[sales] = await fill_report(
            lab, sales, last_day, by_consumer=sales <= MOST_BY_CONSUMER
        )
    if max(sizes) > MOST_BY_CONSUMER:
        await _check_statements(lab, names[MOST_BY_CONSUMER], last_day)
    return names


async def _check_statements(lab: Lab, consumed: str, last_day: date) -> None:
    stated = await fill_report(lab, MOST_BY_CONSUMER, last_day, by_consumer=False)
    one, other = await lab.connect(consumed), await lab.connect(stated)
    different = await differing_tables(one, other)
    await one.close()
    await other.close()
    await lab.drop(stated)
    if different:
        raise SystemExit(f"the statements project otherwise than the consumer: {different}")
    say(f"the statements agree with the consumer's code at {MOST_BY_CONSUMER:,} sales")
