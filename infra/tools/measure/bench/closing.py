"""Part `closing`: close a day of many sales of one store through the API, and read its X."""

from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

import httpx

from infra.tools.measure.bench.filling import LARGE_STORE, fill, fill_chain
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.tables import Row, Tables

SALES = (1_000, 10_000)
DAYS = 10  # with as many sales each
MOST_SECONDS = 60
# Yesterday, so that it has begun in the zone of each store.
DAY = datetime.now(UTC).date() - timedelta(days=1)
_REOPEN = (
    "DELETE FROM day_closings",
    f"UPDATE stores SET closed_through = '{DAY - timedelta(days=1)}' WHERE id = {LARGE_STORE}",
)


async def measure_closing(lab: Lab, effort: Effort) -> Tables:
    """Read and close one day in databases of their own, and open it again between two rounds."""
    await fill_chain(lab)
    return {"days": [await _measure(lab, sales, effort.rounds) for sales in SALES]}


async def _measure(lab: Lab, sales: int, rounds: int) -> Row:
    database = await lab.clone("sales", f"sales_{sales}")
    async with lab.connect(database) as connection:
        await fill(connection, "one_day", store=LARGE_STORE, sales=sales, days=DAYS, day=DAY)
    api = await lab.serve("sales_service.main", lab.environment("sales", database))
    key = {"x-token": lab.layout.secrets["head-office"]}
    url = api.url(f"/api/magasins/{LARGE_STORE}/journees/{DAY}")
    read, closed = [], []
    async with httpx.AsyncClient(headers=key, timeout=MOST_SECONDS) as client:
        # The first request of a process opens its connections.
        await _time(client.build_request("GET", url), client)
        for _ in range(rounds):
            read.append(await _time(client.build_request("GET", url), client))
            closed.append(await _time(client.build_request("POST", f"{url}/cloture"), client))
            async with lab.connect(database) as connection:
                for statement in _REOPEN:
                    await connection.execute(statement)
    return {"sales of the day": sales, "X, ms": median(read), "closing, ms": median(closed)}


async def _time(request: httpx.Request, client: httpx.AsyncClient) -> float:
    """Return how many milliseconds the answer took; raise when it is no success."""
    began = perf_counter()
    (await client.send(request)).raise_for_status()
    return (perf_counter() - began) * 1000
