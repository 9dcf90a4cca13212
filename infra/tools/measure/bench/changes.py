"""Everything changes: tills sell, and the real workers apply what they sold."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack

from infra.tools.measure.bench.lab import Lab
from infra.tools.measure.bench.processes import run, serve

# A consumer of its own for each database, and no audit of facts that were left out.
_UNAUDITED = {"AUDIT_EVERY_SECONDS": "86400"}


def report_environment(lab: Lab, database: str) -> dict[str, str]:
    """Of the API and the worker of one of several databases of the report."""
    named = {"SERVICE_NAME": database.replace("_", "-")}
    return lab.environment("report", database) | _UNAUDITED | named


async def apply_changes(lab: Lab, running: AsyncExitStack, report: str, stock: str) -> None:
    """The workers that bring what is sold into these databases, until the end of the block."""
    await count_changes(lab, running, report)
    await running.enter_async_context(
        serve("stock_service.worker", lab.environment("stock", stock) | _UNAUDITED)
    )


async def count_changes(lab: Lab, running: AsyncExitStack, report: str) -> None:
    """The same sales into one more database of the report."""
    await running.enter_async_context(
        serve("report_service.worker", report_environment(lab, report))
    )


def sell(lab: Lab, rate: float) -> AbstractAsyncContextManager[object]:
    """Sales a second, until the end of the block."""
    return run(
        "infra.tools.measure.bench.feeder", {}, lab.layout.kafka_bootstrap_servers, str(rate)
    )
