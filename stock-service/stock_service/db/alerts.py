"""Reads and writes alerts. The lock of its level guards who opens or closes one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from stock_service.db.levels import key_arrays
from stock_service.db.limits import find_limits
from stock_service.domain.alerts import Alert, AlertKind, find_crossings, turn_alerts
from stock_service.domain.levels import Level, LevelKey
from stock_service.telemetry import count_turned

_COLUMNS = """id, store_id, product_id, kind, version, limit_units, on_hand, reserved, opened_at,
    closed_at, acknowledged_at, acknowledged_by"""
# By this clock an alert opens after the one before it closed: the transaction may have waited.
_WRITE = text(f"""
    WITH watched AS (
        UPDATE stock_levels AS l
        SET is_watched = n.is_watched, open_alerts = n.open_alerts, low = n.low,
            low_clear = n.low_clear, high = n.high, high_clear = n.high_clear
        FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]),
            CAST(:is_watched AS boolean[]), CAST(:open_alerts AS smallint[]),
            CAST(:low AS bigint[]), CAST(:low_clear AS bigint[]), CAST(:high AS bigint[]),
            CAST(:high_clear AS bigint[]))
            AS n(store_id, product_id, is_watched, open_alerts, low, low_clear, high, high_clear)
        WHERE l.store_id = n.store_id AND l.product_id = n.product_id
    ), turned AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:of_stores AS int[]),
            CAST(:of_products AS int[]), CAST(:kinds AS text[]), CAST(:opens AS boolean[]),
            CAST(:limits AS bigint[]), CAST(:on_hand AS bigint[]), CAST(:reserved AS bigint[]))
            AS t(id, store_id, product_id, kind, opens, limit_units, on_hand, reserved)
    ), opened AS (
        INSERT INTO stock_alerts (id, store_id, product_id, kind, limit_units, on_hand, reserved,
            opened_at)
        SELECT id, store_id, product_id, kind, limit_units, on_hand, reserved, statement_timestamp()
        FROM turned WHERE opens
        RETURNING {_COLUMNS}
    ), closed AS (
        UPDATE stock_alerts AS a
        SET closed_at = statement_timestamp(), version = a.version + 1, on_hand = t.on_hand,
            reserved = t.reserved
        FROM turned AS t
        WHERE NOT t.opens AND a.closed_at IS NULL AND (a.store_id, a.product_id, a.kind)
            = (t.store_id, t.product_id, t.kind)
        RETURNING a.*
    )
    SELECT {_COLUMNS} FROM opened UNION ALL SELECT {_COLUMNS} FROM closed
    ORDER BY store_id, product_id, kind
