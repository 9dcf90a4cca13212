"""The topics that this service reads."""

SALES_TOPIC = "sales.events.v1"
STOCK_TOPIC = "stock.events.v1"
CATALOGUE_TOPIC = "catalogue.events.v1"
