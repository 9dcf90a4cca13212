"""A sale in the words of its events."""

from dataclasses import asdict
from typing import Any

from sales_service.domain.sale import Sale
from sales_service.events.published import SaleLine, Tax


def sale_fields(sale: Sale) -> dict[str, Any]:
    """The fields that `SaleRecorded` and `SaleConfirmed` have in common."""
    return {
        "sale_id": sale.id,
        "store_id": sale.store_id,
        "number": sale.number,
        "status": sale.status.value,
        "stock_policy": sale.stock_policy.value,
        "sold_at": sale.sold_at,
        "recorded_at": sale.recorded_at,
        "business_date": sale.business_date,
        "local_hour": sale.local_hour,
        "currency": sale.currency,
        "register_id": sale.register_id,
        "lines": [SaleLine(**asdict(line)) for line in sale.lines],
        "taxes": [Tax(**asdict(tax)) for tax in sale.taxes],
        "total_cents": sale.total_cents,
        "tax_cents": sale.tax_cents,
    }
