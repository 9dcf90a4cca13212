"""The stock's tests can fail: without a protection, a test of it is broken."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db import book, declarations
from stock_service.domain.levels import Held, LevelBook
from stock_service.use_cases import settle_sales
from tests.stock_service import (
    test_declared_levels,
    test_reservations_api,
    test_reservations_at_once,
    test_reserved_sales,
)
from tests.stock_service.builders import COFFEE, OTHER_STORE, TEA, product_changed, store_changed
from tests.stock_service.conftest import Stock


def without_inbox(patch: pytest.MonkeyPatch) -> None:
    """Apply each declaration that is delivered, also a known one."""

    async def find_none(_: AsyncSession, __: Collection[UUID]) -> set[UUID]:
        return set()

    patch.setattr(settle_sales, "find_applied", find_none)
    save = text(f"{declarations._SAVE} ON CONFLICT DO NOTHING")
    patch.setattr(declarations, "_SAVE", save)


@pytest.mark.parametrize(
    "test",
    [
        test_declared_levels.test_a_declaration_takes_effect_once,
        test_declared_levels.test_a_count_that_agreed_is_not_applied_to_a_later_level,
    ],
)
async def test_a_stock_without_its_inbox_is_caught(
    test: Callable[[Stock], Awaitable[None]], stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_inbox(monkeypatch)

    # The table of movements, too, refuses a second movement for one declaration.
    with pytest.raises((AssertionError, IntegrityError)):
        await test(stock)


def without_reserved(patch: pytest.MonkeyPatch) -> None:
    """Decide on what is on hand."""
    patch.setattr(LevelBook, "available", LevelBook.on_hand)


def without_expiry(patch: pytest.MonkeyPatch) -> None:
    """Let a reservation hold its units until somebody closes it."""

    async def read_nothing(_: AsyncSession, __: Any, ids: Collection[UUID]) -> Held:
        return Held(datetime.now(UTC), open_ids=frozenset(ids))

    patch.setattr(book, "read_held", read_nothing)


def without_freed_units(patch: pytest.MonkeyPatch) -> None:
    """Keep what an ended reservation held."""

    def keep(*_: Any, **__: Any) -> None:
        return None

    patch.setattr(LevelBook, "free", keep)


ReservationTest = Callable[[httpx.AsyncClient, Stock], Awaitable[None]]


@pytest.mark.parametrize(
    ("remove", "test"),
    [
        (without_reserved, test_reserved_sales.test_a_strict_sale_takes_only_what_is_available),
        (without_reserved, test_reservations_at_once.test_the_last_units_are_promised_once),
        (without_expiry, test_reserved_sales.test_what_has_expired_is_sold_before_it_is_closed),
        (
            without_freed_units,
            test_reservations_api.test_a_released_reservation_gives_back_once,
        ),
    ],
)
async def test_a_stock_without_this_look_at_reservations_is_caught(
    remove: Callable[[pytest.MonkeyPatch], None],
    test: ReservationTest,
    api: httpx.AsyncClient,
    stock: Stock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await stock.receive(store_changed(), store_changed(OTHER_STORE))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 5, TEA: 3})
    remove(monkeypatch)

    with pytest.raises(AssertionError):
        await test(api, stock)
