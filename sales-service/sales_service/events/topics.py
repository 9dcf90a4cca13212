"""The topics of this service's events, and those of others that it reads."""

SALES_TOPIC = "sales.events.v1"
CATALOGUE_TOPIC = "catalogue.events.v1"
STOCK_TOPIC = "stock.events.v1"
