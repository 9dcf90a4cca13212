"""Runs every check over the three databases while the system runs.

No snapshot spans three databases. The audit reads the report first, then sales, then stock, against
the direction of the events. So a copy that is ahead of its source is a fault. A copy that is behind
is excused only when the missing event is in an outbox or beyond a consumer's position.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from infra.tools.operate.audit import (
    closings,
    day_side,
    events,
    journal_side,
    keys,
    report_side,
    sales_side,
    stock_side,
)
from report_service.db import audit as report_checks
from service_kit.audit import find_all_differences
from stock_service.db import audits as stock_checks


@dataclass(frozen=True, slots=True)
class Difference:
    """A violated rule, and the check that found it."""

    check: str
    detail: str


@dataclass(slots=True)
class Audit:
    """The checks that ran, and the differences they found."""

    checks: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    def add(self, check: str, found: list[str]) -> None:
        self.checks.append(check)
        self.differences += [Difference(check, detail) for detail in found]


async def audit_everything(urls: Mapping[str, str]) -> Audit:
    """Run every check; `urls` are the databases `sales`, `stock` and `report`."""
    audit = Audit()
    await _audit_each(urls, audit)
    async with AsyncExitStack() as stack:
        report = await stack.enter_async_context(_snapshot(urls["report"]))
        report_state = await report_side.read(report)
        journal = await journal_side.read(report)
        closed_days = await closings.read(report)
        sales = await stack.enter_async_context(_snapshot(urls["sales"]))
        for kind in report_side.KINDS:
            found = await report_side.compare(sales, report_state, kind)
            audit.add(f"each {kind.name} is in the report once", found)
        found = await closings.compare(sales, closed_days, journal)
        audit.add("each closing is in the report once", found)
        found = await closings.explain(sales, closed_days, report_state)
        audit.add("closed days are their closings and what came later", found)
        stock = await stack.enter_async_context(_snapshot(urls["stock"]))
        audit.add("sales and stock agree", await stock_side.compare(sales, stock))
        audit.add("returns and stock agree", await stock_side.compare_returns(sales, stock))
        audit.add("strict stores stay above zero", await stock_side.check_floor(sales, stock))
        audit.add("a trace spans the services", await events.compare_traces(sales, stock))
        for service, own in (("sales", sales), ("stock", stock)):
            name = f"changes of {service} are in the journal once"
            audit.add(name, await journal_side.compare(service, own, journal))
            actors = await journal_side.compare_actors(own, journal)
            audit.add(f"the journal names who made the changes of {service}", actors)
    async with AsyncExitStack() as stack:
        report = await stack.enter_async_context(_snapshot(urls["report"]))
        levels = await report_side.read_levels(report)
        stock = await stack.enter_async_context(_snapshot(urls["stock"]))
        audit.add("levels in the report", await stock_side.compare_levels(stock, levels))
    copies = {}
    for service in ("stock", "report"):
        async with _snapshot(urls[service]) as session:
            copies[service] = await keys.read_copies(session, service)
    async with _snapshot(urls["sales"]) as sales:
        audit.add("keys are the same everywhere", await keys.compare_keys(sales, copies))
    return audit


async def _audit_each(urls: Mapping[str, str], audit: Audit) -> None:
    """Run the checks that need one database only."""
    checks_of = {
        "report": report_checks.CHECKS,
        "stock": stock_checks.CHECKS,
    }
    for service, checks in checks_of.items():
        for check in checks:
            async with _session(urls[service]) as session:
                audit.add(f"{service}: {check.name}", await find_all_differences(session, check))
    async with _snapshot(urls["sales"]) as session:
        for name, look in (sales_side.CHECKS | day_side.CHECKS).items():
            audit.add(f"sales: {name}", await look(session))
    for service, url in urls.items():
        async with _snapshot(url) as session:
            for name, look in events.CHECKS.items():
                audit.add(f"{service}: {name}", await look(session))


@asynccontextmanager
async def _session(
    url: str, isolation_level: str = "READ COMMITTED"
) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level=isolation_level)
    try:
        async with AsyncSession(engine) as session:
            yield session
    finally:
        await engine.dispose()


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[AsyncSession]:
    """Open a session that sees one snapshot of its database."""
    async with _session(url, "REPEATABLE READ") as session:
        yield session
