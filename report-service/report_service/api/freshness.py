"""Knows how fresh the figures are, from notifications instead of a query for each answer."""

from datetime import UTC, datetime, timedelta

from report_service.api.answers import FreshnessOut
from report_service.db.report_rows import Freshness
from report_service.events.topics import SALES_TOPIC
from service_kit.database.change_feed import ChangeFeed

FRESHNESS = "freshness"
NO_TIME = timedelta()


class CurrentFreshness:
    """The instant until which every event is counted, by the database's clock."""

    def __init__(self, feed: ChangeFeed) -> None:
        self._complete_until: datetime | None = None
        self._database_ahead = NO_TIME  # of the clock of this process
        feed.watch(self._on_change)

    def learn(self, freshness: Freshness, asked_at: datetime) -> None:
        """Take the freshness of a report that was read; `asked_at` is by this process's clock."""
        self._database_ahead = freshness.computed_at - asked_at
        known, read = self._complete_until, freshness.complete_until
        if read is not None and (known is None or read > known):
            self._complete_until = read

    def read(self) -> FreshnessOut:
        """Return the freshness of cached figures. A change evicts them, so they are current."""
        now = datetime.now(UTC) + self._database_ahead
        until = self._complete_until
        if until is None:
            return FreshnessOut(now, None, None)
        delay = max(NO_TIME, now - until)
        return FreshnessOut(now, until, round(delay.total_seconds() * 1000))

    def _on_change(self, name: str | None, value: str) -> None:
        if name is None:
            self._complete_until = None
        elif name == FRESHNESS:
            topic, _, seconds = value.partition(" ")
            if topic == SALES_TOPIC:
                self._complete_until = datetime.fromtimestamp(float(seconds), UTC)
