"""The dashboard of `make load`: k6's requests on the left, their effect on the right."""

from infra.tools.checks.dashboards.parts import THIRD, Board, Panel, Query
from infra.tools.checks.dashboards.promql import quantile, rare, rate

LOAD = Board(
    "load",
    "Load",
    "Left: k6's requests and answers (`make load`). Right: their effect on the system. Nothing on"
    " the left: k6 did not run at this time.",
    [
        Panel(
            "Requests of k6, by kind",
            "The requests of k6. Bad: less than on the right: other clients send requests, too. "
            "Next: Golden signals, traffic.",
            "reqps",
            [Query(rate("k6_http_reqs_total", "name"), "{{name}}")],
        ),
        Panel(
            "Requests answered, by process",
            "The same requests as the services count them. Bad: flat while the left one rises. "
            "Next: the CPU below; Capacity.",
            "reqps",
            [Query(rate("http_requests_total", "job"), "{{job}}")],
        ),
        Panel(
            "Answers to k6, by status",
            "0 means no answer. k6 causes 404 and 422 on purpose. Bad: 5xx other than 503. Next: "
            "make slow, and the trace of one.",
            "reqps",
            [Query(rate("k6_http_reqs_total", "status"), "{{status}}")],
        ),
        Panel(
            "Requests refused because a queue was full",
            "Beyond the knee the excess is refused. Bad: any refusal at a rate that was served "
            "before. Runbook: PoolExhausted.",
            "reqps",
            [Query(rare("http_requests_shed_total", "job, reason"), "{{job}} {{reason}}")],
        ),
        Panel(
            "Sales of the tills",
            "Bad: accepted stays below begun, while nothing is refused. Next: the answers by "
            "status above; make audit.",
            "ops",
            [
                Query("sum(rate(k6_sales_begun_total[1m]))", "begun"),
                Query("sum(rate(k6_sales_accepted_total[1m]))", "accepted"),
                Query(rare("k6_sales_repeated_total", "scenario"), "repeated {{scenario}}"),
                Query(rare("k6_sales_abandoned_total", "scenario"), "given up {{scenario}}"),
            ],
        ),
        Panel(
            "From the sale to the report, p95",
            "Bad: above 1 s and rising, the consumers are slower than the tills. Next: Event flow.",
            "s",
            [Query(quantile("0.95", "report_delay_seconds_bucket"), "p95")],
        ),
        Panel(
            "p95 as k6 sees it, of the run so far",
            "It includes the network and the wait for a place. Bad: far above the right one, "
            "which covers the last minute. Next: requests that wait, in Capacity.",
            "s",
            [
                Query("max by (name) (k6_http_req_duration_p95)", "{{name}}"),
                Query("max(k6_sale_duration_p95)", "sale, repeats included"),
            ],
        ),
        Panel(
            "p95 as the services measure it, by handler",
            "Bad: above its objective. Next: Endpoint breakdown.",
            "s",
            [
                Query(
                    quantile("0.95", "http_request_duration_seconds_bucket", "handler"),
                    "{{handler}}",
                )
            ],
        ),
        Panel(
            "Users of k6, and arrivals left out",
            "Bad: an arrival is left out, because no user was free: the load was lower than "
            "planned. Next: the p95 above; more users in the script.",
            "short",
            [
                Query("sum(k6_vus)", "users"),
                Query(rare("k6_dropped_iterations_total", "scenario"), "left out {{scenario}}"),
            ],
            THIRD,
        ),
        Panel(
            "CPU seconds per second, by process",
            "Bad: 1, the process is at the end of its core. k6 needs some as well. Next: Capacity.",
            "short",
            [Query("rate(process_cpu_seconds_total[1m])", "{{job}} {{instance}}")],
            THIRD,
        ),
        Panel(
            "Consumer lag in seconds",
            "Bad: still rising when the load has ended. Runbook: ConsumerLag.",
            "s",
            [Query("max by (job, topic) (consumer_lag_seconds)", "{{job}} {{topic}}")],
            THIRD,
        ),
    ],
)
