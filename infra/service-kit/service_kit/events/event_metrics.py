"""The metrics of events, each described by the question that it answers."""

from collections.abc import Callable, Iterable

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

_meter = metrics.get_meter("service_kit.events")

PUBLISHED = _meter.create_counter(
    "events_published", description="How many events has the relay brought to Kafka, by type?"
)
CONSUMED = _meter.create_counter(
    "events_consumed", description="How many events has this consumer applied, by type?"
)
DEAD_LETTERED = _meter.create_counter(
    "events_dead_lettered",
    description="How many messages became dead letters, by consumer, kind and type?",
)
PASSED_OVER = _meter.create_counter(
    "events_passed_over",
    description="How many offsets needed no action: an ignored type, or a gap without a record?",
)
RETRIED = _meter.create_counter(
    "events_retried", description="How often was a batch tried again, by topic and fault?"
)
RELAY_FAILURES = _meter.create_counter(
    "outbox_relay_failures", description="How often did the relay lose its database or broker?"
)
OUTBOX_DELAY = _meter.create_histogram(
    "outbox_delay",
    unit="s",
    description="How long does an event wait between its row and the broker's acknowledgement?",
    explicit_bucket_boundaries_advisory=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0],
)
DEAD_LETTERS_REPLAYED = _meter.create_counter(
    "dead_letters_replayed", description="How many dead letters were tried again, by outcome?"
)


def pass_over(consumer: str, topic: str, reason: str, offsets: int) -> None:
    """Count offsets that the consumer passed without an effect."""
    PASSED_OVER.add(offsets, {"consumer": consumer, "topic": topic, "reason": reason})


def count_retries(consumer: str, topic: str, fault: str, times: int) -> None:
    """Count how often a batch of this topic was tried again because of the fault."""
    RETRIED.add(times, {"consumer": consumer, "topic": topic, "error.type": fault})


def observe_stopped(consumer: str, read: Callable[[], int]) -> None:
    """Expose how many partitions a consumer has stopped because of its dead letters."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(read(), {"consumer": consumer})]

    _meter.create_observable_gauge(
        "consumer_stopped_by_dead_letters",
        [observe],
        description="How many partitions wait until a person has resolved dead letters?",
    )


def observe_open_dead_letters(consumer: str, read: Callable[[], int]) -> None:
    """Expose how many dead letters wait for a person."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(read(), {"consumer": consumer})]

    _meter.create_observable_gauge(
        "dead_letters_open",
        [observe],
        description="How many dead letters wait for a person?",
    )
