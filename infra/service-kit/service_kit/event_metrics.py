"""What the event machinery tells Prometheus, each with the question that it answers."""

from opentelemetry import metrics

_meter = metrics.get_meter("service_kit.events")

PUBLISHED = _meter.create_counter(
    "events_published", description="How many events has the relay brought to Kafka, by type?"
)
CONSUMED = _meter.create_counter(
    "events_consumed", description="How many events has this consumer applied, by type?"
)
DEAD_LETTERED = _meter.create_counter(
    "events_dead_lettered", description="How many messages were set aside, by consumer?"
)
RETRIED = _meter.create_counter(
    "events_retried", description="How often was a batch tried again, by consumer and fault?"
)
RELAY_FAILURES = _meter.create_counter(
    "outbox_relay_failures", description="How often did the relay lose its database or broker?"
)
OUTBOX_DELAY = _meter.create_histogram(
    "outbox_delay",
    unit="s",
    description="How long does an event wait between its row and the broker's acknowledgement?",
)
