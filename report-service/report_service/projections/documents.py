"""What a document adds to the figures: a sale adds, its void and a return subtract."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from report_service.events.consumed import Document, Receipt, ReturnRecorded, SaleVoided

CASH = "cash"


class Signs(NamedTuple):
    """What a document does to amounts and units, and to the receipts of its products."""

    amounts: int
    receipts: int


_OF_SALE, _OF_VOID, _OF_RETURN = Signs(1, 1), Signs(-1, -1), Signs(-1, 0)


def signs_of(document: Document) -> Signs:
    """Return the signs of a document. A return leaves the receipt of its sale as it is."""
    if isinstance(document, ReturnRecorded):
        return _OF_RETURN
    return _OF_VOID if isinstance(document, SaleVoided) else _OF_SALE


def figures_of(document: Document) -> tuple[int, ...]:
    """Return what a document adds to each measure of `DOCUMENTS`, in their order."""
    units = sum([line.quantity for line in document.lines])
    total, tax, rounding = document.total_cents, document.tax_cents, document.cash_rounding_cents
    if isinstance(document, ReturnRecorded):
        return (0, -units, -total, -tax, 0, 1, total, 0, 0, -rounding)
    discount = document.discount_cents
    if isinstance(document, SaleVoided):
        return (-1, -units, -total, -tax, -discount, 0, 0, 1, total, -rounding)
    return (1, units, total, tax, discount, 0, 0, 0, 0, rounding)


def payments_of(document: Document) -> Mapping[str, int]:
    """Return what was paid, or paid back, by each method. Change is cash that went back."""
    paid: Counter[str] = Counter()
    for payment in document.payments:
        paid[payment.method] += payment.amount_cents
    if isinstance(document, Receipt) and document.change_cents:
        paid[CASH] -= document.change_cents
    return paid


def taxes_of(document: Document) -> Mapping[str, int]:
    """Return the taxes of each code."""
    taxes: Counter[str] = Counter()
    for tax in document.taxes:
        taxes[tax.code] += tax.amount_cents
    return taxes
