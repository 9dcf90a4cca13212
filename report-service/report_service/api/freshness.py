"""How fresh the figures are at this moment: told by notifications, not asked for each answer."""

from datetime import UTC, datetime, timedelta

import orjson

from report_service.db.reports import Freshness
from service_kit.database.change_feed import ChangeFeed

FRESHNESS = "freshness"
SALES_TOPIC = "sales.events.v1"
NO_TIME = timedelta()


class CurrentFreshness:
    """Until when every event is counted, by the database's clock."""

    def __init__(self, feed: ChangeFeed) -> None:
        self._complete_until: datetime | None = None
        self._ahead = NO_TIME  # the database's clock, of this process's
        feed.watch(self._hear)

    def learn(self, freshness: Freshness, asked_at: datetime) -> None:
        """What a report said that was asked for at an instant of this process's clock."""
        self._ahead = freshness.computed_at - asked_at
        heard, told = self._complete_until, freshness.complete_until
        if told is not None and (heard is None or told > heard):
            self._complete_until = told

    def render(self) -> bytes:
        """The end of a report: that its figures are those of now, and how complete they are."""
        now = datetime.now(UTC) + self._ahead
        until = self._complete_until
        delay = None if until is None else max(NO_TIME, now - until)
        return _as_members(now, until, delay)

    def _hear(self, name: str | None, value: str) -> None:
        if name is None:
            self._complete_until = None
        elif name == FRESHNESS:
            topic, _, seconds = value.partition(" ")
            if topic == SALES_TOPIC:
                self._complete_until = datetime.fromtimestamp(float(seconds), UTC)


def _as_members(now: datetime, until: datetime | None, delay: timedelta | None) -> bytes:
    members = {
        "calcule_a": now,
        "complet_jusqua": until,
        "retard_ms": None if delay is None else round(delay.total_seconds() * 1000),
    }
    return b"," + orjson.dumps(members, option=orjson.OPT_UTC_Z)[1:]
