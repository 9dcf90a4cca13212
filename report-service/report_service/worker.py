"""The event process: counts sales, copies levels and labels, and tells how complete that is."""

from datetime import timedelta

from report_service.consumers import catalogue_events, sales_events, stock_events
from report_service.consumers.completeness import track_completeness
from report_service.db.audit import CHECKS
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
            track_completeness(settings, sales_events.SALES_TOPIC),
            audit_continuously(CHECKS, timedelta(seconds=settings.audit_every_seconds)),
        ],
        publishes=False,
    )


if __name__ == "__main__":
    main()
