"""Mutations of how goods move between places."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import text


def without_request_lock() -> None:
    """Let two people fulfil a request at once."""
    from stock_service.db import requests

    lock = str(requests._LOCK)
    requests._LOCK = text(lock.replace(" FOR UPDATE", ""))


def without_centre_stock() -> None:
    """Let a request's goods come from nowhere, as in the original system."""
    from stock_service.domain.transfers import Transfer, TransferStatus
    from stock_service.use_cases import replenish

    def ship_from_nowhere(_: Any, transfer: Transfer, *__: Any, **___: Any) -> Transfer:
        lines = [replace(line, shipped=line.quantity) for line in transfer.lines]
        return replace(transfer, status=TransferStatus.SHIPPED, lines=lines)

    vars(replenish)["ship"] = ship_from_nowhere


def without_named_differences() -> None:
    """Let a transfer end without saying what of it is missing."""
    from stock_service.db import transfers

    receive = str(transfers._RECEIVE_LINES)
    transfers._RECEIVE_LINES = text(receive.replace("l.difference + a.difference", "l.difference"))


def without_lot_key() -> None:
    """Let a lot of movements be posted by each of its requests."""
    from service_kit.http.idempotency import KeyedRequest

    claim = KeyedRequest.claim

    async def claim_but_forget_lots(self: Any, session: Any) -> Any:
        former = await claim(self, session)
        is_lot = former is not None and b'"documents"' in (former.body or b"")
        return None if is_lot else former

    KeyedRequest.claim = claim_but_forget_lots  # type: ignore[method-assign]


def without_count_lock() -> None:
    """Let two people post a count at once."""
    from stock_service.db import counts

    lock = str(counts._LOCK_TO_END)
    counts._LOCK_TO_END = text(lock.replace("FOR UPDATE", ""))


def without_late_corrections() -> None:
    """Let a sale of before a count lower the counted level when it comes."""
    from stock_service.domain.levels import LevelBook

    def believe_the_sale(*_: Any) -> None:
        return None

    LevelBook._correct = believe_the_sale  # type: ignore[assignment]


def without_alerts_of_movements() -> None:
    """Let levels move without a look at their alerts."""
    from stock_service.db import book

    async def look_away(*_: Any) -> list[Any]:
        return []

    vars(book)["turn"] = look_away


def without_changed_limits() -> None:
    """Let levels keep the limits that they had."""
    from stock_service.use_cases import watch_levels

    async def forget(*_: Any) -> None:
        pass

    vars(watch_levels)["note_change"] = forget


GOODS_MUTATIONS: dict[str, Callable[[], None]] = {
    "request-lock": without_request_lock,
    "centre-stock": without_centre_stock,
    "named-differences": without_named_differences,
    "lot-key": without_lot_key,
    "count-lock": without_count_lock,
    "late-corrections": without_late_corrections,
    "alerts": without_alerts_of_movements,
    "limits": without_changed_limits,
}
