"""What the receptions of the workload cost."""

from random import Random
from typing import Any

from tests.system.faults.history import Operation

SHARE_COSTED = 0.7


def choose_cost(random: Random) -> dict[str, float]:
    """Return the member of a reception's line that tells what a unit cost."""
    return {"cout_unitaire": random.randint(0, 50_000) / 10_000}


def list_lines(operation: Operation, *, is_reception: bool) -> list[dict[str, Any]]:
    """Return the lines of a movement; most receptions tell costs, another one each time."""
    random = Random(f"{operation.key}/costs")  # of its own, so that a seed keeps its baskets
    is_costed = is_reception and random.random() < SHARE_COSTED
    return [
        {"produit_id": id, "quantite": units} | (choose_cost(random) if is_costed else {})
        for id, units in operation.quantities.items()
    ]
