"""The log drops repeated messages of Kafka's client."""

import logging

from service_kit.telemetry.logging import RepeatFilter


def record(logger: str, message: str, second: float, *arguments: object) -> logging.LogRecord:
    """Return a log record of a given second."""
    made = logging.LogRecord(logger, logging.ERROR, "", 0, message, arguments, None)
    made.created = second
    return made


def test_a_message_of_aiokafka_passes_once_in_ten_seconds() -> None:
    repeats = RepeatFilter()
    lost = "Unable connect to node with id %s: %s"

    passed = [repeats.filter(record("aiokafka", lost, 100 + n / 10, n, "?")) for n in range(101)]

    assert [n for n, has_passed in enumerate(passed) if has_passed] == [0, 100]


def test_another_message_or_logger_passes() -> None:
    repeats = RepeatFilter()

    for logger, message in (("aiokafka", "a"), ("aiokafka", "b"), ("aiokafka.consumer", "a")):
        assert repeats.filter(record(logger, message, 100))


def test_our_own_messages_always_pass() -> None:
    repeats = RepeatFilter()

    assert all(repeats.filter(record("service_kit.events.relay", "again", 100)) for _ in range(3))
