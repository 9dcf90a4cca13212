"""The stock's tests can fail: without its inbox, a declaration takes effect twice."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db import declarations
from stock_service.use_cases import settle_sales
from tests.stock_service import test_declared_levels
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
