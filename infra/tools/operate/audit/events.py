"""Checks the outboxes: every event was published, in order, in its request's trace."""

from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

LONGEST_DELAY_SECONDS = 60  # after that the relay is stuck, not busy
TRACED_SALES = 2000  # only the newest sales

_DISORDER = text("""
    SELECT topic, key, id, kafka_partition, kafka_offset, former FROM (
        SELECT topic, key, id, kafka_partition, kafka_offset,
            lag(kafka_offset) OVER (
                PARTITION BY topic, subject, kafka_partition ORDER BY id) AS former
        FROM outbox WHERE published_at IS NOT NULL AND type <> 'stock.stock-levels-changed.v1'
    ) AS ledger WHERE kafka_offset <= former
    ORDER BY id LIMIT 100
""")


async def check_order(session: AsyncSession) -> list[str]:
    """Check that the log holds the events of one sale, and of one product, in their order.

    Two sales of one store may commit in another order than that of their rows' ids. So may levels
    of different products; each of those carries its version.
    """
    rows = await session.execute(_DISORDER)
    return [
        f"{row.topic} key {row.key}: row {row.id} is at {row.kafka_offset} in partition "
        f"{row.kafka_partition}, a row before it at {row.former}"
        for row in rows
    ]


_STUCK = text("""
    SELECT count(*) AS events, min(created_at) AS since FROM outbox
    WHERE published_at IS NULL
      AND created_at < clock_timestamp() - make_interval(secs => :seconds)
    HAVING count(*) > 0
""")


async def check_published(session: AsyncSession) -> list[str]:
    """Check that no event has waited for long."""
    rows = await session.execute(_STUCK, {"seconds": LONGEST_DELAY_SECONDS})
    return [f"{row.events} events are not published, the oldest of {row.since}" for row in rows]


CHECKS: dict[str, Callable[[AsyncSession], Awaitable[list[str]]]] = {
    "events are in order": check_order,
    "events are published": check_published,
}

# W3C Trace Context: version-traceid-spanid-flags.
_TRACES = text("""
    SELECT subject, array_agg(DISTINCT split_part(traceparent, '-', 2)) AS traces FROM outbox
    WHERE subject = ANY(CAST(:subjects AS text[])) AND traceparent IS NOT NULL
      -- A void is another request, with a trace of its own. So is a return, which may have the id.
      AND type NOT IN ('sales.sale-voided.v1', 'sales.sale-cancelled.v1',
          'sales.return-recorded.v1')
    GROUP BY subject
""")
_NEWEST = text("""
    SELECT subject FROM outbox WHERE type = 'sales.sale-recorded.v1' ORDER BY id DESC LIMIT :count
""")


async def compare_traces(sales: AsyncSession, stock: AsyncSession) -> list[str]:
    """Check that the events of a sale, of both services, belong to its request's trace."""
    newest = (await sales.execute(_NEWEST, {"count": TRACED_SALES})).scalars().all()
    traces: dict[str, set[str]] = {}
    for session in (sales, stock):
        for row in await session.execute(_TRACES, {"subjects": list(newest)}):
            traces.setdefault(row.subject, set()).update(row.traces)
    return [
        f"sale {sale_id} is in {len(found)} traces"
        for sale_id, found in traces.items()
        if len(found) != 1
    ]
