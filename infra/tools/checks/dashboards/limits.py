"""Dashboards of capacity (CPU, memory, connections) and of error budgets."""

from infra.tools.checks.dashboards.parts import WHOLE, Board, Panel, Query
from infra.tools.checks.dashboards.promql import quantile, rare

CAPACITY = Board(
    "capacity",
    "Capacity",
    "CPU, memory, the event loop and connections: which is exhausted first?",
    [
        Panel(
            "Processes that answer",
            "1 up, 0 down. Bad: a 0: `make status`, `docker compose ps`. Runbook: ProcessDown.",
            "short",
            [Query("min by (job) (up)", "{{job}}")],
        ),
        Panel(
            "CPU seconds per second, by process",
            "1 is one core, the most that one Python process can use. Bad: 0.8 for minutes. Next: "
            "Golden signals, traffic: which handler? Another instance helps an API.",
            "short",
            [Query("rate(process_cpu_seconds_total[1m])", "{{job}} {{instance}}")],
        ),
        Panel(
            "Memory",
            "Resident. Bad: growing for an hour under the same load. Containers end at 256 MiB. "
            "Next: the traffic below it; restart the process, it loses nothing.",
            "bytes",
            [
                Query(
                    'process_resident_memory_bytes{job=~".*-(api|worker)"}', "{{job}} {{instance}}"
                )
            ],
        ),
        Panel(
            "Event loop lag, p99",
            "How long a request waits before its code runs. Bad: above 50 ms: no CPU is left, or "
            "a call blocks. Runbook: EventLoopBlocked.",
            "s",
            [Query(quantile("0.99", "asyncio_loop_lag_seconds_bucket", "job"), "{{job}}")],
        ),
        Panel(
            "Connections in use, as a share of the pool",
            "Bad: 1 for longer than a moment: the next request waits. Next: which session holds "
            "them? Runbook: PoolExhausted.",
            "percentunit",
            [
                Query(
                    "max by (job, db_client_connection_pool_name) "
                    '(db_client_connection_count{db_client_connection_state="used"} / '
                    "ignoring (db_client_connection_state) db_client_connection_max)",
                    "{{job}} {{db_client_connection_pool_name}}",
                )
            ],
        ),
        Panel(
            "Requests that wait for a connection",
            "Bad: above zero for longer than a moment. At 64 the process refuses further "
            "requests. Runbook: PoolExhausted.",
            "short",
            [
                Query(
                    "max by (job, db_client_connection_pool_name) "
                    "(db_client_connection_pending_requests)",
                    "{{job}} {{db_client_connection_pool_name}}",
                )
            ],
        ),
        Panel(
            "Requests refused because a queue was full",
            "Bad: any. The clients got 503 with Retry-After. Runbook: PoolExhausted.",
            "reqps",
            [Query(rare("http_requests_shed_total", "job, reason"), "{{job}} {{reason}}")],
        ),
        Panel(
            "Requests refused because a client sends too much",
            "`key`, `address` or `wrong-keys`: the limit that was exceeded. Bad: any that goes on. "
            "The clients got 429 with Retry-After. Runbook: ClientsLimited.",
            "reqps",
            [Query(rare("http_requests_limited_total", "job, limit"), "{{job}} {{limit}}")],
        ),
        Panel(
            "Bytes of request bodies held at once",
            "Bad: near 8 MiB: further bodies get 503, `bodies` among the refused ones. Next: the "
            "traffic: which client sends so much, or so slowly?",
            "bytes",
            [Query("http_request_bodies_bytes", "{{job}} {{instance}}")],
        ),
        Panel(
            "Requests that wait for an outcome",
            "Sales that wait for the stock, reports that wait for a sale. Bad: near 500: further "
            "requests may not wait. Next: Event flow: what is late? Runbook: ConsumerLag.",
            "short",
            [Query("http_requests_waiting", "{{job}} {{instance}}")],
        ),
        Panel(
            "Waits for a connection that were given up",
            "Bad: any; each was answered 503. Runbook: PoolExhausted.",
            "short",
            [
                Query(
                    rare("db_client_connection_timeouts_total", "job"),
                    "{{job}}",
                )
            ],
        ),
    ],
)

OBJECTIVES = Board(
    "objectives",
    "Objectives",
    "How fast each objective uses its error budget of 30 days (dashboards/slo.py).",
    [
        Panel(
            "Burn rate of the last hour",
            "1 uses the budget up in just 30 days. Bad: above 14.4, a page. Runbook: "
            "SloBurningFast.",
            "short",
            [Query("slo:bad_ratio:rate1h / on (slo) slo:budget", "{{slo}}")],
        ),
        Panel(
            "Burn rate of the last six hours",
            "Bad: above 6 (page), above 1 for days (ticket). Runbooks: SloBurning, "
            "SloBurningSlowly.",
            "short",
            [Query("slo:bad_ratio:rate6h / on (slo) slo:budget", "{{slo}}")],
        ),
        Panel(
            "Share of bad requests, or late sales, of the last five minutes",
            "What has just happened. Bad: above the budget, 0.001 or 0.01. Next: Golden signals "
            "for availability and latency, Event flow "
            "for freshness.",
            "percentunit",
            [Query("slo:bad_ratio:rate5m", "{{slo}}")],
            WHOLE,
        ),
    ],
)
