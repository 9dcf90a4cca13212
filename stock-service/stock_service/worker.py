"""The event process: relay, and consumers of sales and of the catalogue."""

from service_kit.worker import run_worker
from stock_service.consumers import catalogue_events, sales_events
from stock_service.settings import Settings

if __name__ == "__main__":
    run_worker(Settings(), [sales_events.SUBSCRIPTION, catalogue_events.SUBSCRIPTION])
