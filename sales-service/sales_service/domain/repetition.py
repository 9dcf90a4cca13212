"""Recognises the basket of a sale that was recorded before."""

from sales_service.domain.sale import DraftLine, Sale, SaleDraft, SaleLine


def is_repetition(draft: SaleDraft, sale: Sale) -> bool:
    """Return whether the basket repeats the receipt's content.

    A time or a price that it leaves out agrees. A discount or a reservation that it leaves out is
    another content.
    """
    if (draft.store_id, draft.register_id) != (sale.store_id, sale.register_id):
        return False
    if (draft.discount, draft.reservation_id) != (sale.discount, sale.reservation_id):
        return False
    # A time without offset is local time in the store, as the receipt shows it.
    local = sale.sold_at.replace(tzinfo=None)
    if draft.sold_at not in (None, sale.sold_at, local, sale.business_date):
        return False
    if draft.payments not in (None, sale.paid.payments):
        return False
    if draft.tax_exemption not in (None, sale.tax_exemption):
        return False
    return len(draft.lines) == len(sale.lines) and all(
        (line.product_id, line.quantity) == (sold.product_id, sold.quantity)
        and line.unit_price in (None, sold.unit_price)
        and _has_discount_of(line, sold)
        for line, sold in zip(draft.lines, sale.lines, strict=True)
    )


def _has_discount_of(line: DraftLine, sold: SaleLine) -> bool:
    taken = (sold.line_discount_cents, sold.discount_reason)
    if line.discount is None:
        return taken == (0, None)
    return taken == (line.discount.of(sold.gross_cents), line.discount.reason)
