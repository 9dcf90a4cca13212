"""The kit's tests can fail: without a mechanism, the test of this mechanism fails."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service_kit.events import fetching, ledger, relay
from service_kit.events.ledger_pruning import LedgerPruning
from service_kit.events.lost_records import LogCheck
from service_kit.events.stall import StallWatch
from service_kit.http.body_budget import BodyBudget
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.service_kit import (
    test_bounded_requests,
    test_fetching,
    test_leadership,
    test_lost_records,
    test_relay_chunks,
    test_stall,
)

# A test of a broken mechanism waits in vain; an unbroken one needs less.
LONGEST_WAIT_SECONDS = 8.0

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
