"""Discounts of the workload's sales."""

from random import Random
from typing import Any

from tests.system.faults.history import Operation

SHARE_DISCOUNTED = 0.3
LINE_CENTS = 10
MOST_RECEIPT_CENTS = 30  # the cheapest basket costs 1.00, and some of it is left to pay
REASON = "Essai"


def ask_for_discounts(body: dict[str, Any], sale: Operation) -> None:
    """Take discounts off the first line and off the receipt, in some sales."""
    # A generator of its own: the till draws the same numbers as without discounts.
    random = Random(f"{sale.key}/discount")
    if random.random() > SHARE_DISCOUNTED:
        return
    cents = random.randint(1, MOST_RECEIPT_CENTS)
    body["panier"][0]["remise"] = {"montant": LINE_CENTS / 100, "motif": REASON}
    body["remise"] = {"montant": cents / 100, "motif": REASON}
    sale.discount_cents = LINE_CENTS + cents
