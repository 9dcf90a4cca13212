"""Prints the name of every sample that the processes can export, one a line.

A process of its own: OpenTelemetry's meter provider is one per process, and is set once.
"""

import asyncio
import importlib
import sys
from importlib.util import find_spec

from opentelemetry.metrics import Counter, Histogram
from starlette.types import Message, Receive, Scope, Send

from service_kit.http_metrics import HttpMetrics
from service_kit.metrics import configure_metrics

SERVICES = ("sales_service", "stock_service", "report_service")
CATALOGUES = ("service_kit.event_metrics", *(f"{service}.telemetry" for service in SERVICES))


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def one_request() -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return

    await HttpMetrics(answer)({"type": "http", "method": "GET"}, receive, send)


def main() -> None:
    registry = configure_metrics("any")
    asyncio.run(one_request())
    for name in filter(find_spec, CATALOGUES):
        # An instrument shows only once it has been used.
        for instrument in vars(importlib.import_module(name)).values():
            if isinstance(instrument, Counter):
                instrument.add(1)
            elif isinstance(instrument, Histogram):
                instrument.record(1)
    names = {sample.name for family in registry.collect() for sample in family.samples}
    sys.stdout.write("\n".join(sorted(names)))


if __name__ == "__main__":
    main()
