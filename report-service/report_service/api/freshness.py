"""Knows how fresh the figures are, from notifications instead of a query for each answer."""

from datetime import UTC, datetime, timedelta

from report_service.api.schemas import FreshnessOut
from report_service.db.reports import Freshness
from report_service.topics import SALES_TOPIC
from service_kit.database.change_feed import ChangeFeed

FRESHNESS = "freshness"
NO_TIME = timedelta()


class CurrentFreshness:
    """The instant until which every event is counted, by the database's clock."""

    def __init__(self, feed: ChangeFeed) -> None:
        self._complete_until: datetime | None = None
        self._database_ahead = NO_TIME  # of the clock of this process
        feed.watch(self._hear)

    def learn(self, freshness: Freshness, asked_at: datetime) -> None:
        """Learn from a report that was asked for at an instant of this process's clock."""
        self._database_ahead = freshness.computed_at - asked_at
        heard, told = self._complete_until, freshness.complete_until
        if told is not None and (heard is None or told > heard):
            self._complete_until = told

    def read(self) -> FreshnessOut:
        """Return the freshness of cached figures: they are as good as figures read now."""
        now = datetime.now(UTC) + self._database_ahead
        until = self._complete_until
        if until is None:
            return FreshnessOut(now, None, None)
        delay = max(NO_TIME, now - until)
        return FreshnessOut(now, until, round(delay.total_seconds() * 1000))

    def _hear(self, name: str | None, value: str) -> None:
        if name is None:
            self._complete_until = None
        elif name == FRESHNESS:
            topic, _, seconds = value.partition(" ")
            if topic == SALES_TOPIC:
                self._complete_until = datetime.fromtimestamp(float(seconds), UTC)
