"""Prints the name of every sample that the processes can export, one a line.

A process of its own: OpenTelemetry's meter provider is one per process, and is set once.
"""

import ast
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from starlette.types import Message, Receive, Scope, Send

from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import HttpTelemetry
from service_kit.telemetry.metrics import Metrics, configure_metrics
from service_kit.telemetry.tracing import Tracing

ROOT = Path(__file__).parents[3]
PACKAGES = (ROOT / "infra/service-kit/service_kit", *ROOT.glob("*-service/*_service"))
USE = {
    "create_counter": "add",
    "create_gauge": "set",
    "create_histogram": "record",
    "create_up_down_counter": "add",
}


def one(_: CallbackOptions) -> list[Observation]:
    return [Observation(1)]


def instruments() -> Iterator[tuple[str, str, str]]:
    """Yield the meter's method, the name and the unit of every instrument in the code."""
    for package in PACKAGES:
        for path in package.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(attr=method), args=[ast.Constant(value=str(name)), *_]
                    ) if method in USE or method.startswith("create_observable_"):
                        units = [
                            word.value.value
                            for word in node.keywords
                            if word.arg == "unit" and isinstance(word.value, ast.Constant)
                        ]
                        yield method, name, str(units[0]) if units else ""


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def request_once(made: Metrics) -> None:
    """Record a request, because its histograms are not instruments of OpenTelemetry."""

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        return

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    url = "postgresql+asyncpg://nobody@127.0.0.1/nothing"
    settings = ServiceSettings(service_name="any", database_url=url, http_port=1)
    telemetry = HttpTelemetry(answer, HttpMetrics(made), Tracing(settings, "any"))
    await telemetry(scope, receive, send)


def main() -> None:
    made = configure_metrics("any")
    asyncio.run(request_once(made))
    meter = metrics.get_meter("any")
    for method, name, unit in instruments():
        if method in USE:
            # An instrument has no sample before its first use.
            getattr(getattr(meter, method)(name, unit=unit), USE[method])(1)
        else:
            getattr(meter, method)(name, [one], unit=unit)
    names = {sample.name for family in made.registry.collect() for sample in family.samples}
    sys.stdout.write("\n".join(sorted(names)))


if __name__ == "__main__":
    main()
