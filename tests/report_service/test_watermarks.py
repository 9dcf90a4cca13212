"""`complet_jusqua` never passes the positions of the consumers."""

from datetime import UTC, datetime, timedelta

from report_service.projections.freshness import MAX_WATERMARKS, Watermarks

START = datetime(2026, 11, 23, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def test_nothing_is_complete_before_the_positions_reach_the_ends() -> None:
    watermarks = Watermarks()
    watermarks.add(at(0), {0: 10, 1: 5})

    assert watermarks.take_reached({0: 10, 1: 4}) is None
    assert watermarks.take_reached({0: 10, 1: 5}) == at(0)


def test_the_latest_mark_that_is_reached_counts() -> None:
    watermarks = Watermarks()
    watermarks.add(at(0), {0: 10})
    watermarks.add(at(1), {0: 20})
    watermarks.add(at(2), {0: 30})

    assert watermarks.take_reached({0: 25}) == at(1)
    assert watermarks.take_reached({0: 25}) is None
    assert watermarks.take_reached({0: 31}) == at(2)


def test_a_partition_that_was_never_written_holds_nothing_back() -> None:
    watermarks = Watermarks()
    watermarks.add(at(0), {0: 1, 1: 0})

    assert watermarks.take_reached({0: 1}) == at(0)


def test_a_heartbeat_that_does_not_come_again_leaves_the_ends_that_it_was_true_for() -> None:
    watermarks = Watermarks()
    watermarks.add(at(0), {0: 10})
    watermarks.add(at(0), {0: 20})

    assert watermarks.take_reached({0: 10}) == at(0)
    assert watermarks.take_reached({0: 20}) is None


def test_a_worker_that_lags_for_long_still_moves_on_when_it_catches_up() -> None:
    watermarks = Watermarks()
    for second in range(MAX_WATERMARKS + 100):
        watermarks.add(at(second), {0: second})

    assert watermarks.take_reached({0: 5}) == at(5)
    assert watermarks.take_reached({0: MAX_WATERMARKS * 2}) == at(MAX_WATERMARKS - 1)
