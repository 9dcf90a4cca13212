"""Reads traces from Jaeger's API (`/api/traces`, which its own interface uses)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

TIMEOUT_SECONDS = 30.0


class NoSuchTrace(Exception):
    """Jaeger has no such trace: never sampled, not arrived yet, or evicted."""


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Times are microseconds; `started` counts from 1970."""

    id: str
    parent_id: str | None
    service: str
    instance: str
    name: str
    started: int
    duration: int
    attributes: Mapping[str, Any]
    links: frozenset[tuple[str, str]]
    """The linked spans, as (trace, span)."""

    @property
    def ended(self) -> int:
        return self.started + self.duration


@dataclass(frozen=True, slots=True)
class Trace:
    """All spans of one trace, from every process."""

    id: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A query for a service's spans in a period that have an attribute."""

    service: str
    attribute: tuple[str, str]
    since: datetime
    until: datetime


class Jaeger:
    """Jaeger's API at `url`, such as http://127.0.0.1:16686."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def read_trace(self, trace_id: str) -> Trace:
        """Return one trace; raises `NoSuchTrace`."""
        answer = httpx.get(f"{self._url}/api/traces/{trace_id}", timeout=TIMEOUT_SECONDS)
        if answer.status_code == 404:
            raise NoSuchTrace(trace_id)
        answer.raise_for_status()
        return next(_traces(answer.json()["data"]))

    def list_services(self) -> list[str]:
        """Return the services that have sent spans."""
        return sorted(self._ask("/api/services", {}))

    def list_methods(self, service: str) -> list[str]:
        """Return the HTTP methods that a service has answered."""
        parameters = {"service": service, "spanKind": "server"}
        names = [each["name"] for each in self._ask("/api/operations", parameters)]
        return sorted({name.partition(" ")[0] for name in names})

    def find_traces(self, search: Search, longest: timedelta, most: int) -> list[Trace]:
        """Return the newest traces with a matching span of at least `longest`."""
        parameters = {
            "service": search.service,
            "start": str(int(search.since.timestamp() * 1_000_000)),
            "end": str(int(search.until.timestamp() * 1_000_000)),
            "minDuration": f"{longest // timedelta(microseconds=1)}us",
            "tags": json.dumps(dict([search.attribute])),
            "limit": str(most),
        }
        return list(_traces(self._ask("/api/traces", parameters)))

    def _ask(self, path: str, parameters: Mapping[str, str]) -> list[Any]:
        answer = httpx.get(f"{self._url}{path}", params=parameters, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.json()["data"] or []


def _traces(data: Iterable[Mapping[str, Any]]) -> Iterator[Trace]:
    for trace in data:
        spans = [_span(span, trace["processes"][span["processID"]]) for span in trace["spans"]]
        yield Trace(trace["traceID"], tuple(sorted(spans, key=lambda span: span.started)))


def _span(span: Mapping[str, Any], process: Mapping[str, Any]) -> Span:
    references = {(each["refType"], each["traceID"], each["spanID"]) for each in span["references"]}
    parents = [id for kind, _, id in references if kind == "CHILD_OF"]
    return Span(
        id=span["spanID"],
        parent_id=parents[0] if parents else None,
        service=process["serviceName"],
        instance=_values(process["tags"]).get("service.instance.id", ""),
        name=span["operationName"],
        started=span["startTime"],
        duration=span["duration"],
        attributes=_values(span["tags"]),
        links=frozenset((trace, id) for kind, trace, id in references if kind == "FOLLOWS_FROM"),
    )


def _values(tags: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in tags}
