"""Checks after a run that each sale is recorded once and counted, and audits the databases."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.measure.load.summary import Summary
from infra.tools.operate.audit.run import Audit, audit_everything
from infra.tools.rest import RestClient, address_of, head_office_key

WAIT_PER_REQUEST_MS = 5_000
LONGEST_CATCH_UP_SECONDS = 60.0

# A till writes the id of its run into `caisse`.
_OF_RUN = "starts_with(register_id, :register)"
_COUNT = text(f"""
    SELECT count(*) FILTER (WHERE status = 'confirmed') AS confirmed,
           count(*) FILTER (WHERE status IN ('confirmed', 'pending')) AS standing
    FROM sales WHERE {_OF_RUN}
""")
_LAST = text(f"""
    SELECT CAST(id AS text) FROM sales
    WHERE {_OF_RUN} AND status = 'confirmed' ORDER BY id DESC LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The recorded sales of a run, and its faults."""

    confirmed: int
    catch_up_seconds: float | None  # None: the report never counted the last sale
    audit: Audit
    faults: list[str]


async def judge(run: str, summary: Summary, urls: Mapping[str, str]) -> Verdict:
    """Compare the tills' answers with the databases."""
    engine = create_async_engine(urls["sales"], poolclass=NullPool)
    async with engine.connect() as connection:
        mine = {"register": f"k6/{run}/"}
        counted = (await connection.execute(_COUNT, mine)).one()
        last = (await connection.execute(_LAST, mine)).scalar_one_or_none()
    await engine.dispose()
    catch_up = await _wait_for_report(last) if last else 0.0
    audit = await audit_everything(urls)
    faults = compare_counts(summary, int(counted.confirmed), int(counted.standing))
    if catch_up is None:
        faults.append(f"the report does not know sale {last}")
    if audit.differences:
        count, first = len(audit.differences), audit.differences[0]
        faults.append(f"the audit found {count} differences, first: {first.check}: {first.detail}")
    return Verdict(int(counted.confirmed), catch_up, audit, faults)


def compare_counts(summary: Summary, confirmed: int, standing: int) -> list[str]:
    """Compare the tills' counts with the recorded sales."""
    begun, accepted = summary.count("sales_begun"), summary.count("sales_accepted")
    faults = []
    if confirmed < accepted:
        faults.append(f"{accepted - confirmed} sales were answered 201 and are not there")
    # A sale without an answer may be recorded or not, but only once.
    if standing > begun:
        faults.append(f"{standing - begun} sales stand twice")
    return faults


async def _wait_for_report(sale_id: str) -> float | None:
    """Return the seconds until the report holds a sale; None when it never does."""
    started = time.monotonic()
    url = f"{address_of('report')}/api/rapports/ventes"
    async with RestClient(head_office_key()) as client:
        query: dict[str, str | int] = {"apres_vente": sale_id, "attendre_ms": WAIT_PER_REQUEST_MS}
        while not (await client.get(url, **query))["a_jour"]:
            if time.monotonic() - started > LONGEST_CATCH_UP_SECONDS:
                return None
    return time.monotonic() - started
