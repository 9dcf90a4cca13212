"""The kit's tests can fail: without a mechanism, the test of this mechanism fails."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from functools import partial
from typing import Any

import pytest
from sqlalchemy import BindParameter, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service_kit import audit, expired_keys
from service_kit.events import consumer, fetching, ledger, relay
from service_kit.events.ledger_pruning import LedgerPruning
from service_kit.events.lost_records import LogCheck
from service_kit.events.stall import StallWatch
from service_kit.http.body_budget import BodyBudget
from service_kit.http.waiters import Waiters
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit import (
    test_audit,
    test_bounded_requests,
    test_corrupted_pages,
    test_dead_tasks,
    test_fetching,
    test_leadership,
    test_lost_records,
    test_relay_chunks,
    test_stall,
    test_stopping_relay,
)
from tests.service_kit.counting import failing
from tests.service_kit.dying import SURVIVE
from tests.system.limits import test_expired_keys
from tests.system.limits.test_expired_keys import Ahead

# A test of a broken mechanism waits in vain; an unbroken one needs less.
LONGEST_WAIT_SECONDS = 8.0
SHORT_WAIT_SECONDS = 3.0  # without Kafka

Test = Callable[..., Awaitable[None]]


def without_pruning(patch: pytest.MonkeyPatch) -> None:
    """Delete one batch of old rows, and leave the others."""

    async def prune_once(self: LedgerPruning, engine: AsyncEngine, _: asyncio.Event) -> None:
        async with engine.begin() as connection:
            await ledger.prune(connection)
            self._bytes = await ledger.read_size(connection)

    patch.setattr(LedgerPruning, "prune", prune_once)


def without_filler(patch: pytest.MonkeyPatch) -> None:
    """Leave a shortened log as it is."""

    async def leave(*_: object) -> None:
        pass

    patch.setattr(LogCheck, "_fill", leave)


def without_bytes_of_a_batch(patch: pytest.MonkeyPatch) -> None:
    """Count records only."""
    patch.setattr(fetching, "BATCH_BYTES", float("inf"))


def without_bytes_of_a_chunk(patch: pytest.MonkeyPatch) -> None:
    """Count rows only."""
    claim = str(ledger._CLAIM).replace("before < :bytes", "CAST(:bytes AS bigint) > 0")
    patch.setattr(ledger, "_CLAIM", text(claim))


def without_replacement(patch: pytest.MonkeyPatch) -> None:
    """Keep a client that brings nothing."""
    patch.setattr(StallWatch, "look", lambda *_: None)


def without_budget_of_bodies(patch: pytest.MonkeyPatch) -> None:
    """Bound each body, and not all of them together."""
    patch.setattr(BodyBudget, "take", lambda *_: True)


def without_life_between_waits(patch: pytest.MonkeyPatch) -> None:
    """Let a leader say nothing to its database from its first statement to the comparison."""
    show_life = relay._show_life
    shown: list[AsyncConnection] = []

    async def show_once(connection: AsyncConnection) -> None:
        if not any(each is connection for each in shown):
            shown.append(connection)
            await show_life(connection)

    patch.setattr(relay, "_show_life", show_once)


def without_smaller_slices(patch: pytest.MonkeyPatch) -> None:
    """Let the audit compare a slice that takes too long again and again."""
    patch.setattr(audit, "is_too_much", lambda _: False)
    patch.setattr(eventually, "__defaults__", (SHORT_WAIT_SECONDS,))


def without_smaller_batches(patch: pytest.MonkeyPatch) -> None:
    """Let a consumer apply a batch that needs too much memory again and again."""
    patch.setattr(consumer, "is_too_much", lambda _: False)


def without_isolated_pages(patch: pytest.MonkeyPatch) -> None:
    """Let the events before a corrupted page wait for its repair, too."""
    patch.setattr(consumer, "is_corruption", lambda _: False)


def without_places_to_wait(patch: pytest.MonkeyPatch) -> None:
    """Let every request wait for another process."""

    @contextmanager
    def place(_: Waiters) -> Iterator[bool]:
        yield True

    patch.setattr(Waiters, "place", place)


def without_the_databases_clock(patch: pytest.MonkeyPatch) -> None:
    """Let a worker's clock say which keys have expired."""
    before = text("SELECT CAST(:now AS timestamptz) - CAST(:age AS interval)")
    now: BindParameter[Any] = bindparam("now", callable_=lambda: Ahead.now(UTC))
    patch.setattr(expired_keys, "_BEFORE", before.bindparams(now))
    patch.setattr(eventually, "__defaults__", (SHORT_WAIT_SECONDS,))