""")


async def turn(
    session: AsyncSession, levels: Mapping[LevelKey, Level], *, has_new_limits: bool = False
) -> list[Alert]:
    """Open and close the alerts of locked levels, which are written; return those that changed.

    A level that crosses none of its limits costs nothing. `has_new_limits`: look them all up.
    """
    crossed = levels if has_new_limits else find_crossings(levels)
    if not crossed:
        return []
    unknown = [
        key for key, level in crossed.items() if has_new_limits or level.watch.is_watched is None
    ]
    watches, turns = turn_alerts(crossed, await find_limits(session, unknown))
    changed = {key: watch for key, watch in watches.items() if watch != crossed[key].watch}
    if not changed:
        return []
    rows = await session.execute(
        _WRITE,
        {
            **key_arrays(changed.keys()),
            "is_watched": [watch.is_watched for watch in changed.values()],
            "open_alerts": [watch.open_alerts for watch in changed.values()],
            "low": [watch.low for watch in changed.values()],
            "low_clear": [watch.low_clear for watch in changed.values()],
            "high": [watch.high for watch in changed.values()],
            "high_clear": [watch.high_clear for watch in changed.values()],
            "ids": [uuid7() for _ in turns],
            "of_stores": [each.key.store_id for each in turns],
            "of_products": [each.key.product_id for each in turns],
            "kinds": [each.kind.value for each in turns],
            "opens": [each.opens for each in turns],
            "limits": [each.limit for each in turns],
            "on_hand": [each.level.on_hand for each in turns],
            "reserved": [each.level.reserved for each in turns],
        },
    )
    alerts = [_alert(row) for row in rows]
    count_turned(session, alerts)
    return alerts


_COUNT_OPEN = text("SELECT kind, count(*) FROM stock_alerts WHERE closed_at IS NULL GROUP BY kind")


async def count_open(session: AsyncSession) -> dict[AlertKind, int]:
    """Return how many alerts of each kind are open."""
    return {AlertKind(kind): count for kind, count in await session.execute(_COUNT_OPEN)}


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        alert_id=row.id,
        version=row.version,
        key=LevelKey(row.store_id, row.product_id),
        kind=AlertKind(row.kind),
        limit=row.limit_units,
        on_hand=row.on_hand,
        reserved=row.reserved,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
    )


_LOCK = text(f"SELECT {_COLUMNS} FROM stock_alerts WHERE id = :id FOR UPDATE")
_FIND = text(f"SELECT {_COLUMNS} FROM stock_alerts WHERE id = :id")


async def find_alert(session: AsyncSession, alert_id: UUID, *, lock: bool = False) -> Alert | None:
    """Return an alert, if there is one; `lock` it for the rest of the transaction."""
    row = (await session.execute(_LOCK if lock else _FIND, {"id": alert_id})).one_or_none()
    return None if row is None else _alert(row)


_ACKNOWLEDGE = text(f"""
    UPDATE stock_alerts
    SET acknowledged_at = statement_timestamp(), acknowledged_by = :actor, version = version + 1
    WHERE id = :id RETURNING {_COLUMNS}
""")


async def save_acknowledged(session: AsyncSession, alert_id: UUID, actor: str) -> Alert:
    """Write who has taken note of a locked alert, and return it."""
    row = (await session.execute(_ACKNOWLEDGE, {"id": alert_id, "actor": actor})).one()
    return _alert(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """What the alerts of a list have in common; None: no matter what."""

    store_ids: Collection[int] | None = None
    product_id: int | None = None
    kind: AlertKind | None = None
    is_open: bool | None = None
    is_acknowledged: bool | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """A page of alerts, and how many there are on all pages."""

    alerts: Sequence[Alert]
    count: int


_AFTER_ALL = UUID(int=2**128 - 1)
_CONDITIONS = {
    "store_ids": "a.store_id = ANY(CAST(:store_ids AS int[]))",
    "product_id": "a.product_id = :product_id",
    "kind": "a.kind = :kind",
}
_IS_OPEN = {True: "a.closed_at IS NULL", False: "a.closed_at IS NOT NULL", None: "true"}
_IS_ACKNOWLEDGED = {
    True: "a.acknowledged_at IS NOT NULL",
    False: "a.acknowledged_at IS NULL",
    None: "true",
}


async def list_alerts(
    session: AsyncSession, wanted: AlertFilter, before: UUID | None, limit: int
) -> AlertPage:
    """Return a page of alerts, newest first by their ids, and how many have this in common."""
    given: dict[str, Any] = {
        "store_ids": None if wanted.store_ids is None else sorted(wanted.store_ids),
        "product_id": wanted.product_id,
        "kind": wanted.kind,
    }
    values = {name: value for name, value in given.items() if value is not None}
    condition = " AND ".join(
        (
            _IS_OPEN[wanted.is_open],
            _IS_ACKNOWLEDGED[wanted.is_acknowledged],
            *(_CONDITIONS[name] for name in values),
        )
    )
    count = text(f"SELECT count(*) FROM stock_alerts AS a WHERE {condition}")
    page = text(f"""
        SELECT {_COLUMNS} FROM stock_alerts AS a
        WHERE a.id < :before AND {condition} ORDER BY a.id DESC LIMIT :limit
    """)
    rows = await session.execute(page, {**values, "before": before or _AFTER_ALL, "limit": limit})
    alerts = [_alert(row) for row in rows]
    return AlertPage(alerts, (await session.execute(count, values)).scalar_one())
