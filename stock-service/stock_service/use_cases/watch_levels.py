"""Sets thresholds, and opens and closes the alerts of levels whose limits change."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_actor, current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db.alerts import turn
from stock_service.db.levels import ensure_levels, lock_levels
from stock_service.db.limits import (
    Scope,
    advance_change,
    find_levels_after,
    lock_limits,
    note_change,
    take_change,
)
from stock_service.db.thresholds import Threshold, save_threshold
from stock_service.domain.alerts import Alert
from stock_service.domain.levels import LevelKey
from stock_service.events.alert_events import alert_events


async def set_threshold(session: AsyncSession, threshold: Threshold) -> None:
    """Write thresholds. Those of one level take effect at once, others when the worker comes."""
    store_id, product_id = threshold.store_id, threshold.product_id
    if store_id is None or product_id is None:
        await lock_limits(session)
        await save_threshold(session, threshold, current_actor())
        await note_change(session, Scope(store_id, product_id))
        return
    key = LevelKey(store_id, product_id)
    # A store that has thresholds of a product wants it, also before it has had any.
    await ensure_levels(session, [key])
    levels = await lock_levels(session, [key])
    await lock_limits(session)
    await save_threshold(session, threshold, current_actor())
    await _announce(session, await turn(session, levels, has_new_limits=True))


async def apply_limits(session: AsyncSession, limit: int) -> bool:
    """Look at up to `limit` levels whose limits have changed; return False if there are none."""
    change = await take_change(session)
    if change is None:
        return False
    keys = await find_levels_after(session, change, limit)
    levels = await lock_levels(session, keys)
    await _announce(session, await turn(session, levels, has_new_limits=True))
    await advance_change(session, change, keys[-1] if len(keys) == limit else None)
    return True


async def _announce(session: AsyncSession, alerts: Iterable[Alert]) -> None:
    cause = current_cause()
    await add_to_outbox(session, alert_events(alerts, lambda _: cause))
