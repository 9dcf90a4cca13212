"""The verdict names a declared level that took effect in another order, or not at all."""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events.cloud_events import Event
from tests.stock_service.builders import COFFEE, STORE, level_declared
from tests.stock_service.conftest import Stock
from tests.system.faults.history import History
from tests.system.faults.verdict import judge_declarations

UNITS = [3, 5, 9]  # the opening stock, and two counts


def declare(number: int) -> Event[Any]:
    event = level_declared("count" if number else "opening", UNITS[number])
    declared_at = event.body.declared_at + timedelta(minutes=number)
    body = msgspec.structs.replace(event.body, declared_at=declared_at)
    return dataclasses.replace(event, body=body)


@pytest.mark.parametrize(
    ("order", "is_named"),
    [([0, 1, 2], False), ([0, 2, 1], True), ([0, 2], True), ([0, 1, 2, 2], True), ([], True)],
)
async def test_declared_levels_take_effect_once_and_in_their_order(
    stock_engine: AsyncEngine, order: Sequence[int], is_named: bool
) -> None:
    if order:
        await Stock(stock_engine).receive(*map(declare, order))
    history = History(stores={STORE: "strict"}, declared={(STORE, COFFEE): UNITS})
    url = stock_engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(url)
    try:
        found = await judge_declarations(connection, history)
    finally:
        await connection.close()

    assert bool(found) == is_named, found
