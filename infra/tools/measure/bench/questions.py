"""What is asked: the hot reads, as prepared requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import asyncpg
import httpx

from infra.tools.measure.bench.processes import Served

SMALL_STORE, LARGE_STORE = 1000, 1  # with 20 and with 2,000 products
SMALL_STOCK = f"/api/magasins/{SMALL_STORE}/stock"
LARGE_STOCK = f"/api/magasins/{LARGE_STORE}/stock?limite=2000"


@dataclass(frozen=True, slots=True)
class Question:
    """A read of the report, over a range or over everything."""

    name: str
    path: str
    start: date | None = None
    end: date | None = None

    @property
    def target(self) -> str:
        """Path and query."""
        if self.path == "/api/performance/global" or self.start is None or self.end is None:
            return self.path
        query = {"date_debut": self.start.isoformat(), "date_fin": self.end.isoformat()}
        return f"{self.path}?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is asked in turn with the others; `name` and `size` as in the table."""

    name: str
    size: int
    served: Served
    request: str
    status: int = 200


def report_questions(today: date) -> Sequence[Question]:
    """The reads of the report that have a goal."""
    # Sixteen days at each end: half a month of day rows on both sides of the whole months.
    first = (today.replace(day=1) - timedelta(days=200)).replace(day=16)
    awkward = first, (today.replace(day=1) - timedelta(days=20)).replace(day=15)
    month = today - timedelta(days=29), today
    year = today - timedelta(days=364), today
    return [
        Question("rapport", "/api/ventes/rapport"),
        Question("rapport, 30 days", "/api/ventes/rapport", *month),
        Question("rapport, awkward range", "/api/ventes/rapport", *awkward),
        Question("rapport, a year", "/api/ventes/rapport", *year),
        Question("rapports/ventes, awkward range", "/api/rapports/ventes", *awkward),
        Question("performance/global", "/api/performance/global", *month),
    ]


def get(target: str, key: str, **headers: str) -> str:
    """A GET as it is sent."""
    lines = [f"GET {target} HTTP/1.1", "host: bench", f"x-token: {key}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""])


async def ask(served: Served, target: str, key: str, **headers: str) -> httpx.Response:
    """One answer, to look at."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as client:
        return await client.get(target, headers={"x-token": key, **headers}, timeout=60)


async def keep_answers(
    connection: "asyncpg.Connection[asyncpg.Record]", answers: Mapping[str, bytes]
) -> None:
    """Put answers where `infra.tools.measure.bench.bare` reads them."""
    await connection.execute("CREATE TABLE bench_answers (name text PRIMARY KEY, body bytea)")
    # Compressed, each answer would be unpacked for each request.
    await connection.execute("ALTER TABLE bench_answers ALTER body SET STORAGE EXTERNAL")
    await connection.executemany("INSERT INTO bench_answers VALUES ($1, $2)", answers.items())
