"""Dashboards of requests: the four golden signals, and the stages of an endpoint."""

from infra.tools.checks.dashboards.parts import Board, Panel, Query
from infra.tools.checks.dashboards.promql import percentiles, quantile, rate

JAEGER = "Click a diamond to open its trace in Jaeger"

GOLDEN_SIGNALS = Board(
    "golden-signals",
    "Golden signals",
    "Latency, traffic, errors and saturation, by the expressions of the original system.",
    [
        Panel(
            "Latency: mean by handler",
            "Bad: a handler above 100 ms, or one that rises while traffic does not. Next: Endpoint "
            "breakdown, that handler. A handler without requests in the last minute has no line.",
            "s",
            [
                Query(
                    f"{rate('http_request_duration_seconds_sum', 'handler')} / "
                    f"{rate('http_request_duration_seconds_count', 'handler')}",
                    "{{handler}}",
                )
            ],
        ),
        Panel(
            "Traffic: requests per second by handler",
            "Bad: a sudden zero: tills cannot reach us; a jump: a client retries without a pause."
            " Next: errors, Capacity. Probes and scrapes count too: /health/ready and /metrics "
            "are handlers.",
            "reqps",
            [Query(rate("http_requests_total", "handler"), "{{handler}}")],
        ),
        Panel(
            "Errors: 4xx by handler",
            "Wrong requests of clients, refused sales included. Bad: a rise of 401 or 422 after a"
            " release of the tills; 409 at /api/ventes/: empty shelves (Next: Business) or a lock"
            " timeout (Next: Endpoint breakdown, sql).",
            "reqps",
            [
                Query(
                    'sum by (handler) (rate(http_requests_total{status=~"4.."}[1m]))', "{{handler}}"
                )
            ],
        ),
        Panel(
            "Errors: 5xx",
            "Requests that the services failed to serve. Bad: anything but zero. 503: a queue is"
            " full (Next: Capacity); its handler is none when it was refused at once. Else Next:"
            " `make slow` and the trace. /health/ready answers 503 until a process is ready.",
            "reqps",
            [
                Query(
                    'rate(http_requests_total{status=~"5.."}[1m])',
                    "{{job}} {{instance}} {{method}} {{handler}} {{status}}",
                )
            ],
        ),
        Panel(
            "Saturation: CPU seconds per second, by process",
            "1 is one core, the most that one Python process can use. Bad: 0.8 and more for "
            "minutes. Next: Capacity; another instance helps an API.",
            "short",
            [Query("rate(process_cpu_seconds_total[1m])", "{{job}} {{instance}}")],
        ),
        Panel(
            "Latency: p95 by handler",
            "The original system's measure of its report: 350 ms there. Bad: 100 ms for a read, "
            "500 ms for a sale. Next: Endpoint breakdown.",
            "s",
            [Query("handler:http_request_duration_seconds:p95_1m", "{{handler}}")],
        ),
    ],
)

_CHOSEN = '{handler=~"$handler"}'
BREAKDOWN = Board(
    "endpoint-breakdown",
    "Endpoint breakdown",
    "Where the milliseconds of the chosen endpoints go. docs/observability.md explains the stages.",
    [
        Panel(
            "Mean duration, stacked by stage",
            "The stages add up to the whole. Bad: one that grows. Next, for sql: an index, a "
            "lock, the disk; "
            "pool: Capacity, connections; queue or application: the event loop, Capacity; "
            "wait: Event flow.",
            "s",
            [
                Query(
                    f"sum by (stage) (rate(http_request_stage_seconds_sum{_CHOSEN}[1m])) / on () "
                    f"group_left () sum (rate(http_request_duration_seconds_count{_CHOSEN}[1m]))",
                    "{{stage}}",
                )
            ],
            is_stacked=True,
        ),
        Panel(
            "Requests by duration",
            "Bad: a second band above the first: some requests meet something that others do not. "
            f"Next: {JAEGER}.",
            "s",
            [
                Query(
                    f"sum by (le) (increase(http_request_duration_seconds_bucket{_CHOSEN}[1m]))",
                    "{{le}}",
                    has_exemplars=True,
                )
            ],
            is_heatmap=True,
        ),
        Panel(
            "Duration: p50, p95, p99",
            f"Bad: p99 far from p50: queues, locks. Next: {JAEGER}; there are some for slow and "
            "failed requests always, and for a share of the others.",
            "s",
            percentiles(f"http_request_duration_seconds_bucket{_CHOSEN}", has_exemplars=True),
        ),
        Panel(
            "p95 of each stage",
            "Of the requests that have the stage: few sales wait, so `wait` may exceed the p95 of "
            "all. Bad: one far above its mean. Next: `make slow`.",
            "s",
            [
                Query(
                    quantile("0.95", f"http_request_stage_seconds_bucket{_CHOSEN}", "stage"),
                    "{{stage}}",
                )
            ],
        ),
        Panel(
            "Answers by status",
            "304 costs next to nothing: the client had the answer. Bad: 503 (Next: Capacity); "
            "500, a bug, whose log line has the trace.",
            "reqps",
            [
                Query(
                    f"sum by (status) (rate(http_requests_total{_CHOSEN}[1m]))",
                    "{{status}}",
                )
            ],
        ),
        Panel(
            "Wait for a connection, p95 by pool",
            "Bad: above 5 ms. All connections are in use: by slow statements (sql above), or by "
            "too many requests. Runbook: PoolExhausted.",
            "s",
            [
                Query(
                    quantile(
                        "0.95",
                        "db_client_connection_wait_time_seconds_bucket",
                        "job, db_client_connection_pool_name",
                    ),
                    "{{job}} {{db_client_connection_pool_name}}",
                )
            ],
        ),
    ],
    variable=("handler", "http_request_duration_seconds_count"),
)