def without_death(patch: pytest.MonkeyPatch) -> None:
    """Let a process go on without the background task that a bug has ended."""
    patch.setenv(SURVIVE, "1")
    patch.setattr(test_dead_tasks, "LONGEST_SECONDS", LONGEST_WAIT_SECONDS)


def without_a_stop_of_the_start(patch: pytest.MonkeyPatch) -> None:
    """Let a relay finish its start before it notices that it must stop."""
    patch.setattr(relay, "run_until_set", lambda _, work: work)


CASES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Test]] = {
    "pruning": (
        without_pruning,
        test_lost_records.test_the_ledger_is_pruned_until_nothing_is_due_around_a_row_that_waits,
    ),
    "filler": (
        without_filler,
        test_lost_records.test_a_long_lost_log_gets_each_event_of_a_short_ledger_once,
    ),
    "bytes of a batch": (without_bytes_of_a_batch, test_fetching.test_large_records_are_few),
    "bytes of a chunk": (
        without_bytes_of_a_chunk,
        test_relay_chunks.test_large_events_are_claimed_a_few_at_a_time_and_in_order,
    ),
    "budget of bodies": (
        without_budget_of_bodies,
        test_bounded_requests.test_bodies_have_a_bound_together_and_the_room_is_free_again_afterwards,
    ),
    "life between waits": (
        without_life_between_waits,
        test_leadership.test_a_leader_keeps_its_session_while_each_step_of_the_broker_is_slow,
    ),
    "replacement": (
        without_replacement,
        test_stall.test_a_client_that_brings_nothing_is_replaced,
    ),
    "smaller slices": (
        without_smaller_slices,
        partial(
            test_audit.test_a_slice_that_the_database_refuses_is_left_out_alone, failing("53200")
        ),
    ),
    "smaller batches": (
        without_smaller_batches,
        partial(
            test_fetching.test_a_batch_that_is_too_much_is_halved_until_it_passes, failing("53200")
        ),
    ),
    "isolated pages": (
        without_isolated_pages,
        partial(
            test_corrupted_pages.test_the_events_before_it_are_applied_and_it_is_not_set_aside,
            "XX001",
        ),
    ),
    "places to wait": (
        without_places_to_wait,
        test_bounded_requests.test_waiting_has_places_of_its_own,
    ),
    "the database's clock": (
        without_the_databases_clock,
        test_expired_keys.test_a_worker_whose_clock_is_ahead_forgets_no_key_before_its_time,
    ),
    "death of a process": (
        without_death,
        partial(test_dead_tasks.test_a_bug_in_a_background_task_ends_its_process, "api", "changes"),
    ),
    "stop of the start": (
        without_a_stop_of_the_start,
        partial(
            test_stopping_relay.test_a_relay_that_waits_for_its_broker_is_stopped_at_once,
            *test_leadership.WAITS[0],
        ),
    ),
}


@asynccontextmanager
async def tasks_ended() -> AsyncIterator[None]:
    """End the tasks that a failed test leaves behind."""
    before = asyncio.all_tasks()
    try:
        yield
    finally:
        left = asyncio.all_tasks() - before
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@pytest.mark.parametrize("mechanism", CASES)
async def test_a_kit_without_this_mechanism_is_caught(
    mechanism: str, engine: AsyncEngine, topics: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, its_test = CASES[mechanism]
    known: dict[str, Any] = {
        "engine": engine,
        "plumbing_engine": engine,
        "topics": topics,
        "monkeypatch": monkeypatch,
    }
    wanted = {name: known[name] for name in inspect.signature(its_test).parameters}
    monkeypatch.setattr(eventually, "__defaults__", (LONGEST_WAIT_SECONDS,))
    remove(monkeypatch)

    async with tasks_ended():
        with pytest.raises((AssertionError, TimeoutError)):
            await its_test(**wanted)
