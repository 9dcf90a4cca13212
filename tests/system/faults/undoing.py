"""The head office deletes sales while their day closes: a void before, a return afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from tests.system.faults.history import History, Operation, Outcome
from tests.system.faults.voids import is_voided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.system.faults.client import Client
    from tests.system.faults.returning import RecordedReturn
    from tests.system.faults.verdict import RecordedSale

ASKED_AT_ONCE = 2


async def undo(client: Client, url: str, history: History, sale: Operation) -> None:
    """Delete an answered sale, twice at once."""
    sale_id = UUID(sale.answers[0]["vente_id"])
    asked = [
        Operation(f"{sale.key}-undone-{number}", sale.store_id, {})
        for number in range(ASKED_AT_ONCE)
    ]
    history.undone[sale_id] = asked
    async with asyncio.TaskGroup() as people:
        for each in asked:
            address = f"{url}/api/ventes/{sale_id}"
            people.create_task(client.insist(each, address, {}, {}, method="DELETE"))


def judge_undone(
    history: History,
    sales: Mapping[UUID, RecordedSale],
    returns: Mapping[UUID, RecordedReturn],
) -> list[str]:
    """Check that a deleted sale was voided or came back whole, once, for one of who asked."""
    found = []
    for sale_id, asked in history.undone.items():
        sale = sales.get(sale_id)
        if sale is None:
            continue  # judged by its answers
        outcomes = [each.outcome for each in asked]
        back = [each for each in returns.values() if each.sale_id == sale_id]
        times = is_voided(sale) + len(back)
        if outcomes.count(Outcome.DONE) > 1:
            found.append(f"sale {sale_id}: two requests undid it")
        if times > 1 or (Outcome.DONE in outcomes and times == 0):
            found.append(f"sale {sale_id}: undone {times} times, answered {outcomes}")
        if times and set(outcomes) == {Outcome.REFUSED}:
            found.append(f"sale {sale_id}: undone, although each request was refused")
        units = sum(sale.quantities.values())
        found += [
            f"sale {sale_id}: {sum(each.units.values())} of {units} units came back"
            for each in back
            if sum(each.units.values()) != units
        ]
    return found
