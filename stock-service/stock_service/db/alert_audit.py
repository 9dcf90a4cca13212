"""Compares open alerts with what levels and limits say."""

from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice
from stock_service.db.audit import LEVELS_PER_SLICE, after_level, skip_level
from stock_service.db.limits import CATALOGUE, LIMITS, SCOPES
from stock_service.domain.alerts import Limits, judge, names_of
from stock_service.domain.levels import Level, Watch

# A level whose limits are changing is behind: it is compared with those that it keeps.
_ALERTS = text(f"""
    WITH k AS (
        SELECT store_id, product_id, on_hand, version, reserved, is_watched, open_alerts,
            stock_levels.low AS kept_low, low_clear, stock_levels.high AS kept_high, high_clear
        FROM stock_levels
        WHERE (store_id, product_id) > (CAST(:store_id AS int), CAST(:product_id AS int))
        ORDER BY store_id, product_id LIMIT :count
    )
    SELECT k.*, {LIMITS}, ARRAY(
            SELECT kind FROM stock_alerts AS a
            WHERE a.store_id = k.store_id AND a.product_id = k.product_id AND a.closed_at IS NULL
            ORDER BY kind
        ) AS open_kinds, EXISTS (
            SELECT FROM limit_changes AS c
            WHERE coalesce(c.store_id, k.store_id) = k.store_id
                AND coalesce(c.product_id, k.product_id) = k.product_id
        ) AS is_behind
    FROM k {SCOPES} {CATALOGUE}
    ORDER BY k.store_id, k.product_id
""")


async def look_at_alerts(
    session: AsyncSession, position: Any | None, count: int = LEVELS_PER_SLICE
) -> Slice:
    """Find levels whose open alerts are not those that the level and its limits say."""
    rows = (await session.execute(_ALERTS, after_level(position) | {"count": count})).all()
    differences = [
        f"store {row.store_id}, product {row.product_id}: open {row.open_kinds}, "
        f"level and limits say {expected}"
        for row in rows
        if (expected := _expected(row)) is not None and expected != row.open_kinds
    ]
    is_over = len(rows) < count
    return Slice(differences, None if is_over else (rows[-1].store_id, rows[-1].product_id))


def _expected(row: Any) -> list[str] | None:
    """Return the kinds that should be open, None if nobody can say it yet."""
    level = Level(row.on_hand, row.version, row.reserved)
    kept = Watch(
        *(row.is_watched, row.open_alerts, row.kept_low, row.low_clear),
        *(row.kept_high, row.high_clear),
    )
    if kept.is_watched is not None and names_of(row.open_alerts) != row.open_kinds:
        return names_of(row.open_alerts)
    if row.is_behind:
        return (
            None if level.version == 0 or kept.is_watched is None else names_of(judge(level, kept))
        )
    limits = Limits(row.low, row.high, row.target, row.is_wanted, row.is_named)
    watch = limits.watch(row.open_alerts)
    if kept.is_watched is not None and watch != kept:
        return [f"the limits {watch}, not {kept}"]
    if level.version == 0 and (kept.is_watched is None or not limits.is_named):
        return []
    return names_of(judge(level, watch))


ALERTS = Check("alerts", look_at_alerts, partial(look_at_alerts, count=1), skip_level)
