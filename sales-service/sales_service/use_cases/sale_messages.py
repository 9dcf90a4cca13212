"""A sale in the words of its events."""

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
        "lines": [
            SaleLine(
                line_no=line.line_no,
                product_id=line.product_id,
                product_name=line.product_name,
                category=line.category,
                quantity=line.quantity,
                unit_price=line.unit_price,
                unit_cost=line.unit_cost,
                amount_cents=line.amount_cents,
                tax_cents=line.tax_cents,
            )
            for line in sale.lines
        ],
        "taxes": [Tax(tax.code, tax.rate, tax.amount_cents) for tax in sale.taxes],
        "total_cents": sale.total_cents,
        "tax_cents": sale.tax_cents,
    }
