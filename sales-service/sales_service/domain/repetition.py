"""Recognises the basket of a sale that was recorded before."""

from datetime import datetime, timedelta

from sales_service.domain.sale import LATEST_DELIVERY, DraftLine, Sale, SaleDraft, SaleLine

# The way to a member of a basket: ("basket", 0, "quantity").
Member = tuple[str | int, ...]


def is_repetition(draft: SaleDraft, sale: Sale) -> bool:
    """Return whether the basket repeats the receipt's content."""
    return not find_differences(draft, sale)


def find_differences(draft: SaleDraft, sale: Sale) -> list[Member]:
    """Return the members of a basket in which it differs from a receipt; none: it repeats it.

    A time or a price that it leaves out agrees. A discount or a reservation that it leaves out is
    another content.
    """
    if draft.store_id != sale.store_id:
        # The sender may not reach the receipt's store: it learns no more of the content.
        return [("store_id",)]
    agrees = {
        "register_id": draft.register_id == sale.register_id,
        "sold_at": _is_at_time_of(draft, sale),
        "discount": draft.discount == sale.discount,
        "reservation_id": draft.reservation_id == sale.reservation_id,
        "tax_exemption": draft.tax_exemption in (None, sale.tax_exemption),
        "payments": draft.payments in (None, sale.paid.payments),
        "basket": len(draft.lines) == len(sale.lines),
    }
    found: list[Member] = [(name,) for name, is_same in agrees.items() if not is_same]
    if agrees["basket"]:
        for index, pair in enumerate(zip(draft.lines, sale.lines, strict=True)):
            found += [("basket", index, name) for name in _differences_of_line(*pair)]
    return found


def _is_at_time_of(draft: SaleDraft, sale: Sale) -> bool:
    # A time without offset is local time in the store, as the receipt shows it.
    local = sale.sold_at.replace(tzinfo=None)
    given = draft.sold_at
    if given in (None, sale.sold_at, local, sale.business_date):
        return True
    if not draft.has_happened or not isinstance(given, datetime):
        return False
    # The till had no answer to a sale without date, which then has the time of its arrival.
    apart: timedelta = given - (sale.sold_at if given.tzinfo else local)
    return abs(apart) <= LATEST_DELIVERY


def _differences_of_line(line: DraftLine, sold: SaleLine) -> list[str]:
    agrees = {
        "product_id": line.product_id == sold.product_id,
        "quantity": line.quantity == sold.quantity,
        "unit_price": line.unit_price in (None, sold.unit_price),
        "discount": _has_discount_of(line, sold),
    }
    return [name for name, is_same in agrees.items() if not is_same]


def _has_discount_of(line: DraftLine, sold: SaleLine) -> bool:
    taken = (sold.line_discount_cents, sold.discount_reason)
    if line.discount is None:
        return taken == (0, None)
    return taken == (line.discount.of(sold.gross_cents), line.discount.reason)
