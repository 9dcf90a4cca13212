"""The seed's HTTP metrics, recorded once per request by a plain ASGI middleware."""

from time import perf_counter

from opentelemetry import metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.metrics import DURATION_BUCKETS_SECONDS

# Scanners ask for paths without end; all of them share one series.
UNKNOWN_HANDLER = "none"

SHED = metrics.get_meter("service_kit.http").create_counter(
    "http_requests_shed",
    description="How many requests were answered 503 at once, because a queue was full?",
)


class HttpMetrics:
    """Records `http_requests_total{handler,status,method}` and
    `http_request_duration_seconds{handler}`.

    `handler` is the route template (`/api/magasins/{store_id}/stock`), never the raw path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        meter = metrics.get_meter("service_kit.http")
        self._requests = meter.create_counter("http_requests", description="HTTP requests answered")
        self._duration = meter.create_histogram(
            "http_request_duration",
            unit="s",
            description="From the request's arrival to the last byte of its answer",
            explicit_bucket_boundaries_advisory=list(DURATION_BUCKETS_SECONDS),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        # What the client sees when the application dies before it answers.
        status = 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note_status)
        finally:
            # The router leaves the matched route in the scope that it was given.
            handler = getattr(scope.get("route"), "path_format", UNKNOWN_HANDLER)
            method = scope["method"]
            self._requests.add(1, {"handler": handler, "status": str(status), "method": method})
            self._duration.record(perf_counter() - started, {"handler": handler})
