"""Dashboards of the event flow and of the business: sales and revenue."""

from infra.tools.checks.dashboards.parts import THIRD, WHOLE, Board, Panel, Query
from infra.tools.checks.dashboards.promql import hourly, percentiles, quantile, rare, rate

EVENT_FLOW = Board(
    "event-flow",
    "Event flow",
    "From the row in an outbox to the figure in the report: how much, how late, what got stuck.",
    [
        Panel(
            "Workers that answer",
            "1 up, 0 down. Bad: a 0, or a line that ends. A worker reports its own lag and delay:"
            " while it is down their lines end, and all else looks well. Runbook: ProcessDown.",
            "short",
            [Query('min by (job) (up{job=~".*-worker"})', "{{job}}")],
            WHOLE,
        ),
        Panel(
            "Events published, by type",
            "Bad: zero while sales are made. Next: the outbox beside it.",
            "eps",
            [Query(rate("events_published_total", "type"), "{{type}}")],
        ),
        Panel(
            "Events applied, by consumer",
            "Bad: a consumer that applies less than is published, or a line that ends. Next: lag.",
            "eps",
            [Query(rate("events_consumed_total", "consumer"), "{{consumer}}")],
        ),
        Panel(
            "Outbox: age of its oldest event",
            "Bad: above 5 s: Kafka accepts nothing. Runbook: OutboxStuck.",
            "s",
            [Query("max by (job) (outbox_oldest_age_seconds)", "{{job}}")],
            THIRD,
        ),
        Panel(
            "Outbox: events that wait",
            "Bad: growing. At the ceiling sales are refused. Runbook: OutboxStuck.",
            "short",
            [Query("max by (job) (outbox_pending)", "{{job}}")],
            THIRD,
        ),
        Panel(
            "Outbox delay, p95",
            "From the row to Kafka's acknowledgement. Bad: above 100 ms. Next: CPU of that worker, "
            "Kafka's disk.",
            "s",
            [Query(quantile("0.95", "outbox_delay_seconds_bucket", "job"), "{{job}}")],
            THIRD,
        ),
        Panel(
            "Consumer lag in seconds",
            "The age of the events that a consumer applies. Bad: above 5 s and rising: too slow, "
            "or its batch fails. Runbook: ConsumerLag. A line that ends: its worker does not "
            "answer.",
            "s",
            [Query("max by (job, topic) (consumer_lag_seconds)", "{{job}} {{topic}}")],
        ),
        Panel(
            "Consumer lag in records",
            "Bad: growing for minutes. Falling after a stop is recovery: divide by the rate above. "
            "Runbook: ConsumerLag.",
            "short",
            [Query("sum by (job, topic) (consumer_lag_records)", "{{job}} {{topic}}")],
        ),
        Panel(
            "From the sale to the report",
            "Age of a sale when the report counts it. Bad: p99 above 1 s. Nothing here while the "
            "consumer is stopped. Next: is its worker up, is there lag, are there dead letters?",
            "s",
            percentiles("report_delay_seconds_bucket"),
        ),
        Panel(
            "Decision of strict sales, p95 by outcome",
            "Bad: confirmed or rejected above 500 ms, tills wait for it; any cancelled: the stock "
            "did not decide in time. Next: lag of stock-worker and sales-worker.",
            "s",
            [Query(quantile("0.95", "saga_duration_seconds_bucket", "outcome"), "{{outcome}}")],
        ),
        Panel(
            "Batches tried again, by consumer",
            "Bad: lasting. A database that is away shows here first. Next: the worker's log says "
            "which fault. Runbooks: ConsumerLag, LogGap.",
            "short",
            [
                Query(rare("events_retried_total", "consumer"), "{{consumer}}"),
                Query(rare("consumer_clients_replaced_total", "job"), "client replaced {{job}}"),
            ],
            THIRD,
        ),
        Panel(
            "Messages set aside",
            "Bad: any. `make dead-letters` lists them. Runbook: DeadLetters.",
            "short",
            [Query("sum by (consumer) (dead_letters_open)", "{{consumer}}")],
            THIRD,
        ),
        Panel(
            "Relay failures, by fault",
            "Bad: LogShortened, Kafka has lost records. Others pass with their cause. Runbook: "
            "BrokerLostRecords.",
            "short",
            [
                Query(
                    rare("outbox_relay_failures_total", "job, error_type"),
                    "{{job}} {{error_type}}",
                )
            ],
            THIRD,
        ),
        Panel(
            "Differences that the audit found",
            "Bad: anything but zero. Runbook: AuditDifference.",
            "short",
            [Query("max by (check) (audit_difference)", "{{check}}")],
        ),
        Panel(
            "Statements that met a corrupted page",
            "Bad: any. The partition whose events need the page stands still; a person must repair "
            "the database. Runbook: DatabaseCorrupted.",
            "short",
            [Query(rare("database_corruption_errors_total", "job"), "{{job}}")],
        ),
    ],
)

