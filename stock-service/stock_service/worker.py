"""Runs the event process: the relay, and the consumers of sales and of the catalogue."""

from datetime import timedelta

from service_kit.audit import audit_continuously
from service_kit.expired_keys import prune_keys
from service_kit.worker import run_worker
from stock_service.consumers import catalogue_events, sales_events
from stock_service.db.audit import CHECKS
from stock_service.settings import Settings


def main() -> None:
    """Run until SIGTERM."""
    settings = Settings()
    run_worker(
        settings,
        [sales_events.SUBSCRIPTION, catalogue_events.SUBSCRIPTION],
        [
            prune_keys(settings),
            audit_continuously(CHECKS, timedelta(seconds=settings.audit_every_seconds)),
        ],
    )


if __name__ == "__main__":
    main()
