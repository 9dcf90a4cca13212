"""Payments of the workload's sales."""

from random import Random
from typing import Any

SHARE_CASH = 0.4
SHARE_CARD_AND_CASH = 0.3
DEBIT = 0.5  # less than any basket costs, with all its discounts: a debit gives no change


def choose_payments(key: str) -> dict[str, Any]:
    """Return how a sale is paid, if the till says it: with more cash than any basket costs."""
    chance = Random(f"{key}/payments").random()  # of its own, so that a seed keeps its baskets
    cash = {"moyen": "comptant", "montant": 1000}
    if chance < SHARE_CASH:
        return {"paiements": [cash]}
    if chance < SHARE_CASH + SHARE_CARD_AND_CASH:
        return {"paiements": [{"moyen": "debit", "montant": DEBIT}, cash]}
    return {}
