"""Averages what the units of a product in a store cost.

Costs are amounts of one unit in the store's currency, before taxes, with four decimals.
"""

from decimal import ROUND_HALF_UP, Decimal

COST_STEP = Decimal("0.0001")
CENT = Decimal("0.01")


def round_cost(cost: Decimal) -> Decimal:
    """Return a cost with four decimals, rounded half up."""
    return cost.quantize(COST_STEP, ROUND_HALF_UP)


def cents_of(amount: Decimal) -> int:
    """Return an amount in cents, rounded half up."""
    return int(amount.quantize(CENT, ROUND_HALF_UP).scaleb(2))


def average_after(
    average: Decimal | None, on_hand: int, received: int, unit_cost: Decimal | None
) -> Decimal | None:
    """Return the average after a reception of units, given the average and the level before it.

    A reception without a cost leaves it. Where nothing is on hand, or where nobody knows what is on
    hand cost, it becomes the reception's cost. The audit computes the same in SQL.
    """
    if unit_cost is None:
        return average
    if average is None or on_hand <= 0:
        return unit_cost
    return round_cost((on_hand * average + received * unit_cost) / (on_hand + received))
