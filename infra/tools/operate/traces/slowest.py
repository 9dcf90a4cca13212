"""Finds the slowest requests of a period; Jaeger itself sorts by time only."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from infra.tools.operate.traces.jaeger import Jaeger, Search, Span, Trace

APIS = ("sales-api", "stock-api", "report-api")
STAGE = "comptoir.stage."
FIRST_GUESS_SECONDS = 1.0
SHORTEST_SECONDS = 0.001
# The search stops when the bounds are this close: durations that near need no order.
NEAR = 1.1


def find_slowest(
    jaeger: Jaeger, since: datetime, until: datetime, most: int, route: str | None = None
) -> Iterator[str]:
    """Describe the slowest requests: time, duration, trace and stages, the slowest first."""
    searches = [
        Search(service, attribute, since, until)
        for service in APIS
        for attribute in _attributes(jaeger, service, route)
    ]
    found: dict[str, tuple[Span, Trace]] = {}
    for trace in _longest_traces(jaeger, searches, most).values():
        for span in trace.spans:
            if "http.request.method" in span.attributes and (
                route is None or span.attributes.get("http.route") == route
            ):
                found[span.id] = span, trace
    for span, trace in sorted(found.values(), key=lambda each: -each[0].duration)[:most]:
        yield _describe(span, trace)


def _attributes(jaeger: Jaeger, service: str, route: str | None) -> Iterator[tuple[str, str]]:
    """Yield an attribute that only server spans have; Jaeger cannot search by span kind."""
    if route is not None:
        yield "http.route", route
        return
    for method in jaeger.list_methods(service):
        yield "http.request.method", method


def _longest_traces(jaeger: Jaeger, searches: Sequence[Search], most: int) -> Mapping[str, Trace]:
    """Return at least `most` of the longest traces, by bisecting the minimum duration.

    Above `few` Jaeger returns all traces, but too few. Above `many` it returns only a part.
    """
    few, many = 0.0, 0.0
    longest: dict[str, Trace] = {}
    seconds = FIRST_GUESS_SECONDS
    while True:
        found, are_all = _find_above(jaeger, searches, seconds, 2 * most)
        if are_all and (len(found) >= most or seconds == 0.0):
            return found
        if are_all:
            few, longest = seconds, found
        else:
            many = seconds
        if few and many and few / many < NEAR:
            return longest | _find_above(jaeger, searches, many, 2 * most)[0]
        if not few:
            seconds *= 4
        elif many:
            seconds = (few * many) ** 0.5
        else:
            seconds = seconds / 4 if seconds > SHORTEST_SECONDS else 0.0


def _find_above(
    jaeger: Jaeger, searches: Sequence[Search], seconds: float, most: int
) -> tuple[dict[str, Trace], bool]:
    """Return traces with a request of that duration, and whether these are all."""
    traces: dict[str, Trace] = {}
    for search in searches:
        found = jaeger.find_traces(search, timedelta(seconds=seconds), most)
        traces |= {trace.id: trace for trace in found}
        if len(found) == most and seconds > 0.0:
            return traces, False
    return traces, True


def _describe(span: Span, trace: Trace) -> str:
    when = datetime.fromtimestamp(span.started / 1_000_000, UTC).astimezone()
    parts = {
        name.removeprefix(STAGE): float(seconds) * 1000
        for name, seconds in span.attributes.items()
        if name.startswith(STAGE)
    }
    largest = sorted(parts.items(), key=lambda part: -part[1])
    shown = ", ".join(f"{name} {part:.1f}" for name, part in largest if part >= 0.05)
    status = span.attributes.get("http.response.status_code", "?")
    return (
        f"{when:%H:%M:%S} {span.duration / 1000:9.1f} ms {status} {span.name:45} {trace.id}\n"
        f"         {shown}"
    )
