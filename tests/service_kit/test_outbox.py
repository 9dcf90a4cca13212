"""An event that a service's statement writes as jsonb still fits into the outbox."""

import msgspec
import pytest

from service_kit.events.outbox import MOST_BYTES, EventTooLarge, OutgoingEvent, event_parameters


class Counted(msgspec.Struct):
    """A body with a comma for each number."""

    numbers: list[int]


def event(size: int) -> OutgoingEvent:
    return OutgoingEvent("counted", "1", "counted.v1", "1", Counted([1] * size))


def test_the_spaces_that_postgresql_writes_count_towards_the_largest_event() -> None:
    # Each number is two bytes here, and three in PostgreSQL's text.
    fits, too_large = event(MOST_BYTES // 3 - 100), event(MOST_BYTES // 3 + 100)

    assert len(event_parameters(fits)["event_body"]) < MOST_BYTES * 2 / 3
    assert len(too_large.encode()) < MOST_BYTES
    with pytest.raises(EventTooLarge):
        event_parameters(too_large)