BUSINESS = Board(
    "business",
    "Business",
    "Sales, revenue and empty shelves, as they are decided.",
    [
        Panel(
            "Sales per minute, by store",
            "Bad: a store at zero during its opening hours: its tills, or its network. Next: all "
            "stores? then Golden signals, traffic and errors.",
            "short",
            [
                Query(
                    '60 * sum by (store) (rate(sales_total{status="confirmed"}[1m]))',
                    "{{store}}",
                )
            ],
        ),
        Panel(
            "Revenue per minute, by currency",
            "Confirmed sales, taxes included, and what tills voided of them. Bad: falling while "
            "sales do not: a price that is wrong; voids that rise: a till that gives goods away. "
            "Next: the report, which has the exact figures; this is the trend.",
            "short",
            [
                Query("60 * sum by (currency) (rate(sales_revenue_total[1m]))", "{{currency}}"),
                Query(
                    "60 * sum by (currency) (rate(sales_voided_revenue_total[1m]))",
                    "{{currency}}, voided",
                ),
            ],
        ),
        Panel(
            "Sales refused for lack of stock, by store",
            "Bad: a store where it lasts: shelves are empty. Next: `ruptures` in its report names "
            "them.",
            "short",
            [
                Query(
                    '60 * sum by (store) (rate(sales_total{status="rejected"}[1m])) '
                    "or on () vector(0)",
                    "{{store}}",
                )
            ],
        ),
        Panel(
            "Open alerts about stock, by kind",
            "Bad: negative, goods are sold that the books do not have; out-of-stock that rises. "
            "Next: `GET /api/stock/alertes` names stores and products.",
            "short",
            [Query("max by (kind) (stock_alerts_open)", "{{kind}}")],
        ),
        Panel(
            "Sales by outcome",
            "Bad: cancelled, a customer waited and got nothing. Next: Event flow, decisions.",
            "short",
            [Query(f"60 * {rate('sales_total', 'status')}", "{{status}}")],
        ),
        Panel(
            "Refunds per minute, by store",
            "Returns, taxes included. Bad: a store that refunds far more than the others: a bad "
            "batch of goods, or fraud. Next: `GET /api/retours/` of that store.",
            "short",
            [
                Query(
                    "60 * sum by (store, currency) (rate(returns_refunded_total[1m])) "
                    "or on () vector(0)",
                    "{{store}} {{currency}}",
                )
            ],
        ),
        Panel(
            "Planned prices that began",
            "Products that got the chain's price of a new day, in the last hour. Bad: zero when a "
            "day with planned prices has begun: lists show the price before, tills sell at the new "
            "one. Next: `prices shown later` in the log of sales-worker.",
            "short",
            [Query("sum(increase(prices_shown_total[1h])) or on () vector(0)", "products")],
        ),
        Panel(
            "Days closed, and documents for closed days, in the last hour",
            "Bad: many days that close by themselves: managers do not count their cash. Many late "
            "documents: a till that is offline for days, or somebody who dates sales back. Next: "
            "`GET /api/rapports/journees` names the stores, their `ecart_caisses` and "
            "`ajustements`.",
            "short",
            [
                Query(hourly("days_closed_total", "by"), "closed by {{by}}"),
                Query(hourly("late_documents_total", "kind"), "late {{kind}}"),
            ],
        ),
    ],
)
