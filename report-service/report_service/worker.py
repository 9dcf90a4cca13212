"""The event process: counts sales, copies levels and labels, and keeps the freshness."""

from datetime import timedelta

from report_service.consumers import catalogue_events, sales_events, stock_events
from report_service.db.audit import CHECKS
from report_service.events.topics import SALES_TOPIC
from report_service.projections.freshness import keep_freshness
from report_service.settings import Settings
from service_kit.audit import audit_continuously
from service_kit.worker import run_worker


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings()
    run_worker(
        settings,
        [
            sales_events.SUBSCRIPTION,
            stock_events.SUBSCRIPTION,
            catalogue_events.SUBSCRIPTION,
        ],
        [
            keep_freshness(settings, SALES_TOPIC),
            audit_continuously(CHECKS, timedelta(seconds=settings.audit_every_seconds)),
        ],
        publishes=False,
    )


if __name__ == "__main__":
    main()
