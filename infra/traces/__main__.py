"""`python -m infra.traces slow [--minutes 5] [--most 10]` and `… trace ID`.

JAEGER_URL says where Jaeger answers; http://127.0.0.1:16686 when it is not set.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx

from infra.traces.jaeger import Jaeger, NoSuchTrace, Span
from infra.traces.waterfall import draw

DEFAULT_URL = "http://127.0.0.1:16686"
SERVICES = ("sales-service", "stock-service", "report-service")
STAGE = "comptoir.stage."
# Jaeger answers with the newest of those that took so long: only when they are few, with more.
LONGEST_FIRST = [timedelta(milliseconds=each) for each in (1000, 250, 50, 10, 0)]


def find_slowest(jaeger: Jaeger, minutes: float, most: int) -> Iterator[str]:
    """The slowest requests of the last minutes: when, how long, where the time went, the trace."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    requests: dict[str, tuple[Span, str]] = {}
    for longest in LONGEST_FIRST:
        for service in SERVICES:
            for trace in jaeger.find_traces(service, since, longest):
                for span in trace.spans:
                    if span.attributes.get("span.kind") == "server":
                        requests[span.id] = span, trace.id
        if len(requests) >= most:
            break
    slowest = sorted(requests.values(), key=lambda found: -found[0].duration)[:most]
    for span, trace_id in slowest:
        when = datetime.fromtimestamp(span.started / 1_000_000, UTC)
        parts = {
            name.removeprefix(STAGE): float(seconds) * 1000
            for name, seconds in span.attributes.items()
            if name.startswith(STAGE)
        }
        largest = sorted(parts.items(), key=lambda part: -part[1])
        told = ", ".join(f"{name} {part:.1f}" for name, part in largest if part >= 0.05)
        yield (
            f"{when:%H:%M:%S} {span.duration / 1000:9.1f} ms "
            f"{span.attributes.get('http.response.status_code', '?')} {span.name:45} {trace_id}\n"
            f"         {told}"
        )


def main() -> int:
    """Print what was asked for; 1 when there is nothing or nobody to ask."""
    parser = argparse.ArgumentParser(prog="python -m infra.traces")
    commands = parser.add_subparsers(dest="command", required=True)
    slow = commands.add_parser("slow", help="the slowest requests of the last minutes")
    slow.add_argument("--minutes", type=float, default=5)
    slow.add_argument("--most", type=int, default=10)
    one = commands.add_parser("trace", help="one trace as a waterfall")
    one.add_argument("id", help="32 hex digits, as in an error's trace_id")
    arguments = parser.parse_args()
    url = os.environ.get("JAEGER_URL", DEFAULT_URL)
    jaeger = Jaeger(url)
    try:
        if arguments.command == "trace":
            lines = list(draw(jaeger.read_trace(arguments.id)))
        else:
            lines = list(find_slowest(jaeger, arguments.minutes, arguments.most))
    except NoSuchTrace as unknown:
        sys.stderr.write(f"Jaeger has no trace {unknown}: was it sampled, has it arrived?\n")
        return 1
    except httpx.HTTPError as fault:
        sys.stderr.write(f"no Jaeger answers at {url}: {fault}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in lines or ["no requests"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
