"""Acknowledges an alert: somebody has taken note of it."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_actor, current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db.alerts import find_alert, save_acknowledged
from stock_service.domain.alerts import Alert
from stock_service.domain.errors import AlertClosed, UnknownAlert
from stock_service.domain.levels import StoreId
from stock_service.events.alert_events import alert_events


async def acknowledge_alert(
    session: AsyncSession, alert_id: UUID, reaches: Callable[[StoreId], bool]
) -> Alert:
    """Acknowledge an alert, and return it; who did so first stays.

    Raises `AlertClosed` for one that closed before anybody did, and `UnknownAlert` for one of a
    store that the caller does not reach, too.
    """
    alert = await find_alert(session, alert_id, lock=True)
    if alert is None or not reaches(alert.key.store_id):
        raise UnknownAlert
    if alert.acknowledged_at is not None:
        return alert
    if not alert.is_open:
        raise AlertClosed
    acknowledged = await save_acknowledged(session, alert_id, current_actor() or "")
    cause = current_cause()
    await add_to_outbox(session, alert_events([acknowledged], lambda _: cause))
    return acknowledged
