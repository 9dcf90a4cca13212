"""Waits until a system has processed everything."""

import asyncpg

from infra.tools.local.layout import SERVICES
from tests.fixtures.waiting import eventually
from tests.system.faults.lab import Lab
from tests.system.faults.log import TOPICS, read_ends

# After the faults a decision takes 30 s at most, and counting follows.
QUIET_SECONDS = 90.0
READS = {
    "sales": ("stock.events.v1",),
    "stock": ("sales.events.v1", "catalogue.events.v1"),
    "report": TOPICS,
}


async def wait_for_quiet(lab: Lab) -> list[str]:
    """Return what is still open after `QUIET_SECONDS`; empty when everything is processed."""
    try:
        await eventually(lambda: is_quiet(lab), True, within_seconds=QUIET_SECONDS)
    except AssertionError:
        return [f"not quiet after {QUIET_SECONDS} s: {each}" for each in await find_open(lab)]
    return []


async def is_quiet(lab: Lab) -> bool:
    return not await find_open(lab)


async def find_open(lab: Lab) -> list[str]:
    """Return undecided sales, unpublished events, and records that a consumer has not applied."""
    ends = await read_ends(lab)
    found: list[str] = []
    for service in SERVICES:
        async with lab.connection(service) as connection:
            unpublished = await connection.fetchval(
                "SELECT count(*) FROM outbox WHERE published_at IS NULL"
            )
            if unpublished:
                found.append(f"{service}: {unpublished} events not published")
            positions = await read_positions(connection)
        found += [
            f"{service}: {topic}/{partition} at {positions.get((topic, partition), 0)} of {end}"
            for (topic, partition), end in sorted(ends.items())
            if topic in READS[service] and positions.get((topic, partition), 0) < end
        ]
    async with lab.connection("sales") as connection:
        pending = await connection.fetchval("SELECT count(*) FROM sales WHERE status = 'pending'")
    return found + ([f"{pending} sales undecided"] if pending else [])


async def read_positions(connection: asyncpg.Connection) -> dict[tuple[str, int], int]:
    rows = await connection.fetch("SELECT topic, partition, next_offset FROM consumer_positions")
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
