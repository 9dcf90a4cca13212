"""What must be true of the sales that tills voided in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.faults.history import History, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from uuid import UUID

    from tests.system.faults.verdict import RecordedSale

# What a void makes of a sale, by the status that its till was told of.
_AFTER_A_VOID = {"confirmed": {"voided"}, "cancelled": {"cancelled", "voided"}}


def statuses_after(told: str, sale: RecordedSale) -> Set[str]:
    """Return the statuses that a sale may have when its till was told of this one."""
    return _AFTER_A_VOID.get(told, {told}) if is_voided(sale) else {told}


def is_voided(sale: RecordedSale) -> bool:
    """Return whether a till ended the sale, as confirmed or while it was pending."""
    return sale.void_origin == "till"


def judge_voids(history: History, sales: Mapping[UUID, RecordedSale]) -> list[str]:
    """Check that each sale was voided as its tills were answered, and by one of them only."""
    voided = {sale.id for sale in sales.values() if is_voided(sale)}
    asked = history.voids.keys() | history.undone.keys()
    found = [f"sale {id} was voided by nobody" for id in voided - asked]
    for id, voids in history.voids.items():
        outcomes = [void.outcome for void in voids]
        if outcomes.count(Outcome.DONE) > 1:
            found.append(f"sale {id}: two tills voided it")
        if Outcome.DONE in outcomes and id not in voided:
            found.append(f"sale {id}: a till voided it, recorded as {sales.get(id)}")
        if id in voided and set(outcomes) == {Outcome.REFUSED}:
            found.append(f"sale {id}: voided, although each till was refused")
    return found
