"""The report equals the sums of DuckDB, which reads the same file and shares no code with us.

The file, nine months of a real retailer, is not part of the project. REPLAY_INVOICES is the number
of invoices to play, or `all`.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from sqlalchemy import text

from infra.tools.local.layout import ROOT
from tests.fixtures.postgres import engine_on
from tests.fixtures.system import RunningSystem

FIRST_DAY, LAST_DAY = "2010-12-01", "2011-12-31"

# The rules of infra/tools/measure/replay/README.md in SQL.
SALES = """
    CREATE TABLE lines AS
    SELECT row_number() OVER () AS place, * FROM read_csv($file, all_varchar = true);

    CREATE TABLE sales AS
    SELECT *,
           CAST(floor(CAST(Quantity AS DECIMAL(12, 0)) * CAST(UnitPrice AS DECIMAL(12, 4)) * 100
                      + 0.5) AS BIGINT) AS cents,
           min(place) OVER invoice AS invoice_place,
           CAST(min(CAST(InvoiceDate AS TIMESTAMP)) OVER invoice AS DATE) AS sold_on
    FROM lines
    WHERE left(InvoiceNo, 1) NOT IN ('A', 'C')
      AND CAST(Quantity AS BIGINT) > 0 AND CAST(UnitPrice AS DECIMAL(12, 4)) > 0
    WINDOW invoice AS (PARTITION BY InvoiceNo, Country);

    CREATE TABLE played AS
    SELECT * FROM sales
    WHERE invoice_place IN (
        SELECT DISTINCT invoice_place FROM sales ORDER BY invoice_place LIMIT $invoices
    );
"""
BY_STORE = "SELECT Country, sum(cents) FROM played GROUP BY 1"
BY_DAY = "SELECT CAST(sold_on AS VARCHAR), sum(cents) FROM played GROUP BY 1"
BY_PRODUCT = "SELECT upper(trim(StockCode)), sum(cents) FROM played GROUP BY 1"


def find_till_data() -> Path:
    """Return the file; without it, skip the test."""
    shared = ROOT.parent / "shared" / "data" / "online-retail-2010-12_2011-08.csv.gz"
    path = Path(os.environ.get("RETAIL_DATA", shared))
    if not path.exists():
        pytest.skip(f"no till data at {path}; RETAIL_DATA may name another place")
    return path


def replay(system: RunningSystem, file: Path, limit: list[str], result: Path) -> Any:
    """Run the replay as `make replay` does and return its own figures."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.tools.measure.replay", str(file), f"--json={result}", *limit],
        cwd=ROOT,
        env=os.environ | system.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(result.read_text())


async def test_every_total_equals_that_of_an_independent_computation(
    running_system: RunningSystem, tmp_path: Path
) -> None:
    file = find_till_data()
    wanted = os.environ.get("REPLAY_INVOICES", "1000")
    limit = [] if wanted == "all" else [f"--limit={wanted}"]

    first = await asyncio.to_thread(replay, running_system, file, limit, tmp_path / "first.json")
    again = await asyncio.to_thread(replay, running_system, file, limit, tmp_path / "again.json")

    with duckdb.connect() as database:
        invoices = 2**40 if wanted == "all" else int(wanted)
        for statement in SALES.split(";\n"):
            if statement.strip():
                names = [name for name in ("file", "invoices") if f"${name}" in statement]
                values = {"file": str(file), "invoices": invoices}
                database.execute(statement, {name: values[name] for name in names})
        by_store = dict(database.execute(BY_STORE).fetchall())
        by_day = dict(database.execute(BY_DAY).fetchall())
        by_product = dict(database.execute(BY_PRODUCT).fetchall())
        [(lines,)] = database.execute("SELECT count(*) FROM lines").fetchall()
        [(sale_lines, sales)] = database.execute(
            "SELECT count(*), count(DISTINCT invoice_place) FROM sales"
        ).fetchall()

    assert await reported_by_store(running_system) == by_store
    assert await reported_by_day(running_system) == by_day
    assert await reported_by_product(running_system) == by_product
    assert sum(first["set_aside"].values()) == lines - sale_lines
    assert first["recorded"] == min(sales, invoices)
    assert (again["recorded"], again["known_before"]) == (0, first["recorded"])


async def reported(system: RunningSystem, **query: str) -> Any:
    """Return the consolidated report."""
    async with system.client(system.report_url) as client:
        answer: httpx.Response = await client.get("/api/ventes/rapport", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def reported_by_store(system: RunningSystem) -> dict[str, int]:
    report = await reported(system, date_debut=FIRST_DAY, date_fin=LAST_DAY)
    return {
        line["magasin"]: round(100 * line["total"])
        for line in report["ventes_par_magasin"]
        if line["total"]
    }


async def reported_by_day(system: RunningSystem) -> dict[str, int]:
    days: dict[str, int] = {}
    for first, last in ((FIRST_DAY, "2011-06-30"), ("2011-07-01", LAST_DAY)):
        report = await reported(system, date_debut=first, date_fin=last)
        days |= {
            day["jour"]: round(100 * day["total"])
            for day in report["tendance_journaliere"]
            if day["total"]
        }
    return days


async def reported_by_product(system: RunningSystem) -> dict[str, int]:
    """Return the sales by SKU, which the report does not have and the sales service knows."""
    report = await reported(system, date_debut=FIRST_DAY, date_fin=LAST_DAY, limite="10000")
    async with engine_on(system.database_url("sales")) as engine, engine.connect() as connection:
        rows = await connection.execute(text("SELECT id, sku FROM products"))
        skus = {row.id: row.sku for row in rows}
    return {skus[each["produit_id"]]: round(100 * each["total"]) for each in report["produits"]}
