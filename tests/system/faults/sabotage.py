"""Runs a process of a service with fail points, and for mutation tests without one protection.

`python -m tests.system.faults.sabotage sales_service.worker`, with SABOTAGE_FOLDER (its files arm
the points) and SABOTAGE_MUTATION in the environment. The services have no hook for it: this
program patches their functions before it imports the service's modules.
"""

import importlib
import os
import runpy
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.consumer.group_coordinator import GroupCoordinator
from sqlalchemy import event
from sqlalchemy.orm import Session

from service_kit.database import single_statement
from service_kit.database.single_statement import DirectConnection
from service_kit.events import outbox
from service_kit.events.batch import Batch
from service_kit.events.consumer import Consumer
from service_kit.events.relay import Relay
from tests.system.faults import clock, mutations
from tests.system.faults.points import trip

_is_consuming: ContextVar[bool] = ContextVar("is_consuming", default=False)


def install(folder: Path, mutation: str | None) -> None:
    """Apply the mutations, if any; put fail points around every step of the write path."""
    for name in mutation.split(mutations.AND) if mutation else ():
        mutations.MUTATIONS[name]()
    _watch_requests(folder)
    _watch_consumer(folder)
    _watch_relay(folder)


def _watch_requests(folder: Path) -> None:
    """Put a fail point around the commit of a request or chore that announces an event."""
    add = outbox.add_to_outbox

    @wraps(add)
    async def add_and_note(session: Any, events: Any) -> None:
        session.sync_session.info["announces"] = bool(events)
        await add(session, events)

    outbox.add_to_outbox = add_and_note

    within = single_statement.within

    @wraps(within)
    async def within_and_note(session: Any) -> DirectConnection:
        session.sync_session.info["announces"] = True
        return await within(session)

    single_statement.within = within_and_note
    fetch = DirectConnection.fetch_row

    @wraps(fetch)
    async def fetch_watched(self: DirectConnection, *arguments: Any) -> Any:
        driver: Any = self._pooled.driver_connection
        if driver.is_in_transaction():
            return await fetch(self, *arguments)
        # The statement and its commit are one round trip.
        trip(folder, "request.before-commit")
        row = await fetch(self, *arguments)
        if row is not None:
            trip(folder, "request.after-commit")
        return row

    DirectConnection.fetch_row = fetch_watched  # type: ignore[method-assign, assignment]

    @event.listens_for(Session, "before_commit")
    def before(session: Session) -> None:
        if _is_consuming.get():
            trip(folder, "consumer.before-commit")
        elif session.info.get("announces"):
            trip(folder, "request.before-commit")

    @event.listens_for(Session, "after_commit")
    def after(session: Session) -> None:
        if _is_consuming.get():
            trip(folder, "consumer.after-commit")
        elif session.info.get("announces"):
            trip(folder, "request.after-commit")


def _consuming(apply: Callable[..., Awaitable[Any]], folder: Path) -> Callable[..., Any]:
    @wraps(apply)
    async def apply_watched(*args: Any, **kwargs: Any) -> Any:
        trip(folder, "consumer.fetched")
        token = _is_consuming.set(True)
        try:
            return await apply(*args, **kwargs)
        finally:
            _is_consuming.reset(token)

    return apply_watched


def _watch_consumer(folder: Path) -> None:
    for name in ("_apply", "_apply_together"):
        setattr(Consumer, name, _consuming(getattr(Consumer, name), folder))
    decode = Batch.decode

    def decode_watched(self: Batch, records: Any) -> None:
        decode(self, records)
        trip(folder, "consumer.in-transaction")

    Batch.decode = decode_watched  # type: ignore[method-assign]
    _after(GroupCoordinator, "_on_join_complete", folder, "consumer.rebalanced")
    _before(GroupCoordinator, "_on_join_prepare", folder, "consumer.rebalancing")


def _watch_relay(folder: Path) -> None:
    _before(Relay, "_send", folder, "relay.before-send")
    _after(AIOKafkaProducer, "send", folder, "relay.mid-chunk")
    # Between the broker's acknowledgement and the stored offset.
    _after(Relay, "_send", folder, "relay.after-ack")
    _after(Relay, "_publish_chunk", folder, "relay.after-mark", only_if=bool)


def _before(owner: Any, name: str, folder: Path, point: str) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @wraps(original)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        trip(folder, point)
        return await original(*args, **kwargs)

    setattr(owner, name, watched)


def _after(
    owner: Any,
    name: str,
    folder: Path,
    point: str,
    only_if: Callable[[Any], bool] = lambda _: True,
) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    @wraps(original)
    async def watched(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs)
        if only_if(result):
            trip(folder, point)
        return result

    setattr(owner, name, watched)


if __name__ == "__main__":
    sabotage_folder = Path(os.environ["SABOTAGE_FOLDER"])
    install(sabotage_folder, os.environ.get("SABOTAGE_MUTATION"))
    module = sys.argv.pop(1)
    # Import the process's modules first, so that their clock can be replaced.
    importlib.import_module(module)
    clock.install(sabotage_folder)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
