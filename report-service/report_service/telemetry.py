"""The metrics of this service, each with the question that it answers."""

from opentelemetry import metrics

_meter = metrics.get_meter("report_service")

REPORT_DELAY = _meter.create_histogram(
    "report_delay",
    unit="s",
    description="How old is a sale, a void or a return when the report counts it?",
    explicit_bucket_boundaries_advisory=[
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1.0,
        2.5,
        5.0,
        10.0,
        30.0,
        60.0,
    ],
)

LATE_DOCUMENTS = _meter.create_counter(
    "late_documents",
    description="How many documents were counted on a day that their store had closed before?",
)
